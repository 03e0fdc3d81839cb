//! Somebody with a browser: the pages of the portal, its forms, and an issuer that believes whoever comes.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};

use auth::issuer::{IdToken, fingerprint, id_token_claims};
use auth::token::{IssuerConfig, KeySource, Verifier};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use domain::id::ObjectId;
use domain::time::Timestamp;
use http_body_util::BodyExt;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use portal::{Answer, Ask, Call, CallError, Endpoints, Pages, Parts, Portal, Provider, Targets};
use serde_json::json;
use service::Service;
use service::clock::Clock;
use service::portal_sessions::Life;
use tower::ServiceExt;

use crate::app::{Inner, TestApp};
use crate::people::{AUDIENCE, ISSUER, keys};

/// What the issuer calls the portal.
const CLIENT: &str = "portal";
const AUTHORIZE: &str = "https://login.reeve.test/authorize";
const TOKEN: &str = "https://login.reeve.test/token";

/// A sign-in that the issuer has agreed to.
#[derive(Debug, Clone)]
struct Agreed {
    user: ObjectId,
    nonce: String,
    challenge: String,
    back: String,
}

/// The codes that the issuer has given.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignIns(Arc<Mutex<HashMap<String, Agreed>>>);

impl SignIns {
    /// Gives the ID token that a code is good for: once, and to whoever knows the verifier.
    fn redeem(
        &self,
        form: &HashMap<String, String>,
        now: Timestamp,
    ) -> Result<String, &'static str> {
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let agreed = self.0.lock().unwrap().remove(&field("code"));
        let agreed = agreed.ok_or("invalid_grant")?;
        let is_right = fingerprint(&field("code_verifier")) == agreed.challenge
            && field("redirect_uri") == agreed.back
            && field("client_id") == CLIENT;
        if !is_right {
            return Err("invalid_grant");
        }
        let token = IdToken {
            issuer: ISSUER,
            tenant: "tenant",
            token_id: "id",
            client_id: CLIENT,
            object: agreed.user,
            principal_name: None,
            display_name: None,
            mail: None,
            nonce: Some(&agreed.nonce),
            signed_in_at: now,
        };
        Ok(keys().sign(&id_token_claims(&token, now)).unwrap())
    }
}

/// The pages, for people who sign in at the issuer of the test.
pub(crate) fn pages(
    service: &Service,
    sign_ins: &SignIns,
    machine: &Clock,
    targets: Targets,
    development: Option<portal::Development>,
) -> Router {
    let issuer = IssuerConfig::new(ISSUER, &[AUDIENCE], KeySource::Static(keys().jwks()));
    let (sign_ins, clock) = (sign_ins.clone(), machine.clone());
    let call = Call::new(move |ask| {
        let answer = answer(&sign_ins, ask, clock.now());
        Box::pin(async move { answer })
    });
    let endpoints = Endpoints::Known(Pages {
        authorize: AUTHORIZE.to_owned(),
        token: TOKEN.to_owned(),
        sign_out: None,
    });
    let portal = Portal::new(Parts {
        service: service.clone(),
        verifier: Verifier::new(vec![issuer]).unwrap(),
        clock: machine.clone(),
        provider: Provider::new(ISSUER, CLIENT, None, endpoints, call),
        life: Life::default(),
        targets,
        development,
    });
    portal::router(portal)
}

/// What the pages of a development tenant are given: a seed is taken if it is one word, and a token names its account.
pub(crate) fn development(delivery: &server::Delivery) -> portal::Development {
    let account = |key: &str, id: &str| portal::Account {
        key: key.to_owned(),
        name: key.to_owned(),
        id: id.to_owned(),
    };
    portal::Development {
        base_url: "https://localhost".to_owned(),
        authority: ISSUER.to_owned(),
        tenant_id: "tenant".to_owned(),
        ca_file: "/nowhere/ca.pem".into(),
        public_client_id: None,
        accounts: vec![account("client:one", "1"), account("client:lost", "2")],
        settle: Arc::clone(&delivery.settle),
        sow: Arc::new(|text| {
            Box::pin(async move {
                if text.contains(' ') {
                    return Err(format!("`{text}` is no seed"));
                }
                Ok(())
            })
        }),
        mint: Arc::new(|key| {
            Box::pin(async move {
                if key == "client:one" {
                    return Ok(format!("token-of-{key}"));
                }
                Err("the issuer refused: no such client".to_owned())
            })
        }),
    }
}

fn answer(sign_ins: &SignIns, ask: Ask, now: Timestamp) -> Result<Answer, CallError> {
    let Ask::Post { address, form, .. } = ask else {
        return Err(CallError("nothing is to be discovered".to_owned()));
    };
    assert_eq!(address, TOKEN);
    let (status, body) = match sign_ins.redeem(&form.into_iter().collect(), now) {
        Ok(token) => (200, json!({"id_token": token})),
        Err(code) => (400, json!({"error": code})),
    };
    Ok(Answer {
        status,
        body: body.to_string().into_bytes(),
    })
}

/// A page as it came.
#[derive(Debug, Clone)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The text.
    pub text: String,
}

impl Page {
    /// Where it sends the browser.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// A header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The page, which has to have this status.
    #[track_caller]
    pub fn with_status(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Whether the page says this, in the letters that a reader sees.
    pub fn says(&self, text: &str) -> bool {
        self.words().contains(text)
    }

    /// What a reader sees: no tags, no entities, single spaces.
    pub fn words(&self) -> String {
        let mut words = String::new();
        let mut is_tag = false;
        for letter in self.text.chars() {
            match letter {
                '<' => is_tag = true,
                '>' if is_tag => {
                    is_tag = false;
                    words.push(' ');
                }
                other if !is_tag => words.push(other),
                _ => {}
            }
        }
        let words = unescaped(&words);
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The fields of the form that goes to this address, as the page has them.
    #[track_caller]
    pub fn form(&self, action: &str) -> Vec<(String, String)> {
        let begin = format!("action=\"{action}\"");
        let at = self.text.find(&begin);
        let at = at.unwrap_or_else(|| panic!("no form goes to `{action}`: {}", self.text));
        let rest = &self.text[at..];
        let form = &rest[..rest.find("</form>").unwrap()];
        form.split("<input ")
            .skip(1)
            .filter_map(|input| {
                let tag = &input[..input.find('>')?];
                let is_box = ["checkbox", "radio"]
                    .iter()
                    .any(|kind| tag.contains(&format!("type=\"{kind}\"")));
                if is_box && !tag.contains(" checked") {
                    return None;
                }
                let name = attribute(tag, "name")?;
                Some((name, attribute(tag, "value").unwrap_or_default()))
            })
            .collect()
    }

    /// The first value of an attribute that begins so.
    #[track_caller]
    pub fn link(&self, begin: &str) -> String {
        let at = self.text.find(&format!("href=\"{begin}"));
        let at = at.unwrap_or_else(|| panic!("nothing leads to `{begin}`: {}", self.text));
        let rest = &self.text[at + 6..];
        unescaped(&rest[..rest.find('"').unwrap()])
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let begin = format!("{name}=\"");
    let at = tag.find(&begin)? + begin.len();
    let rest = &tag[at..];
    Some(unescaped(&rest[..rest.find('"')?]))
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// A browser with its cookies.
pub struct Browser {
    inner: Arc<Inner>,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").finish_non_exhaustive()
    }
}

impl TestApp {
    /// A browser in which nobody is signed in.
    pub fn browser(&self) -> Browser {
        Browser {
            inner: self.inner.clone(),
            cookies: Mutex::default(),
        }
    }

    /// A browser in which somebody of the directory is signed in.
    pub async fn browser_of(&self, name: &str) -> Browser {
        let browser = self.browser();
        let landed = browser.sign_in(name, "/").await;
        assert_eq!(landed.status, StatusCode::SEE_OTHER, "{}", landed.text);
        browser
    }
}

impl Browser {
    /// GET.
    pub async fn get(&self, path: &str) -> Page {
        self.send(Method::GET, path, None).await
    }

    /// POST of these fields.
    pub async fn post(&self, path: &str, fields: &[(String, String)]) -> Page {
        let encoded: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
            .collect();
        self.send(Method::POST, path, Some(encoded.join("&"))).await
    }

    /// Sends the form of a page that goes to this address, with these fields filled in.
    #[track_caller]
    pub fn submit<'a>(
        &'a self,
        page: &Page,
        action: &'a str,
        typed: &[(&str, &str)],
    ) -> impl Future<Output = Page> + use<'a> {
        let mut fields = page.form(action);
        for (name, value) in typed {
            fields.retain(|(own, _)| own != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        async move { self.post(action, &fields).await }
    }

    /// Signs somebody in, on the way to a page; answers what the portal says to the issuer's answer.
    pub async fn sign_in(&self, name: &str, to: &str) -> Page {
        let back = self.agreed(name, to).await;
        self.get(&back).await
    }

    /// Where the issuer sends the browser back to, once it believes that this is somebody.
    pub async fn agreed(&self, name: &str, to: &str) -> String {
        let begun = self.get(&format!("/sign-in?to={}", percent(to))).await;
        let address = begun.location().to_owned();
        let query = address.strip_prefix(&format!("{AUTHORIZE}?"));
        let query = query.unwrap_or_else(|| panic!("not sent to the issuer: {address}"));
        let asked: HashMap<&str, String> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, plain(value)))
            .collect();
        let asked = |name: &str| {
            let value = asked.get(name);
            value.unwrap_or_else(|| panic!("nothing is said of `{name}`: {address}"))
        };
        assert_eq!(asked("code_challenge_method"), "S256");
        let state = asked("state");
        let code = fingerprint(&format!("{name} {state}"));
        let agreed = Agreed {
            user: self.inner.object(name),
            nonce: asked("nonce").clone(),
            challenge: asked("code_challenge").clone(),
            back: asked("redirect_uri").clone(),
        };
        let codes = &self.inner.sign_ins.0;
        codes.lock().unwrap().insert(code.clone(), agreed);
        format!("{}?code={code}&state={state}", portal::BACK)
    }

    /// Forgets a cookie, whose name has to be known.
    pub fn forget(&self, name: &str) {
        let before = self.cookies.lock().unwrap().remove(name);
        assert!(before.is_some(), "no cookie is called `{name}`");
    }

    /// The value of a cookie, if there is one.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Gives the browser a cookie.
    pub fn keep(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        cookies.insert(name.to_owned(), value.to_owned());
    }

    /// GET of a page that goes on: its status, and its body as it comes.
    pub async fn watch(&self, path: &str) -> (StatusCode, Body) {
        let request = self.request(Method::GET, path, None);
        let response = self.inner.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, body)
    }

    fn request(&self, method: Method, path: &str, form: Option<String>) -> Request<Body> {
        let cookies: Vec<String> = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "reeve.test");
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        request.body(Body::from(form.unwrap_or_default())).unwrap()
    }

    async fn send(&self, method: Method, path: &str, form: Option<String>) -> Page {
        let request = self.request(method, path, form);
        let response = self.inner.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if rest.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Page {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body).unwrap(),
        }
    }
}

fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn plain(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}
