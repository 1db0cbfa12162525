//! The files of a program: the started one and everything it uses, each read and parsed once.
//!
//! Works through a list, so that neither a long chain of imports nor a diamond with a million ways through it costs more
//! than its files. Gives the parsed modules with what each `use` leads to; names are not looked at.

use super::agent_file::{self, Found};
use super::suggest::Near;
use super::{AgentFile, ModuleId, embedded, errors, paths, suggest};
use crate::ast::{ItemKind, Module, NodeIds, Str, UseSource};
use crate::diagnostics::Diagnostic;
use crate::source::{Entry, FileId, Loader, SourceMap, Span};
use ecow::EcoString;
use foldhash::HashMap;

/// A parsed file with its `use` items.
#[derive(Debug)]
pub(super) struct Parsed {
    pub file: FileId,
    pub ast: Module,
    pub path: String,
    /// Embedded in the program.
    pub is_std: bool,
    pub uses: Vec<Used>,
}

/// Where a `use` item leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    pub item: u32,
    /// Where the path is written.
    pub span: Span,
    pub target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Module(ModuleId),
    /// Index into [`Program::folders`].
    Folder(u32),
    /// Already reported.
    Nothing,
}

/// A folder of agent files.
#[derive(Debug)]
pub(super) struct Folder {
    pub path: String,
    /// Name in Flow and index into [`Program::agent_files`], in the order of the files.
    pub agents: Vec<(EcoString, u32)>,
    /// Markdown files that are no agents: the name that they would have, their path, and why.
    pub others: Vec<(String, String, &'static str)>,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub modules: Vec<Parsed>,
    pub folders: Vec<Folder>,
    pub agent_files: Vec<AgentFile>,
}

/// What loading works with.
pub(super) struct Load<'a> {
    pub loader: &'a dyn Loader,
    pub sources: &'a mut SourceMap,
    pub ids: &'a mut NodeIds,
    pub out: &'a mut Vec<Diagnostic>,
}

/// A file is known by its path; those of `std` are apart from a folder of the same name in the project.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    File(String),
    Std(String),
}

impl Load<'_> {
    /// Reads the started file and all that it uses.
    pub(super) fn program(&mut self, main: &str) -> Program {
        let mut program = Program::default();
        let text = match self.loader.read(main) {
            Ok(text) => text,
            Err(error) => {
                let file = self.sources.add(main, "");
                self.out.push(errors::cannot_read(Span::new(file, 0, 0), main, &error));
                "".into()
            }
        };
        let mut known: HashMap<Key, ModuleId> = HashMap::default();
        let mut folders: HashMap<String, u32> = HashMap::default();
        let path = paths::join("", main).unwrap_or_else(|_| main.to_string());
        known.insert(Key::File(path.clone()), ModuleId(0));
        self.parse(&mut program, path, main, &text);
        let mut at = 0;
        while at < program.modules.len() {
            let mut uses = Vec::new();
            let from = program.modules[at].path.clone();
            let is_std = program.modules[at].is_std;
            for (item, source) in use_items(&program.modules[at].ast) {
                let (span, target) = match &source.1 {
                    // Could not be read; already reported.
                    UseSource::Std(parts) if parts.is_empty() => (source.0, Target::Nothing),
                    UseSource::Std(parts) => {
                        let span =
                            parts.first().zip(parts.last()).map_or(source.0, |(a, b)| a.span.to(b.span));
                        let name = parts.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(".");
                        (span, self.std_module(&mut program, &mut known, &name, span))
                    }
                    UseSource::File(written) if is_std => (written.span, Target::Nothing),
                    UseSource::File(written) => {
                        (written.span, self.flow_file(&mut program, &mut known, &from, written))
                    }
                    UseSource::Agents(written) => {
                        (written.span, self.folder(&mut program, &mut folders, &from, written))
                    }
                };
                uses.push(Used { item, span, target });
            }
            program.modules[at].uses = uses;
            at += 1;
        }
        program
    }

    fn parse(
        &mut self,
        program: &mut Program,
        path: String,
        name: &str,
        text: &std::sync::Arc<str>,
    ) -> ModuleId {
        let file = self.sources.add(name, text.clone());
        let ast = crate::syntax::parse(file, text, self.ids, self.out);
        program.modules.push(Parsed { file, ast, path, is_std: false, uses: Vec::new() });
        ModuleId(program.modules.len() as u32 - 1)
    }

    fn std_module(
        &mut self,
        program: &mut Program,
        known: &mut HashMap<Key, ModuleId>,
        name: &str,
        span: Span,
    ) -> Target {
        if let Some(id) = known.get(&Key::Std(name.to_string())) {
            return Target::Module(*id);
        }
        let Some((path, text)) = embedded::module(name) else {
            self.out.push(unknown_std(name, span));
            return Target::Nothing;
        };
        let id = self.parse(program, path.to_string(), path, &text.into());
        program.modules[id.0 as usize].is_std = true;
        known.insert(Key::Std(name.to_string()), id);
        Target::Module(id)
    }

    fn flow_file(
        &mut self,
        program: &mut Program,
        known: &mut HashMap<Key, ModuleId>,
        from: &str,
        written: &Str,
    ) -> Target {
        let Some(path) = self.path(from, written) else { return Target::Nothing };
        if let Some(id) = known.get(&Key::File(path.clone())) {
            return Target::Module(*id);
        }
        match self.loader.read(&path) {
            Ok(_) if !path.ends_with(".flow") => {
                self.out.push(errors::not_a_flow_file(written.span, &path));
                Target::Nothing
            }
            Ok(text) => {
                let id = self.parse(program, path.clone(), &path, &text);
                known.insert(Key::File(path), id);
                Target::Module(id)
            }
            Err(error) => {
                self.out.push(errors::cannot_read(written.span, &path, &error));
                Target::Nothing
            }
        }
    }

    /// The path that is written, relative to the root; a fault is reported.
    fn path(&mut self, from: &str, written: &Str) -> Option<String> {
        let Some(text) = written.literal() else {
            self.out.push(errors::path_not_plain(written.span));
            return None;
        };
        match paths::join(from, &text) {
            Ok(path) => Some(path),
            Err(fault) => {
                self.out.push(errors::bad_path(written.span, &text, &fault));
                None
            }
        }
    }

    fn folder(
        &mut self,
        program: &mut Program,
        known: &mut HashMap<String, u32>,
        from: &str,
        written: &Str,
    ) -> Target {
        let Some(path) = self.path(from, written) else { return Target::Nothing };
        if let Some(at) = known.get(&path) {
            return Target::Folder(*at);
        }
        let entries = match self.loader.list(&path) {
            Ok(entries) => entries,
            Err(error) => {
                self.out.push(errors::cannot_list(written.span, &path, &error));
                return Target::Nothing;
            }
        };
        let folder = self.agents(program, &path, &entries, written.span);
        program.folders.push(folder);
        let at = program.folders.len() as u32 - 1;
        known.insert(path, at);
        Target::Folder(at)
    }

    fn agents(&mut self, program: &mut Program, path: &str, entries: &[Entry], span: Span) -> Folder {
        let mut folder = Folder { path: path.to_string(), agents: Vec::new(), others: Vec::new() };
        let mut taken: HashMap<EcoString, u32> = HashMap::default();
        for entry in entries.iter().filter(|e| !e.is_dir && e.name.ends_with(".md")) {
            let file_path = if path == "." { entry.name.clone() } else { format!("{path}/{}", entry.name) };
            let stem = agent_file::flow_name(entry.name.trim_end_matches(".md")).unwrap_or_default();
            let text = match self.loader.read(&file_path) {
                Ok(text) => text,
                Err(error) => {
                    let mut warning = errors::odd_agent(span, "");
                    warning.message = format!(
                        "an agent file is passed over: {}",
                        errors::cannot_read(span, &file_path, &error).message
                    );
                    self.out.push(warning);
                    folder.others.push((stem, file_path, "it cannot be read"));
                    continue;
                }
            };
            let file = self.sources.add(file_path.clone(), text.clone());
            let agent = match agent_file::read(&file_path, file, &text, self.out) {
                Found::Agent(agent) => agent,
                Found::Other(why) => {
                    folder.others.push((stem, file_path, why));
                    continue;
                }
            };
            let name: EcoString = agent_file::flow_name(&agent.name).unwrap_or(stem).into();
            let at = program.agent_files.len() as u32;
            if let Some(first) = taken.get(&name) {
                let first = program.agent_files[*first as usize].path.clone();
                let place = agent.span.unwrap_or(span);
                let message = format!("the agent `{name}` is also in {first}: that one counts");
                self.out.push(errors::odd_agent(place, message));
                continue;
            }
            taken.insert(name.clone(), at);
            folder.agents.push((name, at));
            program.agent_files.push(*agent);
        }
        folder
    }
}

/// The `use` items of a module: index, place of the item, source.
fn use_items(ast: &Module) -> Vec<(u32, (Span, UseSource))> {
    let uses = ast.items.iter().enumerate().filter_map(|(i, item)| match &item.kind {
        ItemKind::Use(decl) => Some((i as u32, (item.span, decl.source.clone()))),
        ItemKind::Type(_)
        | ItemKind::Enum(_)
        | ItemKind::Fn(_)
        | ItemKind::Actor(_)
        | ItemKind::Task(_)
        | ItemKind::Workflow(_)
        | ItemKind::Test(_)
        | ItemKind::Bad(_) => None,
    });
    uses.collect()
}

fn unknown_std(name: &str, span: Span) -> Diagnostic {
    if let Some((module, member)) = name.rsplit_once('.')
        && embedded::declares(module, member)
    {
        return errors::std_member(span, module, member);
    }
    let all: Vec<&str> = embedded::MODULES.iter().map(|(n, _, _)| *n).collect();
    // `std.consensus` for `std.patterns.consensus`.
    let last = all.iter().find(|n| n.rsplit('.').next() == Some(name));
    let last = last.map(|n| Near::only(n, false));
    errors::unknown_std(span, name, last.or_else(|| suggest::near(name, all.iter().copied())), &all)
}
