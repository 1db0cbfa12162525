//! Small collections of the state: a fast map over dense numbers, and how maps are saved.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// A map whose keys are our own small numbers: nobody can choose them to collide.
pub type NumMap<K, V> = HashMap<K, V, BuildHasherDefault<NumHasher>>;

/// Multiplies and folds; for keys of a few `u32`.
#[derive(Debug, Default, Clone, Copy)]
pub struct NumHasher(u64);

impl Hasher for NumHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(26) ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn finish(&self) -> u64 {
        // the table takes low bits for the slot and high bits for the tag
        self.0 ^ (self.0 >> 32)
    }
}

/// A map as a list of pairs in key order: the same bytes for the same state.
pub(super) mod pairs {
    use super::{Deserialize, Deserializer, Hash, NumMap, Serialize, Serializer};

    pub(in crate::schedule) fn serialize<K, V, S>(map: &NumMap<K, V>, to: S) -> Result<S::Ok, S::Error>
    where
        K: Serialize + Ord,
        V: Serialize,
        S: Serializer,
    {
        let mut all: Vec<(&K, &V)> = map.iter().collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        to.collect_seq(all)
    }

    pub(in crate::schedule) fn deserialize<'de, K, V, D>(from: D) -> Result<NumMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Eq + Hash,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}
