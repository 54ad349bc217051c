//! The line between two programs, which a test can cut, hold up and mend: a forwarder of TCP on loopback.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Everything goes through, so much later.
    Open(Duration),
    /// Connections are closed, and new ones too.
    Cut,
    /// Nothing goes through, and nobody is told.
    Silent,
}

/// A line; see the module. It is gone when the value is dropped.
pub struct Wire {
    port: u16,
    state: Arc<watch::Sender<State>>,
    accepting: JoinHandle<()>,
}

impl Wire {
    /// A line to this port of loopback.
    pub async fn to(port: u16) -> Self {
        Self::between([127, 0, 0, 1], port).await
    }

    /// A line from an address of this machine to a port of loopback.
    pub async fn between(near: [u8; 4], port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::from(near), 0)).await.expect("the address has a free port");
        let own = listener.local_addr().expect("a listener has an address").port();
        let state = Arc::new(watch::Sender::new(State::Open(Duration::ZERO)));
        let accepting = tokio::spawn(accept(listener, port, Arc::clone(&state)));
        Self { port: own, state, accepting }
    }

    /// The port of this end.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes all connections, and refuses new ones.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Lets nothing through any more, without a word.
    pub fn silence(&self) {
        self.state.send_replace(State::Silent);
    }

    /// Lets everything through so much later.
    pub fn slow(&self, by: Duration) {
        self.state.send_replace(State::Open(by));
    }

    /// Lets everything through again.
    pub fn mend(&self) {
        self.state.send_replace(State::Open(Duration::ZERO));
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
        self.state.send_replace(State::Cut);
    }
}

async fn accept(listener: TcpListener, port: u16, state: Arc<watch::Sender<State>>) {
    while let Ok((near, _)) = listener.accept().await {
        let mut state = state.subscribe();
        tokio::spawn(async move {
            if state.wait_for(|state| *state != State::Silent).await.is_err() || *state.borrow() == State::Cut {
                return;
            }
            let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            let ways =
                async { tokio::join!(carry(near_in, far_out, state.clone()), carry(far_in, near_out, state.clone())) };
            let mut until = state.clone();
            tokio::select! {
                _ = ways => {}
                _ = until.wait_for(|state| *state == State::Cut) => {}
            }
        });
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let late = match state.wait_for(|state| *state != State::Silent).await.map(|state| *state) {
            Ok(State::Open(late)) => late,
            _ => return,
        };
        tokio::time::sleep(late).await;
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
