//! What went wrong, as a page that helps: what happened, what to do, and the id that whoever looks after the server asks for.
//!
//! **Invariant:** the cause of a fault of ours is logged, and on no page.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use service::{Code, ServiceError};
use uuid::Uuid;

use crate::layout;
use crate::words;

/// Why there is no page.
#[derive(Debug, Clone)]
pub(crate) enum Problem {
    /// The service said no.
    Refused { status: StatusCode, message: String },
    /// There is no such page.
    NotFound,
    /// What was sent does not come from a page of this session.
    Unmarked,
    /// Nobody is signed in any more.
    SignedOut,
    /// The form is larger than any that this page takes, in bytes.
    TooLarge(usize),
    /// Signing in came to nothing.
    SignIn(String),
    /// The form was begun, and it is not known yet what comes of it.
    Begun,
    /// Not now.
    Later(u64),
    /// Whoever comes asked for too much.
    TooMany(u64),
    /// Ours.
    Internal,
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused { code, message, .. } => match code {
                Code::ResourceNotFound => Self::NotFound,
                other => Self::Refused {
                    status: status(other),
                    message: words::sentence(&message),
                },
            },
            ServiceError::Throttled { retry_after }
            | ServiceError::Unavailable { retry_after }
            | ServiceError::Undecided { retry_after } => Self::Later(retry_after),
            ServiceError::Full => {
                tracing::error!("a page could not be answered: there is no room on the disk");
                Self::Internal
            }
            ServiceError::Internal(cause) => {
                let mut told = cause.to_string();
                let mut next = cause.source();
                while let Some(error) = next {
                    told = format!("{told}: {error}");
                    next = error.source();
                }
                tracing::error!(error = told, "a page could not be answered");
                Self::Internal
            }
        }
    }
}

const fn status(code: Code) -> StatusCode {
    match code {
        Code::AccessDenied => StatusCode::FORBIDDEN,
        Code::Conflict | Code::PreconditionFailed => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    }
}

impl IntoResponse for Problem {
    /// An answer without a page: the router draws it, as it knows the id of the call.
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Refused { status, .. } => *status,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unmarked => StatusCode::FORBIDDEN,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::SignIn(_) => StatusCode::BAD_REQUEST,
            Self::Begun => StatusCode::CONFLICT,
            Self::Later(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// After how many seconds it is worth to come again.
    pub(crate) const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Later(seconds) | Self::TooMany(seconds) => Some(*seconds),
            Self::Refused { .. }
            | Self::NotFound
            | Self::Unmarked
            | Self::SignedOut
            | Self::TooLarge(_)
            | Self::SignIn(_)
            | Self::Begun
            | Self::Internal => None,
        }
    }

    /// The page.
    pub(crate) fn page(&self, request: Uuid) -> Markup {
        let (title, what, advice) = self.words();
        let signs_in = matches!(self, Self::SignedOut | Self::SignIn(_));
        layout::bare(
            title,
            &html! {
                h1 { (title) }
                p { (what) }
                p { (advice) }
                p {
                    @if signs_in {
                        a .button href="/sign-in" { "Sign in" }
                    } @else {
                        a .button href="/" { "Go to My access" }
                    }
                }
                p .quiet { "Request " code { (request) } }
            },
        )
    }

    fn words(&self) -> (&'static str, String, String) {
        let text = str::to_owned;
        match self {
            Self::Refused { message, .. } => (
                "This cannot be done",
                message.clone(),
                text("Nothing was changed. Go back, and look at how things stand now."),
            ),
            Self::NotFound => (
                "There is no such page",
                text("The page does not exist, or you may not see it."),
                text("If a link brought you here, ask whoever sent it to look at it again."),
            ),
            Self::Unmarked => (
                "The page was too old",
                text("What was sent does not belong to your session, so nothing was done."),
                text("Open the page again, and send it once more."),
            ),
            Self::SignedOut => (
                "You are signed out",
                text("Your session is over, so nothing was done."),
                text("Sign in and try again."),
            ),
            Self::TooLarge(most) => (
                "The form is too large",
                format!(
                    "More was sent than the {} KiB that this page takes, so nothing was done.",
                    most / 1024
                ),
                text("Go back, and send less at once."),
            ),
            Self::SignIn(why) => (
                "Signing in did not work",
                why.clone(),
                text(
                    "Try it once more. If it fails again, tell whoever looks after the server the request below.",
                ),
            ),
            Self::Begun => (
                "It is not done yet",
                text("What you sent was begun, and it is not known yet what comes of it."),
                text(
                    "Sent again later, the same form leads to what came of it. If it never does, the server was ended \
                     meanwhile: look whether it was done, and if not, open the page anew and send that.",
                ),
            ),
            Self::Later(seconds) => (
                "Not now",
                text("The server has too much to do, or its database is away."),
                format!("Look whether it was done, or try again in {seconds} seconds."),
            ),
            Self::TooMany(seconds) => (
                "Too many pages at once",
                text(
                    "More was asked for in your name than the server takes from anybody, so this was not done.",
                ),
                format!("Try again in {seconds} seconds."),
            ),
            Self::Internal => (
                "Something is broken",
                text("The server could not answer. It is not your doing, and it was logged."),
                text(
                    "Try again later. If it fails again, tell whoever looks after the server the request below.",
                ),
            ),
        }
    }
}
