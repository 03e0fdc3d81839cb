//! A browser's request to one of the issuer's pages, and the page on its way back.
//!
//! **Invariant:** no page runs anything but what its policy names (that none is stored or framed, every answer
//! says); a form counts only with the mark
//! that this server gave this browser.

use auth::issuer::{Answer, OAuthError, OAuthRefusal, is_same, random_secret};
use axum::body::Body;
use axum::extract::RawPathParams;
use axum::response::Response;
use domain::time::Timestamp;
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode, header};
use maud::Markup;
use service::sign_in::{self, Session};

use super::discovery::tenant_of;
use super::failure::Failure;
use super::{Issuer, cookies, pages};
use crate::app::App;
use crate::body;
use crate::call::{CallIds, Origin};
use crate::form::Form;
use crate::reply::Reply;

const HTML: HeaderValue = HeaderValue::from_static("text/html;charset=utf-8");

/// A browser's request.
pub(super) struct Visit<'a> {
    pub(super) app: &'a App,
    pub(super) issuer: &'a Issuer,
    pub(super) now: Timestamp,
    parts: Parts,
    is_secure: bool,
    /// The mark of the forms, and whether the browser has it already.
    mark: (String, bool),
}

impl<'a> Visit<'a> {
    fn new(app: &'a App, tenant: &str, parts: Parts) -> Result<Self, Failure> {
        let issuer = app
            .issuer()
            .filter(|issuer| issuer.is_tenant(tenant))
            .ok_or(OAuthRefusal::UnknownTenant)?;
        let origin = Origin::of(app.public_url(), &parts);
        let is_secure = origin.as_str().starts_with("https://");
        let mark = match cookies::find(&parts.headers, cookies::FORM, is_secure) {
            Some(mark) => (mark.to_owned(), true),
            None => (random_secret()?, false),
        };
        Ok(Self {
            app,
            issuer,
            now: app.token_clock().now(),
            parts,
            is_secure,
            mark,
        })
    }

    /// What stands behind the `?`.
    pub(super) fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// What a form has to repeat.
    pub(super) fn mark(&self) -> &str {
        &self.mark.0
    }

    /// Whether a form is one that this server gave this browser.
    pub(super) fn is_marked(&self, form: &Form) -> bool {
        let (mark, is_known) = &self.mark;
        *is_known && form.get("mark").is_some_and(|own| is_same(own, mark))
    }

    /// Who is signed in.
    pub(super) async fn session(&self) -> Result<Option<Session>, Failure> {
        let Some(secret) = self.session_secret() else {
            return Ok(None);
        };
        Ok(sign_in::find_session(self.app.service(), secret, self.now).await?)
    }

    /// What the browser keeps of the session.
    pub(super) fn session_secret(&self) -> Option<&str> {
        cookies::find(&self.parts.headers, cookies::SESSION, self.is_secure)
    }

    /// A page. `leads_to`: where its forms may lead in the end, besides this server.
    pub(super) fn page(&self, status: StatusCode, page: Markup, leads_to: &str) -> Reply {
        let reply = page_reply(status, page, leads_to);
        match self.mark {
            (_, true) => reply,
            (ref mark, false) => {
                with_cookie(reply, cookies::keep(cookies::FORM, mark, self.is_secure))
            }
        }
    }

    /// The same answer, after which somebody is signed in.
    pub(super) fn signed_in(&self, reply: Reply, secret: &str) -> Reply {
        with_cookie(
            reply,
            cookies::keep(cookies::SESSION, secret, self.is_secure),
        )
    }

    /// The same answer, after which nobody is.
    pub(super) fn signed_out(&self, reply: Reply) -> Reply {
        with_cookie(reply, cookies::forget(cookies::SESSION, self.is_secure))
    }
}

/// Answers a request whose fields are in its query.
pub(super) async fn by_query<'a>(
    app: &'a App,
    ids: &CallIds,
    path: &RawPathParams,
    request: Request<Body>,
    answer: impl AsyncFnOnce(&Visit<'a>, &str) -> Result<Reply, Failure>,
) -> Response {
    let (parts, _) = request.into_parts();
    let outcome = async {
        let visit = Visit::new(app, &tenant_of(path), parts)?;
        answer(&visit, visit.query()).await
    };
    replied(app, ids, outcome.await)
}

/// Answers a request whose fields are in its body.
pub(super) async fn by_form<'a>(
    app: &'a App,
    ids: &CallIds,
    path: &RawPathParams,
    request: Request<Body>,
    answer: impl AsyncFnOnce(&Visit<'a>, &str) -> Result<Reply, Failure>,
) -> Response {
    let (parts, body) = request.into_parts();
    let outcome = async {
        let body = body::read(body).await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        let visit = Visit::new(app, &tenant_of(path), parts)?;
        answer(&visit, &text).await
    };
    replied(app, ids, outcome.await)
}

fn replied(app: &App, ids: &CallIds, outcome: Result<Reply, Failure>) -> Response {
    match outcome {
        Ok(reply) => reply.into(),
        Err(Failure::Refused(refusal)) => {
            let error = OAuthError::new(refusal);
            let page = pages::refusal(&error.to_string(), &ids.request.to_string());
            page_reply(StatusCode::BAD_REQUEST, page, "").into()
        }
        Err(Failure::Ours(error)) => error
            .into_reply(ids, app.service().clock.now(), app.challenge())
            .into(),
    }
}

/// The way back to the client.
pub(super) fn back(answer: Answer, leads_to: &str) -> Reply {
    match answer {
        Answer::Redirect(address) => see(&address),
        Answer::Form { action, fields } => {
            let page = pages::form_post(&action, &fields);
            let script = format!("script-src '{}'; ", pages::script_hash());
            guarded(StatusCode::OK, page, leads_to, &script)
        }
    }
}

/// Sends the browser elsewhere, with a `GET`, whatever it did before.
pub(super) fn see(address: &str) -> Reply {
    Reply::empty(StatusCode::SEE_OTHER).with(header::LOCATION, address)
}

fn page_reply(status: StatusCode, page: Markup, leads_to: &str) -> Reply {
    guarded(status, page, leads_to, "")
}

/// A page with its policy; `more` is what only some pages are allowed.
fn guarded(status: StatusCode, page: Markup, leads_to: &str, more: &str) -> Reply {
    let policy = format!(
        "default-src 'none'; style-src '{}'; {more}form-action 'self' {leads_to}; frame-ancestors 'none'; base-uri 'none'",
        pages::style_hash(),
    );
    Reply::typed(status, HTML, page.into_string().into_bytes())
        .with(header::CONTENT_SECURITY_POLICY, &policy)
}

fn with_cookie(mut reply: Reply, cookie: Option<HeaderValue>) -> Reply {
    if let Some(cookie) = cookie {
        reply.headers.append(header::SET_COOKIE, cookie);
    }
    reply
}
