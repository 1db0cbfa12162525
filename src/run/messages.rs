//! What people put into the inbox of a running run, and how it is read.

use super::people::Reply;
use crate::store::{RunDir, StoreError, put_message};
use ecow::EcoString;
use serde::{Deserialize, Serialize};

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Message {
    /// An answer to a question.
    Reply {
        task: EcoString,
        /// Hash of the question that was shown, or its beginning; empty: whichever is open.
        #[serde(default)]
        question: EcoString,
        by: EcoString,
        answer: EcoString,
        #[serde(default)]
        note: EcoString,
    },
    /// Cancel the run.
    Cancel {
        by: EcoString,
        #[serde(default)]
        why: EcoString,
    },
}

impl Message {
    /// Puts it where the holder of the run takes it; gives its id.
    ///
    /// # Errors
    /// Those of the store.
    pub fn put(&self, dir: &RunDir) -> Result<String, StoreError> {
        // This enum always has a JSON text.
        put_message(dir, &serde_json::to_vec(self).unwrap_or_default())
    }
}

impl From<Reply> for Message {
    fn from(reply: Reply) -> Message {
        let Reply { task, question, by, answer, note } = reply;
        Message::Reply { task, question, by, answer, note }
    }
}
