//! Connections that a handler can cut, so that an answer gets lost as it does in real life.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// How many more bytes may leave a connection before it breaks; negative: any number.
#[derive(Debug, Clone)]
pub(super) struct Cut(Arc<AtomicI64>);

impl Cut {
    /// Lets so many more bytes out.
    pub(super) fn after(&self, bytes: i64) {
        self.0.store(bytes, Ordering::SeqCst);
    }

    /// How many of `wanted` bytes may go out now; `None` once the connection is to break.
    fn allowed(&self, wanted: usize) -> Option<usize> {
        let left = self.0.load(Ordering::SeqCst);
        let Ok(left) = usize::try_from(left) else {
            return Some(wanted);
        };
        (left > 0).then(|| wanted.min(left))
    }

    fn spend(&self, bytes: usize) {
        if self.0.load(Ordering::SeqCst) > 0 {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            self.0.fetch_sub(bytes, Ordering::SeqCst);
        }
    }
}

impl Connected<IncomingStream<'_, CuttingListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, CuttingListener>) -> Self {
        stream.io().cut.clone()
    }
}

/// Serves until `stopped` fires or its sender is gone; connections that still hang are dropped with the runtime.
pub(super) async fn serve(
    listener: std::net::TcpListener,
    router: Router,
    stopped: oneshot::Receiver<()>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        // Clients then see that nobody listens.
        return;
    };
    let service = router.into_make_service_with_connect_info::<Cut>();
    let serving = axum::serve(CuttingListener(listener), service);
    tokio::select! {
        _ = serving => {}
        _ = stopped => {}
    }
}

pub(super) struct CuttingListener(TcpListener);

impl Listener for CuttingListener {
    type Io = CuttableStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (inner, address) = Listener::accept(&mut self.0).await;
        let cut = Cut(Arc::new(AtomicI64::new(-1)));
        (CuttableStream { inner, cut }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

pub(super) struct CuttableStream {
    inner: TcpStream,
    cut: Cut,
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(allowed) = self
            .cut
            .allowed(bytes.len())
            .and_then(|length| bytes.get(..length))
        else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        let written = Pin::new(&mut self.inner).poll_write(context, allowed);
        if let Poll::Ready(Ok(length)) = written {
            self.cut.spend(length);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
