//! What every request passes before it is routed, and every answer on its way out, in one layer: each
//! layer of its own would cost every request a copy of the service, a boxed future and a boxed body.

use crate::{telemetry, traces};
use axum::{
    body::{Body, HttpBody},
    extract::{MatchedPath, Request},
    response::{IntoResponse, Response},
    routing::Route,
};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, StatusCode};
use lockgate_forward_auth::origin::peer_of;
use lockgate_identity::{
    Identity,
    journal::of_one_request,
    net::{RequestId, lines_of},
    probes::{self, Sight},
};
use std::{
    any::Any,
    convert::Infallible,
    hash::{BuildHasher, RandomState},
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tower::{Layer, Service};
use tower_http::limit::RequestBodyLimit;
use tracing::{Instrument, Span, field::Empty};
use uuid::{Uuid, fmt::Simple};

/// The longest that a request may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tells the client the request's id.
const ID: HeaderName = HeaderName::from_static("x-authentik-id");

static IDS: LazyLock<Ids> = LazyLock::new(Ids::default);

/// Makes ids of requests. They are no secrets, so they are not worth the random generator's time; but
/// they do not tell how many requests there were either: a number under keyed hashes (SipHash).
#[derive(Default)]
struct Ids {
    keys: [RandomState; 2],
    made: AtomicU64,
}

impl Ids {
    fn next(&self) -> Uuid {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let [high, low] = self.keys.each_ref().map(|key| key.hash_one(number));
        Uuid::from_u64_pair(high, low)
    }
}

/// Gives a request an id, bounds its time and its body, turns a panic into 500, counts and times it, and remembers how
/// those of `lockgate doctor` arrived.
#[derive(Clone, Copy)]
pub(crate) struct Front {
    /// The longest body, in bytes.
    pub(crate) body_bytes: usize,
    /// Who remembers. For as long as the process runs: a count of who holds it would be one more thing that every request
    /// touches.
    pub(crate) watch: Option<&'static Identity>,
}

impl Layer<Route> for Front {
    type Service = Fronted;

    fn layer(&self, inner: Route) -> Fronted {
        Fronted { limited: RequestBodyLimit::new(inner, self.body_bytes), watch: self.watch }
    }
}

/// A route behind [`Front`].
#[derive(Clone)]
pub(crate) struct Fronted {
    limited: RequestBodyLimit<Route>,
    watch: Option<&'static Identity>,
}

impl Service<Request> for Fronted {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Routes are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let began = Instant::now();
        // A client's own id is not taken: the log must not say what strangers want.
        let mut id = [0; Simple::LENGTH];
        let text = IDS.next().simple().encode_lower(&mut id);
        let header = HeaderValue::from_str(text);
        request.extensions_mut().insert(RequestId(text.to_owned()));
        let route = request.extensions().get::<MatchedPath>().cloned();
        let method = telemetry::known_method(request.method());
        let span = self.watch.map_or_else(Span::none, |watch| span(watch, &request, (route.as_ref(), method), text));
        let probe = self.watch.and_then(|watch| probe(watch, &request));
        let mut limited = self.limited.clone();
        Box::pin(async move {
            let work = AssertUnwindSafe(of_one_request(Some(id), pass(&mut limited, request)).instrument(span.clone()))
                .catch_unwind();
            let mut response = match tokio::time::timeout_at((began + PATIENCE).into(), work).await {
                Ok(Ok(response)) => response,
                Ok(Err(panic)) => panicked(&*panic),
                Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            };
            if let Ok(value) = header {
                response.headers_mut().insert(ID, value);
            }
            span.record("http.response.status_code", response.status().as_u16());
            if let Some(probe) = probe {
                probe(response.status());
            }
            telemetry::count(route.as_ref(), method, response.status(), began.elapsed());
            Ok(response)
        })
    }
}

/// The span of a request, if it is traced; it goes on with the trace of a proxy that is trusted. Without a collector this
/// is one look at a flag.
fn span(watch: &Identity, request: &Request, (route, method): (Option<&MatchedPath>, &str), id: &str) -> Span {
    let route = route.map_or("unmatched", MatchedPath::as_str);
    let span = tracing::trace_span!(
        target: "lockgate::trace",
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        lockgate.request_id = id,
    );
    if !span.is_none() && watch.trusted.trusts(peer_of(request.extensions())) {
        traces::go_on(&span, request.headers());
    }
    span
}

/// What is to be done with the answer to a request of `lockgate doctor`; nothing for all others.
fn probe(watch: &'static Identity, request: &Request) -> Option<Box<dyn FnOnce(StatusCode) + Send>> {
    let headers = request.headers();
    let shown = headers.get(probes::SENT)?.to_str().ok()?.to_owned();
    let lines = |name: &str| lines_of((request.uri(), headers, request.extensions()), name);
    let peer = peer_of(request.extensions());
    let sight = Sight::of((request.method().as_str(), request.uri().path()), lines, peer, &watch.trusted);
    Some(Box::new(move |status| {
        let answered = || Sight { status: status.as_u16(), ..sight };
        watch.probes.note(watch.store.seal_key(), &shown, watch.clock.now(), answered);
    }))
}

async fn pass(limited: &mut RequestBodyLimit<Route>, request: Request) -> Response {
    // What has no body needs no limit, and most requests have none.
    let answer = if request.body().is_end_stream() {
        limited.get_mut().call(request).await
    } else {
        limited.call(request).await.map(|response| response.map(Body::new))
    };
    match answer {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("unknown"), "a request failed inside");
    (StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, body::Bytes, routing::any};
    use tower::ServiceExt;

    fn app() -> Router {
        Router::new()
            .route(
                "/id",
                any(async |request: Request| {
                    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
                }),
            )
            .route("/length", any(async |body: Bytes| body.len().to_string()))
            .route("/panic", any(async || -> StatusCode { panic!("on purpose") }))
            .layer(Front { body_bytes: 8, watch: None })
    }

    async fn answer(path: &str, body: impl Into<Body>) -> (Response, String) {
        let request = Request::builder().uri(path).body(body.into()).expect("a request");
        let mut response = app().oneshot(request).await.expect("an answer");
        let body = std::mem::take(response.body_mut());
        let text = axum::body::to_bytes(body, 1024).await.expect("a body");
        (response, String::from_utf8_lossy(&text).into_owned())
    }

    #[tokio::test]
    async fn the_id_in_the_answer_is_the_one_that_the_handler_knows() {
        let (response, known) = answer("/id", Body::empty()).await;
        assert_eq!(known.len(), 32);
        assert_eq!(response.headers()[ID], known.as_str());
    }

    #[tokio::test]
    async fn bodies_are_bounded_whether_they_tell_their_length_or_not() {
        assert_eq!(answer("/length", "12345678").await.1, "8");
        assert_eq!(answer("/length", "123456789").await.0.status(), StatusCode::PAYLOAD_TOO_LARGE);
        let pieces = futures_util::stream::iter([Ok::<_, Infallible>("12345"), Ok("6789")]);
        assert_eq!(answer("/length", Body::from_stream(pieces)).await.0.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        assert_eq!(answer("/panic", Body::empty()).await.0.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
