//! Messages of people to a running run: one file each, put there whole, taken by the holder of the lock.
//!
//! Anybody who may write to the run's folder may put one; the store reads no meaning into them.

use super::disk;
use super::error::StoreError;
use super::project::RunDir;

/// Largest message, in bytes.
pub const MAX_MESSAGE: u64 = 1 << 20;

/// A message as it was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its name; journalled with `message_taken`, so that it is taken once.
    pub id: String,
    pub bytes: Vec<u8>,
}

impl Message {
    /// When it was put, ms since 1970, as its name says.
    pub fn put_at(&self) -> Option<i64> {
        let (seconds, nanos) = uuid::Uuid::try_parse(&self.id).ok()?.get_timestamp()?.to_unix();
        i64::try_from(seconds).ok()?.checked_mul(1000)?.checked_add(i64::from(nanos / 1_000_000))
    }
}

/// What stands in an inbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Messages {
    /// The oldest first.
    pub messages: Vec<Message>,
    /// Entries that are no messages, with the reason; to be removed like messages.
    pub refused: Vec<(String, String)>,
}

/// Puts a message and returns its id.
pub fn put_message(dir: &RunDir, json: &[u8]) -> Result<String, StoreError> {
    if json.len() as u64 > MAX_MESSAGE {
        return Err(StoreError::TooLarge { what: "the message".to_owned(), limit: MAX_MESSAGE });
    }
    let inbox = dir.inbox();
    disk::real_dir(&inbox)?;
    // The name sorts by time.
    let id = uuid::Uuid::now_v7().hyphenated().to_string();
    disk::write_whole(&inbox, &format!("{id}.json"), json, true)?;
    Ok(id)
}

/// Reads the messages that are there, in the order in which they were put, and leaves them there.
pub fn take_messages(dir: &RunDir) -> Result<Messages, StoreError> {
    let inbox = dir.inbox();
    let listed = std::fs::read_dir(&inbox).map_err(|error| StoreError::at("list", &inbox, error))?;
    let mut names = Vec::new();
    let mut found = Messages::default();
    for entry in listed {
        let entry = entry.map_err(|error| StoreError::at("list", &inbox, error))?;
        match entry.file_name().into_string() {
            Ok(name) if name.starts_with(disk::TEMP_PREFIX) => {}
            Ok(name) => names.push(name),
            Err(name) => {
                found.refused.push((name.to_string_lossy().into_owned(), "its name is no text".to_owned()))
            }
        }
    }
    names.sort_unstable();
    for name in names {
        let Some(id) = name.strip_suffix(".json").filter(|id| uuid::Uuid::try_parse(id).is_ok()) else {
            found.refused.push((name, "its name is not that of a message".to_owned()));
            continue;
        };
        match disk::read_small(&inbox.join(&name), MAX_MESSAGE) {
            Ok(Some(bytes)) => found.messages.push(Message { id: id.to_owned(), bytes }),
            Ok(None) => {}
            Err(error) => found.refused.push((name, error.to_string())),
        }
    }
    Ok(found)
}

/// Removes a message after the commit that took it, or a refused entry by its name.
pub fn remove_message(dir: &RunDir, id: &str) -> Result<(), StoreError> {
    let name = if uuid::Uuid::try_parse(id).is_ok() { format!("{id}.json") } else { id.to_owned() };
    if name.contains('/') || name == "." || name == ".." {
        return Ok(());
    }
    let path = dir.inbox().join(name);
    let removed = match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(&path),
        Ok(_) => std::fs::remove_file(&path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::at("remove", &path, error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Project;

    #[test]
    fn messages_come_in_order_and_stay_until_removed() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Project::find(temp.path()).unwrap().create_run(0).unwrap();
        let ids: Vec<String> =
            (0..20).map(|n| put_message(&dir, format!("{n}").as_bytes()).unwrap()).collect();
        let found = take_messages(&dir).unwrap();
        assert_eq!(found.messages.iter().map(|message| message.id.clone()).collect::<Vec<_>>(), ids);
        assert_eq!(found.messages[7].bytes, b"7");
        let now = jiff::Timestamp::now().as_millisecond();
        assert!(found.messages[0].put_at().is_some_and(|at| (now - 60_000..=now).contains(&at)));
        assert_eq!(take_messages(&dir).unwrap(), found);
        for id in &ids {
            remove_message(&dir, id).unwrap();
            remove_message(&dir, id).unwrap();
        }
        assert_eq!(take_messages(&dir).unwrap(), Messages::default());
    }

    #[test]
    fn what_is_no_message_is_refused_and_can_be_removed() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Project::find(temp.path()).unwrap().create_run(0).unwrap();
        let inbox = dir.inbox();
        let id = uuid::Uuid::now_v7().to_string();
        std::os::unix::fs::symlink("/etc/passwd", inbox.join(format!("{id}.json"))).unwrap();
        std::fs::create_dir(inbox.join("folder")).unwrap();
        std::fs::write(inbox.join("x.json"), "{}").unwrap();
        let big = uuid::Uuid::now_v7().to_string();
        std::fs::write(inbox.join(format!("{big}.json")), vec![b' '; (1 << 20) + 1]).unwrap();
        let found = take_messages(&dir).unwrap();
        assert!(found.messages.is_empty());
        assert_eq!(found.refused.len(), 4, "{found:?}");
        for (name, _) in &found.refused {
            remove_message(&dir, name).unwrap();
        }
        assert_eq!(take_messages(&dir).unwrap(), Messages::default());
        remove_message(&dir, "../lock").unwrap();
    }
}
