//! How the client commands sign in: with a browser elsewhere, as a client, as somebody of a development tenant.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::support::{Server, http, reeve, text, write_private};

/// A browser that keeps cookies and fills in forms.
struct Browser {
    http: reqwest::Client,
    root: String,
    cookies: BTreeMap<String, String>,
}

struct Page {
    location: Option<String>,
    html: String,
}

impl Browser {
    fn new(server: &Server) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            root: server.url.clone(),
            cookies: BTreeMap::new(),
        }
    }

    async fn send(&mut self, path: &str, form: Option<&[(String, String)]>) -> Page {
        let url = format!("{}{path}", self.root);
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = match form {
            Some(form) => self.http.post(url).form(form),
            None => self.http.get(url),
        };
        let answer = request
            .header("cookie", cookies.join("; "))
            .header("origin", &self.root)
            .send()
            .await
            .unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = answer.headers().get("location");
        let location = location.map(|to| to.to_str().unwrap().to_owned());
        let html = answer.text().await.unwrap();
        Page { location, html }
    }

    /// Sends the last form of a page, with what somebody typed.
    async fn submit(&mut self, page: &Page, typed: &[(&str, &str)]) -> Page {
        let form = page.html.rsplit("<form").next().unwrap();
        let attribute = |tag: &str, name: &str| {
            let begin = tag.find(&format!(" {name}=\""))? + name.len() + 3;
            let value = tag[begin..].split('"').next()?;
            Some(value.replace("&amp;", "&").replace("&#39;", "'"))
        };
        let action = attribute(form, "action").unwrap();
        let mut fields = Vec::new();
        for tag in form.split("<input").skip(1) {
            let tag = tag.split('>').next().unwrap();
            if attribute(tag, "type").as_deref() == Some("hidden") {
                fields.push((
                    attribute(tag, "name").unwrap(),
                    attribute(tag, "value").unwrap_or_default(),
                ));
            }
        }
        for (name, value) in typed {
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let action = action
            .strip_prefix(&self.root)
            .unwrap_or(&action)
            .to_owned();
        self.send(&action, Some(&fields)).await
    }

    /// Says yes to a device, as a user of the tenant.
    async fn allow(&mut self, page: &str, code: &str, user: &Value) {
        let page = page.strip_prefix(&self.root).unwrap();
        let shown = self.send(&format!("{page}?user_code={code}"), None).await;
        let name = user["userPrincipalName"].as_str().unwrap();
        let password = user["password"].as_str().unwrap();
        let next = self
            .submit(&shown, &[("username", name), ("password", password)])
            .await;
        let next = next.location.unwrap();
        let next = next.strip_prefix(&self.root).unwrap_or(&next).to_owned();
        let question = self.send(&next, None).await;
        let done = self.submit(&question, &[("decision", "allow")]).await;
        assert!(done.html.contains("device"), "{}", done.html);
    }
}

fn user(server: &Server, name: &str) -> Value {
    let dev = server.dev();
    let users = dev["users"].as_array().unwrap();
    let is_meant = |user: &&Value| {
        let known = user["userPrincipalName"].as_str().unwrap();
        known.starts_with(&format!("{name}@"))
    };
    users.iter().find(is_meant).unwrap().clone()
}

/// Runs the program with a state folder of its own.
fn run_in(state: &Path, arguments: &[&str]) -> Output {
    reeve()
        .env("XDG_STATE_HOME", state)
        .args(arguments)
        .output()
        .unwrap()
}

#[tokio::test]
async fn somebody_signs_in_with_a_browser_elsewhere_and_the_tokens_are_kept_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let server = Server::start(&folder.path().join("data"), &["--demo-org"]);
    let dev = server.dev();
    let none = run_in(&state, &["packages", "list", "--url", &server.url]);
    assert_eq!(none.status.code(), Some(3));
    assert!(text(&none.stderr).contains("reeve login"), "{none:?}");
    // A file that is broken is named, and is no dead end.
    let kept = state.join("reeve/tokens.json");
    std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
    for broken in [&b"{\"https://a"[..], b"[]", b"\xff\xfe", b"{\"a\": {}}"] {
        write_private(&kept, broken);
        let none = run_in(&state, &["packages", "list", "--url", &server.url]);
        assert_eq!(none.status.code(), Some(3), "{none:?}");
        let told = text(&none.stderr);
        assert!(told.contains("tokens.json"), "{told}");
        assert!(told.contains("reeve login"), "{told}");
    }
    let out = run_in(&state, &["logout"]);
    assert!(out.status.success(), "{out:?}");
    let none = run_in(&state, &["packages", "list", "--url", &server.url]);
    assert!(!text(&none.stderr).contains("tokens.json"), "{none:?}");
    write_private(&kept, "{\"https://a");

    let mut login = reeve()
        .env("XDG_STATE_HOME", &state)
        .args(["login", "--url", &server.url])
        .args(["--tenant", dev["tenantId"].as_str().unwrap()])
        .args(["--client-id", dev["publicClientId"].as_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(login.stdout.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let _ = http();
    Browser::new(&server)
        .allow(words[1], words.last().unwrap(), &user(&server, "alice"))
        .await;
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert!(login.wait().unwrap().success(), "{line}{rest}");

    let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let listed = run_in(
        &state,
        &["packages", "list", "--mine", "--url", &server.url],
    );
    assert!(text(&listed.stdout).contains("Bookkeeping"), "{listed:?}");

    // An access token that is refused is renewed by the one that is kept for that.
    let mut tokens: Value = serde_json::from_str(&std::fs::read_to_string(&kept).unwrap()).unwrap();
    let before = tokens[&server.url]["refreshToken"].clone();
    tokens[&server.url]["accessToken"] = "no.token.atall".into();
    write_private(&kept, tokens.to_string());
    let listed = run_in(
        &state,
        &["packages", "list", "--mine", "--url", &server.url],
    );
    assert!(text(&listed.stdout).contains("Bookkeeping"), "{listed:?}");
    let tokens: Value = serde_json::from_str(&std::fs::read_to_string(&kept).unwrap()).unwrap();
    assert_ne!(tokens[&server.url]["refreshToken"], before);
    assert!(before.is_string());

    let out = run_in(&state, &["logout", "--url", &server.url]);
    assert!(text(&out.stdout).contains("of 1 Graph root;"), "{out:?}");
    let none = run_in(
        &state,
        &["packages", "list", "--mine", "--url", &server.url],
    );
    assert!(text(&none.stderr).contains("reeve login"), "{none:?}");
}

#[test]
fn a_client_signs_in_with_its_secret_from_a_file_or_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &["--demo-org"]);
    let dev = server.dev();
    let client = &dev["clients"][0];
    let secret = folder.path().join("secret");
    write_private(&secret, client["clientSecret"].as_str().unwrap());
    let wrong = folder.path().join("wrong");
    write_private(&wrong, "not-the-secret");
    let list = |more: &[&str], variable: Option<&str>| {
        let mut command = reeve();
        command
            .args(["packages", "list", "--url", &server.url])
            .args(["--tenant", dev["tenantId"].as_str().unwrap()])
            .args(["--client-id", client["clientId"].as_str().unwrap()])
            .args(more)
            .env("XDG_STATE_HOME", folder.path());
        if let Some(secret) = variable {
            command.env("REEVE_CLIENT_SECRET", secret);
        }
        command.output().unwrap()
    };

    let by_file = list(&["--client-secret-file", secret.to_str().unwrap()], None);
    let by_variable = list(&[], client["clientSecret"].as_str());
    let refused = list(&["--client-secret-file", wrong.to_str().unwrap()], None);

    assert!(text(&by_file.stdout).contains("Bookkeeping"), "{by_file:?}");
    assert_eq!(by_file.stdout, by_variable.stdout);
    assert_eq!(refused.status.code(), Some(3));
    let told = text(&refused.stderr);
    assert!(told.contains("the issuer refused"), "{told}");
    assert!(!told.contains("not-the-secret"), "{told}");
}

#[test]
fn a_cloud_gives_root_and_authority_and_a_user_is_one_of_the_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &["--demo-org"]);
    let data = data.to_str().unwrap();
    let state = folder.path();

    let no_token = run_in(state, &["drift", "--cloud", "usgov"]);
    let both = run_in(state, &["drift", "--cloud", "china", "--data", data]);
    let stranger = run_in(
        state,
        &["packages", "list", "--data", data, "--as", "mallory"],
    );
    let weak = run_in(
        state,
        &["packages", "list", "--data", data, "--as", "alice"],
    );
    let own = [
        "packages", "list", "--mine", "--data", data, "--as", "alice",
    ];
    let own = run_in(state, &own);

    assert!(
        text(&no_token.stderr).contains("https://graph.microsoft.us"),
        "{no_token:?}"
    );
    assert_eq!(both.status.code(), Some(2));
    assert!(text(&stranger.stderr).contains("alice@reeve.example"));
    assert_eq!(weak.status.code(), Some(3), "{weak:?}");
    assert!(text(&own.stdout).contains("Bookkeeping"), "{own:?}");
    drop(server);
}
