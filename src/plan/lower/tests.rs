//! Lowering, construct by construct.
