//! What a handler is given, and how it answers.

use std::sync::OnceLock;

use domain::cloud::Cloud;
use domain::query::Query;
use http::{Method, StatusCode};
use odata::accept::MetadataLevel;
use odata::prefer::Preferences;
use serde_json::{Map, Value};
use service::callers::LoadedCaller;
use service::{Ctx, Service};
use wire::Version;
use wire::address::{Address, Tail};
use wire::encode::Frame;
use wire::strict;

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
    /// The service as it stands under `If-Match`.
    guarded: OnceLock<Service>,
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
            // A format that is not offered was refused before.
            metadata: super::asked::metadata(call).unwrap_or_default(),
            guarded: OnceLock::new(),
        }
    }

    pub(crate) fn app(&self) -> &App {
        self.app
    }

    pub(crate) fn service(&self) -> &Service {
        self.guarded.get().unwrap_or_else(|| self.app.service())
    }

    /// From here on, the first write finds the object in one of these versions, or does not happen; `query` reads the
    /// version.
    pub(super) fn guard(&self, query: Query, versions: Vec<i64>) {
        let service = self.app.service();
        let guarded = Service {
            store: service.store.guarded(query, versions),
            ..service.clone()
        };
        // It is asked for once, before the command runs.
        let _ = self.guarded.set(guarded);
    }

    /// How much metadata the answer has (OD-11).
    pub(crate) fn metadata(&self) -> MetadataLevel {
        self.metadata
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

    /// The cloud whose API is spoken.
    pub(crate) fn cloud(&self) -> Cloud {
        self.app.service().settings.cloud
    }

    pub(crate) fn version(&self) -> Version {
        self.address.version
    }

    /// The version root as the client sees it: `https://host/v1.0`.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// The `@odata.context` of an answer that holds what the fragment says (OD-10).
    pub(crate) fn context(&self, fragment: &str) -> String {
        format!("{}/$metadata#{fragment}", self.root)
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

    /// The body, which has to be a JSON object. Of one that makes or changes an object, every member has to be known
    /// where the setting says so (HT-1).
    pub(crate) fn json(&self) -> Result<Value, Error> {
        let body = body::object(&self.call.headers, &self.call.body)?;
        if self.service().settings.strict_bodies
            && matches!(self.address.tail, Tail::Collection | Tail::Entity)
            && let Some(member) = strict::unknown_member(self.address.target(), &body)
        {
            return Err(Error::bad_parameter(
                member.clone(),
                format!("`{member}` is not a member of what is written here"),
            ));
        }
        Ok(body)
    }

    /// The answer with a list of values that are no rows of a table.
    pub(crate) fn values(&self, of: &str, values: Vec<Value>) -> Reply {
        let mut document = Map::new();
        if self.metadata != MetadataLevel::None {
            let context = self.context(&format!("Collection({of})"));
            document.insert("@odata.context".to_owned(), context.into());
        }
        document.insert("value".to_owned(), values.into());
        let json = Value::Object(document).to_string().into_bytes();
        self.document(StatusCode::OK, json)
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
