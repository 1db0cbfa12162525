//! The checker: walks every declaration once, with the expected type going in and the found type coming out.
//!
//! It reads [`Resolved`] and the trees, writes the tables of [`Checked`], and reports. After an error it goes on with
//! [`Ty::Error`], about which everything else keeps silent. One file a construct.

mod action;
mod block;
mod branch;
mod builtin;
mod builtin_task;
mod call;
mod declare;
mod exhaustive;
mod expr;
mod fixed;
mod flow;
mod item;
mod list_fns;
mod literal;
mod loops;
mod mock;
mod names;
mod operator;
mod pattern;
mod place;
mod props;
mod recursion;
mod shapes;
mod shell;
mod table;
mod unquote;
mod with;
mod written;

use super::errors::{self, Why};
use super::{Alias, BUILTIN_ENUMS, Call, Checked, EnumTy, Fit, Known, Signature, Ty, VariantTy};
use crate::ast::{Expr, Name, NodeId, Table};
use crate::diagnostics::{Code, Diagnostic};
use crate::resolve::suggest::Near;
use crate::resolve::{DefId, ModuleId, Res, Resolved};
use crate::source::{SourceMap, Span};
pub(in crate::types) use action::fault_words;
use ecow::EcoString;
use flow::Path;
use foldhash::{HashMap, HashMapExt as _, HashSet};
pub(in crate::types) use place::Place;
pub(in crate::types) use shell::Fault;
use std::sync::Arc;

/// Finds the type of everything. Reports through `out`; programs with errors from earlier phases are welcome.
pub fn check(resolved: Resolved, sources: &SourceMap, out: &mut Vec<Diagnostic>) -> Checked {
    let mut checker = Checker::new(&resolved, sources, out);
    checker.declarations();
    checker.bodies();
    let guessed = std::mem::take(&mut checker.guessed);
    let of_enum = std::mem::take(&mut checker.of_enum);
    let (mut checked, names) = checker.finish();
    for (span, near) in guessed {
        errors::better_guess(span, &near, out);
    }
    for (span, of, variants) in of_enum {
        errors::one_of_enum(span, &of, &variants, out);
    }
    checked.resolved = resolved;
    for (id, res) in names {
        checked.resolved.names.insert(id, res);
    }
    checked
}

/// How a built-in function is called: `len(list, map or text) -> Int`.
pub fn builtin_form(f: super::Builtin) -> &'static str {
    builtin::form(f).0
}

/// What is expected of an expression.
#[derive(Debug, Clone, Copy)]
enum Want<'w> {
    /// Nothing is known.
    Any,
    /// Its value is thrown away.
    Nothing,
    /// Probably of this type; it is not checked here.
    Hint(&'w Ty),
    /// Must fit this type, because.
    Type(&'w Ty, Why),
}

impl<'w> Want<'w> {
    fn ty(self) -> Option<&'w Ty> {
        match self {
            Want::Any | Want::Nothing => None,
            Want::Hint(ty) | Want::Type(ty, _) => Some(ty),
        }
    }
}

/// What holds for the declaration being checked.
#[derive(Debug, Default)]
struct Scope {
    module: ModuleIx,
    /// Whether tasks may be called.
    place: Place,
    /// The type of `result` in `accept`.
    result: Option<Ty>,
    /// What is known not to be `none`.
    narrowed: Vec<Path>,
    /// How many tasks the expressions so far make.
    tasks: u32,
    /// Names whose values are known before the run: inputs, and lets made of such.
    fixed: HashSet<NodeId>,
    in_test: bool,
}

#[derive(Debug, Clone, Copy)]
struct ModuleIx(ModuleId);

impl Default for ModuleIx {
    fn default() -> ModuleIx {
        ModuleIx(ModuleId(0))
    }
}

/// The state of the walk.
struct Checker<'a> {
    r: &'a Resolved,
    sources: &'a SourceMap,
    out: &'a mut Vec<Diagnostic>,
    types: Table<Ty>,
    fits: Table<Ty>,
    calls: Table<Call>,
    signatures: Vec<Option<Arc<Signature>>>,
    inline_tasks: Table<Signature>,
    enums: Vec<EnumTy>,
    aliases: HashMap<DefId, Alias>,
    written: Table<Ty>,
    defaults: Vec<Expr>,
    /// Field defaults that wait until all declarations are known.
    pending: Vec<Pending<'a>>,
    /// Variants found by an expected type.
    variants: Vec<(NodeId, Res)>,
    /// Stages by the ids of their statements: their names stand only in `after`.
    stages: HashSet<NodeId>,
    /// Bare names in patterns that turned out to be variants.
    variant_patterns: HashSet<NodeId>,
    no_args: Arc<[Ty]>,
    scope: Scope,
    /// Unknown names, with what fits where they stand.
    guessed: Vec<(Span, Near)>,
    /// Unknown names where an enum is expected: its name and its variants.
    of_enum: Vec<(Span, String, Vec<String>)>,
    /// An `assert` above in the block could not be read.
    unproven: bool,
    /// Where a wrong statement ends that more follows on its line.
    rest_of_line: Option<Span>,
}

struct Pending<'a> {
    value: &'a Expr,
    ty: Ty,
    why: Span,
    module: ModuleId,
}

impl<'a> Checker<'a> {
    fn new(r: &'a Resolved, sources: &'a SourceMap, out: &'a mut Vec<Diagnostic>) -> Checker<'a> {
        Checker {
            r,
            sources,
            out,
            types: Table::default(),
            fits: Table::default(),
            calls: Table::default(),
            signatures: Vec::new(),
            inline_tasks: Table::default(),
            enums: built_in_enums(),
            aliases: HashMap::default(),
            written: Table::default(),
            defaults: Vec::new(),
            pending: Vec::new(),
            variants: Vec::new(),
            stages: HashSet::default(),
            variant_patterns: HashSet::default(),
            no_args: Arc::from([]),
            scope: Scope::default(),
            guessed: Vec::new(),
            of_enum: Vec::new(),
            unproven: false,
            rest_of_line: None,
        }
    }

    fn finish(self) -> (Checked, Vec<(NodeId, Res)>) {
        let mut signatures = HashMap::with_capacity(self.signatures.len());
        for (at, signature) in self.signatures.into_iter().enumerate() {
            if let Some(signature) = signature {
                let signature = Arc::try_unwrap(signature).unwrap_or_else(|shared| (*shared).clone());
                signatures.insert(DefId(at as u32), signature);
            }
        }
        let checked = Checked {
            resolved: Resolved::default(),
            types: self.types,
            fits: self.fits,
            calls: self.calls,
            signatures,
            inline_tasks: self.inline_tasks,
            enums: self.enums,
            aliases: self.aliases,
            written: self.written,
            defaults: self.defaults,
        };
        (checked, self.variants)
    }

    fn known(&self) -> Known<'_> {
        Known { aliases: &self.aliases, enums: &self.enums }
    }

    fn show(&self, ty: &Ty) -> String {
        self.known().show(ty)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        // What could not be read may have proved that it is there.
        if !(self.unproven && diagnostic.code == Code::F0302) {
            self.out.push(diagnostic);
        }
    }

    /// Reports and goes on with the type about which everything keeps silent.
    fn wrong(&mut self, diagnostic: Diagnostic) -> Ty {
        self.report(diagnostic);
        Ty::Error
    }

    fn signature(&self, def: DefId) -> Option<Arc<Signature>> {
        self.signatures.get(def.0 as usize)?.clone()
    }

    /// The value of a place: `found`, which must fit `want`. Says how it is converted; reports when it does not fit.
    fn fit(&mut self, e: &'a Expr, found: Ty, want: &Ty, why: Why) -> Ty {
        match self.known().fits(&found, want) {
            Some(Fit::Same) => found,
            Some(Fit::Convert) => {
                self.fits.insert(e.id, want.clone());
                found
            }
            None if self.has_unread_field(&found) || self.has_unread_field(want) => Ty::Error,
            None => {
                let diagnostic = errors::mismatch(&self.context(), e, &found, want, why);
                self.wrong(diagnostic)
            }
        }
    }

    /// Whether it is a record of which not all could be read.
    fn has_unread_field(&self, ty: &Ty) -> bool {
        self.known().record(ty).is_some_and(|record| record.fields.iter().any(|f| f.ty == Ty::Error))
    }

    /// Notes the conversion of a value that is known to fit.
    fn convert(&mut self, id: NodeId, found: &Ty, want: &Ty) {
        if self.known().fits(found, want) == Some(Fit::Convert) {
            self.fits.insert(id, want.clone());
        }
    }

    /// What to say of a value without a JSON form where `what` needs one.
    fn without_json(&self, span: Span, ty: &Ty, what: &str) -> Diagnostic {
        if self.known().holds_secret(ty) {
            return errors::secret_here(span, what);
        }
        errors::no_json(span, &self.show(ty), what)
    }

    fn context(&self) -> errors::Context<'_> {
        let scope = self.r.modules.get(self.scope.module.0.0 as usize).map(|m| &m.scope);
        errors::Context { known: self.known(), scope, resolved: self.r, sources: self.sources }
    }

    fn checked_expr(&mut self, e: &'a Expr, ty: &Ty, why: Why) -> Ty {
        self.expr(e, Want::Type(ty, why))
    }

    /// Does something as if in another place: purity and narrowing come back afterwards.
    fn in_place<T>(&mut self, place: Place, what: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.scope.place, place);
        let value = what(self);
        self.scope.place = before;
        value
    }

    fn enter(&mut self, module: ModuleId, place: Place) {
        self.scope = Scope { module: ModuleIx(module), place, ..Scope::default() };
    }

    fn name_names(names: &[Name]) -> Vec<EcoString> {
        names.iter().map(|n| n.text.clone()).collect()
    }
}

/// Whether the type is `Secret`, by whatever name.
fn is_secret(ty: &Ty, known: Known<'_>) -> bool {
    *ty == Ty::Secret || (matches!(ty, Ty::Named(..)) && *known.unfold(ty) == Ty::Secret)
}

fn built_in_enums() -> Vec<EnumTy> {
    let field =
        |name: &str, ty: Ty| super::FieldTy { name: name.into(), ty, default: None, doc: EcoString::new() };
    let argv = || Ty::List(Arc::new(Ty::String));
    let variant = |name: &&str| VariantTy {
        name: EcoString::from(*name),
        doc: EcoString::new(),
        fields: match *name {
            "file" => vec![field("path", Ty::Path)],
            "resolve" => vec![field("agent", Ty::Agent)],
            "probe" | "acp" | "command" => vec![field("argv", argv())],
            _ => Vec::new(),
        },
    };
    let of = |(name, variants): &(&str, &[&str])| EnumTy {
        name: EcoString::from(*name),
        doc: EcoString::new(),
        def: None,
        variants: variants.iter().map(variant).collect(),
        broken: false,
    };
    BUILTIN_ENUMS.iter().map(of).collect()
}
