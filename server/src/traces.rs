//! Traces: what a request was made of, with its times, sent to a collector by OTLP over HTTP. Nothing is traced unless a
//! collector is set, and then only a share.
//!
//! Spans wait in a queue of bounded length. While the collector is away they are dropped and counted; no request waits.

use crate::settings::Tracing;
use opentelemetry::{Context, KeyValue, propagation::TextMapPropagator, trace::TracerProvider};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanExporter as _, SpanProcessor, Tracer},
};
use std::time::Duration;
use tokio::sync::mpsc;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// What spans of ours are called where they are chosen; those of libraries are not sent.
pub(crate) const TARGET: &str = "lockgate::trace";

/// Spans that wait for the collector. A span takes about a kilobyte.
const QUEUE: usize = 4_096;

/// Spans of one message, and the longest that the first of them waits.
const BATCH: usize = 512;
const PAUSE: Duration = Duration::from_secs(1);

/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Starts sending; what the log hands spans to. Nothing where no collector is set. Must run inside the runtime.
///
/// # Errors
/// A sentence for the operator.
pub(crate) fn start(settings: &Tracing) -> Result<Option<Tracer>, String> {
    let Some(address) = settings.address()? else { return Ok(None) };
    let told = |e: ExporterBuildError| format!("tracing.endpoint (LOCKGATE_TRACING__ENDPOINT): {e}");
    // A collector is one hop away: what it answers is read by nobody, and no redirect is followed.
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build();
    let http = http.map_err(|e| format!("tracing: no connection can be made: {e}"))?;
    let exporter = SpanExporter::builder().with_http().with_http_client(http).with_endpoint(address);
    let mut exporter = exporter.with_protocol(Protocol::HttpBinary).with_timeout(PATIENCE).build().map_err(told)?;
    exporter.set_resource(&resource());
    let provider = SdkTracerProvider::builder()
        // The flag that a proxy hands on decides nothing: it may be a visitor's wish.
        .with_sampler(Sampler::TraceIdRatioBased(settings.sample))
        .with_span_processor(Queue::start(exporter))
        .build();
    Ok(Some(provider.tracer("lockgate")))
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    Resource::builder_empty().with_service_name("lockgate").with_attribute(version).build()
}

/// Lets a span go on with the trace of whoever asks, as the proxy hands it on (`traceparent`, W3C Trace Context).
pub(crate) fn go_on(span: &tracing::Span, headers: &http::HeaderMap) {
    struct Headers<'h>(&'h http::HeaderMap);
    impl opentelemetry::propagation::Extractor for Headers<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key)?.to_str().ok()
        }
        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(http::HeaderName::as_str).collect()
        }
    }
    if headers.contains_key("traceparent") {
        let theirs = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
        // It fails where nothing is traced.
        let _ = span.set_parent(theirs);
    }
}

/// Takes ended spans without ever waiting.
#[derive(Debug)]
struct Queue {
    to: mpsc::Sender<SpanData>,
}

impl Queue {
    fn start(exporter: SpanExporter) -> Self {
        let (to, spans) = mpsc::channel(QUEUE);
        tokio::spawn(send(exporter, spans));
        Self { to }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        if self.to.try_send(span).is_err() {
            count("dropped", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

async fn send(exporter: SpanExporter, mut spans: mpsc::Receiver<SpanData>) {
    let mut batch = Vec::new();
    while spans.recv_many(&mut batch, BATCH).await > 0 {
        tokio::time::sleep(PAUSE).await;
        while batch.len() < BATCH
            && let Ok(span) = spans.try_recv()
        {
            batch.push(span);
        }
        let size = batch.len();
        match exporter.export(std::mem::take(&mut batch)).await {
            Ok(()) => count("sent", size),
            Err(error) => {
                tracing::debug!(%error, "the collector of traces takes nothing");
                count("dropped", size);
            }
        }
    }
}

fn count(outcome: &'static str, spans: usize) {
    metrics::counter!("lockgate_trace_spans_total", "outcome" => outcome).increment(spans as u64);
}
