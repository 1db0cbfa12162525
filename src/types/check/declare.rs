//! The declarations: enums, types and signatures, before any body is looked at.

use super::{Checker, Place};
use crate::ast::{EnumDecl, ItemKind, Name, Param, TypeExpr};
use crate::resolve::{DefId, DefKind};
use crate::types::errors::{self, Why};
use crate::types::{Alias, EnumTy, ParamSig, Signature, Ty, VariantTy};
use std::sync::Arc;

impl<'a> Checker<'a> {
    /// Fills `enums`, `aliases` and `signatures`; then checks the defaults of fields.
    pub(super) fn declarations(&mut self) {
        self.signatures.resize_with(self.r.defs.len(), || None);
        self.declare_enums();
        for at in 0..self.r.defs.len() {
            let def = DefId(at as u32);
            if self.r.def(def).kind == DefKind::Type {
                self.declare_alias(def);
            }
        }
        self.refuse_endless_types();
        for at in 0..self.r.defs.len() {
            self.declare_signature(DefId(at as u32));
        }
        for pending in std::mem::take(&mut self.pending) {
            self.enter(pending.module, Place::Default);
            self.checked_expr(pending.value, &pending.ty, Why::Written(pending.why));
        }
    }

    fn declare_enums(&mut self) {
        // Every enum has its place before fields of variants are looked at: they may name each other.
        let r = self.r;
        for def in &r.enums {
            let (name, doc) = match &r.item(*def).kind {
                ItemKind::Enum(decl) => (decl.name.text.clone(), r.item(*def).doc.clone()),
                _ => (r.def(*def).name.text.clone(), Default::default()),
            };
            self.enums.push(EnumTy { name, doc, def: Some(*def), variants: Vec::new(), broken: false });
        }
        let first = self.enums.len() - r.enums.len();
        for (at, def) in r.enums.iter().enumerate() {
            let ItemKind::Enum(decl) = &r.item(*def).kind else { continue };
            self.enter(r.def(*def).module, Place::Default);
            let variants = self.declare_variants(decl);
            if let Some(known) = self.enums.get_mut(first + at) {
                known.variants = variants;
                known.broken = decl.broken;
            }
        }
    }

    fn declare_variants(&mut self, decl: &'a EnumDecl) -> Vec<VariantTy> {
        let mut variants = Vec::with_capacity(decl.variants.len());
        for variant in &decl.variants {
            let fields = self.fields(&variant.fields);
            variants.push(VariantTy { name: variant.name.text.clone(), doc: variant.doc.clone(), fields });
        }
        variants
    }

    fn declare_alias(&mut self, def: DefId) {
        let r = self.r;
        let item = r.item(def);
        let ItemKind::Type(decl) = &item.kind else { return };
        self.enter(r.def(def).module, Place::Default);
        let ty = self.written(&decl.ty);
        let generics = Self::name_names(&decl.generics);
        let alias = Alias { name: decl.name.text.clone(), doc: item.doc.clone(), generics, ty };
        self.aliases.insert(def, alias);
    }

    fn declare_signature(&mut self, def: DefId) {
        let r = self.r;
        let signature = match r.def(def).kind {
            DefKind::Fn | DefKind::Task | DefKind::Workflow => {
                self.enter(r.def(def).module, Place::Default);
                match &r.item(def).kind {
                    ItemKind::Fn(f) => self.signature_of(&f.generics, &f.params, Some(&f.result)),
                    ItemKind::Task(t) => self.signature_of(&t.generics, &t.params, t.result.as_deref()),
                    ItemKind::Workflow(w) => self.signature_of(&w.generics, &w.params, w.result.as_ref()),
                    _ => return,
                }
            }
            DefKind::Type | DefKind::Enum(_) | DefKind::Agent | DefKind::AgentFile(_) => return,
            DefKind::Resource | DefKind::Mcp | DefKind::Test => return,
        };
        if let Some(slot) = self.signatures.get_mut(def.0 as usize) {
            *slot = Some(Arc::new(signature));
        }
    }

    /// The signature of a declaration or an inline task.
    pub(super) fn signature_of(
        &mut self,
        generics: &'a [Name],
        params: &'a [Param],
        result: Option<&'a TypeExpr>,
    ) -> Signature {
        let mut sigs = Vec::with_capacity(params.len());
        for param in params {
            let ty = self.written(&param.ty);
            let has_default = param.default.is_some() || self.known().is_optional(&ty);
            if matches!(*self.known().unfold(&ty), Ty::Unit) {
                self.report(errors::unit_param(param.ty.span, &param.name.text));
            }
            sigs.push(ParamSig { id: param.id, name: param.name.text.clone(), ty, has_default });
        }
        let result = result.map(|t| self.written(t));
        let result = result.filter(|t| *t != Ty::Unit);
        Signature { generics: Self::name_names(generics), params: sigs, result }
    }
}
