//! The passes on small plans.
