//! From byte offsets to lines and columns.

/// A place as people count it: both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// Where each line of a text starts. A line ends at `\n`, `\r\n` or a lone `\r`.
#[derive(Debug, Clone)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Reads the whole text once.
    pub fn new(text: &str) -> LineIndex {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (i, b) in bytes.iter().enumerate() {
            let lone_cr = *b == b'\r' && bytes.get(i + 1) != Some(&b'\n');
            if *b == b'\n' || lone_cr {
                starts.push(i as u32 + 1);
            }
        }
        LineIndex { starts }
    }

    /// The position of a byte offset; an offset past the end counts as the end, one inside a character as its start.
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|s| *s as usize <= offset) - 1;
        let start = self.starts[line] as usize;
        Position { line: line as u32 + 1, column: text[start..offset].chars().count() as u32 + 1 }
    }

    /// Number of lines.
    pub fn lines(&self) -> usize {
        self.starts.len()
    }

    /// The byte offset at which a line (from 1) starts.
    pub fn start_of(&self, line: u32) -> Option<u32> {
        self.starts.get(line.checked_sub(1)? as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let text = "ab\r\nüx\rz";
        let index = LineIndex::new(text);
        let at = |o| (index.position(text, o).line, index.position(text, o).column);
        assert_eq!((at(0), at(4), at(6), at(8), at(99)), ((1, 1), (2, 1), (2, 2), (3, 1), (3, 2)));
    }
}
