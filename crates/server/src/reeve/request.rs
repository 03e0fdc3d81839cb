//! What a handler of Reeve's own API is given.

use std::str::FromStr;

use domain::query::Value;
use http::HeaderName;
use odata::skiptoken;
use serde_json::Value as Json;
use service::{Ctx, Service};
use wire::Version;
use wire::resolve::{decode_position, encode_position};

use super::table::{Operation, ROOT};
use crate::app::App;
use crate::body;
use crate::call::Call;
use crate::error::Error;
use crate::form::Form;

/// Rows of a page if the client does not say.
const DEFAULT_TOP: u64 = 100;
/// Most rows of a page.
const MAX_TOP: u64 = 999;

/// One request of Reeve's own API, authenticated.
pub(crate) struct OwnRequest<'r> {
    app: &'r App,
    ctx: &'r Ctx,
    call: &'r Call,
    arguments: Vec<(&'static str, String)>,
    query: Form,
}

impl<'r> OwnRequest<'r> {
    pub(super) fn new(
        app: &'r App,
        ctx: &'r Ctx,
        call: &'r Call,
        arguments: Vec<(&'static str, String)>,
    ) -> Self {
        Self {
            app,
            ctx,
            call,
            arguments,
            query: Form::parse(call.raw_query.as_bytes()),
        }
    }

    /// Refuses parameters that the operation does not have: a filter that is misspelled must not mean "everything".
    pub(super) fn expect_known_parameters(&self, operation: &Operation) -> Result<(), Error> {
        let known = |name: &str| operation.query.iter().any(|one| one.name == name);
        match self.query.names().find(|name| !known(name)) {
            None => Ok(()),
            Some(unknown) => {
                let message = format!("`{unknown}` is not a parameter of this address");
                Err(Error::bad_parameter(unknown, message))
            }
        }
    }

    pub(super) fn app(&self) -> &App {
        self.app
    }

    pub(super) fn service(&self) -> &Service {
        self.app.service()
    }

    pub(super) fn ctx(&self) -> &Ctx {
        self.ctx
    }

    /// The body as a JSON object.
    pub(super) fn json(&self) -> Result<Json, Error> {
        body::object(&self.call.headers, &self.call.body)
    }

    /// The body as a JSON object, empty if there is none.
    pub(super) fn json_or_empty(&self) -> Result<Json, Error> {
        if self.call.body.is_empty() {
            return Ok(serde_json::json!({}));
        }
        self.json()
    }

    /// A parameter of the path.
    pub(super) fn argument(&self, name: &str) -> &str {
        self.arguments
            .iter()
            .find(|(own, _)| *own == name)
            .map_or("", |(_, value)| value)
    }

    /// A parameter of the path that is an id.
    pub(super) fn id<T: FromStr>(&self, name: &'static str) -> Result<T, Error> {
        let text = self.argument(name);
        text.parse()
            .map_err(|_| Error::bad_parameter(name, format!("`{text}` is not a well-formed id")))
    }

    /// A header, if it is there once and readable.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.call.headers.get(name)?.to_str().ok()
    }

    /// A parameter behind the `?`.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name)
    }

    /// How many rows the page may have.
    pub(super) fn top(&self) -> Result<u64, Error> {
        let Some(text) = self.parameter("top") else {
            return Ok(DEFAULT_TOP);
        };
        text.parse()
            .ok()
            .filter(|top| (1..=MAX_TOP).contains(top))
            .ok_or_else(|| {
                let message = format!("`top` must be a whole number from 1 to {MAX_TOP}");
                Error::bad_parameter("top", message)
            })
    }

    /// Where the page begins.
    pub(super) fn after(&self) -> Result<Option<Vec<Value>>, Error> {
        let Some(token) = self.parameter("after") else {
            return Ok(None);
        };
        let sign = |message: &[u8]| self.app.sign_page(message);
        let payload = skiptoken::decode(token, &sign)
            .map_err(|error| Error::bad_parameter("after", error.to_string()))?;
        Ok(Some(decode_position(&payload)?))
    }

    /// Everything behind the `?`, as it was written.
    pub(super) fn raw_query(&self) -> &str {
        &self.call.raw_query
    }

    /// The root of the Graph API as the client sees it.
    pub(super) fn graph_root(&self, version: Version) -> String {
        self.call.origin.root(version)
    }

    /// The link to a path below the root of this API.
    pub(super) fn link(&self, path: &str) -> String {
        format!("{}{ROOT}{path}", self.call.origin)
    }

    /// The link to the same address with another query.
    pub(super) fn link_to(&self, query: &str) -> String {
        format!("{}{ROOT}{}?{query}", self.call.origin, self.call.path)
    }

    /// The link to the page behind this row, with everything else that was asked.
    pub(super) fn link_behind(&self, row: &str) -> String {
        let kept = self.call.raw_query.split('&');
        let kept = kept.filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
        let mut query: Vec<&str> = kept.collect();
        let after = format!("after={row}");
        query.push(&after);
        self.link_to(&query.join("&"))
    }

    /// The link to the page that begins at `position`.
    pub(super) fn next_link(&self, position: &[Value]) -> String {
        let sign = |message: &[u8]| self.app.sign_page(message);
        let token = skiptoken::encode(&encode_position(position), &sign);
        let kept: Vec<&str> = self
            .call
            .raw_query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("after="))
            .collect();
        let after = format!("after={token}");
        let query = [kept, vec![after.as_str()]].concat().join("&");
        format!("{}{ROOT}{}?{query}", self.call.origin, self.call.path)
    }
}
