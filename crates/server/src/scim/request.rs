//! What a handler of provisioning is given.

use http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use scim::list::Search;
use scim::resource::Unknown;
use scim::select::Selection;
use serde_json::{Map, Value as Json};
use service::{Ctx, Service};

use super::fault::Fault;
use super::{JSON, ROOT};
use crate::app::App;
use crate::body;
use crate::call::Call;
use crate::error::Error;
use crate::form::Form;
use crate::reply::Reply;

/// One request of provisioning, authenticated.
pub(super) struct ScimRequest<'r> {
    app: &'r App,
    ctx: &'r Ctx,
    call: &'r Call,
    base: String,
    query: Form,
}

impl<'r> ScimRequest<'r> {
    pub(super) fn new(app: &'r App, ctx: &'r Ctx, call: &'r Call) -> Self {
        Self {
            app,
            ctx,
            call,
            base: format!("{}{ROOT}", call.origin),
            query: Form::parse(call.raw_query.as_bytes()),
        }
    }

    pub(super) fn service(&self) -> &Service {
        self.app.service()
    }

    pub(super) fn ctx(&self) -> &Ctx {
        self.ctx
    }

    pub(super) fn method(&self) -> &Method {
        &self.call.method
    }

    /// The address below which everything is.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// A parameter behind the `?`.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name)
    }

    /// What becomes of members that are not known: the same as in the Graph API (HT-1).
    pub(super) fn unknown(&self) -> Unknown {
        if self.service().settings.strict_bodies {
            Unknown::Refused
        } else {
            Unknown::Ignored
        }
    }

    /// The body as a JSON object.
    pub(super) fn body(&self) -> Result<Map<String, Json>, Fault> {
        match body::object(&self.call.headers, &self.call.body)? {
            Json::Object(members) => Ok(members),
            _ => Err(Error::bad_request("the body must be a JSON object").into()),
        }
    }

    /// The search that the parameters ask for.
    pub(super) fn search(&self) -> Result<Search, Fault> {
        Ok(Search::of_parameters(|name| self.parameter(name))?)
    }

    /// The search that the body asks for.
    pub(super) fn search_of_body(&self) -> Result<Search, Fault> {
        Ok(Search::of_body(&self.body()?)?)
    }

    /// The attributes that are asked for.
    pub(super) fn selection(&self) -> Result<Selection, Fault> {
        Ok(self.search()?.selection)
    }

    /// The versions that the client knows.
    pub(super) fn if_match(&self) -> Option<Tags> {
        self.call.header(header::IF_MATCH).map(Tags::of)
    }

    /// The versions that the client has already.
    pub(super) fn if_none_match(&self) -> Option<Tags> {
        self.call.header(header::IF_NONE_MATCH).map(Tags::of)
    }

    /// There is nothing at this address.
    pub(super) fn nowhere(&self) -> Fault {
        Error::NotFound(format!("`{ROOT}{}` does not exist", self.call.path)).into()
    }
}

/// Versions as `If-Match` names them.
#[derive(Debug, Clone)]
pub(super) struct Tags(String);

impl Tags {
    fn of(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether one of them is this version, weak or strong.
    pub(super) fn name(&self, version: &str) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        self.0
            .split(',')
            .any(|tag| tag.trim() == "*" || opaque(tag) == opaque(version))
    }
}

/// The parts of a path, decoded.
pub(super) fn segments(path: &str) -> Result<Vec<String>, Fault> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| Error::bad_request("the path is not UTF-8").into())
        })
        .collect()
}

/// A document of the protocol.
pub(super) fn scim_json(status: StatusCode, document: &Json) -> Reply {
    let body = document.to_string().into_bytes();
    Reply::typed(status, HeaderValue::from_static(JSON), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_strong_tags_and_the_star_name_a_version() {
        for tags in ["W/\"7.ab\"", "\"7.ab\"", "*", "\"1\", W/\"7.ab\""] {
            assert!(Tags::of(tags).name("W/\"7.ab\""), "{tags}");
        }
        for tags in ["W/\"7\"", "", "7.ab"] {
            assert!(!Tags::of(tags).name("W/\"7.ab\""), "{tags}");
        }
    }
}
