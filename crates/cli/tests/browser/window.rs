//! Somebody with a real browser: what they look at, click and type, and what can be asked of the page they see.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use peers::chromium::Driver;
use serde_json::{Value, json};

use crate::session::{Element, Session};
use crate::support::Server;

/// How long anything may take that has to happen, on a machine with other things to do.
const PATIENCE: Duration = Duration::from_mins(2);

/// How high a window is; pictures show the whole page.
const HEIGHT: u32 = 900;

/// The key that goes on to what comes into focus next, as the standard writes it.
const TAB: &str = "\u{e004}";
/// A browser in which somebody is signed in.
pub(crate) struct Window {
    pub(crate) who: String,
    session: Session,
    base: String,
}

/// Whether pages may run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

impl Window {
    /// Opens a browser and signs somebody of the tenant in, on the pages that they see themselves.
    pub(crate) async fn open(
        driver: &Driver,
        server: &Server,
        who: &str,
        scripts: Scripts,
    ) -> Self {
        // Several windows of the same person may be open.
        let name = format!("{who}-{}", uuid());
        let capabilities = json!({
            "goog:chromeOptions": {
                "binary": driver.browser(),
                "args": driver.arguments(&name),
            },
            "timeouts": {
                "script": PATIENCE.as_millis(),
                "pageLoad": PATIENCE.as_millis(),
                "implicit": 0,
            },
        });
        let window = Self {
            who: who.to_owned(),
            session: Session::begin(&driver.url(), &capabilities).await,
            base: server.url.clone(),
        };
        if scripts == Scripts::Off {
            let off = json!({ "value": true });
            window
                .devtools("Emulation.setScriptExecutionDisabled", off)
                .await;
        }
        window.size(1280).await;
        // What is clicked does not move meanwhile.
        window.scheme("light").await;
        window.sign_in(server).await;
        window
    }

    async fn sign_in(&self, server: &Server) {
        let dev = server.dev();
        let users = dev["users"].as_array().unwrap();
        let account = users.iter().find(|user| {
            let name = user["userPrincipalName"].as_str().unwrap();
            name.split('@').next() == Some(self.who.as_str())
        });
        let account = account.unwrap();
        self.visit("/").await;
        self.fill("User name", account["userPrincipalName"].as_str().unwrap())
            .await;
        self.fill("Password", account["password"].as_str().unwrap())
            .await;
        self.press("Sign in").await;
        assert_eq!(self.path().await, "/", "{} is signed in", self.who);
    }

    /// Closes the browser.
    pub(crate) async fn close(self) {
        self.session.end().await;
    }

    /// Opens a page of the portal.
    pub(crate) async fn visit(&self, path: &str) {
        let address = format!("{}{path}", self.base);
        self.session.order("url", &json!({ "url": address })).await;
    }

    /// Path and query of the page.
    pub(crate) async fn path(&self) -> String {
        let address = self.session.address().await;
        let path = address.strip_prefix(&self.base);
        path.unwrap_or(&address).to_owned()
    }

    /// What a function's body returns, run in the page.
    pub(crate) async fn ask(&self, script: &str, arguments: Vec<Value>) -> Value {
        let body = json!({ "script": script, "args": arguments });
        self.session.order("execute/sync", &body).await
    }

    /// The same for a body that ends by calling its last argument.
    pub(crate) async fn ask_later(&self, script: &str, arguments: Vec<Value>) -> Value {
        let body = json!({ "script": script, "args": arguments });
        self.session.order("execute/async", &body).await
    }

    /// The words of the page.
    pub(crate) async fn text(&self) -> String {
        // The page may change between the two.
        loop {
            let body = self.session.find("/html/body").await;
            if let Some(body) = body
                && let Some(text) = body.text().await
            {
                return text;
            }
        }
    }

    /// Fails unless the page says it.
    pub(crate) async fn sees(&self, words: &str) {
        let text = self.text().await;
        let path = self.path().await;
        assert!(
            text.contains(words),
            "{} does not see `{words}` on {path}:\n{text}",
            self.who
        );
    }

    /// Fails if the page says it.
    pub(crate) async fn does_not_see(&self, words: &str) {
        let text = self.text().await;
        assert!(
            !text.contains(words),
            "{} sees `{words}`:\n{text}",
            self.who
        );
    }

    /// Waits until the page says it by itself: what is under way is told as it happens.
    pub(crate) async fn comes_to_see(&self, words: &str) {
        self.until(words, true, false).await;
    }

    /// Waits until the page says it when it is opened again.
    pub(crate) async fn finds(&self, words: &str) {
        self.until(words, true, true).await;
    }

    /// Waits until the page says it no more when it is opened again.
    pub(crate) async fn loses(&self, words: &str) {
        self.until(words, false, true).await;
    }

    async fn until(&self, words: &str, is_there: bool, again: bool) {
        let look = async {
            let mut looks = tokio::time::interval(Duration::from_millis(100));
            while self.text().await.contains(words) != is_there {
                looks.tick().await;
                if again {
                    self.session.order("refresh", &json!({})).await;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, look).await.is_ok() {
            return;
        }
        // Says what there is instead.
        if is_there {
            self.sees(words).await;
        } else {
            self.does_not_see(words).await;
        }
    }

    /// Goes where a link leads, by its words or how they begin.
    pub(crate) async fn follow(&self, words: &str) {
        let words = quoted(words);
        let exact = format!("//a[normalize-space(.)={words}]");
        let begins = format!("//a[starts-with(normalize-space(.), {words})]");
        self.leave(&[&exact, &begins]).await;
    }

    /// Presses a button, by its words or how they begin, and waits for the page that comes.
    pub(crate) async fn press(&self, words: &str) {
        let words = quoted(words);
        let exact = format!("//button[normalize-space(.)={words}]");
        let begins = format!("//button[starts-with(normalize-space(.), {words})]");
        self.leave(&[&exact, &begins]).await;
    }

    /// Clicks on the first of these that there is, and waits until the page is another one.
    async fn leave(&self, paths: &[&str]) {
        let element = self.element(paths).await;
        let before = self.session.find("/html").await.unwrap();
        element.click().await;
        self.another_than(&before, &format!("{paths:?}")).await;
    }

    /// Sends a form by the button that a script gives, without the browser looking at it first.
    pub(crate) async fn submit(&self, script: &str) {
        let before = self.session.find("/html").await.unwrap();
        let send = format!(
            "const button = (() => {{ {script} }})(); button.form.noValidate = true; button.form.requestSubmit(button)"
        );
        self.ask(&send, Vec::new()).await;
        self.another_than(&before, script).await;
    }

    /// Waits until the page is another one, and all of it is there.
    async fn another_than(&self, before: &Element<'_>, what: &str) {
        let gone = async {
            let mut looks = tokio::time::interval(Duration::from_millis(20));
            loop {
                looks.tick().await;
                // An element of a page that is no more cannot be asked anything.
                if before.text().await.is_none() && self.is_loaded().await {
                    return;
                }
            }
        };
        let gone = tokio::time::timeout(PATIENCE, gone).await;
        assert!(gone.is_ok(), "{}: {what} leads nowhere", self.who);
    }

    async fn is_loaded(&self) -> bool {
        let body = json!({ "script": "return document.readyState", "args": [] });
        let state = self.session.try_order("execute/sync", &body).await;
        state.is_ok_and(|state| state == "complete")
    }

    async fn element(&self, paths: &[&str]) -> Element<'_> {
        for path in paths {
            if let Some(found) = self.session.find(path).await {
                return found;
            }
        }
        let (here, text) = (self.path().await, self.text().await);
        panic!("{} finds no {paths:?} on {here}:\n{text}", self.who);
    }

    /// The field that a label names, by the words that it begins with.
    async fn field(&self, label: &str) -> Element<'_> {
        let words = quoted(label);
        let exact = format!("//*[@id=//label[normalize-space(.)={words}]/@for]");
        let begins = format!("//*[@id=//label[starts-with(normalize-space(.), {words})]/@for]");
        self.element(&[&exact, &begins]).await
    }

    /// Types into a field.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await;
        field.write(text).await;
    }

    /// Marks a box, or takes one of several choices.
    pub(crate) async fn choose(&self, label: &str) {
        let field = self.field(label).await;
        if !field.is_selected().await {
            field.click().await;
        }
    }

    /// Opens what is folded up under these words.
    pub(crate) async fn unfold(&self, words: &str) {
        let path = format!(
            "//details[not(@open)]/summary[normalize-space(.)={}]",
            quoted(words)
        );
        self.element(&[&path]).await.click().await;
    }

    /// Takes one of the values of a list that opens.
    pub(crate) async fn select(&self, label: &str, choice: &str) {
        let (label, choice) = (quoted(label), quoted(choice));
        let path = format!(
            "//select[@id=//label[normalize-space(.)={label}]/@for]/option[normalize-space(.)={choice}]"
        );
        self.element(&[&path]).await.click().await;
    }

    /// Presses the tabulator so many times.
    pub(crate) async fn tab(&self, times: usize) {
        self.keys(&vec![TAB; times]).await;
    }

    /// Presses keys, one after the other.
    pub(crate) async fn keys(&self, keys: &[&str]) {
        let strokes: Vec<Value> = keys
            .iter()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keys", "actions": strokes }] });
        self.session.order("actions", &body).await;
    }

    /// How wide the window is.
    pub(crate) async fn size(&self, width: u32) {
        let size =
            json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
    }

    /// What the reader prefers: `light` or `dark`.
    pub(crate) async fn scheme(&self, scheme: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        let media = json!({ "features": features });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Writes a picture of the page, of all of it or as high as the window is.
    pub(crate) async fn picture(&self, file: &Path, whole: bool) {
        let wanted =
            json!({ "format": "png", "captureBeyondViewport": whole, "optimizeForSpeed": whole });
        let taken = self.devtools("Page.captureScreenshot", wanted).await;
        let data = STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        std::fs::write(file, data).unwrap();
    }

    /// Has a command of Chromium's own carried out, which the standard has no words for.
    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.session.order("goog/cdp/execute", &body).await
    }
}

/// A text as `XPath` writes it.
fn quoted(text: &str) -> String {
    if text.contains('\'') {
        format!("\"{text}\"")
    } else {
        format!("'{text}'")
    }
}

/// A name that nobody else has.
fn uuid() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
