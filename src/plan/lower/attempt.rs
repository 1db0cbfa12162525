//! `try` with tasks inside.

use super::block::sole;
use super::names::Want;
use super::scope::Place;
use super::{Lowering, unit};
use crate::ast::{self, Block};
use crate::plan::{BodyId, Expr, NodeKind};
use ecow::eco_format;

impl<'a> Lowering<'a> {
    pub(super) fn try_expr(
        &mut self,
        expr: &'a ast::Expr,
        body: &'a Block,
        catch: Option<&'a ast::Catch>,
        finally: Option<&'a Block>,
        want: Want,
    ) -> Expr {
        let mut tasks = self.block_has_tasks(body);
        tasks |= catch.is_some_and(|c| self.block_has_tasks(&c.body));
        tasks |= finally.is_some_and(|f| self.block_has_tasks(f));
        if self.pure || !tasks {
            return self.pure_try(expr, body, catch);
        }
        // What is all of the block takes the wanted name, and the `try` itself its keyword.
        let gives_name = want != Want::Plain && sole(body).is_some_and(|e| self.has_tasks(e));
        let mut uses = Vec::new();
        let own = (!gives_name).then(|| self.leaf_name(&want, "try"));
        let outer = match (&want, &own) {
            (Want::Named(name), own) => Some(self.names.enter(own.as_ref().unwrap_or(name))),
            (Want::Plain | Want::Empty | Want::Itself, _) => None,
        };
        let inner = if gives_name { want.clone() } else { Want::Plain };
        let tried = self.open(Vec::new(), false);
        let value = self.body_block(body, inner);
        uses.extend(self.close(Some(value)));
        let catch = catch.map(|catch| {
            let id = self.open(vec![catch.name.name.text.clone()], false);
            self.places.insert(catch.name.id, Place::Param(id, 0));
            let value = self.body_block(&catch.body, Want::Plain);
            uses.extend(self.close(Some(value)));
            id
        });
        let finally: Option<BodyId> = finally.map(|block| {
            let id = self.open(Vec::new(), false);
            self.body_block(block, Want::Plain);
            uses.extend(self.close(Some(unit())));
            id
        });
        if let Some(outer) = outer {
            self.names.leave(outer);
        }
        let name = own.unwrap_or_else(|| match &want {
            Want::Named(name) => self.names.unique(eco_format!("{name}.try")),
            Want::Plain | Want::Empty | Want::Itself => self.leaf_name(&Want::Plain, "try"),
        });
        self.push_value(name, NodeKind::Try { body: tried, catch, finally }, uses, expr.span)
    }
}
