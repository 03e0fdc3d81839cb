//! Finding resources: by filter where that can be believed, by reading everything where not.

use std::collections::HashSet;

use connector_api::{FailureCode, Outcome};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use crate::client::{Client, Request};

/// Most comparisons in one filter, and most characters, so that the URL stays short enough for any server.
const FILTER_TERMS: usize = 20;
const FILTER_LENGTH: usize = 1_500;
/// How many resources to ask for on a page.
const PAGE: usize = 200;

/// How to look for resources of one kind by one attribute.
pub(crate) struct Search<'a> {
    pub(crate) client: &'a Client,
    /// `/Users` or `/Groups`.
    pub(crate) collection: &'static str,
    /// The attribute to compare.
    pub(crate) attribute: &'static str,
    /// Query parameters that keep answers short.
    pub(crate) shape: (&'static str, &'static str),
    pub(crate) can_filter: bool,
    pub(crate) max_in_flight: usize,
    pub(crate) scan_cap: usize,
}

/// What a filter's answer was worth.
enum Answer {
    /// Only resources that match.
    Matches(Vec<Value>),
    /// Others too: the target ignores filters.
    Everybody,
    /// The target does not understand this filter.
    NotUnderstood,
}

impl Search<'_> {
    /// For each key, the resources whose attribute really equals it, each once.
    pub(crate) async fn find(&self, keys: &[String]) -> Result<Vec<Vec<Value>>, Outcome> {
        let found = if self.can_filter {
            self.by_filter(keys).await?
        } else {
            None
        };
        let resources = match found {
            Some(resources) => resources,
            None => self.scan().await?,
        };
        Ok(keys
            .iter()
            .map(|key| self.matching(&resources, key))
            .collect())
    }

    /// `None` if the target ignores filters.
    async fn by_filter(&self, keys: &[String]) -> Result<Option<Vec<Value>>, Outcome> {
        let mut resources = Vec::new();
        if keys.len() > 1 {
            for chunk in self.chunks(keys) {
                match self.ask(&chunk).await? {
                    Answer::Matches(matches) => resources.extend(matches),
                    Answer::Everybody => return Ok(None),
                    // It may still take one comparison at a time.
                    Answer::NotUnderstood => break,
                }
            }
        }
        // An absence is believed only from a question about that one key.
        let missing: Vec<_> = keys
            .iter()
            .filter(|key| self.matching(&resources, key).is_empty())
            .map(|key| self.ask(std::slice::from_ref(key)))
            .collect();
        let alone: Vec<Answer> = stream::iter(missing)
            .buffered(self.max_in_flight)
            .try_collect()
            .await?;
        for answer in alone {
            match answer {
                Answer::Matches(matches) => resources.extend(matches),
                Answer::Everybody | Answer::NotUnderstood => return Ok(None),
            }
        }
        Ok(Some(resources))
    }

    async fn ask(&self, keys: &[String]) -> Result<Answer, Outcome> {
        let request = Request::get(self.collection)
            .query("filter", self.filter(keys))
            .query(self.shape.0, self.shape.1);
        let reply = self.client.send(request).await?;
        if matches!(reply.status, 400 | 501) {
            return Ok(Answer::NotUnderstood);
        }
        if !reply.is_success() {
            return Err(search_failure(&reply, self.collection));
        }
        let resources = resources(reply.expect_object()?);
        let matches_any = |resource: &Value| keys.iter().any(|key| self.equals(resource, key));
        Ok(if resources.iter().all(matches_any) {
            Answer::Matches(resources)
        } else {
            Answer::Everybody
        })
    }

    /// Reads all resources, up to the cap. The first page is asked for without paging parameters, since some servers
    /// that do not filter do not page either.
    async fn scan(&self) -> Result<Vec<Value>, Outcome> {
        let mut all: Vec<Value> = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let mut request = Request::get(self.collection);
            if !all.is_empty() {
                request = request
                    .query("startIndex", (all.len() + 1).to_string())
                    .query("count", PAGE.to_string());
            }
            let reply = self.client.send(request).await?;
            if !reply.is_success() {
                return Err(search_failure(&reply, self.collection));
            }
            let body = reply.expect_object()?;
            let total = body
                .get("totalResults")
                .and_then(Value::as_u64)
                .and_then(|total| usize::try_from(total).ok());
            let before = all.len();
            all.extend(resources(body).into_iter().filter(|resource| {
                text(resource, "id").is_some_and(|id| seen.insert(id.to_owned()))
            }));
            if total.is_none_or(|total| all.len() >= total) {
                return Ok(all);
            }
            if all.len() == before || all.len() >= self.scan_cap {
                return Err(Outcome::refused(
                    FailureCode::ConnectorError,
                    format!(
                        "the target cannot filter {}, and of its {} resources only {} could be read",
                        self.collection,
                        total.unwrap_or_default(),
                        all.len()
                    ),
                ));
            }
        }
    }

    fn chunks(&self, keys: &[String]) -> Vec<Vec<String>> {
        let mut chunks: Vec<Vec<String>> = Vec::new();
        let mut length = 0;
        for key in keys {
            let term = self.term(key).len() + 4;
            match chunks.last_mut() {
                Some(chunk) if chunk.len() < FILTER_TERMS && length + term <= FILTER_LENGTH => {
                    chunk.push(key.clone());
                    length += term;
                }
                _ => {
                    chunks.push(vec![key.clone()]);
                    length = term;
                }
            }
        }
        chunks
    }

    fn filter(&self, keys: &[String]) -> String {
        let terms: Vec<String> = keys.iter().map(|key| self.term(key)).collect();
        terms.join(" or ")
    }

    /// One comparison; SCIM writes text as JSON does.
    fn term(&self, key: &str) -> String {
        format!("{} eq {}", self.attribute, Value::from(key))
    }

    fn matching(&self, resources: &[Value], key: &str) -> Vec<Value> {
        let mut seen = HashSet::new();
        resources
            .iter()
            .filter(|resource| self.equals(resource, key))
            .filter(|resource| text(resource, "id").is_some_and(|id| seen.insert(id.to_owned())))
            .cloned()
            .collect()
    }

    /// RFC 7643: `externalId` heeds case, `userName` and `displayName` do not.
    fn equals(&self, resource: &Value, key: &str) -> bool {
        let Some(value) = text(resource, self.attribute) else {
            return false;
        };
        if self.attribute == "externalId" {
            value == key
        } else {
            value.to_lowercase() == key.to_lowercase()
        }
    }
}

/// A text attribute of a resource.
pub(crate) fn text<'a>(resource: &'a Value, name: &str) -> Option<&'a str> {
    resource.get(name)?.as_str()
}

fn resources(list: &Value) -> Vec<Value> {
    list.get("Resources")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

/// Not being allowed to search at all is about our account, not about one resource.
fn search_failure(reply: &crate::reply::Reply, collection: &str) -> Outcome {
    let outcome = reply.failure(&format!("the search in {collection}"));
    match outcome {
        Outcome::Refused { reason } if reason.code == FailureCode::OriginAccessDenied => {
            Outcome::CredentialsRejected { reason }
        }
        other => other,
    }
}
