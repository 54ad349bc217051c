//! How many decisions are remembered in this process, and a way to forget them all at once.

use arc_swap::ArcSwap;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Counts what is remembered. Cloning shares the count.
#[derive(Debug, Clone, Default)]
pub struct Remembered(Arc<ArcSwap<AtomicUsize>>);

/// One decision that is remembered; counted as long as it is there.
#[derive(Debug)]
pub struct Kept(Arc<AtomicUsize>);

impl Remembered {
    /// Counts one more.
    #[must_use]
    pub fn keep(&self) -> Kept {
        let all = self.0.load_full();
        all.fetch_add(1, Ordering::Relaxed);
        Kept(all)
    }

    /// Whether it was remembered after everything was last forgotten.
    #[must_use]
    pub fn holds(&self, kept: &Kept) -> bool {
        Arc::ptr_eq(&self.0.load(), &kept.0)
    }

    /// How many are remembered.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load().load(Ordering::Relaxed)
    }

    /// Forgets them all.
    pub fn clear(&self) {
        self.0.store(Arc::default());
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Remembered;

    #[test]
    fn what_is_dropped_or_cleared_counts_no_longer() {
        let all = Remembered::default();
        let (one, two) = (all.keep(), all.keep());
        assert_eq!(all.count(), 2);
        drop(one);
        assert_eq!((all.count(), all.holds(&two)), (1, true));
        all.clear();
        assert_eq!((all.count(), all.holds(&two)), (0, false));
        let three = all.keep();
        drop(two);
        assert_eq!((all.count(), all.holds(&three)), (1, true));
    }
}
