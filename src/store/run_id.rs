//! Names of runs: they sort by time, a person can read and type them, and no two machines make the same one.

/// Digits without the letters that look like others.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Longest name that is taken for a run.
const LONGEST: usize = 40;

/// A new name for a run that begins at `now` (ms since 1970), like `261122-235959-h3k7f2q`: UTC date, UTC time, then two
/// digits for the part of the second and five at random.
pub(super) fn new_id(now: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(now).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let mut id = time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%y%m%d-%H%M%S-").to_string();
    let part = usize::try_from(now.rem_euclid(1000)).unwrap_or(0) * 1024 / 1000;
    id.push(char::from(DIGITS[part >> 5]));
    id.push(char::from(DIGITS[part & 31]));
    for byte in &uuid::Uuid::new_v4().as_bytes()[..5] {
        id.push(char::from(DIGITS[usize::from(byte & 31)]));
    }
    id
}

/// Whether `name` can be the name of a run's folder.
pub(super) fn is_id(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b'-')
}

/// Whether `name` may stand for the run `id`: its beginning, or the whole or beginning of its last part.
pub(super) fn answers_to(id: &str, name: &str) -> bool {
    !name.is_empty()
        && (id.starts_with(name) || id.rsplit('-').next().is_some_and(|tail| tail.starts_with(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_differ() {
        let start = 1_763_855_999_000;
        let ids: Vec<String> = (0..50).map(|step| new_id(start + step * 97)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        assert!(ids.iter().all(|id| is_id(id) && id.len() == 21), "{ids:?}");
        assert!(ids[0].starts_with("251122-235959-00"), "{}", ids[0]);
        assert_ne!(new_id(start), new_id(start));
    }

    #[test]
    fn a_prefix_and_the_last_part_answer() {
        let id = "251122-235959-00abcde";
        assert!(answers_to(id, "2511") && answers_to(id, "00ab") && answers_to(id, id));
        assert!(!answers_to(id, "") && !answers_to(id, "abcde") && !answers_to(id, "26"));
        assert!(!is_id("..") && !is_id("a/b") && !is_id("") && !is_id("-x"));
    }
}
