//! What listens until the server is ready: probes and clients are answered while the database is brought forward.
//!
//! **Invariant:** once it is closed, whoever connects is answered by the server itself.

use std::sync::Arc;
use std::time::Duration;

use server::{Bound, Limits, Starting};
use service::clock::{Clock, Ids};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long those who are being answered may hold up the server that is ready.
const GRACE: Duration = Duration::from_secs(1);

/// What a server does at first.
const OPENING: &str = "opening the database";

pub(super) struct Anteroom {
    tell: Arc<watch::Sender<Starting>>,
    close: watch::Sender<bool>,
    serving: JoinHandle<Result<(), server::ListenError>>,
}

impl Anteroom {
    /// Listens where the server will.
    pub(super) fn open(bound: &Bound, limits: &Limits, clock: &Clock) -> anyhow::Result<Self> {
        let (tell, starting) = watch::channel(Starting::with(OPENING));
        let (close, closed) = watch::channel(false);
        let router = server::anteroom(starting, clock.clone(), Ids::random());
        let (twin, limits) = (bound.twin()?, limits.clone());
        let shown = |address: Option<std::net::SocketAddr>| {
            address.map_or_else(|| "off".to_owned(), |address| address.to_string())
        };
        tracing::info!(
            http = shown(bound.http_address()),
            https = shown(bound.https_address()),
            "listening; not ready yet"
        );
        let serving = tokio::spawn(async move {
            let closed = super::until(closed);
            twin.serve(router, &limits, closed).await
        });
        Ok(Self {
            tell: Arc::new(tell),
            close,
            serving,
        })
    }

    /// Says what is waited for from now on; may be called from any thread.
    pub(super) fn teller(&self) -> impl Fn(String) + Clone + Send + 'static {
        let tell = Arc::clone(&self.tell);
        move |doing| drop(tell.send_replace(Starting::with(doing)))
    }

    /// Takes nobody more.
    pub(super) async fn close(mut self) {
        self.close.send_replace(true);
        if let Ok(served) = tokio::time::timeout(GRACE, &mut self.serving).await {
            if let Ok(Err(error)) = served {
                tracing::warn!(%error, "a listener failed before the server was ready");
            }
        } else {
            // Its connections end by themselves; it only has to stop taking new ones.
            self.serving.abort();
        }
    }
}
