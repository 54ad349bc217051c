//! How long requests wait for a processor.

/// A node of several processors that takes requests in turn.
///
/// Requests come as they like (Poisson) and take times of the given spread; the wait is that of M/M/c (Erlang C), stretched
/// for M/G/c by Allen and Cunneen's (1 + cv²)/2. What else the processors do, such as hashing, is taken off their number:
/// the kernel shares them out in slices, so that it makes requests slower, but does not stand before them in the queue.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    /// Requests a second.
    pub rate: f64,
    /// Processor time of one, in seconds.
    pub service: f64,
    /// Squared coefficient of variation of that time.
    pub spread: f64,
    /// Processors that are left for them.
    pub processors: f64,
}

impl Queue {
    /// Share of the processors' time that is used.
    #[must_use]
    pub fn used(&self) -> f64 {
        self.rate * self.service / self.processors
    }

    /// The share of requests that has to wait at all.
    #[must_use]
    pub fn waits(&self) -> f64 {
        let used = self.used();
        if used >= 1.0 {
            return 1.0;
        }
        // Erlang B by its recursion, for whole processors; then C of B.
        let whole = self.processors.floor().max(1.0) as u32;
        let load = used * f64::from(whole);
        let blocked = (1..=whole).fold(1.0, |blocked, n| load * blocked / (f64::from(n) + load * blocked));
        blocked / (1.0 - used * (1.0 - blocked))
    }

    /// The time to an answer that a share of the requests does not exceed, in seconds; infinite where the queue grows
    /// without end.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f64 {
        let (used, waits) = (self.used(), self.waits());
        if used >= 1.0 {
            return f64::INFINITY;
        }
        // Those who wait do so for an exponential time.
        let mean = self.service / (self.processors * (1.0 - used)) * (1.0 + self.spread) / 2.0;
        let waiting = if waits > 1.0 - share { mean * (waits / (1.0 - share)).ln() } else { 0.0 };
        // The time of the service itself, as if exponential where it spreads.
        let service = self.service * if self.spread > 0.0 { -(1.0 - share).ln() } else { 1.0 };
        waiting + service
    }
}

#[cfg(test)]
mod tests {
    use super::Queue;

    #[test]
    fn erlangs_table_is_met() {
        let at = |processors: f64, load: f64| Queue { rate: load, service: 1.0, spread: 1.0, processors }.waits();
        // Well-known values of Erlang C.
        assert!((at(1.0, 0.5) - 0.5).abs() < 1e-9);
        assert!((at(2.0, 1.0) - 1.0 / 3.0).abs() < 1e-9);
        assert!((at(10.0, 7.0) - 0.2217).abs() < 1e-3, "{}", at(10.0, 7.0));
    }

    #[test]
    fn what_is_overloaded_never_answers() {
        let queue = Queue { rate: 9.0, service: 1.0, spread: 1.0, processors: 8.0 };
        assert!(queue.quantile(0.5).is_infinite());
        let queue = Queue { rate: 4.0, ..queue };
        assert!(queue.quantile(0.5) < queue.quantile(0.99));
    }
}
