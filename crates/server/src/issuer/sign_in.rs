//! The sign-in page and `POST /{tenant}/login`, where its form goes.
//!
//! **Invariant:** what the user signs in for is read anew from what the form repeats, as if the browser had just come.

use auth::issuer::{Client, Prompt};
use axum::body::Body;
use axum::extract::{Extension, RawPathParams, State};
use axum::response::Response;
use http::{Request, StatusCode};
use service::sign_in::{self, Session};
use service::tenant;

use super::authorize::{self, Asked};
use super::failure::Failure;
use super::pages::{self, SignIn};
use super::visit::{self, Visit, see};
use super::{DEVICE_PAGE, SIGN_IN_PAGE, device};
use crate::app::App;
use crate::call::CallIds;
use crate::form::Form;
use crate::reply::Reply;

/// What somebody signs in for.
pub(super) enum Purpose<'a> {
    /// For a client: its request as it came, and as it was read.
    Client(&'a str, &'a Asked),
    /// To let the device act that shows this code.
    Device(&'a str, Option<&'a Client>),
}

/// What the page shows besides its form.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) problem: Option<&'static str>,
    pub(super) signed_in: Option<String>,
}

impl Shown {
    /// With a name filled in.
    pub(super) fn hinted(name: Option<&str>) -> Self {
        Self {
            name: name.unwrap_or_default().to_owned(),
            ..Self::default()
        }
    }
}

/// Shows the page.
pub(super) async fn show(
    visit: &Visit<'_>,
    purpose: &Purpose<'_>,
    shown: Shown,
) -> Result<Reply, Failure> {
    let accounts = sign_in::accounts(visit.app.service()).await?;
    let mark = ("mark", visit.mark().to_owned());
    let (hidden, client, pick, leads_to) = match purpose {
        Purpose::Client(raw, asked) => (
            ("request", (*raw).to_owned()),
            asked.client.display_name.as_str(),
            format!(
                "{}?{}",
                visit.issuer.path("oauth2/v2.0/authorize"),
                without_hint(raw)
            ),
            asked.to.form_source(),
        ),
        Purpose::Device(user_code, client) => (
            ("user_code", (*user_code).to_owned()),
            client.map_or("connect a device", |client| client.display_name.as_str()),
            device::address(visit.issuer, user_code) + "&other=1",
            String::new(),
        ),
    };
    let page = pages::sign_in(&SignIn {
        action: &visit.issuer.path(SIGN_IN_PAGE),
        hidden: &[mark, hidden],
        client,
        name: &shown.name,
        problem: shown.problem,
        signed_in: shown.signed_in.as_deref(),
        accounts: &accounts,
        pick: &pick,
    });
    let status = match shown.problem {
        Some(_) => StatusCode::BAD_REQUEST,
        None => StatusCode::OK,
    };
    Ok(visit.page(status, page, &leads_to))
}

/// The request without the account that it hints at, so that another can be picked.
fn without_hint(raw: &str) -> String {
    let kept: Vec<&str> = raw
        .split('&')
        .filter(|pair| !pair.starts_with("login_hint="))
        .collect();
    kept.join("&")
}

/// Answers the form.
pub(super) async fn submit(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    path: RawPathParams,
    request: Request<Body>,
) -> Response {
    visit::by_form(&app, &ids, &path, request, answer).await
}

async fn answer(visit: &Visit<'_>, body: &str) -> Result<Reply, Failure> {
    let form = Form::parse(body.as_bytes());
    if let Some(raw) = form.get("request") {
        let asked = Asked::read(visit.app, raw).await?;
        return for_client(visit, &form, raw, &asked).await;
    }
    let user_code = form.get("user_code").unwrap_or_default();
    match check(visit, &form).await? {
        Ok(session) => {
            let reply = see(&device::address(visit.issuer, user_code));
            Ok(visit.signed_in(reply, &session.secret))
        }
        Err(shown) if user_code.is_empty() => {
            // The form of a page that this server never showed.
            let reply = see(&visit.issuer.path(DEVICE_PAGE));
            drop(shown);
            Ok(reply)
        }
        Err(shown) => show(visit, &Purpose::Device(user_code, None), shown).await,
    }
}

async fn for_client(
    visit: &Visit<'_>,
    form: &Form,
    raw: &str,
    asked: &Asked,
) -> Result<Reply, Failure> {
    let request = match &asked.request {
        Ok(request) => request,
        Err(error) => return Ok(authorize::refused(asked, *error)),
    };
    if form.get("continue").is_some() && visit.is_marked(form) {
        let session = visit.session().await?;
        let usable = session.filter(|session| authorize::will_do(visit, request, session));
        return match usable {
            Some(session) if request.prompt != Prompt::Password => {
                authorize::complete(visit, asked, request, &session).await
            }
            _ => {
                let shown = Shown::hinted(request.login_hint.as_deref());
                show(visit, &Purpose::Client(raw, asked), shown).await
            }
        };
    }
    match check(visit, form).await? {
        Ok(signed_in) => {
            let reply = authorize::complete(visit, asked, request, &signed_in.session).await?;
            Ok(visit.signed_in(reply, &signed_in.secret))
        }
        Err(shown) => show(visit, &Purpose::Client(raw, asked), shown).await,
    }
}

/// Somebody who just signed in.
struct SignedIn {
    secret: String,
    session: Session,
}

/// Checks name and password and begins a session; or says what the page is to show.
async fn check(visit: &Visit<'_>, form: &Form) -> Result<Result<SignedIn, Shown>, Failure> {
    let name = form.get("username").unwrap_or_default().trim();
    let again = |problem| {
        Ok(Err(Shown {
            problem: Some(problem),
            ..Shown::hinted(Some(name))
        }))
    };
    if !visit.is_marked(form) {
        return again(
            "The page is not valid any more, or the browser keeps no cookies. Try again.",
        );
    }
    let Some(password) = form.get("password").filter(|_| !name.is_empty()) else {
        return again("Give your user name and your password.");
    };
    let guesses = &visit.issuer.guesses;
    if guesses.attempt(name, visit.now).is_none() {
        return again("Too many wrong passwords. Wait a minute and try again.");
    }
    let service = visit.app.service();
    let Some(user) = tenant::verify_password(service, name, password).await? else {
        return again("The user name or the password is not right.");
    };
    guesses.succeeded(name);
    // Whoever was signed in here is not any more.
    if let Some(earlier) = visit.session_secret() {
        sign_in::end_session(service, earlier).await?;
    }
    let secret = sign_in::start_session(service, user.id, visit.now).await?;
    Ok(Ok(SignedIn {
        secret,
        session: Session {
            user,
            signed_in_at: visit.now,
        },
    }))
}
