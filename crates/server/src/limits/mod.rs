//! Limits: how large, how slow, how often and how many at once (semantics 8.7, TH-1).
//!
//! [`Limits`] is what the operator configures. [`Gate`] holds what has to be remembered for it: buckets of callers and of
//! addresses, and who is being served. Sizes and times of a connection are kept in [`connection`], those of a body in
//! [`incoming`].
//!
//! **Invariant:** a refusal for a limit costs less than the request would have, and says when to come back.

pub(crate) mod activity;
mod address;
mod bucket;
pub(crate) mod connection;
pub(crate) mod incoming;
pub(crate) mod outgoing;
mod turns;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use auth::principal::{Kind, Principal};
use axum::body::Body;
use axum::extract::Request;
use domain::id::AppId;
use domain::time::Timestamp;
use http::{Extensions, HeaderMap, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use address::{Network, NotANetwork};

use crate::error::Error;
use bucket::{Buckets, Rate};
use incoming::Progress;
use turns::{Turn, Turns};

/// What the operator allows; the defaults suit a server that is reached through no proxy.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Largest body, in bytes; files have a limit of their own (ER-10).
    pub body_bytes: usize,
    /// Longest URL, in bytes.
    pub url_bytes: usize,
    /// Most headers of a request.
    pub headers: usize,
    /// All headers of a request together, in bytes.
    pub header_bytes: usize,
    /// Most requests that are served at once.
    pub requests: usize,
    /// Most requests that are served at once for one caller.
    pub requests_per_caller: usize,
    /// Most connections.
    pub connections: usize,
    /// Most connections from one address that is no named proxy's.
    pub connections_per_address: usize,
    /// Most requests at once on one connection of HTTP/2.
    pub streams: u32,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long the headers of a request may take, and how long a connection without one is kept.
    pub header_timeout: Duration,
    /// How long the next piece of a body may take.
    pub body_timeout: Duration,
    /// How long a request may take in all.
    pub request_timeout: Duration,
    /// How long nothing may happen on a connection.
    pub idle_timeout: Duration,
    /// Requests of one caller a second; none: as many as it likes.
    pub requests_per_second: Option<u32>,
    /// How many of these may come at once; none: as many as in two seconds.
    pub burst: Option<u32>,
    /// Refused tokens of one address a minute, after which it is only let in with a token that was accepted before.
    pub refused_tokens_per_minute: u32,
    /// Whether callers meet the limits that the public service is documented to have.
    pub imitate_graph: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: crate::body::LIMIT,
            url_bytes: 16 * 1024,
            headers: 100,
            header_bytes: 64 * 1024,
            requests: 512,
            requests_per_caller: 128,
            connections: 4096,
            connections_per_address: 256,
            streams: 100,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_mins(1),
            idle_timeout: Duration::from_secs(90),
            requests_per_second: None,
            burst: None,
            refused_tokens_per_minute: 600,
            imitate_graph: false,
            trusted_proxies: Vec::new(),
        }
    }
}

/// Most answers that go on for as long as there is news, such as the events of a job.
const WATCHERS: usize = 64;
/// Most of them for one caller.
const WATCHERS_PER_CALLER: usize = 4;

/// Who is limited: an application, and the user behind it where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    application: String,
    user: Option<String>,
}

impl Key {
    /// A client that is named by its `appId` is one client, however that is spelled.
    fn of(application: &str, user: Option<&str>) -> Self {
        Self {
            application: match application.parse::<AppId>() {
                Ok(app_id) => app_id.to_string(),
                Err(_) => application.to_owned(),
            },
            user: user.map(str::to_owned),
        }
    }

    /// The caller of a token.
    fn caller(principal: &Principal) -> Self {
        match &principal.kind {
            Kind::Delegated { user, client_id } => Self::of(
                client_id.as_deref().unwrap_or_default(),
                Some(&user.to_string()),
            ),
            Kind::Application { client_id, .. } => Self::of(client_id, None),
        }
    }

    /// The application alone.
    fn application(principal: &Principal) -> Self {
        match principal.client_id() {
            Some(client_id) => Self::of(client_id, None),
            None => Self::caller(principal),
        }
    }
}

/// What is asked for, as far as limits care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    /// Users, groups and applications rather than entitlement management.
    pub(crate) is_directory: bool,
    /// It changes something.
    pub(crate) is_write: bool,
}

/// One of the limits of the public service.
#[derive(Debug)]
struct Imitated {
    applies: fn(Work) -> bool,
    buckets: Buckets<Key>,
}

/// What the limits remember; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    places: Arc<Semaphore>,
    turns: Turns<Key>,
    /// Answers that go on, in all and by caller: they take nobody's place among the requests.
    watching: Arc<Semaphore>,
    watchers: Turns<Key>,
    /// Answers that their clients have not read to the end, by address.
    unsent: Turns<IpAddr>,
    callers: Option<Buckets<Key>>,
    imitated: Vec<Imitated>,
    refused_tokens: Buckets<IpAddr>,
}

/// The documented limits: any call of an application, and calls of an application in a small tenant's directory. Each
/// call costs one.
fn documented() -> Vec<Imitated> {
    let limit = |applies, count, seconds| Imitated {
        applies,
        buckets: Buckets::new(Rate::new(count, seconds, count)),
    };
    vec![
        limit(|_| true, 130_000, 10),
        limit(|work| work.is_directory, 3_500, 10),
        limit(|work| work.is_directory && work.is_write, 3_000, 150),
    ]
}

/// The place of an answer that goes on.
#[derive(Debug)]
pub(crate) struct Watching {
    _place: OwnedSemaphorePermit,
    _turn: Turn<Key>,
}

impl Gate {
    pub(crate) fn new(limits: Limits) -> Self {
        let callers = limits.requests_per_second.map(|count| {
            let burst = limits.burst.unwrap_or(count.saturating_mul(2));
            Buckets::new(Rate::new(count, 1, burst))
        });
        let refused = limits.refused_tokens_per_minute;
        Self(Arc::new(Inner {
            places: Arc::new(Semaphore::new(limits.requests)),
            turns: Turns::default(),
            watching: Arc::new(Semaphore::new(WATCHERS)),
            watchers: Turns::default(),
            unsent: Turns::default(),
            callers,
            imitated: if limits.imitate_graph {
                documented()
            } else {
                Vec::new()
            },
            refused_tokens: Buckets::new(Rate::new(refused, 60, refused)),
            limits,
        }))
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// A place among all requests.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.0.places)
            .try_acquire_owned()
            .map_err(|_| Error::Busy)
    }

    /// Lets an authenticated caller in; the place is theirs until what is returned is dropped.
    pub(crate) fn admit(
        &self,
        principal: &Principal,
        work: Work,
        now: Timestamp,
    ) -> Result<Turn<Key>, Error> {
        let throttled = |retry_after| Error::TooMany { retry_after };
        let key = Key::caller(principal);
        let turn = self
            .0
            .turns
            .enter(&key, self.0.limits.requests_per_caller)
            .ok_or_else(|| throttled(1))?;
        if let Some(callers) = &self.0.callers {
            callers.take(&key, now).map_err(throttled)?;
        }
        for one in &self.0.imitated {
            if (one.applies)(work) {
                let application = Key::application(principal);
                one.buckets.take(&application, now).map_err(throttled)?;
            }
        }
        Ok(turn)
    }

    /// A place for an answer that goes on; the caller has it until what is returned is dropped. Such an answer is
    /// [`outgoing::Apart`].
    pub(crate) fn watch(&self, principal: &Principal) -> Result<Watching, Error> {
        let full = || Error::TooMany { retry_after: 1 };
        let key = Key::caller(principal);
        let turn = self.0.watchers.enter(&key, WATCHERS_PER_CALLER);
        let turn = turn.ok_or_else(full)?;
        let place = Arc::clone(&self.0.watching).try_acquire_owned();
        Ok(Watching {
            _place: place.map_err(|_| full())?,
            _turn: turn,
        })
    }

    /// Where the request comes from, if it came over a connection.
    pub(crate) fn address(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        address::client(extensions, headers, &self.0.limits.trusted_proxies)
    }

    /// Refuses an address that leaves as many answers unread as one caller may ask for at once.
    pub(crate) fn check_unsent(&self, address: IpAddr) -> Result<(), Error> {
        let unsent = self.0.unsent.count(&neighbourhood(address));
        if unsent < self.0.limits.requests_per_caller {
            return Ok(());
        }
        Err(Error::TooMany { retry_after: 1 })
    }

    /// Counts an answer that is on its way to an address, until what is returned is dropped.
    pub(crate) fn sending(&self, address: IpAddr) -> Option<Turn<IpAddr>> {
        let unsent = &self.0.unsent;
        unsent.enter(&neighbourhood(address), usize::MAX)
    }

    /// Whether an address may still guess tokens.
    pub(crate) fn may_guess(&self, address: IpAddr, now: Timestamp) -> Result<(), Error> {
        self.0
            .refused_tokens
            .look(&neighbourhood(address), now)
            .map_err(|retry_after| Error::TooMany { retry_after })
    }

    /// A token from there was refused.
    pub(crate) fn guessed(&self, address: IpAddr, now: Timestamp) {
        self.0.refused_tokens.charge(&neighbourhood(address), now);
    }

    /// Refuses a request that is too large before anybody reads it.
    pub(crate) fn check_head(&self, request: &Request) -> Result<(), Error> {
        let limits = self.limits();
        let uri = request.uri();
        let url_bytes = uri.path_and_query().map_or(0, |path| path.as_str().len());
        if url_bytes > limits.url_bytes {
            return Err(Error::UrlTooLong {
                limit: limits.url_bytes,
            });
        }
        let headers = request.headers();
        let bytes: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
            .sum();
        if headers.len() > limits.headers || bytes > limits.header_bytes {
            return Err(Error::HeadersTooLarge {
                most: limits.headers,
                bytes: limits.header_bytes,
            });
        }
        let limit = self.body_limit(uri.path());
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(Error::TooLarge { limit });
        }
        Ok(())
    }

    /// The request with a body that keeps to the limits.
    pub(crate) fn guard_body(&self, request: Request, progress: &Progress) -> Request {
        let limit = self.body_limit(request.uri().path());
        let patience = self.limits().body_timeout;
        request.map(|body: Body| incoming::guarded(body, limit, patience, progress))
    }

    fn body_limit(&self, path: &str) -> usize {
        if crate::multipart::takes_file(path) {
            crate::multipart::LIMIT
        } else {
            let others = self.limits().body_bytes;
            crate::pages::body_limit(path).map_or(others, |limit| limit.max(others))
        }
    }
}

/// An IPv6 customer has a whole network: its addresses count as one.
pub(crate) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(network.into())
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
