//! A memory of bounded size that forgets what was used least lately.

use std::collections::{BTreeMap, HashMap};

/// The memory.
#[derive(Debug, Clone, Default)]
pub struct Lru {
    most: usize,
    turn: u64,
    used: HashMap<u32, u64>,
    order: BTreeMap<u64, u32>,
}

impl Lru {
    /// Remembers so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), ..Self::default() }
    }

    /// Uses one, and remembers it; whether it was there.
    pub fn use_of(&mut self, key: u32) -> bool {
        self.turn += 1;
        let before = self.used.insert(key, self.turn);
        if let Some(before) = before {
            self.order.remove(&before);
        }
        self.order.insert(self.turn, key);
        if self.used.len() > self.most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.used.remove(&oldest);
        }
        before.is_some()
    }

    /// Whether it is there; it counts as no use.
    #[must_use]
    pub fn has(&self, key: u32) -> bool {
        self.used.contains_key(&key)
    }

    /// Forgets one.
    pub fn forget(&mut self, key: u32) {
        if let Some(turn) = self.used.remove(&key) {
            self.order.remove(&turn);
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.used.clear();
        self.order.clear();
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.used.len()
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.used.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Lru;

    #[test]
    fn the_least_used_goes_first() {
        let mut memory = Lru::new(2);
        assert!(!memory.use_of(1) && !memory.use_of(2) && memory.use_of(1));
        assert!(!memory.use_of(3));
        assert!(memory.has(1) && memory.has(3) && !memory.has(2));
        memory.forget(1);
        assert_eq!(memory.len(), 1);
        memory.clear();
        assert!(memory.is_empty() && !memory.use_of(3));
    }
}
