//! A `reeve serve --dev` of a test's own, and how to speak to it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use peers::fake_scim::{self, FakeScim};
use reqwest::Method;
use serde_json::{Value, json};

/// Where entitlement management is.
pub(crate) const EM: &str = "/v1.0/identityGovernance/entitlementManagement";
/// How long anything may take that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The program under test.
pub(crate) fn reeve() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reeve"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("REEVE_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    reeve().args(arguments).output().unwrap()
}

/// Writes the configuration of servers that share a database and the target `hr`: it and how they deliver, in TOML.
pub(crate) fn shared_configuration(
    folder: &Path,
    database: &str,
    scim: &FakeScim,
    delivery: &str,
) -> PathBuf {
    let url = folder.join("database-url");
    write_private(&url, format!("{database}\n"));
    let path = folder.join("reeve.toml");
    let text = format!(
        r#"
[database]
urlFile = "{url}"

[[target]]
name = "hr"
kind = "scim"
url = "{scim}"
token = "{token}"

{delivery}
"#,
        url = url.display(),
        scim = scim.base_url(),
        token = fake_scim::TOKEN,
    );
    write_private(&path, text);
    path
}

/// Has a group delivered to the target of [`shared_configuration`].
pub(crate) async fn bind(api: &Api, group: &str) {
    let id = api.id_of("/v1.0/groups", group).await;
    let path = format!("/reeve/v1/bindings/{id}");
    let (status, told) = api
        .call(Method::PUT, &path, Some(&json!({ "target": "hr" })))
        .await;
    assert_eq!(status, 200, "{told}");
}

/// Writes a file that nobody else may read, as secrets are kept.
pub(crate) fn write_private(path: &Path, text: impl AsRef<[u8]>) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(text.as_ref()).unwrap();
}

/// What a program printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server that may not be ready yet; killed when dropped.
pub(crate) struct Starting {
    child: Child,
    pub(crate) url: String,
    log: PathBuf,
}

impl Starting {
    /// Starts one on plain HTTP and waits until it listens.
    pub(crate) async fn on(data: &Path, more: &[&str]) -> Self {
        // A log of its own: it tells what this server does, and no earlier one.
        let log = data.with_extension("starting");
        let child = reeve()
            .args(["serve", "--dev", "--http", "127.0.0.1:0", "--https", "off"])
            .arg("--data")
            .arg(data)
            .args(more)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut starting = Self {
            child,
            url: String::new(),
            log,
        };
        starting.wait_for("listening").await;
        let told = starting.told();
        let line = told.lines().find(|line| line.contains("listening"));
        let address = word(line.unwrap(), "http=");
        starting.url = format!("http://{}", address.unwrap().trim_matches('"'));
        starting
    }

    /// What it said so far.
    pub(crate) fn told(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it says so; fails where it ends before.
    pub(crate) async fn wait_for(&mut self, word: &str) {
        let begun = tokio::time::Instant::now();
        // Nothing tells when another process has written a line.
        let mut looks = tokio::time::interval(Duration::from_millis(2));
        while !self.told().contains(word) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", self.told());
            assert!(begun.elapsed() < PATIENCE, "no `{word}`: {}", self.told());
            looks.tick().await;
        }
    }

    /// Status and text of an answer.
    pub(crate) async fn ask(&self, path: &str) -> (u16, reqwest::header::HeaderMap, String) {
        let answer = http().get(format!("{}{path}", self.url)).send().await;
        let answer = answer.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.text().await.unwrap())
    }

    /// Asks it to stop, and waits.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        let sent = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(sent.unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) ready: String,
    pub(crate) data: PathBuf,
    stderr: PathBuf,
}

impl Server {
    /// Starts a development tenant on plain HTTP.
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        Self::try_start(data, more)
            .unwrap_or_else(|told| panic!("the server did not start: {told}"))
    }

    /// The same, or what it said on standard error.
    pub(crate) fn try_start(data: &Path, more: &[&str]) -> Result<Self, String> {
        Self::listening(reeve(), data, "off", more)
    }

    /// The same with a server that is told, and not killed, when a file cannot grow; see [`Self::may_write`].
    pub(crate) fn start_under_quota(data: &Path, more: &[&str]) -> Self {
        let program = reeve();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(program.get_program())
            .stdin(Stdio::null());
        for (name, value) in program.get_envs() {
            if value.is_none() {
                shell.env_remove(name);
            }
        }
        Self::listening(shell, data, "off", more)
            .unwrap_or_else(|told| panic!("the server did not start: {told}"))
    }

    /// Bounds how large the server's files may become; `None` for no bound.
    pub(crate) fn may_write(&self, bytes: Option<u64>) {
        let most = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let told = Command::new("prlimit")
            .args(["--pid", &self.child.id().to_string()])
            .arg(format!("--fsize={most}:"))
            .status()
            .unwrap();
        assert!(told.success());
    }

    /// Starts a development tenant on HTTPS as well, as unmodified clients want it.
    pub(crate) fn start_with_tls(data: &Path, more: &[&str]) -> Self {
        Self::listening(reeve(), data, "127.0.0.1:0", more)
            .unwrap_or_else(|told| panic!("the server did not start: {told}"))
    }

    fn listening(
        mut program: Command,
        data: &Path,
        https: &str,
        more: &[&str],
    ) -> Result<Self, String> {
        let stderr = data.with_extension("stderr");
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&stderr)
            .unwrap();
        let mut child = program
            .args([
                "serve",
                "--dev",
                "--http",
                "127.0.0.1:0",
                "--https",
                https,
                "--data",
            ])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        let Some(url) = word(&ready, "http=") else {
            let _ = child.wait();
            return Err(std::fs::read_to_string(&stderr).unwrap());
        };
        Ok(Self {
            child,
            url,
            ready,
            data: data.to_owned(),
            stderr,
        })
    }

    pub(crate) fn dev(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.data.join("dev.json")).unwrap()).unwrap()
    }

    /// Asks it to stop, and waits.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        self.signal("TERM");
        self.child.wait().unwrap()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// The most memory that it had so far, in MiB; files that it has mapped count as well.
    pub(crate) fn peak_mebibytes(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.unwrap().trim().trim_end_matches(" kB");
        kibibytes.parse::<u64>().unwrap() / 1024
    }

    /// Ends it at once.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap()
    }

    /// Somebody signed in by the token endpoint: a user by name, or the client `admin`.
    pub(crate) async fn sign_in(&self, user: Option<&str>) -> Api {
        let dev = self.dev();
        let client = &dev["clients"][0];
        let mut form = vec![
            ("client_id", client["clientId"].as_str().unwrap()),
            ("client_secret", client["clientSecret"].as_str().unwrap()),
            ("scope", ".default"),
        ];
        if let Some(user) = user {
            let found = dev["users"].as_array().unwrap().iter().find(|known| {
                known["userPrincipalName"]
                    .as_str()
                    .unwrap()
                    .starts_with(&format!("{user}@"))
            });
            let found = found.unwrap();
            form.push(("grant_type", "password"));
            form.push(("username", found["userPrincipalName"].as_str().unwrap()));
            form.push(("password", found["password"].as_str().unwrap()));
        } else {
            form.push(("grant_type", "client_credentials"));
        }
        let http = http();
        let tenant = dev["tenantId"].as_str().unwrap();
        let url = format!("{}/{tenant}/oauth2/v2.0/token", self.url);
        let answer: Value = http
            .post(url)
            .form(&form)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let token = answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("no token: {answer}"))
            .to_owned();
        Api {
            http,
            url: self.url.clone(),
            token,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The word of a line that begins with `key`, without it.
fn word(line: &str, key: &str) -> Option<String> {
    line.split_whitespace()
        .find_map(|word| word.strip_prefix(key))
        .map(str::to_owned)
}

pub(crate) fn http() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// Calls as somebody.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Api {
    /// Status and body; an error if the connection broke.
    pub(crate) async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), reqwest::Error> {
        let answer = self.send(method, path, body).await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// The answer as it comes; an error if there is none.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<reqwest::Response, reqwest::Error> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        self.try_call(method, path, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// All members of a collection.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let mut members = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page = self.get(&path).await;
            members.extend(page["value"].as_array().unwrap().iter().cloned());
            let link = page["@odata.nextLink"]
                .as_str()
                .or(page["nextLink"].as_str());
            next = link.map(|link| link.strip_prefix(&self.url).unwrap().to_owned());
        }
        members
    }

    /// The id of the only thing that a filter finds.
    pub(crate) async fn id_of(&self, collection: &str, name: &str) -> String {
        let property = if collection.ends_with("/users") {
            "userPrincipalName"
        } else {
            "displayName"
        };
        let found = self
            .get(&format!(
                "{collection}?$filter={property} eq '{name}'&$select=id"
            ))
            .await;
        found["value"][0]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {found}"))
            .to_owned()
    }

    /// Looks until the object's state is no longer on the way; an end is guaranteed by the limit.
    pub(crate) async fn settled(&self, path: &str) -> String {
        let look = async {
            let mut looks = tokio::time::interval(Duration::from_millis(20));
            loop {
                looks.tick().await;
                let object = self.get(path).await;
                let state = object["state"].as_str().unwrap().to_owned();
                if !matches!(state.as_str(), "submitted" | "delivering") {
                    return state;
                }
            }
        };
        tokio::time::timeout(PATIENCE, look)
            .await
            .unwrap_or_else(|_| panic!("{path} is still on its way"))
    }
}

/// The body of a direct assignment.
pub(crate) fn direct(package: &str, policy: &str, user: &str) -> Value {
    json!({
        "requestType": "adminAdd",
        "assignment": { "targetId": user, "accessPackageId": package, "assignmentPolicyId": policy },
    })
}

/// A seed with this many users `u0@reeve.example` …, a group, an application, and one package with a role of each.
pub(crate) fn seed(folder: &Path, users: usize) -> PathBuf {
    let users: Vec<Value> = (0..users)
        .map(|number| json!({ "userPrincipalName": format!("u{number}@reeve.example"), "displayName": format!("User {number}") }))
        .collect();
    let seed = json!({
        "users": users,
        "groups": [{ "displayName": "Crew" }],
        "applications": [{ "displayName": "Gate", "roles": ["Opener"] }],
        "catalogs": [{ "displayName": "Farm", "accessPackages": [{
            "displayName": "Work",
            "roles": [{ "group": "Crew", "role": "Member" }, { "application": "Gate", "role": "Opener" }],
            "policies": [{ "displayName": "Direct", "requestors": [] }],
        }] }],
    });
    let path = folder.join("seed.json");
    std::fs::write(&path, seed.to_string()).unwrap();
    path
}

/// The package and the policy of [`seed`].
pub(crate) async fn work(api: &Api) -> (String, String) {
    let package = api.id_of(&format!("{EM}/accessPackages"), "Work").await;
    let policy = api
        .id_of(&format!("{EM}/assignmentPolicies"), "Direct")
        .await;
    (package, policy)
}
