//! A cache of rows that are right until somebody says otherwise.
//!
//! Whoever holds an entry may use it without asking again as long as it is [`Fresh::is_valid`]. An entry
//! that is forgotten, pushed out, or was loaded while it changed is marked and never used again.

use quick_cache::{DefaultHashBuilder, Lifecycle, UnitWeighter, sync::Cache};
use std::{
    hash::{BuildHasher as _, Hash},
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// A loaded value with its mark.
#[derive(Debug)]
pub struct Fresh<T> {
    value: T,
    valid: AtomicBool,
}

impl<T> Fresh<T> {
    fn new(value: T) -> Arc<Self> {
        Arc::new(Self { value, valid: AtomicBool::new(true) })
    }

    /// Whether the value may still be used.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.valid.load(Ordering::Acquire)
    }

    fn end(&self) {
        self.valid.store(false, Ordering::Release);
    }
}

impl<T> Deref for Fresh<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Marks what the cache pushes out: nobody would hear of it otherwise.
#[derive(Debug, Clone)]
struct MarkEvicted;

impl<K, T> Lifecycle<K, Arc<Fresh<T>>> for MarkEvicted {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: K, value: Arc<Fresh<T>>) {
        value.end();
    }
}

type Entries<K, T> = Cache<K, Arc<Fresh<T>>, UnitWeighter, DefaultHashBuilder, MarkEvicted>;

/// Keys are told apart by this many counts. With one for all, whatever changes while something is loaded would have it
/// loaded again: on a busy installation nothing would ever be kept.
const EPOCHS: usize = 1024;

/// The cache.
pub struct FreshCache<K, T> {
    entries: Entries<K, T>,
    hasher: DefaultHashBuilder,
    /// How often something was forgotten, by a part of the hash of its key.
    epochs: Box<[AtomicU64]>,
}

impl<K, T> std::fmt::Debug for FreshCache<K, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FreshCache")
    }
}

impl<K: Hash + Eq + Clone, T> FreshCache<K, T> {
    /// Keeps at most `capacity` entries.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let weight = u64::try_from(capacity).unwrap_or(u64::MAX);
        let entries = Cache::with(capacity, weight, UnitWeighter, DefaultHashBuilder::default(), MarkEvicted);
        let epochs = std::iter::repeat_with(AtomicU64::default).take(EPOCHS).collect();
        Self { entries, hasher: DefaultHashBuilder::default(), epochs }
    }

    /// The entry, loaded when it is not there; `None` when there is no such row. Callers that come
    /// together share one load.
    ///
    /// # Errors
    /// Those of `load`.
    pub async fn get<E>(
        &self,
        key: &K,
        load: impl Future<Output = Result<Option<T>, E>>,
    ) -> Result<Option<Arc<Fresh<T>>>, E> {
        let guard = match self.entries.get_value_or_guard_async(key).await {
            Ok(found) => return Ok(Some(found)),
            Err(guard) => guard,
        };
        let epoch = self.epoch(key);
        let before = epoch.load(Ordering::Acquire);
        let Some(value) = load.await? else { return Ok(None) };
        let entry = Fresh::new(value);
        let kept = guard.insert(Arc::clone(&entry)).is_ok();
        // It may have been forgotten while we loaded it.
        if !kept || epoch.load(Ordering::Acquire) != before {
            self.drop_entry(key);
            entry.end();
        }
        Ok(Some(entry))
    }

    /// The entry if it is there.
    #[must_use]
    pub fn peek(&self, key: &K) -> Option<Arc<Fresh<T>>> {
        self.entries.get(key)
    }

    /// Forgets one entry.
    pub fn forget(&self, key: &K) {
        self.epoch(key).fetch_add(1, Ordering::AcqRel);
        self.drop_entry(key);
    }

    /// Forgets those of which this is true, and whatever is being loaded.
    pub fn forget_where(&self, is_changed: impl Fn(&T) -> bool) {
        self.begin_epochs();
        self.entries.retain(|_, entry| {
            let keep = !is_changed(&entry.value);
            if !keep {
                entry.end();
            }
            keep
        });
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.begin_epochs();
        for (_, entry) in self.entries.drain() {
            entry.end();
        }
    }

    fn begin_epochs(&self) {
        for epoch in &self.epochs {
            epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn epoch(&self, key: &K) -> &AtomicU64 {
        let hash = usize::try_from(self.hasher.hash_one(key) % EPOCHS as u64).unwrap_or_default();
        &self.epochs[hash]
    }

    fn drop_entry(&self, key: &K) {
        if let Some((_, entry)) = self.entries.remove(key) {
            entry.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    async fn load(cache: &FreshCache<u8, u32>, key: u8, value: u32) -> Arc<Fresh<u32>> {
        cache.get::<Infallible>(&key, async { Ok(Some(value)) }).await.expect("infallible").expect("there")
    }

    #[tokio::test]
    async fn holders_learn_that_an_entry_was_forgotten() {
        let cache = FreshCache::new(8);
        let held = load(&cache, 1, 10).await;
        assert!(held.is_valid());
        cache.forget(&1);
        assert!(!held.is_valid());
        assert_eq!(**load(&cache, 1, 11).await, 11);
        let (other, third) = (load(&cache, 2, 20).await, load(&cache, 3, 30).await);
        cache.forget_where(|value| *value == 30);
        assert!(other.is_valid() && !third.is_valid());
        assert_eq!(**load(&cache, 3, 31).await, 31);
        let changed = cache.get::<Infallible>(&4, async {
            cache.forget_where(|value| *value == 40);
            Ok(Some(40))
        });
        assert!(!changed.await.expect("infallible").expect("there").is_valid(), "it was being loaded");
        cache.forget_all();
        assert!(!other.is_valid());
    }

    #[tokio::test]
    async fn what_changed_while_it_was_loaded_is_not_kept() {
        let cache = FreshCache::<u8, u32>::new(8);
        let entry = cache
            .get::<Infallible>(&1, async {
                cache.forget(&1);
                Ok(Some(1))
            })
            .await
            .expect("infallible")
            .expect("there");
        assert!(!entry.is_valid());
        assert!(cache.peek(&1).is_none());
    }

    #[tokio::test]
    async fn what_others_change_meanwhile_is_no_reason_to_load_again() {
        let cache = FreshCache::<u32, u32>::new(8);
        let mut kept = 0;
        for key in 0..100 {
            let load = async {
                cache.forget(&(key + 1_000));
                Ok::<_, Infallible>(Some(key))
            };
            let entry = cache.get(&key, load).await.expect("infallible").expect("there");
            kept += usize::from(entry.is_valid());
        }
        assert!(kept > 90, "{kept} of 100 were kept");
        let all = async {
            cache.forget_all();
            Ok::<_, Infallible>(Some(1))
        };
        assert!(!cache.get(&5_000, all).await.expect("infallible").expect("there").is_valid());
    }

    #[tokio::test]
    async fn what_is_pushed_out_is_marked() {
        let cache = FreshCache::new(4);
        let mut held = Vec::new();
        for key in 0..64 {
            held.push(load(&cache, key, 0).await);
        }
        assert!(held.iter().filter(|e| e.is_valid()).count() <= 4);
    }

    #[tokio::test]
    async fn a_missing_row_is_asked_for_again() {
        let cache = FreshCache::<u8, u32>::new(4);
        assert!(cache.get::<Infallible>(&1, async { Ok(None) }).await.expect("infallible").is_none());
        assert_eq!(**load(&cache, 1, 5).await, 5);
    }
}
