//! One line of a journal, and the chain of hashes that ties each to the one before it.

/// A BLAKE3 digest.
pub type Hash = [u8; 32];

/// What the first event of every journal has before it.
pub const GENESIS: Hash = [0; 32];

/// An event as it is handed to the journal. The store reads no more of it than the columns.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Wall clock, milliseconds since 1970.
    pub at: i64,
    /// Milliseconds in which the run had a runner.
    pub mono: i64,
    /// A number of [`kinds`](super::kinds).
    pub kind: u16,
    /// Text id of the task or block that it is about.
    pub task: Option<&'a str>,
    pub generation: Option<u32>,
    pub attempt: Option<u32>,
    /// Which try at this attempt; grows when a runner was lost.
    pub tries: Option<u32>,
    /// The rest, JSON.
    pub body: &'a [u8],
}

/// A recorded event, borrowed from the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Place in the journal, from 1 without gaps.
    pub seq: u64,
    pub at: i64,
    pub mono: i64,
    /// Number of the session that wrote it.
    pub epoch: u64,
    pub kind: u16,
    pub task: Option<&'a str>,
    pub generation: Option<u32>,
    pub attempt: Option<u32>,
    pub tries: Option<u32>,
    pub body: &'a [u8],
    /// Hash over run, previous hash and all of the above.
    pub hash: Hash,
}

impl<'a> Row<'a> {
    /// The same event as it was handed in.
    pub fn entry(&self) -> Entry<'a> {
        Entry {
            at: self.at,
            mono: self.mono,
            kind: self.kind,
            task: self.task,
            generation: self.generation,
            attempt: self.attempt,
            tries: self.tries,
            body: self.body,
        }
    }
}

/// The end of a journal: its last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// 0 while the journal is empty.
    pub seq: u64,
    pub hash: Hash,
}

impl Head {
    /// The head of an empty journal.
    pub const EMPTY: Head = Head { seq: 0, hash: GENESIS };
}

/// Computes the hashes of one run's chain. Keeps its buffer between events.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// What every event's text begins with: the domain and the run's id.
    prefix: usize,
    text: Vec<u8>,
}

impl Chain {
    pub(super) fn new(run: &str) -> Chain {
        let mut text = b"flow1".to_vec();
        put_bytes(&mut text, run.as_bytes());
        Chain { prefix: text.len(), text }
    }

    /// The hash of event `seq` after `prev`. Every column is in it; what has no fixed length has it in front.
    pub(super) fn hash(&mut self, prev: &Hash, seq: u64, epoch: u64, entry: &Entry<'_>) -> Hash {
        let text = &mut self.text;
        text.truncate(self.prefix);
        text.extend_from_slice(prev);
        text.extend_from_slice(&seq.to_le_bytes());
        text.extend_from_slice(&entry.at.to_le_bytes());
        text.extend_from_slice(&entry.kind.to_le_bytes());
        match entry.task {
            Some(task) => {
                text.push(1);
                put_bytes(text, task.as_bytes());
            }
            None => text.push(0),
        }
        put_number(text, entry.generation);
        put_number(text, entry.attempt);
        put_bytes(text, entry.body);
        text.extend_from_slice(&entry.mono.to_le_bytes());
        text.extend_from_slice(&epoch.to_le_bytes());
        put_number(text, entry.tries);
        *blake3::hash(text).as_bytes()
    }
}

fn put_bytes(text: &mut Vec<u8>, bytes: &[u8]) {
    text.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    text.extend_from_slice(bytes);
}

fn put_number(text: &mut Vec<u8>, number: Option<u32>) {
    match number {
        Some(number) => {
            text.push(1);
            text.extend_from_slice(&number.to_le_bytes());
        }
        None => text.push(0),
    }
}

/// Lower-case hexadecimal.
pub fn hex(hash: &Hash) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(64);
    for byte in hash {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The inverse of [`hex`]; `None` for anything that `hex` does not write.
pub fn unhex(text: &[u8]) -> Option<Hash> {
    if text.len() != 64 {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = GENESIS;
    for (to, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
        *to = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: Entry<'static> = Entry {
        at: 5,
        mono: 6,
        kind: 30,
        task: Some("build"),
        generation: Some(0),
        attempt: None,
        tries: None,
        body: b"{}",
    };

    #[test]
    fn every_column_changes_the_hash() {
        let base = Chain::new("r").hash(&GENESIS, 1, 1, &ENTRY);
        let mut seen = std::collections::BTreeSet::from([base]);
        let mut chain = Chain::new("r");
        let others = [
            Entry { at: 6, ..ENTRY },
            Entry { mono: 5, ..ENTRY },
            Entry { kind: 31, ..ENTRY },
            Entry { task: None, ..ENTRY },
            Entry { task: Some("builds"), ..ENTRY },
            Entry { generation: None, ..ENTRY },
            Entry { attempt: Some(0), ..ENTRY },
            Entry { tries: Some(0), ..ENTRY },
            Entry { body: b"{ }", ..ENTRY },
        ];
        for entry in &others {
            assert!(seen.insert(chain.hash(&GENESIS, 1, 1, entry)));
        }
        assert!(seen.insert(chain.hash(&base, 1, 1, &ENTRY)));
        assert!(seen.insert(chain.hash(&GENESIS, 2, 1, &ENTRY)));
        assert!(seen.insert(chain.hash(&GENESIS, 1, 2, &ENTRY)));
        assert!(seen.insert(Chain::new("s").hash(&GENESIS, 1, 1, &ENTRY)));
        assert_eq!(chain.hash(&GENESIS, 1, 1, &ENTRY), base);
    }

    #[test]
    fn hex_goes_both_ways() {
        let hash = *blake3::hash(b"x").as_bytes();
        assert_eq!(unhex(hex(&hash).as_bytes()), Some(hash));
        assert_eq!(unhex(b"zz"), None);
        assert_eq!(unhex(&[b'G'; 64]), None);
    }
}
