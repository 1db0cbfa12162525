//! Static expansion of `for` over a known list.

use crate::plan::Plan;

pub(super) fn expand(_plan: &mut Plan) {}
