//! Listeners: plain HTTP and TLS, bound first and served after, closed gracefully.
//!
//! **Invariant:** an address is known as soon as [`bind`] returns, and nothing is accepted before [`Bound::serve`]. What
//! nobody accepts yet waits at the address, also from the end of one [`Bound::serve`] to the next.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use axum::{Extension, Router};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Address, Handle, Server};
use hyper_util::rt::TokioTimer;

use crate::call::Scheme;
use crate::limits::Limits;
use crate::limits::connection::Doorkeeper;

/// How long requests in flight may take once the server is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Streams of one connection that the client may have begun and taken back before anybody looked at them. Who takes back
/// more at once floods, and loses the connection.
const RESET_STREAMS: usize = 20;

/// Where to listen. Port 0 picks a free one.
#[derive(Debug, Clone, Default)]
pub struct Listeners {
    /// Plain HTTP.
    pub http: Option<SocketAddr>,
    /// HTTP over TLS.
    pub https: Option<Https>,
}

/// Where to listen with TLS, and with which certificate.
#[derive(Debug, Clone)]
pub struct Https {
    /// The address.
    pub address: SocketAddr,
    /// The certificate and those between it and the authority, in PEM.
    pub certificate: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
}

/// Why listening is not possible.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("cannot use the certificate `{}` with the key `{}`", certificate.display(), key.display())]
    Certificate {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A listener broke while it was served.
    #[error("a listener failed")]
    Serve(#[source] io::Error),
}

/// Listeners that hold their addresses and do not accept yet.
#[derive(Debug)]
pub struct Bound {
    http: Option<TcpListener>,
    https: Option<(TcpListener, RustlsConfig)>,
}

/// Takes the addresses.
pub async fn bind(listeners: Listeners) -> Result<Bound, ListenError> {
    let http = listeners.http.map(listen).transpose()?;
    let https = match listeners.https {
        None => None,
        Some(https) => {
            // Fails only where one is installed already, which is as good.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let config = RustlsConfig::from_pem_file(&https.certificate, &https.key)
                .await
                .map_err(|source| ListenError::Certificate {
                    certificate: https.certificate.clone(),
                    key: https.key.clone(),
                    source,
                })?;
            Some((listen(https.address)?, config))
        }
    };
    Ok(Bound { http, https })
}

fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let bind = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    bind().map_err(|source| ListenError::Bind { address, source })
}

impl Bound {
    /// Where plain HTTP is spoken.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http.as_ref()?.local_addr().ok()
    }

    /// Where TLS is spoken.
    pub fn https_address(&self) -> Option<SocketAddr> {
        self.https.as_ref()?.0.local_addr().ok()
    }

    /// The same addresses once more, so that one router can be served there after another.
    pub fn twin(&self) -> Result<Self, ListenError> {
        let twin = |listener: &TcpListener| listener.try_clone().map_err(ListenError::Serve);
        let secure = |(listener, config): &(TcpListener, RustlsConfig)| {
            twin(listener).map(|listener| (listener, config.clone()))
        };
        Ok(Self {
            http: self.http.as_ref().map(twin).transpose()?,
            https: self.https.as_ref().map(secure).transpose()?,
        })
    }

    /// Serves until `shutdown` ends, then lets requests in flight finish.
    pub async fn serve(
        self,
        router: Router,
        limits: &Limits,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ListenError> {
        let handle = Handle::new();
        let doorkeeper = Doorkeeper::new(limits);
        let plain = serve_plain(
            self.http,
            router.clone(),
            limits,
            doorkeeper.clone(),
            handle.clone(),
        );
        let secure = serve_secure(self.https, router, limits, doorkeeper, handle.clone());
        let stop = async {
            shutdown.await;
            handle.graceful_shutdown(Some(GRACE));
            std::future::pending::<()>().await;
        };
        let both = async { tokio::try_join!(plain, secure) };
        tokio::select! {
            served = both => served.map(|_| ()).map_err(ListenError::Serve),
            () = stop => Ok(()),
        }
    }
}

/// Keeps the protocol to the limits. What the router refuses with an explanation is let through to it, so the protocol
/// allows twice as much.
fn limit<A: Address, T>(server: &mut Server<A, T>, limits: &Limits) {
    let head = limits.header_bytes.saturating_add(limits.url_bytes);
    let head = head.saturating_mul(2).max(64 * 1024);
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers.saturating_mul(2))
        .max_buf_size(head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(RESET_STREAMS)
        .max_local_error_reset_streams(RESET_STREAMS);
}

async fn serve_plain(
    listener: Option<TcpListener>,
    router: Router,
    limits: &Limits,
    doorkeeper: Doorkeeper,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let Some(listener) = listener else {
        return Ok(());
    };
    let service = router
        .layer(Extension(Scheme::Http))
        .into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(doorkeeper)
        .handle(handle);
    limit(&mut server, limits);
    server.serve(service).await
}

async fn serve_secure(
    listener: Option<(TcpListener, RustlsConfig)>,
    router: Router,
    limits: &Limits,
    doorkeeper: Doorkeeper,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let Some((listener, config)) = listener else {
        return Ok(());
    };
    let service = router
        .layer(Extension(Scheme::Https))
        .into_make_service_with_connect_info::<SocketAddr>();
    let acceptor = RustlsAcceptor::new(config)
        .handshake_timeout(limits.handshake_timeout)
        .acceptor(doorkeeper);
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .handle(handle);
    limit(&mut server, limits);
    server.serve(service).await
}
