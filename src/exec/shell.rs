//! `sh`: a script whose values can never become script text.
//!
//! Takes the script as pieces of text and of words, gives the argv of `/bin/sh`. A value arrives as a positional
//! parameter; a prologue on the script's first line puts it into a shell variable of ours and clears the
//! parameters again; where the word stands, the script has a quoted reference to that variable (of a list: one
//! reference per element, so that an empty list is no word at all). The values are in no environment and in no text
//! that a shell parses.
//!
//! The caller must put a word only where a shell word may stand: not inside quotes, back-ticks, `$(( ))` or a
//! here-document. Text beside it joins it (`--file=` + word + `.txt`), as with any shell word.

use super::{ExecError, Fault};

/// A piece of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellPart {
    /// Script text, as the author wrote it.
    Text(String),
    /// A value: one word, whatever is in it.
    Word(String),
    /// A list: as many words as it has elements.
    Words(Vec<String>),
}

/// The argv that runs the script under `/bin/sh -eu`.
///
/// # Errors
/// When the script or a value holds a NUL byte, which no argument can.
pub fn argv(parts: &[ShellPart]) -> Result<Vec<String>, ExecError> {
    let (mut script, mut prologue, mut values) = (String::new(), String::new(), Vec::new());
    for part in parts {
        match part {
            ShellPart::Text(text) => script.push_str(text),
            ShellPart::Word(value) => refer(value, &mut script, &mut prologue, &mut values),
            ShellPart::Words(list) => {
                for (index, value) in list.iter().enumerate() {
                    if index > 0 {
                        script.push(' ');
                    }
                    refer(value, &mut script, &mut prologue, &mut values);
                }
            }
        }
    }
    if script.contains('\0') {
        return Err(ExecError::new(Fault::Refused, "the script holds a NUL byte"));
    }
    let script = if values.is_empty() { script } else { format!("{prologue}set --; {script}") };
    let mut argv: Vec<String> = vec!["/bin/sh".into(), "-euc".into(), script];
    if !values.is_empty() {
        argv.push("sh".into());
        argv.append(&mut values);
    }
    Ok(argv)
}

fn refer(value: &str, script: &mut String, prologue: &mut String, values: &mut Vec<String>) {
    values.push(value.to_owned());
    let number = values.len();
    script.push_str(&format!("\"${{__flow_{number}}}\""));
    prologue.push_str(&format!("__flow_{number}=${{{number}}}; "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_without_values_stays_as_it_is() {
        assert_eq!(argv(&[ShellPart::Text("true".into())]).unwrap(), ["/bin/sh", "-euc", "true"]);
    }

    #[test]
    fn values_stand_outside_the_script() {
        let parts = [
            ShellPart::Text("f --to=".into()),
            ShellPart::Word("$(x)".into()),
            ShellPart::Text(" ".into()),
            ShellPart::Words(vec!["a b".into(), String::new()]),
        ];
        let argv = argv(&parts).unwrap();
        assert_eq!(
            argv[2],
            "__flow_1=${1}; __flow_2=${2}; __flow_3=${3}; set --; f --to=\"${__flow_1}\" \"${__flow_2}\" \"${__flow_3}\""
        );
        assert_eq!(argv[3..], ["sh", "$(x)", "a b", ""]);
    }
}
