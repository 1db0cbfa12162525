//! Writing to the terminal: results to standard output, everything for people to standard error. A reader that has gone
//! away is no error: what it would have read is dropped.
#![allow(clippy::print_stderr)]

use std::fmt::Arguments;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// Writes a result, with a newline at its end.
pub fn result(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Writes a result as it is, without adding a newline.
pub fn exactly(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a JSON document as a result.
pub fn json(value: &serde_json::Value) {
    result(&format!("{value:#}"));
}

/// Writes something for people, in one piece: a message is there whole or not at all.
pub fn say(text: Arguments<'_>) {
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// The same, to a reader who may stand still and is then waited for no longer than that.
pub fn say_within(patience: Duration, text: Arguments<'_>) {
    let (text, (tell, told)) = (text.to_string(), mpsc::channel());
    let said = text.clone();
    let spawned = std::thread::Builder::new().spawn(move || {
        say(format_args!("{said}"));
        let _ = tell.send(());
    });
    match spawned {
        Ok(_) => drop(told.recv_timeout(patience)),
        Err(_) => say(format_args!("{text}")),
    }
}

/// Says that something is wrong, apart from diagnostics. Names of files and the like may hold anything.
pub fn complain(text: Arguments<'_>) {
    say(format_args!("error: {}", visible(&text.to_string())));
}

/// Writes a result to a file, or to standard output where none is given.
///
/// # Errors
/// What the system said, with the file's name.
pub fn to_file_or_result(path: Option<&Path>, text: &str) -> Result<(), String> {
    match path {
        Some(path) => std::fs::write(path, text).map_err(|e| format!("cannot write {}: {e}", path.display())),
        None => {
            result(text);
            Ok(())
        }
    }
}

/// Whether standard error is a terminal that wants colour.
pub fn color() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && std::io::stderr().is_terminal()
}

/// Whether the terminal shows lines and arrows beyond ASCII. What goes to a file or a pipe is UTF-8.
pub fn unicode() -> bool {
    if !std::io::stderr().is_terminal() {
        return true;
    }
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let utf8 = |l: &str| l.to_ascii_lowercase().replace('-', "").ends_with("utf8");
    set("TERM").as_deref() != Some("dumb") && locale.is_none_or(|l| utf8(&l))
}

/// Whether a person sits in front of both input and error output.
pub fn interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Columns of the terminal.
pub fn width() -> usize {
    rustix::termios::tcgetwinsize(std::io::stderr()).map_or(100, |w| (w.ws_col as usize).clamp(40, 120))
}

/// The text with control characters made visible, so that what a task printed cannot steer the terminal.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' => {}
            c if c.is_control() || is_bidi(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn escape_sequences_lose_their_power() {
        assert_eq!(visible("a\u{1b}[2Jb\u{202e}c\u{9b}"), "a\\u{1b}[2Jb\\u{202e}c\\u{9b}");
        assert_eq!(visible("tab\tline\nend\r"), "tab\tline\nend");
    }
}
