//! When something was asked last on a connection.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// When a request came last; shared by all that look after a connection.
#[derive(Clone)]
pub(super) struct Heard {
    began: Instant,
    /// Milliseconds from the beginning to the last request, and one; 0: there was none.
    last: Arc<AtomicU64>,
}

impl Default for Heard {
    fn default() -> Self {
        Self { began: Instant::now(), last: Arc::default() }
    }
}

impl Heard {
    /// A request has come.
    pub(super) fn note(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.last.store(since + 1, Ordering::Relaxed);
    }

    /// Whether one has come.
    pub(super) fn is_any(&self) -> bool {
        self.last.load(Ordering::Relaxed) > 0
    }

    /// Resolves when none has come for so long.
    pub(super) async fn nothing_for(&self, long: Duration) {
        loop {
            let end = self.began + Duration::from_millis(self.last.load(Ordering::Relaxed)) + long;
            if end <= Instant::now() {
                return;
            }
            sleep_until(end).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    #[tokio::test]
    async fn each_request_buys_time() {
        let (heard, long) = (Heard::default(), Duration::from_millis(100));
        assert!(!heard.is_any());
        let waiting = heard.clone();
        let waiting = tokio::spawn(async move { waiting.nothing_for(long).await });
        for _ in 0..10 {
            heard.note();
            tokio::time::sleep(long / 4).await;
        }
        assert!(heard.is_any() && !waiting.is_finished(), "somebody asks");
        timeout(long * 20, waiting).await.expect("nobody asks any more").expect("no panic");
    }
}
