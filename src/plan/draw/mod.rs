//! A plan as a drawing: Mermaid, DOT, SVG.

mod dot;
mod graph;
mod mermaid;
mod svg;

#[cfg(test)]
mod tests;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;
