//! Types of what is interpolated into a claim.

use crate::plan::{Expr, ExprKind, Plan, Ref, TaskDef};
use crate::value::{Type, TypeId};

/// The type of an expression over a definition's arguments, as far as the plan says it. The lowering writes it down where
/// a value is interpolated into a claim.
pub fn static_type(plan: &Plan, def: &TaskDef, expr: &Expr) -> Option<TypeId> {
    match &expr.kind {
        ExprKind::Ref(Ref::Arg(index)) => def.params.get(*index as usize).map(|(_, ty)| *ty),
        ExprKind::Field { base, name, .. } => {
            let mut base = static_type(plan, def, base)?;
            while let Type::Optional(inner) = plan.types.get(base) {
                base = *inner;
            }
            let Type::Record(record) = plan.types.get(base) else { return None };
            record.fields.iter().find(|field| field.name == *name).map(|field| field.ty)
        }
        ExprKind::Fit(ty, _) => Some(*ty),
        ExprKind::Block { steps, value } if steps.is_empty() => static_type(plan, def, value),
        _ => None,
    }
}
