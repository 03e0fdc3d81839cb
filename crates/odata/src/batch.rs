//! `$batch`: many requests in one body (BA-1). Running them is the server's.
//!
//! **Invariant:** in a [`Batch`], ids are unique and every request stands
//! behind the ones it depends on; running them in order is always right.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::error::ErrorBody;
use crate::json::JsonWriter;
use crate::link::legal_url;

/// How many requests one batch may hold.
pub const MAX_REQUESTS: usize = 20;

/// The requests of a batch, in an order in which they can run.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The requests.
    pub requests: Vec<BatchRequest>,
}

/// One request of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRequest {
    /// The client's name for it; never empty.
    pub id: String,
    /// The method.
    pub method: Method,
    /// Path and query below the version root, with a `/` in front and with
    /// everything escaped that must be.
    pub url: String,
    /// The headers, in the client's order.
    pub headers: Vec<(String, String)>,
    /// The body; `null` counts as none.
    pub body: Option<Value>,
    /// The ids of the requests that must have succeeded before.
    pub depends_on: Vec<String>,
}

/// The methods a request in a batch may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PATCH`
    Patch,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl Method {
    const ALL: &[Method] = &[
        Method::Get,
        Method::Post,
        Method::Patch,
        Method::Put,
        Method::Delete,
    ];

    /// The method as HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// Why a whole batch was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{target}` is not valid: {problem}")]
pub struct BatchError {
    /// The place in the body, such as `requests[2].url`.
    pub target: String,
    /// What is wrong there.
    pub problem: String,
}

impl BatchError {
    fn new(target: impl Into<String>, problem: impl Into<String>) -> Self {
        BatchError {
            target: target.into(),
            problem: problem.into(),
        }
    }
}

/// Reads the body of a `$batch` request. URLs may begin with `root`, the
/// version root as the client sees it.
pub fn parse(body: &[u8], root: &str) -> Result<Batch, BatchError> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| BatchError::new("body", format!("it is no JSON text ({error})")))?;
    let Some(Value::Array(items)) = body.get("requests") else {
        return Err(BatchError::new("requests", "expected an array"));
    };
    if items.len() > MAX_REQUESTS {
        let problem = format!(
            "a batch holds at most {MAX_REQUESTS} requests, this one has {}",
            items.len()
        );
        return Err(BatchError::new("requests", problem));
    }
    let mut requests: Vec<BatchRequest> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let request = Item {
            index,
            value: item,
            root,
        }
        .read()?;
        if requests.iter().any(|other| other.id == request.id) {
            let problem = format!("the id `{}` is given twice", request.id);
            return Err(BatchError::new(format!("requests[{index}].id"), problem));
        }
        requests.push(request);
    }
    in_order(requests).map(|requests| Batch { requests })
}

/// One member of `requests` and where it stands.
struct Item<'a> {
    index: usize,
    value: &'a Value,
    root: &'a str,
}

impl Item<'_> {
    fn read(&self) -> Result<BatchRequest, BatchError> {
        let Value::Object(members) = self.value else {
            let target = format!("requests[{}]", self.index);
            return Err(BatchError::new(target, "expected an object"));
        };
        if given(members, "atomicityGroup").is_some() {
            return Err(self.error(
                "atomicityGroup",
                "requests cannot be grouped to succeed or fail together",
            ));
        }
        Ok(BatchRequest {
            id: self.text(members, "id")?.to_owned(),
            method: self.method(members)?,
            url: self.url(members)?,
            headers: self.headers(members)?,
            body: given(members, "body").cloned(),
            depends_on: self.depends_on(members)?,
        })
    }

    fn error(&self, member: &str, problem: impl Into<String>) -> BatchError {
        BatchError::new(format!("requests[{}].{member}", self.index), problem)
    }

    fn text<'a>(&self, members: &'a Map<String, Value>, name: &str) -> Result<&'a str, BatchError> {
        members
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| self.error(name, "expected a string that is not empty"))
    }

    fn method(&self, members: &Map<String, Value>) -> Result<Method, BatchError> {
        let name = self.text(members, "method")?;
        Method::ALL
            .iter()
            .copied()
            .find(|method| method.as_str().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                let problem = format!("`{name}` is none of GET, POST, PATCH, PUT and DELETE");
                self.error("method", problem)
            })
    }

    fn url(&self, members: &Map<String, Value>) -> Result<String, BatchError> {
        let url = self.text(members, "url")?;
        let below = url
            .strip_prefix(self.root)
            .filter(|rest| !self.root.is_empty() && rest.starts_with(['/', '?']));
        let url = below.unwrap_or(url);
        let path = url.split(['?', '#']).next().unwrap_or_default();
        if path.contains("://") || url.starts_with("//") {
            return Err(self.error("url", "expected a path relative to the version root"));
        }
        if url.contains(|c: char| c.is_control() || c == '#') {
            return Err(self.error("url", "a control character or `#` cannot stand in a URL"));
        }
        let path = path.trim_matches('/');
        if path.eq_ignore_ascii_case("$batch") || path.eq_ignore_ascii_case("%24batch") {
            return Err(self.error("url", "a batch cannot hold a batch"));
        }
        let url = format!("/{}", url.trim_start_matches('/'));
        Ok(legal_url(&url))
    }

    fn headers(&self, members: &Map<String, Value>) -> Result<Vec<(String, String)>, BatchError> {
        let Some(headers) = given(members, "headers") else {
            return Ok(Vec::new());
        };
        let pairs = headers.as_object().and_then(|headers| {
            headers
                .iter()
                .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect()
        });
        pairs.ok_or_else(|| self.error("headers", "expected an object of strings"))
    }

    fn depends_on(&self, members: &Map<String, Value>) -> Result<Vec<String>, BatchError> {
        let Some(ids) = given(members, "dependsOn") else {
            return Ok(Vec::new());
        };
        let ids = ids.as_array().and_then(|ids| {
            ids.iter()
                .map(|id| id.as_str().map(str::to_owned))
                .collect()
        });
        ids.ok_or_else(|| self.error("dependsOn", "expected an array of ids"))
    }
}

fn given<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

/// Moves each request behind the ones it depends on and changes nothing else.
fn in_order(mut waiting: Vec<BatchRequest>) -> Result<Vec<BatchRequest>, BatchError> {
    for request in &waiting {
        let unknown = request
            .depends_on
            .iter()
            .find(|id| !waiting.iter().any(|other| other.id == **id));
        if let Some(unknown) = unknown {
            let problem = format!(
                "the request `{}` depends on `{unknown}`, which is not in the batch",
                request.id
            );
            return Err(BatchError::new("dependsOn", problem));
        }
    }
    let mut ordered: Vec<BatchRequest> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|request| {
            request
                .depends_on
                .iter()
                .all(|id| ordered.iter().any(|done| done.id == *id))
        });
        let Some(ready) = ready else {
            let ids: Vec<&str> = waiting.iter().map(|request| request.id.as_str()).collect();
            let problem = format!("the requests `{}` wait for each other", ids.join("`, `"));
            return Err(BatchError::new("dependsOn", problem));
        };
        ordered.push(waiting.remove(ready));
    }
    Ok(ordered)
}

/// The answer to one request of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchResponse {
    /// The id of the request.
    pub id: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body, if the answer has one.
    pub body: Option<BatchBody>,
}

/// The body of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchBody {
    /// JSON text; it becomes part of the document as it is.
    Json(Vec<u8>),
    /// Anything else; it becomes a base64 string.
    Bytes(Vec<u8>),
}

impl BatchResponse {
    /// An answer that is an error.
    pub fn error(id: impl Into<String>, status: u16, body: &ErrorBody) -> Self {
        BatchResponse {
            id: id.into(),
            status,
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: Some(BatchBody::Json(body.to_json().into_bytes())),
        }
    }

    /// Whether requests that depend on this one may run.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Writes the document that answers a batch.
pub fn write_responses(responses: &[BatchResponse]) -> Vec<u8> {
    let mut json = JsonWriter::with_capacity(4096);
    json.begin_object().key("responses").begin_array();
    for response in responses {
        write_response(&mut json, response);
    }
    json.end_array().end_object();
    json.into_bytes()
}

fn write_response(json: &mut JsonWriter, response: &BatchResponse) {
    json.begin_object();
    json.key("id").str(&response.id);
    json.key("status").i64(i64::from(response.status));
    json.key("headers").begin_object();
    for (name, value) in &response.headers {
        json.key(name).str(value);
    }
    json.end_object();
    match &response.body {
        Some(BatchBody::Json(body)) if !body.is_empty() => {
            json.key("body").raw_bytes(body);
        }
        Some(BatchBody::Bytes(body)) if !body.is_empty() => {
            json.key("body").str(&STANDARD.encode(body));
        }
        Some(BatchBody::Json(_) | BatchBody::Bytes(_)) | None => {}
    }
    json.end_object();
}

#[cfg(test)]
mod tests;
