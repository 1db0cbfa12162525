//! Programs in memory and on disk against the names phase.

mod agents;
mod files;
mod names;

use super::*;
use crate::source::MemoryLoader;

/// What resolving some files gave.
struct Tried {
    resolved: Resolved,
    sources: SourceMap,
    found: Vec<Diagnostic>,
}

impl Tried {
    /// `code line:column message` of each diagnostic, in order.
    fn shown(&self) -> Vec<String> {
        let show = |d: &Diagnostic| {
            let at = self.sources.positions(d.span).0;
            let file = &self.sources.get(d.span.file).name;
            format!("{} {file}:{}:{} {}", d.code, at.line, at.column, d.message)
        };
        self.found.iter().map(show).collect()
    }

    fn codes(&self) -> Vec<String> {
        self.found.iter().map(|d| d.code.to_string()).collect()
    }

    fn helps(&self) -> String {
        self.found.iter().flat_map(|d| d.help.clone()).collect::<Vec<_>>().join("\n")
    }

    /// The meanings of all names whose text is `text`, through the visitor-free way of the debug output of the table.
    fn def(&self, name: &str) -> &Def {
        self.resolved.defs.iter().find(|d| d.name.text == name).expect("declared")
    }
}

fn with(loader: &dyn Loader) -> Tried {
    let (mut sources, mut ids, mut found) = (SourceMap::new(), NodeIds::default(), Vec::new());
    let resolved = resolve("main.flow", loader, &mut sources, &mut ids, &mut found);
    crate::diagnostics::sort(&mut found);
    Tried { resolved, sources, found }
}

fn files(files: &[(&str, &str)]) -> Tried {
    let loader = files.iter().fold(MemoryLoader::new(), |l, (path, text)| l.with(path, text));
    with(&loader)
}

fn main(text: &str) -> Tried {
    files(&[("main.flow", text)])
}

fn clean(text: &str) {
    let tried = main(text);
    assert_eq!(tried.shown(), Vec::<String>::new(), "{text}");
}
