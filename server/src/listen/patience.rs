//! How long a connection may take for what: a stranger who opens one and says nothing, or reads nothing of what it is told, costs a
//! place for a while and not for ever.

use super::heard::Heard;
use std::{
    io::{Error, ErrorKind, IoSlice, Result},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// From the beginning of a connection to its first whole request, a handshake of TLS included. Later requests have a limit of
/// their own, once it is known which HTTP is spoken.
const FIRST_REQUEST: Duration = Duration::from_secs(15);

/// How long a client may take nothing of an answer.
const STALLED: Duration = Duration::from_secs(60);

/// A connection with these limits.
pub(super) struct Patient<S> {
    stream: S,
    /// Whether a request has come.
    heard: Heard,
    first: Option<Pin<Box<Sleep>>>,
    stalled: Option<Pin<Box<Sleep>>>,
    /// The longest that nothing of an answer may be taken.
    most_stalled: Duration,
}

impl<S> Patient<S> {
    /// A new connection, and what tells when a request has come.
    pub(super) fn new(stream: S, heard: Heard) -> Self {
        Self::with(stream, heard, FIRST_REQUEST, STALLED)
    }

    fn with(stream: S, heard: Heard, first: Duration, most_stalled: Duration) -> Self {
        Self { stream, heard, first: Some(Box::pin(sleep(first))), stalled: None, most_stalled }
    }

    /// What a read came to, unless the first request is overdue.
    fn heard_in_time(&mut self, cx: &mut Context<'_>, read: Poll<Result<()>>) -> Poll<Result<()>> {
        if self.first.is_some() && self.heard.is_any() {
            self.first = None;
        }
        let is_overdue = self.first.as_mut().is_some_and(|first| first.as_mut().poll(cx).is_ready());
        // A byte now and then buys no time.
        if is_overdue { Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "no request in time"))) } else { read }
    }

    /// What a write came to, unless there have been none for too long.
    fn written<T>(&mut self, cx: &mut Context<'_>, written: Poll<Result<T>>) -> Poll<Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let most = self.most_stalled;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(most)));
        stalled.as_mut().poll(cx).map(|()| Err(Error::new(ErrorKind::TimedOut, "nothing of an answer is taken")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.heard_in_time(cx, read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.written(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    const SHORT: Duration = Duration::from_millis(50);

    fn patient() -> (Patient<DuplexStream>, Heard, DuplexStream) {
        let ((near, far), heard) = (duplex(64), Heard::default());
        (Patient::with(near, heard.clone(), SHORT, SHORT), heard, far)
    }

    #[tokio::test]
    async fn who_says_nothing_is_not_waited_for() {
        let (mut patient, _, mut far) = patient();
        far.write_all(b"PRI * HT").await.expect("room");
        let mut buffer = [0; 64];
        assert_eq!(patient.read(&mut buffer).await.expect("the beginning"), 8);
        assert_eq!(patient.read(&mut buffer).await.expect_err("no more").kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_byte_now_and_then_buys_no_time() {
        let (mut patient, _, mut far) = patient();
        tokio::spawn(async move {
            while far.write_all(b"x").await.is_ok() {
                tokio::time::sleep(SHORT / 5).await;
            }
        });
        let began = Instant::now();
        while patient.read(&mut [0; 1]).await.is_ok() {
            assert!(began.elapsed() < SHORT * 20, "it goes on");
        }
    }

    #[tokio::test]
    async fn who_has_asked_may_rest() {
        let (mut patient, heard, mut far) = patient();
        heard.note();
        let reading = tokio::spawn(async move { patient.read(&mut [0; 8]).await });
        tokio::time::sleep(SHORT * 4).await;
        far.write_all(b"GET").await.expect("room");
        assert_eq!(reading.await.expect("no panic").expect("the request"), 3);
    }

    #[tokio::test]
    async fn who_takes_nothing_is_not_waited_for() {
        let (mut patient, _, _far) = patient();
        let error = patient.write_all(&[0; 1024]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
