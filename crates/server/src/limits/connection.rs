//! Connections: so many at once, none that nothing happens on, and an end that lets the client read the answer.
//!
//! A client that is still sending when its answer is ready, because its body is too large, would lose the answer if the
//! connection were closed: what arrives on a closed connection makes the system throw away what is under way. So a
//! connection that is done is read for a moment more, and what comes is thrown away.
//!
//! **Invariant:** a connection ends within the idle time after the last byte, whatever it is used for.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

use super::Limits;

/// How long a connection that is done is read on in all ...
const LINGER: Duration = Duration::from_secs(10);
/// ... and how long without anything coming.
const LINGER_IDLE: Duration = Duration::from_secs(1);

/// Lets connections in; shared by all listeners.
#[derive(Debug, Clone)]
pub(crate) struct Doorkeeper {
    places: Arc<Semaphore>,
    idle: Duration,
}

impl Doorkeeper {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.connections)),
            idle: limits.idle_timeout,
        }
    }

    fn let_in(&self, stream: TcpStream) -> io::Result<Connection> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::debug!("a connection was closed at once: there are too many");
            return Err(io::Error::other("there are too many connections"));
        };
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            idle: self.idle,
            timer: Box::pin(sleep(self.idle)),
            is_at_end: false,
            farewell: None,
            _place: place,
        })
    }
}

impl<S> Accept<TcpStream, S> for Doorkeeper {
    type Stream = Connection;
    type Service = S;
    type Future = Ready<io::Result<(Connection, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.let_in(stream).map(|connection| (connection, service)))
    }
}

/// A connection that keeps to the limits.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    idle: Duration,
    timer: Pin<Box<Sleep>>,
    /// The client will send nothing more.
    is_at_end: bool,
    /// Until when it is read on, once it is done.
    farewell: Option<Instant>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn touch(&mut self, patience: Duration) {
        self.timer.as_mut().reset(Instant::now() + patience);
    }

    /// What came of an attempt to read or write: progress winds the clock up, and waiting looks at it.
    fn watched<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.touch(self.idle);
            return outcome;
        }
        match self.timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if matches!(outcome, Poll::Ready(Ok(())))
            && buffer.filled().len() == before
            && buffer.remaining() > 0
        {
            this.is_at_end = true;
        }
        this.watched(outcome, cx)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let outcome = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.watched(outcome, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.watched(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let until = if let Some(until) = this.farewell {
            until
        } else {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            let until = Instant::now() + LINGER;
            this.farewell = Some(until);
            this.touch(LINGER_IDLE);
            until
        };
        let mut waste = [0; 4096];
        while !this.is_at_end && Instant::now() < until {
            let mut buffer = ReadBuf::new(&mut waste);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                // Nothing more comes, in whatever way it is told.
                Poll::Ready(Err(_)) => break,
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => break,
                Poll::Ready(Ok(())) => this.touch(LINGER_IDLE),
                Poll::Pending => {
                    ready!(this.timer.as_mut().poll(cx));
                    break;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
