//! People and applications of a real `OpenID` provider that knows nothing of Entra's claims: they sign in there, and call
//! a server whose configuration says what the provider's claims mean.

use std::path::Path;

use peers::canaille::{self, CLIENT, CLIENT_SECRET, Canaille, Person, REDIRECT};
use peers::policy::started_or_skipped;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

use crate::support::{EM, PATIENCE, Server, http, write_private};

/// A verifier of RFC 7636 and its challenge (appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const ALICE: Person<'static> = Person {
    name: "alice",
    mail: "alice@reeve.example",
    password: "correct horse",
    groups: &["staff"],
};
const BOB: Person<'static> = Person {
    name: "bob",
    mail: "bob@reeve.example",
    password: "battery staple",
    groups: &["staff", "auditors"],
};
const STRANGER: Person<'static> = Person {
    name: "eve",
    mail: "eve@elsewhere.example",
    password: "not of this house",
    groups: &["auditors"],
};

/// What an operator writes into the configuration.
fn configuration(issuer: &str, secret: &Path, app_id: &str) -> String {
    format!(
        r#"
[[issuer]]
issuer = "{issuer}"
audiences = ["{CLIENT}"]
algorithms = ["RS256", "RS512"]
userClaim = "email"
userBy = "userPrincipalName"
applicationBy = "noUser"
applications = {{ "{CLIENT}" = "{app_id}" }}
impliedScopes = ["EntitlementManagement.Read.All", "User.Read"]
impliedRoles = ["EntitlementManagement.Read.All"]
groupRoles = {{ "auditors" = "Global Reader" }}
introspection = {{ clientId = "{CLIENT}", clientSecretFile = "{}" }}
"#,
        secret.display()
    )
}

/// A browser: it keeps cookies and goes where it is sent only when told to.
struct Browser {
    http: Client,
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn new() -> Self {
        // Makes sure that there is a provider for TLS.
        drop(http());
        let http = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.build().unwrap(),
            cookies: Vec::new(),
        }
    }

    async fn send(&mut self, request: RequestBuilder) -> Response {
        let kept: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let answer = request
            .header(COOKIE, kept.join("; "))
            .send()
            .await
            .unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        answer
    }

    /// Fills in a form that has one field beside the hidden one.
    async fn fill(&mut self, url: &str, field: &str, value: &str) -> String {
        let page = self.send(self.http.get(url)).await.text().await.unwrap();
        let hidden = page
            .split_once("name=\"csrf_token\" value=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .unwrap_or_else(|| panic!("no form at {url}: {page}"));
        let form = [("csrf_token", hidden.0), (field, value)];
        location(&self.send(self.http.post(url).form(&form)).await)
    }
}

fn location(answer: &Response) -> String {
    let location = answer.headers().get(LOCATION);
    location
        .unwrap_or_else(|| panic!("no redirect, but {}", answer.status()))
        .to_str()
        .unwrap()
        .to_owned()
}

/// Signs somebody in by code and PKCE, as an application does: what the token endpoint answers.
async fn sign_in(provider: &Canaille, person: &Person<'_>) -> Value {
    let issuer = provider.issuer();
    let mut browser = Browser::new();
    let query = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        ("scope", "openid profile email groups"),
        ("state", "s"),
        ("nonce", person.name),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let authorize = format!("{issuer}/oauth/authorize");
    let asked = browser
        .send(browser.http.get(authorize).query(&query))
        .await;
    let page = format!("{issuer}{}", location(&asked));
    let next = browser.fill(&page, "login", person.name).await;
    let page = format!("{issuer}{next}");
    let back = browser.fill(&page, "password", person.password).await;
    let sent_back = location(&browser.send(browser.http.get(back)).await);
    let code = sent_back
        .strip_prefix(REDIRECT)
        .and_then(|query| {
            query
                .split(['?', '&'])
                .find_map(|pair| pair.strip_prefix("code="))
        })
        .unwrap_or_else(|| panic!("not signed in: {sent_back}"));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    token(provider, &form).await
}

async fn token(provider: &Canaille, form: &[(&str, &str)]) -> Value {
    let url = format!("{}/oauth/token", provider.issuer());
    let request = http().post(url).basic_auth(CLIENT, Some(CLIENT_SECRET));
    let answer = request.form(form).send().await.unwrap();
    let body = answer.json::<Value>().await.unwrap();
    assert!(body["access_token"].is_string(), "{body}");
    body
}

/// Status, body and challenge.
async fn get(server: &Server, path: &str, token: &Value) -> (u16, Value, String) {
    let answer = http()
        .get(format!("{}{path}", server.url))
        .bearer_auth(token.as_str().unwrap())
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    let challenge = answer.headers().get("www-authenticate");
    let challenge = challenge.map_or("", |value| value.to_str().unwrap());
    let challenge = challenge.to_owned();
    (status, answer.json().await.unwrap(), challenge)
}

#[tokio::test]
async fn people_and_applications_of_an_outside_issuer_are_who_they_are_in_the_directory() {
    let people = [ALICE, BOB, STRANGER];
    let Some(provider) = started_or_skipped(canaille::NAME, Canaille::start(&people)) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let alice = sign_in(&provider, &ALICE).await;
    let catalogs = format!("{EM}/catalogs");

    // To a server that does not know the issuer its tokens are nobody's.
    let server = Server::start(&data, &[]);
    let (status, _, challenge) = get(&server, "/v1.0/me", &alice["access_token"]).await;
    assert_eq!(status, 401, "{challenge}");
    assert!(challenge.contains("the issuer of the token is not known"));
    let dev = server.dev();
    server.terminate();

    let secret = folder.path().join("issuer.secret");
    write_private(&secret, CLIENT_SECRET);
    let config = folder.path().join("reeve.toml");
    let app_id = dev["clients"][0]["clientId"].as_str().unwrap();
    write_private(&config, configuration(&provider.issuer(), &secret, app_id));
    let server = Server::start(&data, &["--config", config.to_str().unwrap()]);

    // A user is the one of that mail address, with no role but those that a group stands for.
    for (person, tokens, may) in [
        (ALICE, alice.clone(), false),
        (BOB, sign_in(&provider, &BOB).await, true),
    ] {
        let (status, me, told) = get(&server, "/v1.0/me", &tokens["access_token"]).await;
        assert_eq!(status, 200, "{me} {told}");
        assert_eq!(me["userPrincipalName"], person.mail);
        let (status, body, _) = get(&server, &catalogs, &tokens["access_token"]).await;
        assert_eq!(status == 200, may, "{}: {status} {body}", person.name);
    }

    // What is for the client is not for us, though it is signed alike.
    let (status, body, challenge) = get(&server, "/v1.0/me", &alice["id_token"]).await;
    assert_eq!(status, 401, "{body}");
    assert!(challenge.contains("not an access token"), "{challenge}");

    // Who is not in the directory is told what to do, whatever the groups.
    let stranger = sign_in(&provider, &STRANGER).await;
    let (status, body, _) = get(&server, &catalogs, &stranger["access_token"]).await;
    assert_eq!(status, 401, "{body}");
    let told = body["error"]["message"].to_string();
    assert!(
        told.contains("`email`") && told.contains("`userPrincipalName`"),
        "{told}"
    );

    // An application's token is opaque: the provider is asked whose it is.
    let service = token(&provider, &[("grant_type", "client_credentials")]).await;
    let opaque = service["access_token"].as_str().unwrap();
    assert!(!opaque.contains('.'), "{opaque}");
    let (status, body, told) = get(&server, &catalogs, &service["access_token"]).await;
    assert_eq!(status, 200, "{body} {told}");
    let unknown = Value::from(opaque.chars().rev().collect::<String>());
    let (status, body, challenge) = get(&server, &catalogs, &unknown).await;
    assert_eq!(status, 401, "{body}");
    assert!(challenge.contains("not active"), "{challenge}");
}
