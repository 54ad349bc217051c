//! The accept loops: HTTP/1 and HTTP/2 on one port, plain and by TLS, with limits on how long a client may take and how many
//! there may be at once, and a shutdown that lets running requests finish.

mod heard;
mod patience;
mod sockets;

use axum::{Router, body::Body, extract::ConnectInfo, response::Response, routing::future::RouteFuture};
use futures_util::{
    TryFutureExt,
    future::{BoxFuture, Either},
};
use heard::Heard;
use http::{HeaderValue, Request, Version, header};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use lockgate_identity::net::OverTls;
use patience::Patient;
pub(crate) use sockets::{Sockets, raise_limit};
use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;
use tower::Service;

/// How long a client may take to send a request's headers, and may rest between two requests.
const HEADER_PATIENCE: Duration = Duration::from_secs(15);

/// How long running requests may take after the signal to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// How long whoever has just connected may take to ask, when no more connections are taken.
const FIRST_REQUEST: Duration = Duration::from_millis(200);

/// How long a connection is held on which nothing is asked, whatever else comes by it: longer than any answer takes to those
/// who read it.
const MOST_IDLE: Duration = Duration::from_secs(600);

/// How long we wait after an accept that failed for want of resources.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What serves connections.
pub(crate) struct Server {
    router: Router,
    http: Builder<TokioExecutor>,
    running: GracefulShutdown,
    places: Arc<Semaphore>,
    /// Whether the process is about to stop: clients are told not to come back on this connection.
    stopping: Arc<AtomicBool>,
    tls: Option<TlsAcceptor>,
}

impl Server {
    /// A server of these routes, with so many connections at once; more wait in the system's queue.
    pub(crate) fn new(router: Router, connections: usize, tls: Option<TlsAcceptor>) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_PATIENCE).keep_alive(true);
        http.http2().timer(TokioTimer::new()).keep_alive_interval(Some(Duration::from_secs(30)));
        let (places, stopping) = (Arc::new(Semaphore::new(connections.max(2))), Arc::default());
        Self { router, http, running: GracefulShutdown::new(), places, stopping, tls }
    }

    /// Serves until `stop` resolves, goes on for `drain` telling clients that it is the last time on their connection, and
    /// lets running requests finish.
    pub(crate) async fn serve(self, sockets: Sockets, stop: impl Future<Output = Duration>) {
        let ended = watch::Sender::new(false);
        let server = Arc::new(self);
        let mut loops = Vec::new();
        for (listener, tls) in [(sockets.http, false), (sockets.https, true)] {
            if let Some(listener) = listener {
                loops.push(tokio::spawn(Arc::clone(&server).accept(listener, tls, ended.subscribe())));
            }
        }
        let drain = stop.await;
        server.stopping.store(true, Ordering::Relaxed);
        tokio::time::sleep(drain).await;
        ended.send_replace(true);
        for accepting in loops {
            // One that has failed accepts no more either.
            let _ = accepting.await;
        }
        if !drain.is_zero() {
            // Whoever was let in last has yet to ask: to close now would lose that request.
            tokio::time::sleep(FIRST_REQUEST).await;
        }
        let Some(server) = Arc::into_inner(server) else { return };
        if tokio::time::timeout(STOP_PATIENCE, server.running.shutdown()).await.is_err() {
            tracing::warn!("some requests were still running at the end of the grace period");
        }
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, tls: bool, mut ended: watch::Receiver<bool>) {
        loop {
            let accepted = async {
                let place = Arc::clone(&self.places).acquire_owned().await;
                (listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                accepted = accepted => accepted,
                _ = ended.wait_for(|ended| *ended) => return,
            };
            match (accepted, place) {
                (Ok((stream, peer)), Ok(place)) => self.begin(stream, peer, place, tls),
                (Err(error), _) => {
                    // Out of file descriptors, or the client is gone already: the listener itself is sound.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                (_, Err(_)) => return,
            }
        }
    }

    fn begin(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit, tls: bool) {
        // Answers are small and complete: waiting to fill a packet only adds latency.
        let _ = stream.set_nodelay(true);
        let heard = Heard::default();
        let stream = Patient::new(stream, heard.clone());
        let acceptor = self.tls.clone().filter(|_| tls);
        let (router, stopping, over_tls) = (self.router.clone(), Arc::clone(&self.stopping), acceptor.is_some());
        let requests = Requests { router, stopping, heard, peer, over_tls };
        let talk = Talk { http: self.http.clone(), watcher: self.running.watcher(), requests, _place: place };
        tokio::spawn(async move {
            match acceptor {
                None => talk.hold(stream).await,
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok(stream) => talk.hold(stream).await,
                    Err(error) => tracing::debug!(%peer, %error, "no TLS came about"),
                },
            }
        });
    }
}

/// A connection that is about to be held.
struct Talk {
    http: Builder<TokioExecutor>,
    watcher: Watcher,
    requests: Requests,
    _place: OwnedSemaphorePermit,
}

impl Talk {
    async fn hold(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let (peer, heard) = (self.requests.peer, self.requests.heard.clone());
        let service = TowerToHyperService::new(self.requests);
        let connection = self.http.serve_connection_with_upgrades(TokioIo::new(stream), service);
        tokio::select! {
            ended = self.watcher.watch(connection.into_owned()) => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "connection ended early");
                }
            }
            () = heard.nothing_for(MOST_IDLE) => tracing::debug!(%peer, "nothing was asked for too long"),
        }
    }
}

/// What becomes of the requests of a connection.
#[derive(Clone)]
struct Requests {
    router: Router,
    stopping: Arc<AtomicBool>,
    heard: Heard,
    peer: SocketAddr,
    over_tls: bool,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Routers are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        self.heard.note();
        request.extensions_mut().insert(ConnectInfo(self.peer));
        if self.over_tls {
            request.extensions_mut().insert(OverTls);
        }
        // HTTP/2 has a way of its own to say so, which the shutdown takes.
        let is_last = self.stopping.load(Ordering::Relaxed) && request.version() <= Version::HTTP_11;
        let answer = self.router.call(request.map(Body::new));
        if !is_last {
            return Either::Left(answer);
        }
        Either::Right(Box::pin(answer.map_ok(|mut response| {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        })))
    }
}
