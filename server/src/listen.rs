//! The accept loop: HTTP/1 and HTTP/2 on one port, with a limit on how long a client may take to send
//! its headers, and a shutdown that lets running requests finish.

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use std::{net::SocketAddr, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

/// How long a client may take to send its request's headers.
const HEADER_PATIENCE: Duration = Duration::from_secs(15);

/// How long running requests may take after the signal to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// How long we wait after an accept that failed for want of resources.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` resolves, then lets running requests finish.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_PATIENCE).keep_alive(true);
    server.http2().timer(TokioTimer::new()).keep_alive_interval(Some(Duration::from_secs(30)));
    let running = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => handle(&server, &running, router.clone(), stream, peer),
            Err(error) => {
                // Out of file descriptors, or the client is gone already: the listener itself is sound.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(STOP_PATIENCE, running.shutdown()).await.is_err() {
        tracing::warn!("some requests were still running at the end of the grace period");
    }
}

fn handle(
    server: &Builder<TokioExecutor>,
    running: &GracefulShutdown,
    router: Router,
    stream: TcpStream,
    peer: SocketAddr,
) {
    // Answers are small and complete: waiting to fill a packet only adds latency.
    let _ = stream.set_nodelay(true);
    let service = router.map_request(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let connection = server.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let connection = running.watch(connection.into_owned());
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%peer, %error, "connection ended early");
        }
    });
}
