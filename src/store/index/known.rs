//! What the index knows of tasks: how long they took and how often they succeeded, of few definitions or of very many, at a
//! bounded cost: it is asked before the first task begins.

use super::{Durations, Index, failed};
use crate::store::error::StoreError;
use std::collections::{BTreeMap, HashMap};

/// Most rows that experience with a definition is taken from: what was long ago says little.
const MOST_ROWS: i64 = 32;

/// Up to so many definitions are looked up one by one. For more, the newest rows are read in their order.
const FEW: usize = 256;

/// Most of those rows. A run has one for each definition and agent.
const MOST_READ: i64 = 16_384;

/// By agent (empty: none).
pub type ByAgent = Vec<(String, Durations)>;

impl Index {
    /// What the newest runs say of the attempts at a definition, by agent: the median of their medians, by number.
    pub fn durations(&self, def: &str) -> Result<ByAgent, StoreError> {
        Ok(self.durations_of([def])?.remove(def).unwrap_or_default())
    }

    /// The same of all these definitions that something is known of.
    pub fn durations_of<'d>(
        &self,
        defs: impl IntoIterator<Item = &'d str>,
    ) -> Result<HashMap<&'d str, ByAgent>, StoreError> {
        let mut known: HashMap<&str, BTreeMap<String, Vec<Durations>>> =
            defs.into_iter().map(|def| (def, BTreeMap::new())).collect();
        let read = if known.len() <= FEW { self.look_up(&mut known) } else { self.read_newest(&mut known) };
        read.map_err(failed)?;
        let found = known.into_iter().filter(|(_, by_agent)| !by_agent.is_empty());
        let as_one = |by_agent: BTreeMap<String, Vec<Durations>>| {
            by_agent.into_iter().map(|(agent, known)| (agent, together(&known))).collect()
        };
        Ok(found.map(|(def, by_agent)| (def, as_one(by_agent))).collect())
    }

    fn look_up(&self, known: &mut HashMap<&str, BTreeMap<String, Vec<Durations>>>) -> rusqlite::Result<()> {
        let sql = "SELECT agent, n, ok, p50_ms, p95_ms FROM duration WHERE def=?1 ORDER BY run DESC LIMIT ?2";
        let mut statement = self.db.prepare_cached(sql)?;
        for (def, by_agent) in known {
            let mut rows = statement.query((*def, MOST_ROWS))?;
            while let Some(row) = rows.next()? {
                by_agent.entry(row.get(0)?).or_default().push(read(row, 1)?);
            }
        }
        Ok(())
    }

    fn read_newest(
        &self,
        known: &mut HashMap<&str, BTreeMap<String, Vec<Durations>>>,
    ) -> rusqlite::Result<()> {
        let sql = "SELECT def, agent, n, ok, p50_ms, p95_ms FROM duration ORDER BY run DESC LIMIT ?1";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query([MOST_READ])?;
        while let Some(row) = rows.next()? {
            if let Some(by_agent) = known.get_mut(row.get_ref(0)?.as_str()?) {
                by_agent.entry(row.get(1)?).or_default().push(read(row, 2)?);
            }
        }
        Ok(())
    }
}

fn read(row: &rusqlite::Row<'_>, from: usize) -> rusqlite::Result<Durations> {
    let number = |at: usize| row.get::<_, i64>(from + at);
    Ok(Durations {
        n: number(0)?.cast_unsigned(),
        ok: number(1)?.cast_unsigned(),
        p50_ms: number(2)?,
        p95_ms: number(3)?,
    })
}

impl Durations {
    /// What several say as one: sums, and the median of their medians, by number.
    pub fn together(known: &[Durations]) -> Durations {
        together(known)
    }
}

fn together(known: &[Durations]) -> Durations {
    let middle = |of: fn(&Durations) -> i64| {
        let mut times: Vec<(i64, u64)> =
            known.iter().filter(|known| known.ok > 0).map(|known| (of(known), known.ok)).collect();
        times.sort_unstable();
        let half = times.iter().map(|(_, n)| n).sum::<u64>().div_ceil(2);
        let mut seen = 0;
        let found = times.iter().find(|(_, n)| {
            seen += n;
            seen >= half
        });
        found.map_or(0, |(ms, _)| *ms)
    };
    Durations {
        n: known.iter().map(|known| known.n).sum(),
        ok: known.iter().map(|known| known.ok).sum(),
        p50_ms: middle(|known| known.p50_ms),
        p95_ms: middle(|known| known.p95_ms),
    }
}
