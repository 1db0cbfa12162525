//! Hides secrets in a stream of bytes, before it reaches the disk, a log or a decoder.
//!
//! It knows each secret as it is and in the encodings in which programs usually print things: base64 (both alphabets, at
//! all three alignments), hex, URL-encoded, escaped as in JSON and in a shell, and each line of a secret of several lines. A
//! net, not a wall: a text reversed or printed letter by letter passes.

/// What stands in place of a secret.
pub const MASKED: &[u8] = b"***";

/// Shortest derived text that is masked, in bytes; shorter ones occur by chance.
const MIN_DERIVED: usize = 4;
/// Shortest piece of a base64 text: what is left when the ends that depend on the neighbours are cut off.
const MIN_BASE64: usize = 8;

/// Hides secrets in one stream. Bytes that may be the beginning of a secret are held back until it is clear.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first.
    needles: std::sync::Arc<Vec<Vec<u8>>>,
    /// Whether a needle starts with that byte.
    starts: std::sync::Arc<Vec<bool>>,
    held: Vec<u8>,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mask").field("needles", &self.needles.len()).finish_non_exhaustive()
    }
}

impl Mask {
    /// A mask for these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Mask {
        let mut needles: Vec<Vec<u8>> = secrets.into_iter().flat_map(forms).collect();
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        let mut starts = vec![false; 256];
        for needle in &needles {
            starts[needle[0] as usize] = true;
        }
        Mask { needles: needles.into(), starts: starts.into(), held: Vec::new() }
    }

    /// Whether it hides nothing: bytes may then be passed by.
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Takes the next bytes and appends to `out` what is clear by now.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.needles.is_empty() {
            out.extend_from_slice(bytes);
            return;
        }
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let kept = self.scan(&all, out, false);
        self.held = all.split_off(kept);
    }

    /// Appends what was held back: the stream has ended.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let all = std::mem::take(&mut self.held);
        self.scan(&all, out, true);
    }

    /// A whole text.
    pub fn text(&self, text: &str) -> String {
        if self.needles.is_empty() {
            return text.to_string();
        }
        let mut mask = Mask { needles: self.needles.clone(), starts: self.starts.clone(), held: Vec::new() };
        let mut out = Vec::with_capacity(text.len());
        mask.feed(text.as_bytes(), &mut out);
        mask.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Masks as far as it is clear; gives how many bytes were used. What is hidden is the union of all that any secret covers:
    /// where one begins inside another, the longer of both ends counts.
    fn scan(&self, all: &[u8], out: &mut Vec<u8>, ended: bool) -> usize {
        let mut at = 0;
        while at < all.len() {
            if !self.starts[all[at] as usize] {
                out.push(all[at]);
                at += 1;
                continue;
            }
            // A longer secret may still be coming; the shorter one that it starts with must not be let out before.
            if !ended && self.may_go_on(&all[at..]) {
                return at;
            }
            let Some(length) = self.longest(&all[at..]) else {
                out.push(all[at]);
                at += 1;
                continue;
            };
            let (mut next, mut end) = (at + 1, at + length);
            while next < end {
                if self.starts[all[next] as usize] {
                    if !ended && self.may_go_on(&all[next..]) {
                        return at;
                    }
                    end = end.max(next + self.longest(&all[next..]).unwrap_or(0));
                }
                next += 1;
            }
            out.extend_from_slice(MASKED);
            at = end;
        }
        at
    }

    /// Whether all that there is may be the beginning of a secret that is longer.
    fn may_go_on(&self, rest: &[u8]) -> bool {
        self.needles.iter().any(|n| n.len() > rest.len() && n.starts_with(rest))
    }

    /// Length of the longest secret that stands at the beginning.
    fn longest(&self, rest: &[u8]) -> Option<usize> {
        self.needles.iter().find(|n| rest.starts_with(n)).map(Vec::len)
    }
}

/// A secret in all the forms that are hidden.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut all = encodings(secret.as_bytes());
    if secret.contains('\n') {
        let lines = secret.lines().map(str::trim).filter(|l| l.len() >= MIN_DERIVED);
        all.extend(lines.flat_map(|l| encodings(l.as_bytes())));
    }
    all.retain(|n| n.len() >= MIN_DERIVED);
    all
}

fn encodings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut all =
        vec![secret.to_vec(), hex(secret, false), hex(secret, true), url(secret, false), url(secret, true)];
    for url_safe in [false, true] {
        for shift in 0..3 {
            all.extend(base64_core(secret, shift, url_safe).filter(|t| t.len() >= MIN_BASE64));
        }
    }
    let text = String::from_utf8_lossy(secret);
    let json = serde_json::to_string(&text).unwrap_or_default();
    all.push(json.trim_matches('"').as_bytes().to_vec());
    all.push(text.replace('\'', r"'\''").into_bytes());
    all.push(
        text.chars().flat_map(|c| shell_escaped(c).into_iter().flatten()).collect::<String>().into_bytes(),
    );
    all
}

fn shell_escaped(c: char) -> [Option<char>; 2] {
    let plain = c.is_ascii_alphanumeric() || "_-./:,@%+=".contains(c) || !c.is_ascii();
    if plain { [Some(c), None] } else { [Some('\\'), Some(c)] }
}

fn hex(bytes: &[u8], upper: bool) -> Vec<u8> {
    let digit = |n: u8| {
        let c = char::from_digit(u32::from(n), 16).unwrap_or('0') as u8;
        if upper { c.to_ascii_uppercase() } else { c }
    };
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

fn url(bytes: &[u8], lower: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for b in bytes {
        if b.is_ascii_alphanumeric() || b"-_.~".contains(b) {
            out.push(*b);
        } else {
            out.push(b'%');
            out.extend(hex(&[*b], !lower));
        }
    }
    out
}

/// The part of the secret's base64 that does not depend on what stands beside it, when it starts at that place of a
/// group of three bytes.
fn base64_core(secret: &[u8], shift: usize, url_safe: bool) -> Option<Vec<u8>> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let alphabet = if url_safe { URL_SAFE } else { STANDARD };
    let total = shift + secret.len();
    // Sextets wholly inside the secret: from the first that starts at or after it to the last that ends in it.
    let first = (shift * 8).div_ceil(6);
    let last = total * 8 / 6;
    let bit = |i: usize| {
        let byte = secret.get((i / 8).checked_sub(shift)?)?;
        Some(byte >> (7 - i % 8) & 1)
    };
    (first..last)
        .map(|s| {
            let sextet = (0..6).try_fold(0u8, |value, k| Some(value << 1 | bit(s * 6 + k)?))?;
            Some(alphabet[sextet as usize])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr3t/key+with \"odd' chars";

    fn masked(mask: &Mask, text: &[u8], chunk: usize) -> Vec<u8> {
        let mut mask = mask.clone();
        let mut out = Vec::new();
        text.chunks(chunk).for_each(|c| mask.feed(c, &mut out));
        mask.finish(&mut out);
        out
    }

    fn base64(bytes: &[u8]) -> String {
        let padded = [bytes, &[0; 3]].concat();
        let core = base64_core(&padded[..bytes.len().div_ceil(3) * 3], 0, false).unwrap();
        String::from_utf8(core).unwrap()
    }

    #[test]
    fn any_form_in_any_chunking_is_hidden() {
        let mask = Mask::new([SECRET]);
        let mut shown = vec![
            SECRET.to_string(),
            String::from_utf8(hex(SECRET.as_bytes(), false)).unwrap(),
            String::from_utf8(url(SECRET.as_bytes(), false)).unwrap(),
            serde_json::to_string(SECRET).unwrap(),
        ];
        for before in ["", "x", "xy"] {
            shown.push(base64(format!("{before}{SECRET}").as_bytes()));
        }
        for text in shown {
            for chunk in [1, 2, 3, 7, 1000] {
                let line = format!("before {text} after\n");
                let out = String::from_utf8(masked(&mask, line.as_bytes(), chunk)).unwrap();
                assert!(
                    out.contains("***") && out.starts_with("before ") && out.contains("after\n"),
                    "{text}: {out}"
                );
                assert!(!out.contains(&text[4..text.len() - 4]), "{text}: {out}");
            }
        }
    }

    #[test]
    fn ordinary_text_passes_unchanged() {
        let mask = Mask::new([SECRET, "another-secret"]);
        let text = "s3cr3 s3cr3t/ke an anothe another-secre \u{1F600}".repeat(50);
        for chunk in [1, 5, 4096] {
            assert_eq!(masked(&mask, text.as_bytes(), chunk), text.as_bytes());
        }
    }

    #[test]
    fn of_overlapping_secrets_nothing_is_left() {
        let mask = Mask::new(["token-abcdef", "abcdefghij", "hijklmnop"]);
        for chunk in [1, 2, 3, 5, 100] {
            let shown = |text: &str| String::from_utf8(masked(&mask, text.as_bytes(), chunk)).unwrap();
            assert_eq!(shown("a token-abcdefghijklmnop z"), "a *** z", "{chunk}");
            assert_eq!(shown("token-abcdefgh"), "***gh", "{chunk}");
            assert_eq!(shown("token-abcdeabcdefghij."), "token-abcde***.", "{chunk}");
        }
    }

    #[test]
    fn each_line_of_a_key_and_overlapping_secrets() {
        let mask = Mask::new(["-----BEGIN-----\nabcdefgh\nijklmnop\n-----END-----", "abcdefghXYZ"]);
        assert_eq!(mask.text("got abcdefgh!"), "got ***!");
        assert_eq!(mask.text("got abcdefghXYZ!"), "got ***!");
        assert_eq!(mask.text("ijklmnop"), "***");
        assert!(Mask::default().is_empty());
    }
}
