//! Metrics in Prometheus' text form, and the counts of requests by route and status.

mod catalogue;
pub(crate) mod now;

use axum::extract::MatchedPath;
use http::StatusCode;
use metrics::{Counter, Histogram, counter, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use std::{cell::RefCell, collections::HashMap, sync::LazyLock, time::Duration};

const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Samples are kept one by one until somebody folds them into buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder; must run inside the runtime.
///
/// # Errors
/// When one is installed already.
pub(crate) fn start() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new().set_buckets(BUCKETS)?.install_recorder()?;
    catalogue::begin();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(UPKEEP);
        loop {
            tick.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// What is counted of a route.
struct OfRoute {
    duration: Histogram,
    requests: Vec<(&'static str, StatusCode, Counter)>,
}

impl OfRoute {
    fn new(route: &str) -> Self {
        let duration = histogram!("lockgate_http_request_duration_seconds", "route" => route.to_owned());
        Self { duration, requests: Vec::new() }
    }

    fn count(&mut self, route: &str, method: &'static str, status: StatusCode, took: Duration) {
        self.duration.record(took);
        if let Some((.., requests)) = self.requests.iter().find(|(m, s, _)| (*m, *s) == (method, status)) {
            return requests.increment(1);
        }
        let labels =
            [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.as_str().to_owned())];
        let requests = counter!("lockgate_http_requests_total", &labels);
        requests.increment(1);
        self.requests.push((method, status, requests));
    }
}

thread_local! {
    /// Looking a metric up by its labels costs more than counting; each thread keeps what it has used.
    static METRICS: RefCell<HashMap<String, OfRoute>> = RefCell::default();
}

/// Counts a request. The route is the pattern, never the path, so that labels stay few.
pub(crate) fn count(route: Option<&MatchedPath>, method: &'static str, status: StatusCode, took: Duration) {
    let route = route.map_or("unmatched", MatchedPath::as_str);
    METRICS.with_borrow_mut(|known| {
        if let Some(metrics) = known.get_mut(route) {
            return metrics.count(route, method, status, took);
        }
        let mut metrics = OfRoute::new(route);
        metrics.count(route, method, status, took);
        known.insert(route.to_owned(), metrics);
    });
}

static CALLS: LazyLock<Histogram> = LazyLock::new(|| histogram!("lockgate_database_call_duration_seconds"));

/// Counts a call to the database.
pub(crate) fn database_call(took: Duration, failed: bool) {
    CALLS.record(took);
    if failed {
        counter!("lockgate_database_errors_total").increment(1);
    }
}

/// Methods are the client's choice: unknown ones share a label.
pub(crate) fn known_method(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
