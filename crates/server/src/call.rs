//! What is known about a call before anybody looks at what it asks for: its ids, its origin and its body.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Uri, header};
use uuid::Uuid;

/// The header with the server's id of a call.
pub(crate) const REQUEST_ID: &str = "request-id";
/// The header with the client's id of a call.
pub(crate) const CLIENT_REQUEST_ID: &str = "client-request-id";

/// The longest id of a client that is kept and sent back.
const LONGEST_CLIENT_ID: usize = 128;

/// Under which ids a call is known (semantics 8.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallIds {
    /// The server's id.
    pub(crate) request: Uuid,
    /// The client's own id, if it sent a usable one.
    pub(crate) client: Option<String>,
}

impl CallIds {
    /// The ids of a call that the server calls `request`.
    pub(crate) fn new(request: Uuid, headers: &HeaderMap) -> Self {
        let client = headers
            .get(CLIENT_REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
            .filter(|id| !id.is_empty() && id.len() <= LONGEST_CLIENT_ID)
            .map(str::to_owned);
        Self { request, client }
    }

    /// The client's id, or the server's where there is none.
    pub(crate) fn echoed(&self) -> String {
        self.client
            .clone()
            .unwrap_or_else(|| self.request.to_string())
    }
}

/// Scheme, host and port under which the client reached the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

/// Whether a listener speaks TLS; each listener tells its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Plain.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl Origin {
    /// The configured address if there is one, else what the request says about itself.
    pub(crate) fn of(public_url: Option<&str>, parts: &Parts) -> Self {
        if let Some(url) = public_url {
            return Self(url.trim_end_matches('/').to_owned());
        }
        let scheme = parts
            .extensions
            .get::<Scheme>()
            .copied()
            .unwrap_or(Scheme::Http);
        let host = host(&parts.uri, &parts.headers).unwrap_or("localhost");
        Self(format!("{}://{host}", scheme.as_str()))
    }

    /// The root of a version: `https://host:port/v1.0`.
    pub(crate) fn root(&self, version: wire::Version) -> String {
        format!("{}/{version}", self.0)
    }

    /// Without a slash at the end.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The host that the client asked for, if it is one that can stand in a link.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let named = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .or_else(|| uri.authority().map(http::uri::Authority::as_str))?;
    let fits =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    (!named.is_empty() && named.chars().all(fits)).then_some(named)
}

/// A call with its body, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) ids: CallIds,
    pub(crate) origin: Origin,
    pub(crate) method: Method,
    /// Where it comes from, if it came over a connection.
    pub(crate) client: Option<IpAddr>,
    /// The path as sent, still percent-encoded.
    pub(crate) path: String,
    /// What stands behind the `?`, still percent-encoded.
    pub(crate) raw_query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    /// The text of a header, if it is there and is text.
    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(host: &str, scheme: Option<Scheme>) -> Parts {
        let mut parts = Request::get("/v1.0/users")
            .header(header::HOST, host)
            .body(())
            .unwrap()
            .into_parts()
            .0;
        if let Some(scheme) = scheme {
            parts.extensions.insert(scheme);
        }
        parts
    }

    #[test]
    fn links_lead_back_to_where_the_client_came_from() {
        let origin = Origin::of(None, &parts("127.0.0.1:8443", Some(Scheme::Https)));

        assert_eq!(
            origin.root(wire::Version::Beta),
            "https://127.0.0.1:8443/beta"
        );
    }

    #[test]
    fn the_configured_address_wins() {
        let origin = Origin::of(Some("https://reeve.example/"), &parts("127.0.0.1", None));

        assert_eq!(origin.as_str(), "https://reeve.example");
    }

    #[test]
    fn a_host_that_cannot_stand_in_a_link_is_not_repeated() {
        let origin = Origin::of(None, &parts("a\"b/c", None));

        assert_eq!(origin.as_str(), "http://localhost");
    }

    #[test]
    fn ids_of_clients_are_kept_if_they_are_usable() {
        let mut headers = HeaderMap::new();
        assert_eq!(CallIds::new(Uuid::nil(), &headers).client, None);

        headers.insert(CLIENT_REQUEST_ID, " mine ".parse().unwrap());
        assert_eq!(CallIds::new(Uuid::nil(), &headers).echoed(), "mine");

        headers.insert(CLIENT_REQUEST_ID, "x".repeat(129).parse().unwrap());
        assert_eq!(
            CallIds::new(Uuid::nil(), &headers).echoed(),
            Uuid::nil().to_string()
        );
    }
}
