//! `include("path")`: a text in a file, read and resolved where it is included.

use super::{Frame, Outside, Walk};
use crate::ast::{Arg, Expr, ExprKind};
use crate::resolve::{errors, paths};
use crate::source::{MAX_FILE, Span};

/// Texts that a program may include, counted once for each place: two files that include each other's neighbours twice
/// could otherwise make a million of a few.
const MAX_INCLUDES: usize = 10_000;

/// What has been included so far.
#[derive(Debug, Default)]
pub(super) struct Includes {
    /// The files around the one that is being gone through.
    open: Vec<String>,
    count: usize,
    bytes: u64,
}

impl<'t> Walk<'_, 't> {
    /// The text of an `include` call. Its path is relative to the file that the call stands in.
    pub(super) fn include(&mut self, call: &'t Expr, args: &'t [Arg]) {
        let [Arg { value, .. }] = args else { return };
        let ExprKind::Str(written) = &value.kind else {
            self.report(errors::path_not_plain(value.span));
            return;
        };
        let Some(text) = written.literal() else {
            self.report(errors::path_not_plain(value.span));
            return;
        };
        let from = match self.include.open.last() {
            Some(path) => path.as_str(),
            None => &self.world.paths[self.module.0 as usize],
        };
        let path = match paths::join(from, &text) {
            Ok(path) => path,
            Err(fault) => {
                self.report(errors::bad_path(written.span, &text, &fault));
                return;
            }
        };
        if self.include.open.contains(&path) {
            self.report(errors::include_cycle(written.span, &path));
            return;
        }
        self.include_file(call, path, written.span);
    }

    fn include_file(&mut self, call: &Expr, path: String, span: Span) {
        if self.include.count >= MAX_INCLUDES || self.include.bytes >= MAX_FILE {
            if self.include.count != usize::MAX {
                self.report(errors::include_too_much(span));
                self.include.count = usize::MAX;
            }
            return;
        }
        let text = match self.outside.loader.read(&path) {
            Ok(text) => text,
            Err(error) => {
                self.report(errors::cannot_read(span, &path, &error));
                return;
            }
        };
        self.include.count += 1;
        self.include.bytes += text.len() as u64;
        let file = self.outside.sources.add(path.clone(), text.clone());
        let template = crate::syntax::parse_template(file, &text, self.outside.ids, self.outside.out);
        self.include.open.push(path);
        self.included(|inner| inner.text(&template));
        self.include.open.pop();
        self.facts.includes.insert(call.id, template);
    }

    /// Goes through a tree that lives shorter than the program's: with all that is known, but with frames of its own.
    fn included<'s>(&mut self, inside: impl FnOnce(&mut Walk<'_, 's>))
    where
        't: 's,
    {
        let frames =
            self.frames.iter().map(|f| Frame { undo_from: f.undo_from, block: None, later: None }).collect();
        let mut inner = Walk {
            wanted: super::Wanted::Any,
            script: self.script.clone(),
            told: std::mem::take(&mut self.told),
            told_types: foldhash::HashSet::default(),
            world: self.world,
            outside: Outside {
                loader: self.outside.loader,
                sources: &mut *self.outside.sources,
                ids: &mut *self.outside.ids,
                out: &mut *self.outside.out,
            },
            facts: std::mem::take(&mut self.facts),
            module: self.module,
            owner: self.owner,
            generics: self.generics,
            locals: std::mem::take(&mut self.locals),
            undo: std::mem::take(&mut self.undo),
            frames,
            spine: Vec::new(),
            members: std::mem::take(&mut self.members),
            stages: std::mem::take(&mut self.stages),
            whole_stages: std::mem::take(&mut self.whole_stages),
            inline: std::mem::take(&mut self.inline),
            first_use: std::mem::take(&mut self.first_use),
            include: std::mem::take(&mut self.include),
        };
        inside(&mut inner);
        self.facts = inner.facts;
        self.locals = inner.locals;
        self.undo = inner.undo;
        self.members = inner.members;
        self.stages = inner.stages;
        self.whole_stages = inner.whole_stages;
        self.inline = inner.inline;
        self.first_use = inner.first_use;
        self.include = inner.include;
        self.told = inner.told;
    }
}
