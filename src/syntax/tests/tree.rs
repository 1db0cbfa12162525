//! A tree as a line of text, for the tests: `(let x (+ 1 2))`.

use crate::ast::{
    Arg, Binding, Block, Element, Entry, Expr, ExprKind, Field, Item, ItemKind, LetPattern, Name, Param,
    Pattern, PatternKind, Props, Stmt, StmtKind, Str, StrPart, TaskDecl, TestStmt, TypeExpr, TypeExprKind,
    UseSource,
};

fn list<T>(head: &str, items: &[T], show: impl Fn(&T) -> String) -> String {
    let mut all = vec![head.to_string()];
    all.extend(items.iter().map(show));
    format!("({})", all.join(" "))
}

fn names(names: &[Name]) -> String {
    names.iter().map(|n| n.text.to_string()).collect::<Vec<_>>().join(".")
}

fn some<T>(head: &str, value: &Option<T>, show: impl Fn(&T) -> String) -> String {
    value.as_ref().map(|v| format!(" {head}{}", show(v))).unwrap_or_default()
}

pub(super) fn item(item: &Item) -> String {
    let doc = if item.doc.is_empty() { String::new() } else { format!("/{}/ ", item.doc) };
    doc + &match &item.kind {
        ItemKind::Use(u) => {
            let source = match &u.source {
                UseSource::Std(path) => format!("std.{}", names(path)),
                UseSource::File(file) => string(file),
                UseSource::Agents(dir) => format!("agents {}", string(dir)),
            };
            let picked = u.names.as_ref().map(|n| {
                list(" names", n, |n| {
                    n.name.text.to_string() + &some("as ", &n.alias, |a| a.text.to_string())
                })
            });
            format!(
                "(use {source}{}{})",
                picked.unwrap_or_default(),
                some("as ", &u.alias, |a| a.text.to_string())
            )
        }
        ItemKind::Type(t) => format!("(type {}{} {})", t.name.text, generics(&t.generics), ty(&t.ty)),
        ItemKind::Enum(e) => list(&format!("enum {}", e.name.text), &e.variants, |v| {
            let doc = if v.doc.is_empty() { String::new() } else { format!("/{}/ ", v.doc) };
            if v.fields.is_empty() {
                format!("{doc}{}", v.name.text)
            } else {
                doc + &list(&v.name.text, &v.fields, field)
            }
        }),
        ItemKind::Fn(f) => format!(
            "(fn {}{} {} {} {})",
            f.name.text,
            generics(&f.generics),
            list("", &f.params, param),
            ty(&f.result),
            expr(&f.body)
        ),
        ItemKind::Actor(a) => format!("({:?} {} {})", a.kind, a.name.text, props(&a.props)),
        ItemKind::Task(t) => task(t),
        ItemKind::Workflow(w) => format!(
            "(workflow {}{} {}{}{} {})",
            w.name.text,
            generics(&w.generics),
            list("", &w.params, param),
            some("-> ", &w.result, ty),
            some("with ", &w.with, props),
            block(&w.body)
        ),
        ItemKind::Test(t) => list(&format!("test {}", string(&t.title)), &t.body, |s| match s {
            TestStmt::Stmt(s) => stmt(s),
            TestStmt::Mock(m) => format!(
                "(mock {}{}{})",
                names(&m.target),
                some("", &m.args, |a| list("", a, pattern)),
                some("=> ", &m.value, expr)
            ),
        }),
        ItemKind::Bad(name) => format!("(bad{})", some("", name, |n| n.text.to_string())),
    }
}

fn generics(names: &[Name]) -> String {
    names.iter().map(|n| format!(" <{}>", n.text)).collect()
}

fn task(t: &TaskDecl) -> String {
    format!(
        "(task {}{} {}{} {})",
        t.name.text,
        generics(&t.generics),
        list("", &t.params, param),
        some("-> ", &t.result, |r| ty(r)),
        props(&t.props)
    )
}

fn param(p: &Param) -> String {
    field(&Field { name: p.name.clone(), ty: p.ty.clone(), default: p.default.clone(), doc: p.doc.clone() })
}

fn field(f: &Field) -> String {
    let doc = if f.doc.is_empty() { String::new() } else { format!("/{}/ ", f.doc) };
    format!("{doc}{}: {}{}", f.name.text, ty(&f.ty), some("= ", &f.default, expr))
}

pub(super) fn ty(t: &TypeExpr) -> String {
    match &t.kind {
        TypeExprKind::Named { path, args } if args.is_empty() => names(path),
        TypeExprKind::Named { path, args } => list(&names(path), args, ty),
        TypeExprKind::List(inner) => format!("[{}]", ty(inner)),
        TypeExprKind::Map(key, value) => format!("{{{}: {}}}", ty(key), ty(value)),
        TypeExprKind::Record(fields) => list("record", fields, field),
        TypeExprKind::Optional(inner) => format!("{}?", ty(inner)),
        TypeExprKind::Bad => "BAD".to_string(),
    }
}

pub(super) fn props(p: &Props) -> String {
    list("props", &p.list, |p| format!("{}: {}", p.name.text, expr(&p.value)))
}

pub(super) fn block(b: &Block) -> String {
    list("do", &b.stmts, stmt)
}

pub(super) fn stmt(s: &Stmt) -> String {
    match &s.kind {
        StmtKind::Let { pattern, ty: annotation, value } => {
            let bound = match pattern {
                LetPattern::Name(b) => b.name.text.to_string(),
                LetPattern::Fields(bs, _) => list("fields", bs, |b| b.name.text.to_string()),
            };
            format!("(let {bound}{} {})", some(": ", annotation, |t| ty(t)), expr(value))
        }
        StmtKind::Task(t) => task(t),
        StmtKind::Stage { name, with, body } => {
            format!("(stage {}{} {})", name.text, some("with ", with, |w| props(w)), block(body))
        }
        StmtKind::Assert { cond, message } => {
            format!("(assert {}{})", expr(cond), some("", message, |m| expr(m)))
        }
        StmtKind::Expr(e) => expr(e),
        StmtKind::Bad(bound) => list("bad", bound, |n| n.text.to_string()),
    }
}

pub(super) fn string(s: &Str) -> String {
    match &*s.parts {
        [] => "\"\"".to_string(),
        [StrPart::Text(text, _)] => format!("{text:?}"),
        parts => list("str", parts, |p| match p {
            StrPart::Text(text, _) => format!("{text:?}"),
            StrPart::Expr(e) => expr(e),
        }),
    }
}

fn binding(b: &Binding) -> String {
    match b {
        Binding::Name(b) => b.name.text.to_string(),
        Binding::Fields(bs, _) => list("fields", bs, |b| b.name.text.to_string()),
    }
}

fn entry(e: &Entry) -> String {
    match e {
        Entry::Field { key, value } => {
            let name = if key.quoted { format!("{:?}", key.text) } else { key.text.to_string() };
            format!("{name}: {}", expr(value))
        }
        Entry::Spread(e) => format!("...{}", expr(e)),
    }
}

pub(super) fn expr(e: &Expr) -> String {
    match &e.kind {
        ExprKind::None => "none".to_string(),
        ExprKind::Bool(b) => b.to_string(),
        ExprKind::Int(i) => i.to_string(),
        ExprKind::Float(f) => format!("{f:?}"),
        ExprKind::Duration(ms) => format!("{ms}ms"),
        ExprKind::Bytes(b) => format!("{b}B"),
        ExprKind::Money(m) => format!("${m}/10000"),
        ExprKind::Str(s) => string(s),
        ExprKind::Name(n) => n.text.to_string(),
        ExprKind::Field { base, name, optional } => {
            format!("({} {} {})", if *optional { "?." } else { "." }, expr(base), name.text)
        }
        ExprKind::Index { base, index } => format!("(at {} {})", expr(base), expr(index)),
        ExprKind::Call { callee, type_args, args } => {
            let types: String = type_args.iter().map(|t| format!(" <{}>", ty(t))).collect();
            list(&format!("call {}{types}", expr(callee)), args, |Arg { name, value }| {
                name.as_ref().map(|n| format!("{}: ", n.text)).unwrap_or_default() + &expr(value)
            })
        }
        ExprKind::With { base, props: p } => format!("(with {} {})", expr(base), props(p)),
        ExprKind::Unary { op, operand } => format!("({op:?} {})", expr(operand)),
        ExprKind::Binary { op, left, right, .. } => format!("({op:?} {} {})", expr(left), expr(right)),
        ExprKind::List(elements) => list("list", elements, |Element { splice, value }| {
            format!("{}{}", if *splice { "..." } else { "" }, expr(value))
        }),
        ExprKind::Record(entries) => list("record", entries, entry),
        ExprKind::Paren(inner) => format!("(paren {})", expr(inner)),
        ExprKind::Block(b) => block(b),
        ExprKind::Bad => "BAD".to_string(),
        control => self::control(control),
    }
}

fn control(kind: &ExprKind) -> String {
    match kind {
        ExprKind::If { cond, then, otherwise } => {
            format!("(if {} {}{})", expr(cond), block(then), some("", otherwise, |o| expr(o)))
        }
        ExprKind::Match { value, arms } => list(&format!("match {}", expr(value)), arms, |a| {
            format!("[{}{} => {}]", pattern(&a.pattern), some("if ", &a.guard, expr), expr(&a.value))
        }),
        ExprKind::For(l) => format!(
            "(for {} in {}{}{} {})",
            binding(&l.binding),
            expr(&l.items),
            some("if ", &l.filter, expr),
            some("with ", &l.with, props),
            block(&l.body)
        ),
        ExprKind::RaceFor(l) => format!(
            "(race-for {} in {}{}{} {})",
            binding(&l.binding),
            expr(&l.items),
            some("if ", &l.filter, expr),
            some("with ", &l.with, props),
            block(&l.body)
        ),
        ExprKind::Repeat(r) => format!(
            "(repeat {}{} {}{} {} until {})",
            r.name.name.text,
            some(": ", &r.ty, ty),
            expr(&r.start),
            some("with ", &r.with, props),
            block(&r.body),
            expr(&r.until)
        ),
        ExprKind::Try { body, catch, finally } => format!(
            "(try {}{}{})",
            block(body),
            some("catch ", catch, |c| format!("{} {}", c.name.name.text, block(&c.body))),
            some("finally ", finally, |f| block(f))
        ),
        ExprKind::Race { entrants, with } => {
            list("race", entrants, expr) + &some("with ", with, |w| props(w))
        }
        other => panic!("{other:?}"),
    }
}

pub(super) fn pattern(p: &Pattern) -> String {
    match &p.kind {
        PatternKind::Any => "_".to_string(),
        PatternKind::None => "none".to_string(),
        PatternKind::Literal(e) => expr(e),
        PatternKind::Name(n) => n.text.to_string(),
        PatternKind::Variant { path, variant, args } => {
            let mut path = path.to_vec();
            path.push(variant.clone());
            match args {
                Some(args) => list(&format!("variant {}", names(&path)), args, pattern),
                None => format!("(variant {})", names(&path)),
            }
        }
        PatternKind::Or(sides) => list("|", sides, pattern),
        PatternKind::Bad => "BAD".to_string(),
    }
}
