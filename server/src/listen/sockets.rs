//! The sockets that are listened on: those that whoever started the process hands over, as systemd does, else our own.

use crate::settings::Listen;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Connections beyond what the system lets a process have open are refused, whatever we permit.
const MOST_FILES: u64 = 65_536;

/// What to listen on.
pub(crate) struct Sockets {
    /// Plain HTTP.
    pub(crate) http: Option<TcpListener>,
    /// HTTP by TLS.
    pub(crate) https: Option<TcpListener>,
}

impl Sockets {
    /// Takes the sockets that were handed over: the first for HTTP, a second one for HTTPS. What was not is opened, as the
    /// settings say.
    ///
    /// # Errors
    /// A sentence for the operator, when an address cannot be listened on.
    pub(crate) async fn open(listen: &Listen) -> Result<Self, String> {
        let mut handed = listenfd::ListenFd::from_env();
        let mut taken = |at: usize| match handed.take_tcp_listener(at) {
            Ok(Some(listener)) => {
                listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener)).map(Some)
            }
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let told = |error: std::io::Error| format!("the socket that was handed over is of no use: {error}");
        let (http, https) = (taken(0).map_err(told)?, taken(1).map_err(told)?);
        if http.is_some() {
            if https.is_none() && listen.https.address()?.is_some() && !listen.https.is_default() {
                tracing::warn!(
                    "a socket was handed over for HTTP and none for HTTPS, so there is none: listen.https counts for \
                                nothing beside sockets that are handed over"
                );
            }
            return Ok(Self { http, https });
        }
        let http = bound(listen.http).await.map_err(|e| format!("listen.http: {e}"))?;
        let https = match listen.https.address()? {
            None => None,
            Some(address) => match bound(address).await {
                Ok(listener) => Some(listener),
                // Nobody has asked for it: another program may have the port.
                Err(error) if listen.https.is_default() => {
                    tracing::warn!(%error, "no HTTPS here; LOCKGATE_LISTEN__HTTPS=off says that none is wanted");
                    None
                }
                Err(error) => return Err(format!("listen.https: {error}")),
            },
        };
        Ok(Self { http: Some(http), https })
    }
}

async fn bound(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|e| format!("{address} cannot be listened on: {e}"))
}

/// Lets this process have as many files open as it may.
pub(crate) fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    let most = now.maximum.unwrap_or(MOST_FILES).min(MOST_FILES);
    if now.current.is_some_and(|current| current < most) {
        let more = Rlimit { current: Some(most), maximum: now.maximum };
        setrlimit(Resource::Nofile, more).unwrap_or_else(|error| tracing::debug!(%error, "no more files may be open"));
    }
}
