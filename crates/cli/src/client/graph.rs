//! A client of any Graph root: pages, batches, and patience with a server that says "not now".
//!
//! **Invariant:** what is sent again is only what the server said it did not take, or what may be repeated; and never
//! more than [`TRIES`] times. Whatever a server answers, it is read to an end that this side knows: no answer is larger than
//! [`LARGEST`], pages that lead back to themselves are noticed, and no token goes to another host.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service::clock::{Clock, Ids};
use tokio::sync::RwLock;

use super::events::Events;
use super::kept::Kept;
use super::sign_in::Grant;
use crate::output::{self, Refused};

/// How often one call is sent at most.
const TRIES: u32 = 8;
/// The wait after a refusal that names none, and the longest that is obeyed: whoever asks for more is told of at once.
const DEFAULT_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// A wait that somebody may wonder about.
const NOTED_WAIT: Duration = Duration::from_secs(5);
/// The largest answer that is read.
pub(crate) const LARGEST: usize = 64 << 20;
/// Pages of a collection: so many at most, and so many without a member one after another.
const MOST_PAGES: usize = 1_000_000;
const MOST_EMPTY_PAGES: usize = 100;
/// Most parts of a `$batch` (BA-1).
pub(crate) const BATCH: usize = 20;

/// Where tokens come from.
pub(crate) enum TokenSource {
    /// This one, while it lasts.
    Fixed(String),
    /// Whoever has this signs in, again when the token has run out.
    Grant(Grant),
    /// What `reeve login` keeps.
    Kept(Kept),
    /// No token is sent.
    None,
}

impl std::fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "Fixed",
            Self::Grant(_) => "Grant",
            Self::Kept(_) => "Kept",
            Self::None => "None",
        })
    }
}

/// A Graph root.
#[derive(Debug)]
pub(crate) struct Graph {
    http: reqwest::Client,
    root: String,
    source: TokenSource,
    token: RwLock<Option<String>>,
    clock: Clock,
    ids: Ids,
}

/// An answer, whatever it says.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    retry_after: Option<Duration>,
}

impl Answer {
    /// The error's code, or what stands in for it.
    pub(crate) fn code(&self) -> &str {
        self.body
            .pointer("/error/code")
            .and_then(Value::as_str)
            .unwrap_or("no code")
    }

    /// The error's message.
    pub(crate) fn message(&self) -> &str {
        self.body
            .pointer("/error/message")
            .and_then(Value::as_str)
            .unwrap_or("no message")
    }

    /// Status, code and message.
    pub(crate) fn reason(&self) -> String {
        format!("{} {}: {}", self.status, self.code(), self.message())
    }

    /// Whether it is what was asked for.
    pub(crate) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// Whether the server asks to be asked later.
    const fn is_not_now(&self) -> bool {
        matches!(self.status, 429 | 503)
    }

    /// How long to wait before the call is sent again; `None` if it is not, also because that would be too long.
    fn wait(&self) -> Option<Duration> {
        let wait = self.retry_after.unwrap_or(DEFAULT_WAIT);
        (self.is_not_now() && wait <= LONGEST_WAIT).then_some(wait)
    }

    pub(crate) fn expect_success(self, what: &str) -> anyhow::Result<Value> {
        if self.is_success() {
            return Ok(self.body);
        }
        let reason = self.reason();
        let told = match self.retry_after {
            Some(wait) if self.is_not_now() => format!(
                "{what} was answered {reason} (the server asks to wait {} s)",
                wait.as_secs()
            ),
            _ => format!("{what} was answered {reason}"),
        };
        // What is the caller's to mend, as opposed to what the server could not do.
        if (400..500).contains(&self.status) && !self.is_not_now() {
            return Err(Refused(told).into());
        }
        bail!(told)
    }
}

/// One part of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) method: &'static str,
    /// Below the root of the version.
    pub(crate) url: String,
}

impl Graph {
    /// The root at `url`, without version.
    pub(crate) fn new(
        http: reqwest::Client,
        url: &str,
        source: TokenSource,
    ) -> anyhow::Result<Self> {
        let root = url.trim_end_matches('/').to_owned();
        reqwest::Url::parse(&root).with_context(|| format!("`{url}` is no URL"))?;
        Ok(Self {
            http,
            root,
            source,
            token: RwLock::default(),
            clock: Clock::system(),
            ids: Ids::random(),
        })
    }

    /// The root, without slash at its end.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// Sends one call and gives back whatever the answer is, without patience.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let token = self.current_token().await?;
        let answer = self
            .send(method.clone(), path, body, token.as_deref())
            .await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        // It may have run out since.
        match self.next_token(token.as_deref()).await? {
            Some(next) => self.send(method, path, body, Some(&next)).await,
            None => Ok(answer),
        }
    }

    /// The body of a GET.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.patiently(Method::GET, path, None)
            .await?
            .expect_success(path)
    }

    /// Whatever the server answers once it does not say "not now" any more.
    pub(crate) async fn send_patiently(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        self.patiently(method, path, body).await
    }

    /// What an address says to somebody without a token; `None` if it is not there.
    pub(crate) async fn look(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let answer = self.send(Method::GET, path, None, None).await?;
        Ok(answer.is_success().then_some(answer.body))
    }

    /// The body of what a POST made.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.patiently(Method::POST, path, Some(body))
            .await?
            .expect_success(path)
    }

    /// All members of a collection, page after page, each given to `each`.
    pub(crate) async fn for_each(
        &self,
        path: &str,
        mut each: impl FnMut(Value),
    ) -> anyhow::Result<()> {
        self.for_each_until(path, |member| {
            each(member);
            true
        })
        .await
        .map(drop)
    }

    /// The same as long as `each` wants more; says whether that was to the end.
    pub(crate) async fn for_each_until(
        &self,
        path: &str,
        mut each: impl FnMut(Value) -> bool,
    ) -> anyhow::Result<bool> {
        let mut next = Some(path.to_owned());
        let (mut seen, mut empty) = (HashSet::new(), 0);
        while let Some(path) = next {
            let mut page = self.get(&path).await?;
            empty = match page.get("value").and_then(Value::as_array) {
                Some(members) if members.is_empty() => empty + 1,
                _ => 0,
            };
            let mut hasher = DefaultHasher::new();
            path.hash(&mut hasher);
            let is_again = !seen.insert(hasher.finish());
            if is_again || seen.len() > MOST_PAGES || empty > MOST_EMPTY_PAGES {
                bail!("the pages of a collection do not end: {path}");
            }
            let Some(members) = page.get_mut("value").and_then(Value::as_array_mut) else {
                bail!("the answer to {path} is no collection");
            };
            for member in members.drain(..) {
                if !each(member) {
                    return Ok(false);
                }
            }
            next = page
                .get("@odata.nextLink")
                .or_else(|| page.get("nextLink"))
                .and_then(Value::as_str)
                .map(|link| self.own_path(link))
                .transpose()?;
        }
        Ok(true)
    }

    /// The same in a list.
    pub(crate) async fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut members = Vec::new();
        self.for_each(path, |member| members.push(member)).await?;
        Ok(members)
    }

    /// Sends up to [`BATCH`] calls in one, and again those that the server did not take; answers in their order.
    pub(crate) async fn batch(&self, parts: &[Part]) -> anyhow::Result<Vec<Answer>> {
        // The same id at each repetition, so that a server knows it for one (RP-41).
        let ids: Vec<String> = parts
            .iter()
            .map(|_| self.ids.next(self.clock.now()).to_string())
            .collect();
        let mut answers: Vec<Option<Answer>> = vec![None; parts.len()];
        for _ in 0..TRIES {
            let open: Vec<usize> = answers
                .iter()
                .enumerate()
                .filter(|(_, answer)| answer.as_ref().is_none_or(|one| one.wait().is_some()))
                .map(|(index, _)| index)
                .collect();
            if open.is_empty() {
                break;
            }
            if let Some(wait) = answers.iter().flatten().filter_map(Answer::wait).max() {
                pause(wait).await;
            }
            let answered = match self.batch_once(parts, &ids, &open).await {
                Ok(answered) => answered,
                // What was answered before stands; what was told to wait is told as that.
                Err(_) if answers.iter().any(Option::is_some) => break,
                Err(error) => return Err(error),
            };
            let mut open: BTreeSet<usize> = open.into_iter().collect();
            for (index, answer) in answered {
                // The first answer to what was asked counts, and no other.
                if let (true, Some(place)) = (open.remove(&index), answers.get_mut(index)) {
                    *place = Some(answer);
                }
            }
        }
        answers
            .into_iter()
            .map(|answer| answer.context("a part of a batch was not answered"))
            .collect()
    }

    async fn batch_once(
        &self,
        parts: &[Part],
        ids: &[String],
        open: &[usize],
    ) -> anyhow::Result<Vec<(usize, Answer)>> {
        let requests: Vec<Value> = open
            .iter()
            .filter_map(|&index| {
                let part = parts.get(index)?;
                Some(json!({
                    "id": index.to_string(),
                    "method": part.method,
                    "url": part.url,
                    "headers": { "client-request-id": ids.get(index)? },
                }))
            })
            .collect();
        let body = json!({ "requests": requests });
        let answer = self
            .patiently(Method::POST, "/v1.0/$batch", Some(&body))
            .await?
            .expect_success("the batch")?;
        let responses = answer
            .get("responses")
            .and_then(Value::as_array)
            .context("the answer to a batch holds no responses")?;
        Ok(responses.iter().filter_map(part_answer).collect())
    }

    /// One call, sent again as long as the server says "not now".
    async fn patiently(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let mut answer = self.call(method.clone(), path, body).await?;
        for _ in 1..TRIES {
            let Some(wait) = answer.wait() else {
                break;
            };
            pause(wait).await;
            answer = self.call(method.clone(), path, body).await?;
        }
        Ok(answer)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        token: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.root));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("{} does not answer", self.root))?;
        let status = answer.status().as_u16();
        let retry_after = answer
            .headers()
            .get(reqwest::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(seconds);
        let bytes = whole(answer).await?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
        };
        Ok(Answer {
            status,
            body,
            retry_after,
        })
    }

    /// Events of a server, as long as it tells of any; `None` if it has none to tell here.
    pub(crate) async fn events(&self, path: &str) -> anyhow::Result<Option<Events>> {
        let token = self.current_token().await?;
        let mut request = self
            .http
            .get(format!("{}{path}", self.root))
            .header(reqwest::header::ACCEPT, Events::KIND)
            .timeout(Events::LONGEST);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request
            .send()
            .await
            .with_context(|| format!("{} does not answer", self.root))?;
        Ok(Events::of(answer))
    }

    async fn current_token(&self) -> anyhow::Result<Option<String>> {
        match &self.source {
            TokenSource::Fixed(token) => Ok(Some(token.clone())),
            TokenSource::None => Ok(None),
            TokenSource::Grant(_) | TokenSource::Kept(_) => {
                // The lock must be free again before another token is asked for.
                let known = self.token.read().await.clone();
                match known {
                    Some(token) => Ok(Some(token)),
                    None => self.next_token(None).await,
                }
            }
        }
    }

    /// Another token than `refused`; none if there is no way to one.
    async fn next_token(&self, refused: Option<&str>) -> anyhow::Result<Option<String>> {
        if matches!(self.source, TokenSource::Fixed(_) | TokenSource::None) {
            return Ok(None);
        }
        let mut token = self.token.write().await;
        if token.is_some() && token.as_deref() != refused {
            return Ok(token.clone());
        }
        let next = match &self.source {
            TokenSource::Grant(grant) => grant.token(&self.http).await?,
            TokenSource::Kept(kept) => kept.token(&self.http, refused).await?,
            TokenSource::Fixed(_) | TokenSource::None => return Ok(None),
        };
        *token = Some(next.clone());
        Ok(Some(next))
    }

    /// A link of the server as a path; one that leads elsewhere would carry the token there.
    fn own_path(&self, link: &str) -> anyhow::Result<String> {
        match link.strip_prefix(&self.root) {
            Some(path) if path.starts_with('/') => Ok(path.to_owned()),
            _ => bail!(
                "the next page is at another address than {}: {link}",
                self.root
            ),
        }
    }
}

/// All of an answer, if it is not too large.
pub(crate) async fn whole(mut answer: reqwest::Response) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.context("the answer broke off")? {
        if bytes.len() + chunk.len() > LARGEST {
            bail!("the answer is larger than {} MiB", LARGEST >> 20);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Waits as the server asks.
async fn pause(wait: Duration) {
    if wait >= NOTED_WAIT {
        output::note(format_args!("the server asks to wait {} s", wait.as_secs()));
    }
    tokio::time::sleep(wait).await;
}

fn part_answer(response: &Value) -> Option<(usize, Answer)> {
    let index = response.get("id")?.as_str()?.parse().ok()?;
    let status = u16::try_from(response.get("status")?.as_u64()?).ok()?;
    let retry_after = response
        .get("headers")
        .and_then(Value::as_object)
        .and_then(|headers| {
            let (_, value) = headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
            value
                .as_str()
                .and_then(seconds)
                .or_else(|| value.as_u64().map(Duration::from_secs))
        });
    let body = response.get("body").cloned().unwrap_or(Value::Null);
    Some((
        index,
        Answer {
            status,
            body,
            retry_after,
        },
    ))
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

/// Text for a place in a query string.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Text inside of a literal of a filter.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
