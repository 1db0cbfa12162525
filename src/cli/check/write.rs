//! Writing mended texts, and saying what was done.

use super::targets::Group;
use crate::cli::{files, output};
use crate::compile::Mended;

/// Writes what changed; the text of standard input goes to standard output, changed or not. Gives whether all was written.
pub(super) fn written(group: &Group, mended: &Mended) -> bool {
    let Some(root) = &group.root else {
        return printed(group, mended);
    };
    let mut all = true;
    for (path, text) in &mended.texts {
        let shown = format!("{}{path}", group.prefix);
        let before = group.loader.read(path);
        let changed = root
            .join(path)
            .canonicalize()
            .and_then(|file| files::replace(&file, before.as_deref().unwrap_or_default(), text));
        match changed {
            Ok(()) => said(&group.prefix, mended, path),
            Err(e) => {
                output::complain(format_args!("cannot write {shown}: {e}; it is as it was"));
                all = false;
            }
        }
    }
    all
}

fn printed(group: &Group, mended: &Mended) -> bool {
    for path in &group.paths {
        let text = mended.texts.get(path).cloned().map_or_else(|| group.loader.read(path), Ok);
        let Ok(text) = text else { return false };
        output::exactly(&text);
        said(&group.prefix, mended, path);
    }
    true
}

fn said(prefix: &str, mended: &Mended, path: &str) {
    for fix in mended.applied.iter().filter(|f| f.file == path) {
        output::say(format_args!("fixed {prefix}{path}:{}: {} ({})", fix.line, fix.title, fix.code));
    }
}
