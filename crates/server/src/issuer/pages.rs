//! The issuer's pages: plain HTML that every browser shows and a keyboard operates, in light and dark.
//!
//! **Invariant:** whatever comes from outside is escaped by the template. No page needs a script; the one that there is only
//! presses a button that people can press themselves.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use service::sign_in::Account;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--page:#f3f4f6;--card:#fff;--line:#8c959f;--act:#0a5bc4;--on:#fff;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#a3adb8;--page:#14171b;--card:#1f242a;--line:#6e7781;--act:#7db4ff;--on:#10151c;--bad:#ff9d94}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}\
main{max-width:26rem;margin:6vh auto;padding:1.75rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem}\
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.25}\
h2{margin:1.5rem 0 .25rem;font-size:1rem}\
p{margin:.5rem 0}\
label{display:block;margin-top:.9rem;font-weight:600}\
input{width:100%;padding:.55rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:.25rem}\
button{margin:1.1rem .6rem 0 0;padding:.55rem 1.2rem;font:inherit;font-weight:600;color:var(--on);background:var(--act);border:2px solid var(--act);border-radius:.25rem;cursor:pointer}\
button.second{color:var(--act);background:transparent}\
a{color:var(--act)}\
:focus-visible{outline:3px solid var(--act);outline-offset:2px}\
ul{margin:0;padding:0;list-style:none}\
li{padding:.2rem 0}\
.code{font:600 1.5rem/1.4 ui-monospace,monospace;letter-spacing:.08em}\
.problem{padding:.5rem .75rem;border-left:4px solid var(--bad);color:var(--bad);font-weight:600}\
footer,small{color:var(--soft);font-size:.85rem;overflow-wrap:anywhere}";

const SCRIPT: &str = "document.forms[0].submit()";

/// How a policy names the one style sheet.
pub(super) fn style_hash() -> &'static str {
    static HASH: LazyLock<String> = LazyLock::new(|| hash(STYLE));
    &HASH
}

/// How a policy names the one script.
pub(super) fn script_hash() -> &'static str {
    static HASH: LazyLock<String> = LazyLock::new(|| hash(SCRIPT));
    &HASH
}

fn hash(text: &str) -> String {
    format!(
        "sha256-{}",
        STANDARD.encode(digest(&SHA256, text.as_bytes()))
    )
}

fn page(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " - Reeve" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (content)
                    footer { p { "A development tenant of Reeve. Do not give a password that you use elsewhere." } }
                }
            }
        }
    }
}

fn problem(text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text {
            p .problem #problem role="alert" { (text) }
        }
    }
}

/// What the sign-in page shows.
pub(super) struct SignIn<'a> {
    /// Where the form goes.
    pub(super) action: &'a str,
    /// What the form repeats: the mark, and what the user signs in for.
    pub(super) hidden: &'a [(&'static str, String)],
    /// To what the user signs in.
    pub(super) client: &'a str,
    /// The name that is filled in.
    pub(super) name: &'a str,
    /// What went wrong before.
    pub(super) problem: Option<&'a str>,
    /// Who may go on without a password, if the user may choose.
    pub(super) signed_in: Option<&'a str>,
    /// Accounts to pick from.
    pub(super) accounts: &'a [Account],
    /// The address of this page for an account, without the account.
    pub(super) pick: &'a str,
}

/// The page on which people sign in.
pub(super) fn sign_in(show: &SignIn<'_>) -> Markup {
    let title = match show.problem {
        Some(_) => "Error: Sign in",
        None => "Sign in",
    };
    let described = show.problem.map(|_| "problem");
    page(
        title,
        &html! {
            h1 { "Sign in to " (show.client) }
            (problem(show.problem))
            @if let Some(name) = show.signed_in {
                form method="post" action=(show.action) {
                    (hidden(show.hidden))
                    button name="continue" value="1" { "Continue as " (name) }
                }
                h2 { "Or use another account" }
            }
            form method="post" action=(show.action) {
                (hidden(show.hidden))
                label for="username" { "User name" }
                input #username name="username" type="text" value=(show.name) autocomplete="username"
                    autocapitalize="none" spellcheck="false" required
                    aria-invalid=[described.map(|_| "true")] aria-describedby=[described]
                    autofocus[show.name.is_empty()];
                label for="password" { "Password" }
                input #password name="password" type="password" autocomplete="current-password" required
                    aria-invalid=[described.map(|_| "true")] aria-describedby=[described]
                    autofocus[!show.name.is_empty()];
                button { "Sign in" }
            }
            @if !show.accounts.is_empty() {
                h2 #accounts { "Accounts of this tenant" }
                ul aria-labelledby="accounts" {
                    @for account in show.accounts {
                        li {
                            a href=(picked(show.pick, &account.user_principal_name)) { (account.display_name) }
                            " " small { (account.user_principal_name) }
                        }
                    }
                }
                p { small { "Their passwords are in " code { "dev.json" } " in the server's data folder." } }
            }
        },
    )
}

fn picked(page: &str, name: &str) -> String {
    let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("{page}&login_hint={name}")
}

fn hidden(fields: &[(&'static str, String)]) -> Markup {
    html! {
        @for (name, value) in fields {
            input type="hidden" name=(name) value=(value);
        }
    }
}

/// The page that posts the answer to a client.
pub(super) fn form_post(action: &str, fields: &[(&'static str, String)]) -> Markup {
    page(
        "Continue",
        &html! {
            h1 { "You are signed in" }
            form method="post" action=(action) {
                (hidden(fields))
                button { "Continue" }
            }
            script { (PreEscaped(SCRIPT)) }
        },
    )
}

/// The page on which the code of a device is typed.
pub(super) fn device_code(action: &str, typed: &str, told: Option<&str>) -> Markup {
    let described = told.map(|_| "problem");
    page(
        if told.is_some() {
            "Error: Connect a device"
        } else {
            "Connect a device"
        },
        &html! {
            h1 { "Connect a device" }
            (problem(told))
            form method="get" action=(action) {
                label for="user_code" { "Code that the device shows" }
                input .code #user_code name="user_code" type="text" value=(typed) autocomplete="off"
                    autocapitalize="characters" spellcheck="false" required autofocus
                    aria-invalid=[described.map(|_| "true")] aria-describedby=[described];
                button { "Next" }
            }
        },
    )
}

/// The page on which a user lets a device act.
pub(super) fn device_confirm(
    action: &str,
    fields: &[(&'static str, String)],
    client: &str,
    user: &str,
    user_code: &str,
    other: &str,
) -> Markup {
    page(
        "Connect a device",
        &html! {
            h1 { "Let " (client) " act as you?" }
            p { "The device that shows " strong .code { (user_code) } " will do what " (user) " may do." }
            p { "Go on only if you began this yourself, on a device that is yours. If somebody sent you the code, refuse." }
            form method="post" action=(action) {
                (hidden(fields))
                button name="decision" value="allow" { "Allow" }
                button .second name="decision" value="deny" { "Refuse" }
            }
            p { a href=(other) { "Use another account" } }
        },
    )
}

/// The page on which a user is asked whether to sign out.
pub(super) fn sign_out(action: &str, fields: &[(&'static str, String)], user: &str) -> Markup {
    page(
        "Sign out",
        &html! {
            h1 { "Sign out?" }
            p { "You are signed in as " (user) "." }
            form method="post" action=(action) {
                (hidden(fields))
                button { "Sign out" }
            }
        },
    )
}

/// A page that tells something.
pub(super) fn told(title: &str, text: &str) -> Markup {
    page(
        title,
        &html! {
            h1 { (title) }
            p { (text) }
        },
    )
}

/// The page that tells why a request cannot be answered.
pub(super) fn refusal(reason: &str, request: &str) -> Markup {
    page(
        "Error: Sign in",
        &html! {
            h1 { "This cannot be done" }
            (problem(Some(reason)))
            p { "The application that sent you here has to change its request." }
            p { small { "Request " (request) } }
        },
    )
}
