//! Scenario files: what clients do, step by step, on both versions and both databases, with every answer held to a golden one.
//!
//! `tests/scenarios/*.yaml` are the scenarios. `$word` stands for the word of the version (`words.yaml`), `{name}` for what
//! an earlier step kept. An answer is compared whole with `tests/scenarios/golden/<scenario>.<version>.json`, where ids,
//! instants and tags are replaced by their number of appearance. `REEVE_WRITE_GOLDEN=1` writes the golden files anew.
//!
//! **Invariant:** one golden file holds for both databases.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use domain::time::{Duration, Timestamp};
use serde_json::{Map, Value, json};
use testkit::{Backend, Client, Start, TestApp};

const VERSIONS: [&str; 2] = ["v1.0", "beta"];

/// A scenario for one version.
struct Scenario {
    name: String,
    version: &'static str,
    steps: Vec<Value>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn yaml(text: &str, what: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// The scenarios of both versions, by name.
fn scenarios() -> Vec<Scenario> {
    let words = std::fs::read_to_string(folder().join("words.yaml")).unwrap();
    let words = yaml(&words, "words.yaml");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "yaml"))
        .filter(|path| !path.ends_with("words.yaml"))
        .collect();
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for version in VERSIONS {
            let spelled = spell(&text, &words, version, &name);
            let scenario = yaml(&spelled, &name);
            let steps = scenario["steps"].as_array().unwrap().clone();
            let steps = steps
                .into_iter()
                .filter(|step| step["only"].is_null() || step["only"] == version)
                .collect();
            found.push(Scenario {
                name: name.clone(),
                version,
                steps,
            });
        }
    }
    found
}

/// Puts the words of a version for `$word`. OData's own `$filter` and its like stay.
fn spell(text: &str, words: &Value, version: &str, name: &str) -> String {
    let mut spelled = String::new();
    let mut parts = text.split('$');
    spelled.push_str(parts.next().unwrap());
    for part in parts {
        let end = part
            .find(|letter: char| !letter.is_ascii_alphanumeric())
            .unwrap_or(part.len());
        let (word, rest) = part.split_at(end);
        match &words[word] {
            Value::Null => {
                let is_odata = ODATA.contains(&word);
                assert!(is_odata, "{name}: `${word}` is not in words.yaml");
                write!(spelled, "${word}{rest}").unwrap();
            }
            both => {
                let word = both[version].as_str().unwrap();
                write!(spelled, "{word}{rest}").unwrap();
            }
        }
    }
    spelled
}

const ODATA: [&str; 10] = [
    "filter", "select", "expand", "orderby", "top", "skip", "count", "search", "ref", "value",
];

/// What is known while a scenario runs.
struct Run<'a> {
    app: &'a TestApp,
    version: &'static str,
    /// What was kept, by name.
    kept: BTreeMap<String, String>,
    /// What ids, instants and tags are called in the golden file.
    names: BTreeMap<String, String>,
    answers: Vec<Value>,
}

impl Run<'_> {
    async fn step(&mut self, step: &Value) {
        if let Some(wait) = step["wait"].as_str() {
            self.app.advance(Duration::parse(wait).unwrap());
        }
        if let Some(name) = step["person"].as_str() {
            let id = self.app.add_user(name).await;
            self.kept.insert(name.to_owned(), id.to_string());
        }
        if step["deliver"] == true {
            self.app.deliver().await;
        }
        let call = ["GET", "POST", "PATCH", "PUT", "DELETE"]
            .into_iter()
            .find_map(|method| step[method].as_str().map(|path| (method, path)));
        if let Some((method, path)) = call {
            self.call(step, method, path).await;
        }
    }

    async fn call(&mut self, step: &Value, method: &str, path: &str) {
        let client = match step["as"].as_str() {
            Some(name) => self.app.as_user(name),
            None => self.app.as_operator(),
        };
        let path = format!("/{}{}", self.version, self.filled(path));
        let body = self.filled_in(&step["body"]);
        let reply = send(&client, method, &escaped(&path), body).await;
        let answer = if reply.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&reply.body)
                .unwrap_or_else(|_| json!(String::from_utf8_lossy(&reply.body)))
        };
        let wanted = step["status"].as_u64().unwrap_or(200);
        assert_eq!(
            u64::from(reply.status.as_u16()),
            wanted,
            "{method} {path}: {answer}"
        );
        if let Some(keep) = step["keep"].as_object() {
            for (name, pointer) in keep {
                let found = answer.pointer(pointer.as_str().unwrap());
                let text = found.and_then(Value::as_str);
                let text = text.unwrap_or_else(|| panic!("no {pointer} in {answer}"));
                self.kept.insert(name.clone(), text.to_owned());
            }
        }
        let golden = self.anonymous(&answer);
        let shown = step[method].as_str().unwrap();
        let called = format!("{method} {shown}");
        self.answers
            .push(json!({"call": called, "status": wanted, "body": golden}));
    }

    /// The text with `{name}` replaced by what was kept.
    fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.kept {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
        filled
    }

    fn filled_in(&self, body: &Value) -> Value {
        match body {
            Value::String(text) => Value::String(self.filled(text)),
            Value::Array(items) => items.iter().map(|item| self.filled_in(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), self.filled_in(value)))
                .collect::<Map<_, _>>()
                .into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => body.clone(),
        }
    }

    /// The answer with everything renamed that differs from run to run.
    fn anonymous(&mut self, answer: &Value) -> Value {
        match answer {
            Value::String(text) => Value::String(self.renamed(text)),
            Value::Array(items) => items.iter().map(|item| self.anonymous(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| {
                    let value = match name.as_str() {
                        "innerError" | "@odata.etag" => json!("…"),
                        _ => self.anonymous(value),
                    };
                    (name.clone(), value)
                })
                .collect::<Map<_, _>>()
                .into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => answer.clone(),
        }
    }

    /// A text with its ids, instants and tokens replaced.
    fn renamed(&mut self, text: &str) -> String {
        if let Some((front, _)) = text.split_once("$skiptoken=") {
            return format!("{front}$skiptoken=…");
        }
        if Timestamp::parse(text).is_ok() {
            return self.name("time", text);
        }
        let mut renamed = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(id) = rest.get(..36).filter(|id| is_guid(id)) {
                renamed.push_str(&self.name("id", id));
                rest = &rest[36..];
            } else {
                let letter = rest.chars().next().unwrap();
                renamed.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
        renamed
    }

    fn name(&mut self, kind: &str, text: &str) -> String {
        let next = self.names.len() + 1;
        let name = self
            .names
            .entry(text.to_owned())
            .or_insert_with(|| format!("<{kind} {next}>"));
        name.clone()
    }
}

/// What a client library would escape.
fn escaped(path: &str) -> String {
    path.replace(' ', "%20").replace('"', "%22")
}

fn is_guid(text: &str) -> bool {
    text.bytes().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

async fn send(client: &Client, method: &str, path: &str, body: Value) -> testkit::Reply {
    match (method, body) {
        ("GET", _) => client.get(path).await,
        ("DELETE", _) => client.delete(path).await,
        ("POST", Value::Null) => client.post_empty(path).await,
        ("POST", body) => client.post(path, body).await,
        ("PATCH", body) => client.patch(path, body).await,
        (_, body) => client.put(path, body).await,
    }
}

/// Runs the scenarios of a version on a database and compares every answer.
async fn hold(backend: Backend, version: &'static str) {
    for scenario in scenarios() {
        if scenario.version != version {
            continue;
        }
        let Some(app) = TestApp::on(backend, Start::default()).await else {
            return;
        };
        let mut run = Run {
            app: &app,
            version,
            kept: BTreeMap::new(),
            names: BTreeMap::new(),
            answers: Vec::new(),
        };
        for step in &scenario.steps {
            run.step(step).await;
        }
        let file = folder().join(format!("golden/{}.{version}.json", scenario.name));
        let shown = format!("{:#}\n", Value::Array(run.answers));
        if std::env::var_os("REEVE_WRITE_GOLDEN").is_some() {
            std::fs::write(&file, shown).unwrap();
            continue;
        }
        let golden = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for (number, (is, was)) in shown.lines().zip(golden.lines()).enumerate() {
            assert_eq!(is, was, "{} line {}", file.display(), number + 1);
        }
        assert_eq!(shown, golden, "{}", file.display());
    }
}

#[tokio::test]
async fn scenarios_hold_on_sqlite_in_v1_0() {
    hold(Backend::Sqlite, "v1.0").await;
}

#[tokio::test]
async fn scenarios_hold_on_sqlite_in_beta() {
    hold(Backend::Sqlite, "beta").await;
}

#[tokio::test]
async fn scenarios_hold_on_postgresql_in_v1_0() {
    hold(Backend::Postgres, "v1.0").await;
}

#[tokio::test]
async fn scenarios_hold_on_postgresql_in_beta() {
    hold(Backend::Postgres, "beta").await;
}
