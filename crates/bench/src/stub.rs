//! The least that can be a SCIM target: it knows everybody who is looked for, takes every change, and answers with what it
//! was sent. For measuring what speaks to it.
//!
//! **Invariant:** it counts every request and every member before it answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{get, patch};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

/// A running target, on a thread of its own.
#[derive(Debug)]
pub(crate) struct Stub {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<()>,
}

#[derive(Debug, Default)]
struct Shared {
    thinks: Duration,
    requests: AtomicU64,
    patches: AtomicU64,
    members: AtomicU64,
    patched: Notify,
}

/// What it was asked so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Requests of every kind.
    pub(crate) requests: u64,
    /// Changes of groups.
    pub(crate) patches: u64,
    /// Members that those named.
    pub(crate) members: u64,
}

impl Stub {
    /// Starts a target that thinks so long about each request.
    pub(crate) fn start(thinks: Duration) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            thinks,
            ..Shared::default()
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new()
            .route("/ServiceProviderConfig", get(describe))
            .route("/Users", get(users))
            .route("/Groups/{id}", patch(change))
            .with_state(Arc::clone(&shared));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("stub".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let listener = tokio::net::TcpListener::from_std(listener)?;
                    let listener = listener.tap_io(|stream| {
                        // Without it answers are only later.
                        let _ = stream.set_nodelay(true);
                    });
                    tokio::select! {
                        served = async { axum::serve(listener, router).await } => served,
                        _ = stopped => Ok(()),
                    }
                })
            })
            .context("cannot start a thread")?;
        Ok(Self {
            address,
            shared,
            _stop: stop,
        })
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Asked {
        Asked {
            requests: self.shared.requests.load(Ordering::SeqCst),
            patches: self.shared.patches.load(Ordering::SeqCst),
            members: self.shared.members.load(Ordering::SeqCst),
        }
    }

    /// Waits until so many members were named in all.
    pub(crate) async fn sent(&self, members: u64) {
        while self.asked().members < members {
            self.shared.patched.notified().await;
        }
    }

    /// Waits until so many groups were changed in all.
    pub(crate) async fn patched(&self, patches: u64) {
        while self.asked().patches < patches {
            self.shared.patched.notified().await;
        }
    }
}

impl Shared {
    async fn take(&self) {
        self.requests.fetch_add(1, Ordering::SeqCst);
        if !self.thinks.is_zero() {
            tokio::time::sleep(self.thinks).await;
        }
    }
}

async fn describe(State(shared): State<Arc<Shared>>) -> Json<Value> {
    shared.take().await;
    Json(json!({ "patch": { "supported": true }, "filter": { "supported": true } }))
}

/// Everybody whom the filter names: what stands between quotes.
async fn users(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Json<Value> {
    shared.take().await;
    let query = query.unwrap_or_default().replace('+', " ");
    let query = percent_decode_str(&query).decode_utf8_lossy();
    let filter = query
        .split('&')
        .find_map(|part| part.strip_prefix("filter="))
        .unwrap_or_default();
    let found: Vec<Value> = filter
        .split('"')
        .skip(1)
        .step_by(2)
        .map(|name| json!({ "id": name, "userName": name, "active": true }))
        .collect();
    Json(json!({ "totalResults": found.len(), "Resources": found }))
}

/// Takes the change and shows the members that it named.
async fn change(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, StatusCode> {
    shared.take().await;
    let body: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let members = body.pointer("/Operations/0/value");
    let members = members.and_then(Value::as_array).cloned();
    let members = members.unwrap_or_default();
    shared
        .members
        .fetch_add(members.len() as u64, Ordering::SeqCst);
    shared.patches.fetch_add(1, Ordering::SeqCst);
    shared.patched.notify_one();
    Ok(Json(json!({ "id": id, "members": members })))
}
