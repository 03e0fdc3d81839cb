//! Who comes: a browser with a session, and what it sends.
//!
//! **Invariant:** a page that is somebody's is drawn for a session that holds now, with the rights that the directory gives
//! now. A form without the mark of the session is refused before anybody looks at what it says.

use auth::issuer::{fingerprint, is_same};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use maud::Markup;
use service::arrival::{Admission, Arrival};
use service::portal_sessions::{self, SignedIn};
use service::{Ctx, ServiceError, callers, mine};
use uuid::Uuid;

use crate::cookies;
use crate::form::{Form, query};
use crate::layout::{self, Place};
use crate::once::{self, Once};
use crate::portal::Portal;
use crate::problem::Problem;
use crate::reply;

/// The largest form of most pages, in bytes.
pub(crate) const LARGEST_FORM: usize = 256 * 1024;

/// The field in which a form repeats the mark of its session.
pub(crate) const MARK: &str = "mark";

/// How a browser came.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    pub(crate) arrival: Arrival,
}

impl Came {
    pub(crate) fn of(extensions: &http::Extensions) -> Self {
        let arrival = extensions.get::<Arrival>().cloned();
        Self {
            // The server tells of every call; a router by itself, as in a test, is at home.
            arrival: arrival.unwrap_or_else(|| Arrival {
                request_id: Uuid::nil(),
                client_request_id: None,
                origin: "http://localhost".to_owned(),
            }),
        }
    }
}

impl FromRequestParts<Portal> for Came {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &Portal) -> Result<Self, Response> {
        Ok(Self::of(&parts.extensions))
    }
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) portal: Portal,
    pub(crate) arrival: Arrival,
    pub(crate) ctx: Ctx,
    pub(crate) who: SignedIn,
    /// What the browser keeps.
    pub(crate) secret: String,
    /// What the query of the address says.
    pub(crate) asked: Form,
}

/// The session of a browser, if it has one that holds.
pub(crate) async fn session_of(
    portal: &Portal,
    came: &Came,
    headers: &HeaderMap,
) -> Result<Option<(String, SignedIn, Ctx)>, ServiceError> {
    let Some(secret) = cookies::find(headers, cookies::SESSION, came.arrival.is_secure()) else {
        return Ok(None);
    };
    let service = portal.service();
    let client = (portal.provider().client_id(), Portal::scopes());
    let now = portal.clock().now();
    let found = portal_sessions::find(service, secret, portal.life(), now, client).await?;
    let Some(who) = found else {
        return Ok(None);
    };
    let loaded = match callers::load(service, &who.principal).await {
        Ok(loaded) => loaded,
        // The directory does not let them in any more.
        Err(ServiceError::Refused { .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    let arrival = &came.arrival;
    let ctx = Ctx::of_caller(
        loaded.caller,
        arrival.request_id,
        arrival.client_request_id.clone(),
    );
    Ok(Some((secret.to_owned(), who, ctx)))
}

impl FromRequestParts<Portal> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Self, Response> {
        let came = Came::of(&parts.extensions);
        let session = session_of(portal, &came, &parts.headers).await;
        let session = session.map_err(|error| Problem::from(error).into_response())?;
        let Some((secret, who, ctx)) = session else {
            return Err(
                if parts.method == Method::GET || parts.method == Method::HEAD {
                    let here = parts.uri.path_and_query().map_or("/", |here| here.as_str());
                    reply::see(&format!("/sign-in?{}", query(&[("to", here)])))
                } else {
                    Problem::SignedOut.into_response()
                },
            );
        };
        if let Some(door) = parts.extensions.get::<Admission>() {
            door.admit(&who.principal, !parts.method.is_safe())
                .map_err(|seconds| Problem::TooMany(seconds).into_response())?;
        }
        Ok(Self {
            portal: portal.clone(),
            arrival: came.arrival,
            ctx,
            who,
            secret,
            asked: Form::parse(parts.uri.query().unwrap_or_default().as_bytes()),
        })
    }
}

impl Visit {
    /// What a form of this session has to repeat, which no other site knows.
    pub(crate) fn mark(&self) -> String {
        fingerprint(&format!("form:{}", self.secret))
    }

    /// The field with the mark.
    pub(crate) fn marked(&self) -> Markup {
        maud::html! { input type="hidden" name=(MARK) value=(self.mark()); }
    }

    /// The same, in a form that is done once however often it is sent.
    pub(crate) fn marked_once(&self) -> Markup {
        maud::html! {
            (self.marked())
            input type="hidden" name=(once::FIELD) value=(self.arrival.request_id);
        }
    }

    /// A page of the portal with this content.
    pub(crate) async fn page(
        &self,
        place: Place,
        title: &str,
        content: &Markup,
    ) -> Result<Markup, Problem> {
        let waiting = mine::waiting::count(self.portal.service(), &self.ctx).await?;
        Ok(layout::page(self, place, title, waiting, content))
    }

    pub(crate) fn service(&self) -> &service::Service {
        self.portal.service()
    }
}

/// How large a form of a page may be, in bytes. The page takes no larger one, and tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Largest(pub(crate) usize);

/// Why a form could not be read to its end.
fn unread(status: StatusCode, largest: Largest) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::TooLarge(largest.0);
    }
    Problem::Refused {
        status: StatusCode::BAD_REQUEST,
        message: "The form did not arrive whole.".to_owned(),
    }
}

/// A form that somebody who is signed in sent from a page of their session.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) visit: Visit,
    pub(crate) form: Form,
}

impl FromRequest<Portal> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, portal: &Portal) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, portal).await?;
        let largest = parts.extensions.get().copied();
        let largest = largest.unwrap_or(Largest(LARGEST_FORM));
        let once = parts.extensions.get::<Once>().cloned();
        let path = parts.uri.path().to_owned();
        let request = Request::from_parts(parts, body);
        let body = Bytes::from_request(request, portal)
            .await
            .map_err(|error| unread(error.into_response().status(), largest).into_response())?;
        let form = Form::parse(&body);
        if !is_same(form.text(MARK), &visit.mark()) {
            return Err(Problem::Unmarked.into_response());
        }
        if let Some(once) = once.filter(|_| form.get(once::FIELD).is_some()) {
            once.claim(portal, &visit.secret, &path, &body).await?;
        }
        Ok(Self { visit, form })
    }
}
