//! Expressions, blocks, patterns and properties.

use super::{Bound, List, Name, NodeId, RareList, Stmt, TypeExpr};
use crate::source::Span;
use ecow::EcoString;

#[derive(Debug, Clone)]
pub struct Expr {
    pub id: NodeId,
    pub span: Span,
    pub kind: ExprKind,
}

#[derive(Debug, Clone)]
pub enum ExprKind {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Milliseconds.
    Duration(i64),
    /// A number of bytes.
    Bytes(i64),
    /// Ten-thousandths of a US dollar.
    Money(i64),
    Str(Str),
    /// A value, task, agent, variant, module …: what it is says `resolve`.
    Name(Name),
    /// `base.name`, `base?.name`
    Field {
        base: Box<Expr>,
        name: Box<Name>,
        optional: bool,
    },
    /// `base[index]`
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    /// `callee<T>(args)`
    Call {
        callee: Box<Expr>,
        type_args: RareList<TypeExpr>,
        args: List<Arg>,
    },
    /// `call with { … }`
    With {
        base: Box<Expr>,
        props: Box<Props>,
    },
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `else` holds a `Block` or an `If`.
    If {
        cond: Box<Expr>,
        then: Box<Block>,
        otherwise: Option<Box<Expr>>,
    },
    Match {
        value: Box<Expr>,
        arms: List<MatchArm>,
    },
    For(Box<ForLoop>),
    Repeat(Box<Repeat>),
    Try {
        body: Box<Block>,
        catch: Option<Box<Catch>>,
        finally: Option<Box<Block>>,
    },
    /// `race { a(), b() } with { … }`
    Race {
        entrants: List<Expr>,
        with: Option<Box<Props>>,
    },
    /// `race for x in xs with { … } { … }`
    RaceFor(Box<RaceLoop>),
    Block(Block),
    List(List<Element>),
    Record(List<Entry>),
    /// `( … )`; kept for the formatter and for spans.
    Paren(Box<Expr>),
    /// Could not be read; already reported.
    Bad,
}

/// `{ statements }`
#[derive(Debug, Clone)]
pub struct Block {
    pub id: NodeId,
    pub span: Span,
    pub stmts: List<Stmt>,
}

/// A string literal.
#[derive(Debug, Clone)]
pub struct Str {
    pub span: Span,
    pub style: StrStyle,
    /// Texts (escapes resolved, dedented) and interpolated expressions, in order; no two texts side by side.
    pub parts: List<StrPart>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrStyle {
    /// `"…"`
    Line,
    /// `"""…"""`
    Block,
    /// `r"…"`
    RawLine,
    /// `r"""…"""`
    RawBlock,
}

#[derive(Debug, Clone)]
pub enum StrPart {
    /// The text and where it was written.
    Text(EcoString, Span),
    Expr(Box<Expr>),
}

impl Expr {
    /// The last name of `a`, `a.b`, `a?.b`.
    pub fn last_name(&self) -> Option<&Name> {
        match &self.kind {
            ExprKind::Name(name) => Some(name),
            ExprKind::Field { name, .. } => Some(name),
            _ => None,
        }
    }
}

impl Str {
    /// Its text, when nothing is interpolated.
    pub fn literal(&self) -> Option<EcoString> {
        match &*self.parts {
            [] => Some(EcoString::new()),
            [StrPart::Text(text, _)] => Some(text.clone()),
            _ => None,
        }
    }
}

/// An argument, by position or by name.
#[derive(Debug, Clone)]
pub struct Arg {
    pub name: Option<Name>,
    pub value: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Not,
    Neg,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Or,
    And,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Coalesce,
    Add,
    Sub,
    Mul,
    Div,
}

/// `pattern if guard => value`
#[derive(Debug, Clone)]
pub struct MatchArm {
    pub pattern: Pattern,
    pub guard: Option<Expr>,
    pub value: Expr,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Pattern {
    pub id: NodeId,
    pub span: Span,
    pub kind: PatternKind,
}

#[derive(Debug, Clone)]
pub enum PatternKind {
    /// `_`
    Any,
    /// `none`
    None,
    /// A literal (a negative number is `Unary`).
    Literal(Box<Expr>),
    /// A bare name: a variant where an enum is matched, else it binds.
    Name(Name),
    /// `Enum.variant`, `Enum.variant(a, _)`, `module.Enum.variant`, `variant(a)`: the path in front, the variant, its arguments.
    Variant {
        path: List<Name>,
        variant: Name,
        args: Option<List<Pattern>>,
    },
    /// `a | b`
    Or(List<Pattern>),
    Bad,
}

/// What a loop binds: a name, or the fields of each element.
#[derive(Debug, Clone)]
pub enum Binding {
    Name(Bound),
    /// `{ key, value }`
    Fields(List<Bound>, Span),
}

/// `for binding in items if filter with { … } { … }`
#[derive(Debug, Clone)]
pub struct ForLoop {
    pub binding: Binding,
    pub items: Expr,
    pub filter: Option<Expr>,
    pub with: Option<Props>,
    pub body: Block,
}

/// `race for binding in items if filter with { … } { … }`
#[derive(Debug, Clone)]
pub struct RaceLoop {
    pub binding: Binding,
    pub items: Expr,
    pub filter: Option<Expr>,
    pub with: Option<Props>,
    pub body: Block,
}

/// `repeat name: T = start with { … } { … } until cond`
#[derive(Debug, Clone)]
pub struct Repeat {
    pub name: Bound,
    pub ty: Option<TypeExpr>,
    pub start: Expr,
    pub with: Option<Props>,
    pub body: Block,
    pub until: Expr,
}

/// `catch e { … }`
#[derive(Debug, Clone)]
pub struct Catch {
    pub name: Bound,
    pub body: Block,
}

/// An element of a list; `...xs` splices.
#[derive(Debug, Clone)]
pub struct Element {
    pub splice: bool,
    pub value: Expr,
}

/// An entry of a record literal.
#[derive(Debug, Clone)]
pub enum Entry {
    Field {
        key: Key,
        value: Expr,
    },
    /// `...record`
    Spread(Expr),
}

/// `name` or `"name"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub text: EcoString,
    pub span: Span,
    pub quoted: bool,
}

/// `{ name: value … }` of a task, agent, `with` …
#[derive(Debug, Clone)]
pub struct Props {
    pub span: Span,
    pub list: List<Prop>,
    /// Some of them could not be read: what is not there may be meant.
    pub broken: bool,
}

#[derive(Debug, Clone)]
pub struct Prop {
    pub name: Name,
    pub value: Expr,
    pub span: Span,
}

impl Props {
    /// The first property of that name.
    pub fn get(&self, name: &str) -> Option<&Prop> {
        self.list.iter().find(|p| p.name.text == name)
    }
}
