//! The pieces of a file, parsed and built one by one in their order: pest's queue of tokens is then as small as an item,
//! or as a statement of a long workflow.
//!
//! Items do not depend on each other, so a large file is read on several threads. What comes out is the same on any
//! number of them: ids follow each other through the whole file, and reports stand in the order of the text.

use super::MAX_ERRORS;
use super::build::{Builder, Origin};
use super::cursor::ParseTree;
use super::grammar::Rule;
use super::scan::Chunk;
use crate::ast::{Item, NodeIds, renumber};
use crate::diagnostics::Diagnostic;

/// How a file is read. It changes nothing of what comes out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) threads: usize,
    /// A workflow of more bytes is read statement by statement.
    pub(super) long: usize,
    /// Pieces that do not close are made readable.
    pub(super) repair: bool,
}

/// Bytes that are worth a thread.
const SHARE: usize = 64 << 10;
const MAX_THREADS: usize = 8;
/// Of a thread, in bytes. It is reserved, not used, until something needs it.
const STACK: usize = 256 << 20;

impl Reading {
    /// The best way to read a text of so many bytes.
    pub(super) fn of(length: usize) -> Reading {
        let wanted = (length / SHARE).min(MAX_THREADS);
        let threads = match wanted {
            0 | 1 => 1,
            _ => std::thread::available_parallelism().map_or(1, |n| n.get().min(wanted)),
        };
        Reading { threads, long: 16 << 10, repair: true }
    }
}

/// What one thread read.
type Part = (Vec<Item>, NodeIds, Vec<Diagnostic>);

/// Reads the pieces of a file.
pub(super) fn read(
    origin: Origin<'_>,
    chunks: &[Chunk],
    how: Reading,
    ids: &mut NodeIds,
    out: &mut Vec<Diagnostic>,
) -> Vec<Item> {
    let mut shares = shares(chunks, how.threads).into_iter();
    let first = shares.next().unwrap_or_default();
    let apart = |share| {
        let (mut ids, mut out) = (NodeIds::default(), Vec::new());
        let items = in_order(origin, share, how, &mut ids, &mut out);
        (items, ids, out)
    };
    std::thread::scope(|scope| {
        let start = |share| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            (share, thread.spawn_scoped(scope, move || with_own_memory(|| apart(share))))
        };
        let others: Vec<_> = shares.map(start).collect();
        let mut items = in_order(origin, first, how, ids, out);
        for (share, thread) in others {
            let part: Part = match thread.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(part)) => part,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                // The system gives no more threads.
                Err(_) => apart(share),
            };
            let (mut more, own, found) = part;
            renumber(&mut more, ids.reserve(own.count()));
            items.append(&mut more);
            // As many as one thread would have reported.
            out.extend(found.into_iter().take((MAX_ERRORS + 1).saturating_sub(out.len())));
        }
        items.shrink_to_fit();
        items
    })
}

/// Keeps the memory that starting this thread took, until its work is done. Once freed, this thread would be given it
/// for a list of its own; what grows out of a block lies beside it, so more and more of what this thread allocates would
/// wait for the lock of the thread that started it.
fn with_own_memory<T>(work: impl FnOnce() -> T) -> T {
    let _start = std::hint::black_box(Vec::<u8>::with_capacity(16));
    work()
}

/// Cuts the pieces into runs of about the same number of bytes.
fn shares(chunks: &[Chunk], count: usize) -> Vec<&[Chunk]> {
    let bytes: usize = chunks.iter().map(|c| c.end - c.start).sum();
    let mut shares = Vec::new();
    let mut rest = chunks;
    for left in (1..=count.max(1)).rev() {
        let from = rest.first().map_or(0, |c| c.start);
        let goal = (bytes + chunks.first().map_or(0, |c| c.start)).saturating_sub(from) / left;
        let at = if left == 1 { rest.len() } else { rest.partition_point(|c| c.end <= from + goal) };
        let (share, others) = rest.split_at(at);
        shares.push(share);
        rest = others;
    }
    shares
}

/// Reads pieces one after the other.
fn in_order(
    origin: Origin<'_>,
    chunks: &[Chunk],
    how: Reading,
    ids: &mut NodeIds,
    out: &mut Vec<Diagnostic>,
) -> Vec<Item> {
    let mut items = Vec::new();
    let mut builder = Builder::new(origin, 0, ids, out);
    for chunk in chunks {
        let piece = &origin.code[chunk.start..chunk.end];
        builder.base = chunk.start;
        builder.limit = chunk.end;
        if chunk.broken {
            let readable = origin.repairs.and_then(|repairs| repairs.get(&chunk.start));
            match readable.and_then(|text| ParseTree::read(Rule::chunk, text)) {
                Some(tree) => builder.chunk(&tree, &mut items),
                None => items.extend(builder.broken_item(piece)),
            }
            continue;
        }
        if piece.len() > how.long
            && let Some(item) = builder.long_workflow(piece)
        {
            items.push(item);
            continue;
        }
        match ParseTree::read(Rule::chunk, piece) {
            Some(tree) => builder.chunk(&tree, &mut items),
            None => items.push(builder.unreadable_item(piece)),
        }
    }
    items
}
