//! The part of the `WebDriver` protocol that the tests need: JSON over HTTP to the driver on loopback.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::http;

/// By which the protocol marks a reference to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser that the driver began; it ends with the driver if nobody ends it before.
pub(crate) struct Session {
    http: reqwest::Client,
    address: String,
}

/// Something on a page.
pub(crate) struct Element<'a> {
    session: &'a Session,
    id: String,
}

/// Why an order was not carried out: the error's name in the protocol, and what the driver says.
#[derive(Debug)]
pub(crate) struct Refusal(String, String);

impl Session {
    /// Begins a browser.
    pub(crate) async fn begin(driver: &str, capabilities: &Value) -> Self {
        let mut session = Self {
            http: http(),
            address: format!("{driver}/session"),
        };
        let wanted = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let begun = session.call(Method::POST, "", Some(&wanted)).await.unwrap();
        let id = begun["sessionId"].as_str().unwrap();
        session.address = format!("{driver}/session/{id}");
        session
    }

    /// Ends it.
    pub(crate) async fn end(self) {
        self.call(Method::DELETE, "", None).await.unwrap();
    }

    /// Where it is.
    pub(crate) async fn address(&self) -> String {
        let told = self.call(Method::GET, "/url", None).await.unwrap();
        told.as_str().unwrap().to_owned()
    }

    /// Has something done that has to succeed.
    pub(crate) async fn order(&self, what: &str, body: &Value) -> Value {
        let done = self.try_order(what, body).await;
        done.unwrap_or_else(|Refusal(error, message)| panic!("{what}: {error}: {message}"))
    }

    /// The same, or why not.
    pub(crate) async fn try_order(&self, what: &str, body: &Value) -> Result<Value, Refusal> {
        self.call(Method::POST, &format!("/{what}"), Some(body))
            .await
    }

    /// The first element of a path.
    pub(crate) async fn find(&self, xpath: &str) -> Option<Element<'_>> {
        let wanted = json!({ "using": "xpath", "value": xpath });
        let found = self.try_order("element", &wanted).await.ok()?;
        Some(Element {
            session: self,
            id: found[ELEMENT].as_str()?.to_owned(),
        })
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Refusal> {
        let mut request = self.http.request(method, format!("{}{path}", self.address));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let is_done = answer.status().is_success();
        let mut told: Value = answer.json().await.unwrap();
        let value = told["value"].take();
        if is_done {
            return Ok(value);
        }
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Err(Refusal(text("error"), text("message")))
    }
}

impl Element<'_> {
    /// What it says to those who see it; nothing if its page is no more.
    pub(crate) async fn text(&self) -> Option<String> {
        let path = format!("/element/{}/text", self.id);
        let told = self.session.call(Method::GET, &path, None).await.ok()?;
        told.as_str().map(str::to_owned)
    }

    /// Whether a box is marked, or a choice taken.
    pub(crate) async fn is_selected(&self) -> bool {
        let path = format!("/element/{}/selected", self.id);
        let told = self.session.call(Method::GET, &path, None).await.unwrap();
        told.as_bool().unwrap()
    }

    /// Clicks on it.
    pub(crate) async fn click(&self) {
        self.order("click", &json!({})).await;
    }

    /// Takes out what was typed.
    pub(crate) async fn clear(&self) {
        self.order("clear", &json!({})).await;
    }

    /// Types into it.
    pub(crate) async fn write(&self, text: &str) {
        self.order("value", &json!({ "text": text })).await;
    }

    async fn order(&self, what: &str, body: &Value) {
        let path = format!("element/{}/{what}", self.id);
        self.session.order(&path, body).await;
    }
}
