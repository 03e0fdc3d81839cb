//! A SCIM 2.0 server with faults to order: stateful, over a real socket, on a thread of its own.
//!
//! It keeps users and groups in memory, answers as RFC 7644 asks, counts what it was asked, and misbehaves where a
//! [`Rule`] or a [`Features`] value says so.
//!
//! **Invariant:** a fault happens to exactly the requests its rule matches, as often as the rule says.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value is read by name without panicking, and set only where it is known to be an object"
)]

mod bulk;
mod connection;
mod features;
mod query;
mod routes;
mod state;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context;
use serde_json::Value;
use tokio::sync::oneshot;

pub use features::{Bulk, Fault, Features, Filtering, PatchAnswer, Rule};
use state::State;

/// The token that the server accepts until told otherwise.
pub const TOKEN: &str = "fake-scim-token";

/// A running server.
#[derive(Debug)]
pub struct FakeScim {
    address: SocketAddr,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One request that the server has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The version that the client expects, if it says so.
    pub if_match: Option<String>,
}

type Shared = Arc<Mutex<State>>;

impl FakeScim {
    /// Starts a server without users and groups.
    pub fn start(features: Features) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Mutex::new(State::new(features, TOKEN)));
        let (stop, stopped) = oneshot::channel();
        let router = routes::router(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("fake-scim".to_owned())
            .spawn(move || runtime.block_on(connection::serve(listener, router, stopped)))
            .context("cannot start a thread")?;
        Ok(Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The SCIM base URL.
    pub fn base_url(&self) -> String {
        format!("http://{}/scim/v2", self.address)
    }

    /// Adds a fault; the first rule that matches a request decides.
    pub fn break_by(&self, rule: Rule) {
        self.state().rules.push(rule);
    }

    /// Creates a user behind everybody's back and gives its id.
    pub fn add_user(&self, user_name: &str, external_id: Option<&str>) -> String {
        let mut user = serde_json::json!({ "userName": user_name, "active": true });
        if let Some(external_id) = external_id {
            user["externalId"] = external_id.into();
        }
        self.state().insert_user(user)
    }

    /// Creates a group behind everybody's back and gives its id.
    pub fn add_group(&self, display_name: &str, external_id: Option<&str>) -> String {
        let mut group = serde_json::json!({ "displayName": display_name });
        if let Some(external_id) = external_id {
            group["externalId"] = external_id.into();
        }
        self.state().insert_group(&group)
    }

    /// Deletes a user, who leaves all groups, behind everybody's back.
    pub fn remove_user(&self, user_name: &str) {
        self.state().remove_user(user_name);
    }

    /// Deletes a group behind everybody's back.
    pub fn remove_group(&self, id: &str) {
        self.state().groups.remove(id);
    }

    /// The user with that `userName`.
    pub fn user(&self, user_name: &str) -> Option<Value> {
        self.state().user_by_name(user_name)
    }

    /// How many users there are.
    pub fn user_count(&self) -> usize {
        self.state().users.len()
    }

    /// The ids of the groups with that name.
    pub fn groups_named(&self, display_name: &str) -> Vec<String> {
        self.state().groups_named(display_name)
    }

    /// The `userName` of each member of a group, sorted.
    pub fn members_of(&self, group: &str) -> Vec<String> {
        self.state().member_names(group)
    }

    /// How often each member of a group came into it by a change that a client asked for, whoever left again.
    pub fn arrivals_in(&self, group: &str) -> Vec<usize> {
        let state = self.state();
        let group = state.groups.get(group);
        group.map_or_else(Vec::new, |group| group.arrivals.values().copied().collect())
    }

    /// Sets a group's members behind everybody's back; unknown users are created.
    pub fn set_members(&self, group: &str, user_names: &[&str]) {
        self.state().set_member_names(group, user_names);
    }

    /// The requests seen so far.
    pub fn requests_seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared)
    }
}

impl Drop for FakeScim {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the server has already been printed.
            let _ = thread.join();
        }
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
