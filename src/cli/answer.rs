//! Asking a person at the terminal.

use super::outlet::Outlet;
use super::output;
use crate::run::{Asker, Form, Question, Replies, Reply};
use ecow::EcoString;
use std::collections::VecDeque;
use std::io::BufRead;
use std::sync::{Arc, Condvar, Mutex};

/// Shows questions one after the other and reads the answers from standard input, on a thread of its own: reading a
/// line cannot be interrupted, and the run must not wait for it.
pub struct Terminal {
    to: Outlet,
    queue: Arc<Queue>,
    started: bool,
}

#[derive(Default)]
struct Queue {
    questions: Mutex<VecDeque<Pending>>,
    more: Condvar,
    /// Hash of the question that stands on the terminal and was not answered there.
    shown: Mutex<EcoString>,
}

struct Pending {
    question: Question,
    again: Option<String>,
    replies: Replies,
}

impl Terminal {
    /// Nothing asked yet.
    pub fn new(to: Outlet) -> Terminal {
        Terminal { to, queue: Arc::default(), started: false }
    }
}

impl Asker for Terminal {
    fn ask(&mut self, question: &Question, again: Option<&str>, replies: &Replies) {
        let pending = Pending {
            question: question.clone(),
            again: again.map(str::to_string),
            replies: replies.clone(),
        };
        if let Ok(mut questions) = self.queue.questions.lock() {
            questions.push_back(pending);
        }
        self.queue.more.notify_one();
        if !self.started {
            let (queue, to) = (self.queue.clone(), self.to.clone());
            // Without room for a thread the question stays open; it is asked with the next one.
            self.started = std::thread::Builder::new().spawn(move || answer_all(&queue, &to)).is_ok();
        }
    }

    fn withdraw(&mut self, question: &Question) {
        if let Ok(mut questions) = self.queue.questions.lock() {
            questions.retain(|p| p.question.hash != question.hash);
        }
        // A line is being read for it, which cannot be called off.
        if self.queue.shows(&question.hash) {
            let told = format!("{} needs no answer any more: press Enter\n", question.task);
            self.to.write(told.as_bytes());
        }
    }
}

impl Queue {
    fn show(&self, hash: &str) {
        if let Ok(mut shown) = self.shown.lock() {
            *shown = hash.into();
        }
    }

    fn shows(&self, hash: &str) -> bool {
        self.shown.lock().is_ok_and(|shown| *shown == hash)
    }
}

fn answer_all(queue: &Queue, to: &Outlet) {
    loop {
        let Ok(mut questions) = queue.questions.lock() else { return };
        let pending = loop {
            match questions.pop_front() {
                Some(pending) => break pending,
                None => match queue.more.wait(questions) {
                    Ok(next) => questions = next,
                    Err(_) => return,
                },
            }
        };
        drop(questions);
        queue.show(&pending.question.hash);
        to.write(shown(&pending).as_bytes());
        let mut line = Vec::new();
        // At the end of input nobody will answer any more.
        if std::io::stdin().lock().read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return;
        }
        queue.show("");
        let line = String::from_utf8_lossy(&line);
        let reply = Reply {
            task: pending.question.task.clone(),
            question: pending.question.hash.clone(),
            by: user().into(),
            answer: line.trim().into(),
            note: "".into(),
        };
        if !pending.replies.send(reply) {
            return;
        }
    }
}

/// A question as it stands on the terminal.
fn shown(pending: &Pending) -> String {
    let question = &pending.question;
    let mut text = String::new();
    if let Some(why) = &pending.again {
        text += &format!("that answer does not do: {}\n", output::visible(why));
    }
    text += &format!("\n{} asks: {}\n", question.task, output::visible(&question.message));
    let choices = question.choices();
    match (&question.form, choices.is_empty()) {
        (_, false) => text += &format!("answer {}:\n", choices.join(", ")),
        (Form::Value { type_name, .. }, true) => text += &format!("answer with a {type_name}:\n"),
        (Form::Approve | Form::Crash { .. }, true) => {}
    }
    text
}

/// Who answers: the name of the user, for the record.
pub fn user() -> String {
    std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "someone".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn who_is_asked_in_vain_is_told_so() {
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut terminal = Terminal::new(Outlet::new(ours));
        let asked = |task: &str| Question::new("run", task.into(), 0, "Ship?".into(), Form::Approve);
        terminal.queue.show(&asked("shown").hash);
        terminal.withdraw(&asked("later"));
        terminal.withdraw(&asked("shown"));
        let mut text = [0; 6];
        theirs.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"shown ", "what is not on the screen is told of");
    }
}
