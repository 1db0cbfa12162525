//! Imports: what the names of a `use` stand for, of files, of `std` and of folders of agents.

use super::{Member, World};
use crate::ast::{Module, Name, UseDecl, UseSource};
use crate::diagnostics::Diagnostic;
use crate::resolve::load::{Parsed, Target, Used};
use crate::resolve::{Def, DefId, DefKind, ModuleId, Res, agent_file, errors, suggest};
use crate::source::{FileId, SourceMap, Span};
use ecow::EcoString;
use foldhash::HashMap;

impl World {
    /// Brings into scope what a `use` names.
    pub(super) fn import(
        &mut self,
        modules: &[Parsed],
        module: ModuleId,
        used: Used,
        decl: &UseDecl,
        sources: &SourceMap,
        out: &mut Vec<Diagnostic>,
    ) {
        let ast = &modules[module.0 as usize].ast;
        if let Target::Folder(folder) = used.target {
            self.import_agents(module, ast, used, folder, decl, out);
            return;
        }
        for name in decl.names.iter().flatten() {
            let bound = name.alias.as_ref().unwrap_or(&name.name);
            let res = match used.target {
                Target::Module(from) => self.imported(modules, from, &name.name, sources, out),
                Target::Folder(_) | Target::Nothing => Res::Error,
            };
            self.bind(module, ast, bound, res, "the import", out);
        }
        let whole = match used.target {
            Target::Module(from) => Res::Module(from),
            Target::Folder(_) | Target::Nothing => Res::Error,
        };
        match (&decl.alias, &decl.names, &decl.source) {
            (Some(alias), _, _) => self.bind(module, ast, alias, whole, "the import", out),
            (None, Some(_), _) => {}
            (None, None, UseSource::Std(parts)) => {
                if let Some(last) = parts.last() {
                    self.bind(module, ast, last, whole, "the import", out);
                }
            }
            (None, None, UseSource::File(path)) => {
                let stem = path.literal().unwrap_or_default();
                let stem = stem.rsplit('/').next().unwrap_or("").trim_end_matches(".flow");
                let name = agent_file::flow_name(stem).unwrap_or_else(|| "lib".to_string());
                if used.target != Target::Nothing {
                    out.push(errors::use_without_name(ast.items[used.item as usize].span, &name));
                }
            }
            (None, None, UseSource::Agents(path)) => {
                debug_assert!(used.target == Target::Nothing, "{path:?}");
            }
        }
    }

    /// What one name of a `use` stands for.
    fn imported(
        &self,
        modules: &[Parsed],
        from: ModuleId,
        name: &Name,
        sources: &SourceMap,
        out: &mut Vec<Diagnostic>,
    ) -> Res {
        let parsed = &modules[from.0 as usize];
        match self.member(from, &name.text) {
            Member::Found(res) => return res,
            Member::Private(declared) => out.push(errors::private(name, declared)),
            Member::Imported(origin) => out.push(errors::imported_there(name, &parsed.path, &origin)),
            Member::Missing(_) if self.in_broken_item(from, &parsed.ast, &name.text, sources) => {}
            Member::Missing(near) => out.push(errors::not_in_module(name, &parsed.path, near)),
        }
        Res::Error
    }

    fn import_agents(
        &mut self,
        module: ModuleId,
        ast: &Module,
        used: Used,
        folder: u32,
        decl: &UseDecl,
        out: &mut Vec<Diagnostic>,
    ) {
        let agents = self.program.folders[folder as usize].agents.clone();
        let all: Vec<(EcoString, DefId)> = agents
            .iter()
            .map(|(name, file)| (name.clone(), self.agent_def(module, used.item, name, *file)))
            .collect();
        if let Some(names) = &decl.names {
            let by_name: HashMap<&str, DefId> = all.iter().map(|(n, id)| (n.as_str(), *id)).collect();
            for name in names {
                let bound = name.alias.as_ref().unwrap_or(&name.name);
                let res = match by_name.get(name.name.text.as_str()) {
                    Some(id) => Res::Def(*id),
                    None => {
                        out.push(self.no_such_agent(&name.name, folder));
                        Res::Error
                    }
                };
                self.bind(module, ast, bound, res, "the import", out);
            }
        } else if let Some(alias) = &decl.alias {
            let res = Res::Module(self.folder_module(folder));
            self.bind(module, ast, alias, res, "the import", out);
        } else {
            for (name, id) in all {
                let taken = self.scopes[module.0 as usize].get(&name).cloned();
                match taken {
                    None => {
                        self.scopes[module.0 as usize].insert(name, Res::Def(id));
                    }
                    Some(Res::Error) => {}
                    Some(res) if res == Res::Def(id) => {}
                    Some(res) => {
                        let first = self.place(res, module, ast, &name);
                        let shown = Name { text: name, span: used.span };
                        let error = errors::declared_twice(&shown, "the name of the agent", first);
                        out.push(error.help("`use agents … as team` keeps the agents' names apart"));
                    }
                }
            }
        }
    }

    fn agent_def(&mut self, module: ModuleId, item: u32, name: &EcoString, file: u32) -> DefId {
        if let Some(id) = self.agent_defs[file as usize] {
            return id;
        }
        let id = DefId(self.defs.len() as u32);
        let span = self.program.agent_files[file as usize].span;
        let span = span.unwrap_or(Span::new(FileId(0), 0, 0));
        let name = Name { text: name.clone(), span };
        self.defs.push(Def { kind: DefKind::AgentFile(file), name, module, item });
        self.agent_defs[file as usize] = Some(id);
        id
    }

    fn no_such_agent(&self, name: &Name, folder: u32) -> Diagnostic {
        let folder = &self.program.folders[folder as usize];
        if let Some((_, path, why)) = folder.others.iter().find(|(stem, _, _)| *stem == name.text.as_str()) {
            return errors::not_an_agent(name.span, format!("{path} is not an agent: {why}"));
        }
        let names = folder.agents.iter().map(|(n, _)| n.as_str());
        let near = self.affords(folder.agents.len()).then(|| suggest::near(&name.text, names)).flatten();
        errors::not_in_module(name, &format!("the folder {}", folder.path), near)
    }

    /// The module whose members are the agents of a folder; it comes after all files.
    fn folder_module(&mut self, folder: u32) -> ModuleId {
        if let Some((id, _)) = self.folder_modules.iter().find(|(_, f)| *f == folder) {
            return *id;
        }
        let id = ModuleId(self.scopes.len() as u32);
        let agents = &self.program.folders[folder as usize].agents;
        let members = agents.iter().filter_map(|(name, file)| {
            let def = self.agent_defs[*file as usize]?;
            Some((name.clone(), Res::Def(def)))
        });
        let scope = members.collect();
        self.scopes.push(scope);
        self.paths.push(self.program.folders[folder as usize].path.clone());
        self.folder_modules.push((id, folder));
        id
    }

    /// Gives the folders of agents their modules, after all files.
    pub(super) fn add_folder_modules(&mut self) {
        for (_, folder) in &self.folder_modules {
            let path = self.program.folders[*folder as usize].path.clone();
            let file = self.program.modules[0].file;
            let ast = Module { file, doc: EcoString::new(), items: Vec::new() };
            self.program.modules.push(Parsed { file, ast, path, is_std: false, uses: Vec::new() });
        }
    }
}

/// Where a `use` binds a name.
pub(super) fn use_binds(decl: &UseDecl, name: &str) -> Option<Span> {
    let names = decl.names.iter().flatten().map(|n| n.alias.as_ref().unwrap_or(&n.name));
    let last = match &decl.source {
        UseSource::Std(parts) if decl.names.is_none() && decl.alias.is_none() => parts.last(),
        UseSource::Std(_) | UseSource::File(_) | UseSource::Agents(_) => None,
    };
    names.chain(&decl.alias).chain(last).find(|n| n.text == name).map(|n| n.span)
}
