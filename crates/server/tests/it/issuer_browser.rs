//! A browser that keeps cookies, fills in forms, and says where it was sent.

use std::collections::BTreeMap;

use axum::body::Body;
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use crate::support::{AUTHORITY, Answer, Server, TENANT};

/// What the challenge is made of (RFC 7636, appendix B).
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Where the program listens.
pub(crate) const BACK: &str = "http://localhost:4711";

/// `a=b&c=d`.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

/// The fields of an address's query or fragment.
pub(crate) fn fields_of(address: &str) -> BTreeMap<String, String> {
    let (_, query) = address.split_once(['?', '#']).unwrap_or_default();
    let decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// A browser.
pub(crate) struct Browser<'a> {
    pub(crate) server: &'a Server,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(server: &'a Server) -> Self {
        Self {
            server,
            cookies: BTreeMap::new(),
        }
    }

    async fn send(&mut self, request: http::request::Builder, body: String) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request
            .header("host", "127.0.0.1:8080")
            .header("cookie", cookies.join("; "))
            .body(Body::from(body))
            .unwrap();
        let answer = self.server.send(request).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (pair, attributes) = cookie.split_once(';').unwrap();
            assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"));
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), String::new()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request =
            Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request, form(fields)).await
    }

    /// Sends the last form of a page, with what the user typed.
    pub(crate) async fn submit(&mut self, page: &Answer, typed: &[(&str, &str)]) -> Answer {
        let (action, hidden) = last_form(page);
        let mut fields: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        fields.extend(typed);
        self.post(&action, &fields).await
    }

    /// Sends the last form of a page, with some of its fields changed.
    pub(crate) async fn submit_as(&mut self, page: &Answer, changes: &[(&str, &str)]) -> Answer {
        let (action, hidden) = last_form(page);
        let mut fields: Vec<(&str, &str)> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name))
            .collect();
        fields.extend(changes);
        self.post(&action, &fields).await
    }

    /// Gives a user's name and password to a sign-in page.
    pub(crate) async fn sign_in(&mut self, page: &Answer, user: &str) -> Answer {
        let (name, password) = password_of(self.server, user);
        self.submit(page, &[("username", &name), ("password", &password)])
            .await
    }

    /// Signs in to the client without a secret; answers the code.
    pub(crate) async fn code(&mut self, user: &str, scope: &str) -> String {
        let page = self.get(&authorize(&[("scope", Some(scope))])).await;
        let back = self.sign_in(&page.expect(200), user).await.expect(303);
        fields_of(back.header("location"))["code"].clone()
    }
}

/// Sign-in name and password of one of the accounts.
pub(crate) fn password_of(server: &Server, user: &str) -> (String, String) {
    let prefix = format!("{user}@");
    let found = server
        .accounts
        .users
        .iter()
        .find(|known| known.user_principal_name.starts_with(&prefix));
    let found = found.unwrap();
    (found.user_principal_name.clone(), found.password.clone())
}

/// The address of a request by the client without a secret, with some of it changed.
pub(crate) fn authorize(changes: &[(&str, Option<&str>)]) -> String {
    let mut fields = vec![
        ("client_id", DESKTOP),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", "openid profile offline_access h/.default"),
        ("state", "s & t"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        fields.retain(|(own, _)| own != name);
        fields.extend(value.map(|value| (*name, value)));
    }
    format!("/{TENANT}/oauth2/v2.0/authorize?{}", form(&fields))
}

/// The client without a secret.
pub(crate) const DESKTOP: &str = "5d3a2c11-77a1-4f0e-9b54-2f6d0e8c4a11";

fn last_form(page: &Answer) -> (String, Vec<(String, String)>) {
    let html = String::from_utf8(page.body.clone()).unwrap();
    let form = html.rsplit("<form").next().unwrap();
    let form = form.split("</form>").next().unwrap();
    let action = attribute(form, "action");
    let hidden = form
        .split("<input")
        .skip(1)
        .filter(|input| input.contains("type=\"hidden\""))
        .map(|input| (attribute(input, "name"), attribute(input, "value")))
        .collect();
    (action, hidden)
}

fn attribute(tag: &str, name: &str) -> String {
    let rest = tag.split(&format!("{name}=\"")).nth(1).unwrap();
    let value = rest.split('"').next().unwrap();
    value
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// What a client sends to the token endpoint.
pub(crate) async fn token(server: &Server, fields: &[(&str, &str)]) -> Answer {
    let request = Request::post(format!("/{TENANT}/oauth2/v2.0/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form(fields)))
        .unwrap();
    server.send(request).await
}

/// Exchanges a code as the client without a secret does.
pub(crate) async fn redeem(server: &Server, code: &str) -> Answer {
    token(
        server,
        &[
            ("grant_type", "authorization_code"),
            ("client_id", DESKTOP),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
            ("client_info", "1"),
        ],
    )
    .await
}

/// Exchanges a refresh token as that client does.
pub(crate) async fn refresh(server: &Server, token_text: &str) -> Answer {
    token(
        server,
        &[
            ("grant_type", "refresh_token"),
            ("client_id", DESKTOP),
            ("refresh_token", token_text),
        ],
    )
    .await
}

/// The claims of a token.
pub(crate) fn claims(token: &Value) -> Value {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The `error` that a client is told, after making sure that it has the form of OAuth.
pub(crate) fn error(answer: &Answer) -> String {
    let body = answer.json();
    let description = body["error_description"].as_str().unwrap();
    assert!(description.starts_with("AADSTS"), "{body}");
    assert!((400..500).contains(&answer.status.as_u16()), "{body}");
    body["error"].as_str().unwrap().to_owned()
}

/// The path of an address that the server told.
pub(crate) fn local(address: &str) -> String {
    address
        .strip_prefix(AUTHORITY)
        .unwrap_or(address)
        .to_owned()
}
