//! Traces, sent by OTLP.

use std::time::{Duration, Instant};

use lockgate_tests::{Client, Collector, Database, Executor, Reply, Server, Traced, free_port};

on_each_database!(a_request_is_one_trace_of_what_it_was_made_of, nothing_waits_for_a_collector_that_is_away);

/// A trace that a proxy has begun, as it hands it on.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// The spans of a trace, once the one of the request is among them.
async fn arrived(collector: &Collector, name: &str, trace: Option<&str>) -> Vec<Traced> {
    for _ in 0..100 {
        let heard = collector.heard();
        let root = heard.iter().rev().find(|span| span.name == name && trace.is_none_or(|trace| span.trace == trace));
        if let Some(root) = root {
            return heard.iter().filter(|span| span.trace == root.trace).cloned().collect();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no {name} among {:#?}", collector.heard());
}

async fn a_request_is_one_trace_of_what_it_was_made_of(database: Database) {
    let collector = Collector::start().await;
    let server = Server::builder(database).set("LOCKGATE_TRACING__ENDPOINT", &collector.url()).start().await;
    let stranger = Client::new();
    Executor::new(&stranger, &server.base(), "default-authentication-flow", "").login("akadmin", "wrong").await;

    let spans = arrived(&collector, "POST /api/v3/flows/executor/{flow_slug}/", None).await;
    let root = spans.iter().find(|span| span.parent.is_empty()).expect("a trace begins");
    assert_eq!(root.attribute("http.route"), "/api/v3/flows/executor/{flow_slug}/");
    assert!(!root.attribute("http.response.status_code").is_empty(), "{root:?}");
    assert_eq!(root.attribute("lockgate.request_id").len(), 32);
    let step = spans.iter().find(|span| span.name == "flow step").expect("a step of a flow");
    assert_eq!((&step.parent, step.attribute("flow")), (&root.id, "default-authentication-flow"));
    let heard = collector.heard();
    for name in ["database", "password hash"] {
        let found = heard.iter().find(|span| span.name == name && !span.parent.is_empty());
        let span = found.unwrap_or_else(|| panic!("no {name} among {spans:#?}"));
        assert!(heard.iter().any(|around| around.id == span.parent && around.trace == span.trace), "{span:?}");
    }

    // A trace that a trusted proxy has begun goes on.
    let header = format!("00-{TRACE}-{SPAN}-01");
    let asked = stranger.request(reqwest::Method::GET, &server.url("/api/v3/root/config/"));
    Reply::of(asked.header("traceparent", header)).await.expect(200);
    let spans = arrived(&collector, "GET /api/v3/root/config/", Some(TRACE)).await;
    assert_eq!((spans[0].trace.as_str(), spans[0].parent.as_str()), (TRACE, SPAN));

    // The log has lines, not spans.
    assert!(server.logs().iter().all(|line| !line.contains("flow step")), "a span is in the log");
    let metrics = server.get("/metrics").await.expect(200).text();
    assert!(metrics.contains("lockgate_trace_spans_total{outcome=\"dropped\"} 0"), "spans were dropped");
}

async fn nothing_waits_for_a_collector_that_is_away(database: Database) {
    let away = format!("http://127.0.0.1:{}", free_port());
    let mut server = Server::builder(database)
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", &away)
        // A stranger's trace is not taken up: this proxy is not trusted.
        .set("LOCKGATE_LISTEN__TRUSTED_PROXY_CIDRS", "192.0.2.0/24")
        .start()
        .await;
    let began = Instant::now();
    for _ in 0..200 {
        server.get("/api/v3/root/config/").await.expect(200);
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let mut dropped = 0.0;
    for _ in 0..100 {
        let text = server.get("/metrics").await.expect(200).text();
        let line = text.lines().find_map(|line| line.strip_prefix("lockgate_trace_spans_total{outcome=\"dropped\"} "));
        dropped = line.and_then(|count| count.parse().ok()).unwrap_or(0.0);
        if dropped > 0.0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(dropped > 0.0, "nothing was counted");
    assert!(server.terminate().await, "a stop is a success");
}
