//! Metrics in Prometheus' text form, and the layer that counts requests by route and status.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use metrics::{Counter, Histogram, counter, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use std::{cell::RefCell, collections::HashMap, sync::Arc, time::Duration, time::Instant};

const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Samples are kept one by one until somebody folds them into buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Installs the recorder; must run inside the runtime.
///
/// # Errors
/// When one is installed already.
pub(crate) fn start() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new().set_buckets(BUCKETS)?.install_recorder()?;
    metrics::describe_counter!("lockgate_http_requests_total", "Requests by route, method and status");
    metrics::describe_histogram!("lockgate_http_request_duration_seconds", "Time to answer, by route");
    metrics::describe_counter!("lockgate_logins_total", "Sign-ins by outcome");
    metrics::describe_counter!("lockgate_decisions_total", "Access decisions by outcome");
    metrics::describe_gauge!("lockgate_sessions", "Sessions of signed-in people");
    metrics::describe_gauge!("lockgate_snapshot_revision", "Revision of the configuration in force");
    metrics::describe_gauge!("lockgate_snapshot_age_seconds", "Time since it came into force");
    metrics::describe_gauge!("lockgate_configuration_broken", "1 while the folder does not compile");
    metrics::describe_gauge!("lockgate_password_hash_queue", "Password checks that wait or run");
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

type Key = (Arc<str>, &'static str, u16);

thread_local! {
    /// Looking a metric up by its labels costs more than counting; each thread keeps what it has used.
    static METRICS: RefCell<HashMap<Key, (Counter, Histogram)>> = RefCell::default();
}

/// Counts a request. The route is the pattern, never the path, so that labels stay few.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).map(Arc::from);
    let method = known_method(request.method());
    let began = Instant::now();
    let response = next.run(request).await;
    let route = route.unwrap_or_else(|| Arc::from("unmatched"));
    let took = began.elapsed();
    METRICS.with_borrow_mut(|known| {
        let (requests, duration) =
            known.entry((route, method, response.status().as_u16())).or_insert_with_key(register);
        requests.increment(1);
        duration.record(took);
    });
    response
}

fn register((route, method, status): &Key) -> (Counter, Histogram) {
    let route = route.to_string();
    (
        counter!("lockgate_http_requests_total", "route" => route.clone(), "method" => *method, "status" => status.to_string()),
        histogram!("lockgate_http_request_duration_seconds", "route" => route),
    )
}

/// Methods are the client's choice: unknown ones share a label.
fn known_method(method: &http::Method) -> &'static str {
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
