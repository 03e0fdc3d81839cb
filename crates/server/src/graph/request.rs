//! What a handler is given, and how it answers.

use http::{Method, StatusCode};
use odata::accept::MetadataLevel;
use odata::prefer::Preferences;
use serde_json::Value;
use service::callers::LoadedCaller;
use service::{Ctx, Service};
use wire::Version;
use wire::address::Address;
use wire::encode::Frame;

use crate::app::App;
use crate::body;
use crate::call::Call;
use crate::error::Error;
use crate::reply::Reply;

/// One request of the Graph API, authenticated and resolved.
pub(crate) struct GraphRequest<'r> {
    app: &'r App,
    ctx: &'r Ctx,
    call: &'r Call,
    address: Address,
    /// The version root as the client sees it.
    root: String,
    /// The caller and the groups the caller is in.
    own_ids: Vec<String>,
    preferences: Preferences,
    metadata: MetadataLevel,
}

impl<'r> GraphRequest<'r> {
    pub(crate) fn new(
        app: &'r App,
        ctx: &'r Ctx,
        caller: &LoadedCaller,
        call: &'r Call,
        address: Address,
    ) -> Self {
        let own_ids = std::iter::once(caller.caller.principal.object())
            .chain(caller.groups.iter().copied())
            .map(|id| id.to_string())
            .collect();
        let prefer = call.headers.get_all("prefer");
        let preferences = Preferences::parse(prefer.iter().filter_map(|value| value.to_str().ok()));
        Self {
            app,
            ctx,
            call,
            root: call.origin.root(address.version),
            address,
            own_ids,
            preferences,
            metadata: MetadataLevel::from_accept(call.header("accept").unwrap_or_default()),
        }
    }

    pub(crate) fn app(&self) -> &App {
        self.app
    }

    pub(crate) fn service(&self) -> &Service {
        self.app.service()
    }

    pub(crate) fn ctx(&self) -> &Ctx {
        self.ctx
    }

    pub(crate) fn call(&self) -> &Call {
        self.call
    }

    pub(crate) fn method(&self) -> &Method {
        &self.call.method
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn version(&self) -> Version {
        self.address.version
    }

    /// The version root as the client sees it: `https://host/v1.0`.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    pub(crate) fn preferences(&self) -> Preferences {
        self.preferences
    }

    /// What surrounds printed rows.
    pub(crate) fn frame(&self) -> Frame<'_> {
        Frame {
            base_url: &self.root,
            metadata: self.metadata,
            all_enum_members: self.preferences.include_unknown_enum_members,
            caller: &self.own_ids,
        }
    }

    /// The body, which has to be a JSON object.
    pub(crate) fn json(&self) -> Result<Value, Error> {
        body::object(&self.call.headers, &self.call.body)
    }

    /// The answer with a document.
    pub(crate) fn document(&self, status: StatusCode, json: Vec<u8>) -> Reply {
        let reply = Reply::graph(status, self.metadata, json);
        if self.preferences.include_unknown_enum_members {
            let applied = "include-unknown-enum-members";
            return reply.with(super::PREFERENCE_APPLIED, applied);
        }
        reply
    }
}
