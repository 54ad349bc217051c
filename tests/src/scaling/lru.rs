//! A memory of bounded size that forgets what was used least lately.

use std::collections::{HashMap, VecDeque};

/// The memory.
#[derive(Debug, Clone, Default)]
pub struct Lru {
    most: usize,
    turn: u64,
    /// When each was used last.
    used: HashMap<u32, u64>,
    /// All uses in their order; those that were not the last are passed over.
    order: VecDeque<(u64, u32)>,
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
        self.order.push_back((self.turn, key));
        while self.used.len() > self.most
            && let Some((turn, oldest)) = self.order.pop_front()
        {
            if self.used.get(&oldest) == Some(&turn) {
                self.used.remove(&oldest);
            }
        }
        if self.order.len() > 8 * self.most.max(64) {
            self.order.retain(|(turn, key)| self.used.get(key) == Some(turn));
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
        self.used.remove(&key);
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
