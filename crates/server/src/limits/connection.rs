//! Connections: so many at once in all and from one address, none that nothing is asked on, none whose answers are left
//! alone, and an end that lets the client read the last one.
//!
//! A client that is still sending when its answer is ready, because its body is too large, would lose the answer if the
//! connection were closed: what arrives on a closed connection makes the system throw away what is under way. So a
//! connection that is done is read for a moment more, and what comes is thrown away.
//!
//! **Invariant:** a connection ends within the idle time after the last byte, whatever it is used for; within the time for
//! headers after the last request, whatever bytes come; and within the idle time after the client stopped taking an answer.

use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

use super::activity::{Activity, Watched};
use super::turns::{Turn, Turns};
use super::{Limits, Network, neighbourhood};

/// How long a connection that is done is read on in all ...
const LINGER: Duration = Duration::from_secs(10);
/// ... and how long without anything coming.
const LINGER_IDLE: Duration = Duration::from_secs(1);

/// Lets connections in; shared by all listeners.
#[derive(Debug, Clone)]
pub(crate) struct Doorkeeper {
    places: Arc<Semaphore>,
    addresses: Turns<IpAddr>,
    per_address: usize,
    /// Who speaks for many, and may have as many connections as there are.
    proxies: Arc<[Network]>,
    patience: Patience,
}

/// How long a connection may go on with nothing.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Without a byte, and without the client taking what is for it.
    idle: Duration,
    /// Without a request.
    quiet: Duration,
}

/// What a connection takes up; free again when dropped.
#[derive(Debug)]
struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_address: Option<Turn<IpAddr>>,
}

impl Doorkeeper {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.connections)),
            addresses: Turns::default(),
            per_address: limits.connections_per_address,
            proxies: limits.trusted_proxies.as_slice().into(),
            patience: Patience {
                idle: limits.idle_timeout,
                quiet: limits.header_timeout,
            },
        }
    }

    fn let_in(&self, stream: TcpStream) -> io::Result<Connection> {
        let place = self.place(stream.peer_addr()?.ip())?;
        stream.set_nodelay(true)?;
        let now = Instant::now();
        Ok(Connection {
            stream,
            patience: self.patience,
            activity: Activity::new(),
            moved_at: now,
            write_waits_since: None,
            write_waited_at: None,
            timer: Box::pin(sleep(self.patience.look_again())),
            is_at_end: false,
            farewell: None,
            _place: place,
        })
    }

    fn place(&self, peer: IpAddr) -> io::Result<Place> {
        let Ok(of_all) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::debug!("a connection was closed at once: there are too many");
            return Err(io::Error::other("there are too many connections"));
        };
        let peer = peer.to_canonical();
        let of_address = if self.proxies.iter().any(|proxy| proxy.contains(peer)) {
            None
        } else {
            let turn = self.addresses.enter(&neighbourhood(peer), self.per_address);
            Some(turn.ok_or_else(|| {
                tracing::debug!(%peer, "a connection was closed at once: its address has too many");
                io::Error::other("there are too many connections from there")
            })?)
        };
        Ok(Place {
            _of_all: of_all,
            _of_address: of_address,
        })
    }
}

impl<S> Accept<TcpStream, S> for Doorkeeper {
    type Stream = Connection;
    type Service = Watched<S>;
    type Future = Ready<io::Result<(Connection, Watched<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.let_in(stream).map(|connection| {
            let watched = Watched::new(service, connection.activity.clone());
            (connection, watched)
        }))
    }
}

impl Patience {
    /// After how long to look again at the latest: no time that begins after a look is over before the next.
    fn look_again(self) -> Duration {
        self.idle.min(self.quiet)
    }
}

/// A connection that keeps to the limits.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    patience: Patience,
    activity: Activity,
    /// When the last byte came or went.
    moved_at: Instant,
    /// Since when the client takes nothing of what is written.
    write_waits_since: Option<Instant>,
    /// When it last took nothing.
    write_waited_at: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    /// The client will send nothing more.
    is_at_end: bool,
    /// Until when it is read on, once it is done.
    farewell: Option<Instant>,
    _place: Place,
}

impl Connection {
    fn touch(&mut self, patience: Duration) {
        self.timer.as_mut().reset(Instant::now() + patience);
    }

    /// When the connection ends, if nothing changes.
    fn end(&self) -> Instant {
        let Patience { idle, quiet } = self.patience;
        let mut end = self.moved_at + idle;
        if let Some(since) = self.write_waits_since {
            end = end.min(since + idle);
        }
        if let Some(since) = self.activity.untaken_since() {
            end = end.min(since + idle);
        }
        if let Some(since) = self.activity.quiet_since() {
            // The last answer may still be on its way to a client that reads slowly.
            let is_draining = self.write_waited_at.is_some_and(|at| at >= since);
            end = end.min(since + if is_draining { quiet.max(idle) } else { quiet });
        }
        end
    }

    /// What came of an attempt to read or write: progress is noted, and waiting looks at the clock.
    fn watched<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.moved_at = Instant::now();
            return outcome;
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let end = self.end();
            if end <= now {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            let again = now + self.patience.look_again();
            self.timer.as_mut().reset(end.min(again));
        }
        Poll::Pending
    }

    /// The same for an attempt to write.
    fn written<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.write_waits_since = None;
        } else {
            let now = Instant::now();
            self.write_waits_since.get_or_insert(now);
            self.write_waited_at = Some(now);
        }
        self.watched(outcome, cx)
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
        this.written(outcome, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.written(outcome, cx)
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
