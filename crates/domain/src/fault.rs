//! Faults on purpose: how a target or a route of the API misbehaves, where, and for which of the calls (ADR 30).
//!
//! **Invariant:** whether a call meets a fault follows from the fault and the number of the call alone, so that a
//! rehearsal with a seed goes the same way again.

use std::fmt;

use crate::time::Duration;

/// The longest delay of an answer.
pub const LONGEST_DELAY: Duration = Duration::from_minutes(5);
/// The longest time that a target answers what it knew before.
pub const LONGEST_STALE: Duration = Duration::from_minutes(60);
/// A whole, of which a share is counted.
pub const WHOLE: i64 = 1_000_000;

/// How something misbehaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `down`: the connection is dead.
    Down,
    /// `hang`: it takes a call and never answers.
    Hang,
    /// `drop-after-apply`: it does what it is told, and the answer is lost.
    DropAfterApply,
    /// `half-reply`: it does what it is told, and the answer breaks off in the middle.
    HalfReply,
    /// `delay:PT2S`: it does what it is told, and answers late.
    Delay(Duration),
    /// `status:503` or `status:503:30`: it answers with that status, and with that wish for patience.
    Status {
        /// From 400 to 599.
        status: u16,
        /// `Retry-After`, in seconds.
        retry_after: Option<u32>,
    },
    /// `throttle:SECONDS`: it answers "too many", with that wish.
    Throttle(u32),
    /// `refuse-credentials`: it does not accept the caller's credentials.
    RefuseCredentials,
    /// `fail:UPN`: it refuses one subject by sign-in name.
    FailFor(String),
    /// `stale:3` or `stale:PT30S`: it takes changes, and reads show them only after so many reads, or so much time.
    Stale(Stale),
}

/// How long reads lag behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    /// So many reads of what was changed.
    Reads(u32),
    /// So much time.
    For(Duration),
}

/// The words of faults, for whoever wrote something else.
pub const WORDS: &str = "down, hang, drop-after-apply, half-reply, delay:DURATION (at most PT5M), status:CODE or \
    status:CODE:SECONDS (from 400 to 599), throttle:SECONDS, refuse-credentials; and for targets alone \
    fail:SIGN-IN-NAME, stale:READS or stale:DURATION (at most PT1H)";

impl Fault {
    /// Reads a fault as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((word, value)) = text.split_once(':') else {
            return match text {
                "down" => Some(Self::Down),
                "hang" => Some(Self::Hang),
                "drop-after-apply" => Some(Self::DropAfterApply),
                "half-reply" => Some(Self::HalfReply),
                "refuse-credentials" => Some(Self::RefuseCredentials),
                _ => None,
            };
        };
        match word {
            "throttle" => value.parse().ok().map(Self::Throttle),
            "fail" => (!value.is_empty()).then(|| Self::FailFor(value.to_owned())),
            "delay" => length(value, LONGEST_DELAY).map(Self::Delay),
            "stale" => stale(value).map(Self::Stale),
            "status" => status(value),
            _ => None,
        }
    }

    /// Whether a route of the API can misbehave so, and not only a target.
    pub const fn is_for_routes(&self) -> bool {
        match self {
            Self::FailFor(_) | Self::Stale(_) => false,
            Self::Down
            | Self::Hang
            | Self::DropAfterApply
            | Self::HalfReply
            | Self::Delay(_)
            | Self::Status { .. }
            | Self::Throttle(_)
            | Self::RefuseCredentials => true,
        }
    }
}

fn length(text: &str, longest: Duration) -> Option<Duration> {
    let length = Duration::parse(text).ok()?;
    (length > Duration::default() && length <= longest).then_some(length)
}

fn stale(value: &str) -> Option<Stale> {
    match value.parse() {
        Ok(reads) => (reads > 0).then_some(Stale::Reads(reads)),
        Err(_) => length(value, LONGEST_STALE).map(Stale::For),
    }
}

fn status(value: &str) -> Option<Fault> {
    let (status, retry_after) = match value.split_once(':') {
        None => (value, None),
        Some((status, seconds)) => (status, Some(seconds.parse().ok()?)),
    };
    let status = status.parse().ok()?;
    (400..600).contains(&status).then_some(Fault::Status {
        status,
        retry_after,
    })
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down => f.write_str("down"),
            Self::Hang => f.write_str("hang"),
            Self::DropAfterApply => f.write_str("drop-after-apply"),
            Self::HalfReply => f.write_str("half-reply"),
            Self::Delay(by) => write!(f, "delay:{by}"),
            Self::Status {
                status,
                retry_after: None,
            } => write!(f, "status:{status}"),
            Self::Status {
                status,
                retry_after: Some(seconds),
            } => write!(f, "status:{status}:{seconds}"),
            Self::Throttle(seconds) => write!(f, "throttle:{seconds}"),
            Self::RefuseCredentials => f.write_str("refuse-credentials"),
            Self::FailFor(name) => write!(f, "fail:{name}"),
            Self::Stale(Stale::Reads(reads)) => write!(f, "stale:{reads}"),
            Self::Stale(Stale::For(time)) => write!(f, "stale:{time}"),
        }
    }
}

/// A route of the API, or many: a method or `*`, a space, and a path in which `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    method: String,
    path: String,
}

/// What routes that may misbehave begin with. Health, metrics and the issuer are for those who watch a rehearsal.
pub const ROUTES: [&str; 4] = ["/v1.0", "/beta", "/scim/v2", "/reeve/v1"];

/// What never misbehaves: the way to take faults back.
const SPARED: &str = "/reeve/v1/dev";

impl Route {
    /// Reads a route as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let (method, path) = text.split_once(' ')?;
        let is_method = method == "*" || method.bytes().all(|byte| byte.is_ascii_uppercase());
        let is_served = ROUTES.iter().any(|root| {
            let rest = path.get(..root.len()).zip(path.get(root.len()..));
            rest.is_some_and(|(begin, rest)| {
                begin.eq_ignore_ascii_case(root)
                    && (rest.is_empty() || rest.starts_with(['/', '*']))
            })
        });
        let fits = is_method && !method.is_empty() && is_served && !path.contains([' ', '?', '#']);
        (fits && !is_spared(path)).then(|| Self {
            method: method.to_owned(),
            path: path.to_owned(),
        })
    }

    /// Whether a request goes this way; case does not matter in a path.
    pub fn takes(&self, method: &str, path: &str) -> bool {
        (self.method == "*" || self.method == method)
            && !is_spared(path)
            && resembles(self.path.as_bytes(), path.as_bytes())
    }
}

fn is_spared(path: &str) -> bool {
    let begin = path.get(..SPARED.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(SPARED))
}

/// Whether a text is like a pattern in which `*` stands for anything. Goes back to the last star alone, so that no
/// pattern makes it slow.
fn resembles(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star = None;
    while let Some(byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(wanted) if wanted.eq_ignore_ascii_case(byte) => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((back, from)) = star else {
                    return false;
                };
                star = Some((back, from + 1));
                at = back + 1;
                read = from + 1;
            }
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What misbehaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A target, by its name.
    Target(String),
    /// A route of the API.
    Route(Route),
}

/// A fault that was injected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injected {
    /// By which it is taken back.
    pub id: String,
    /// What misbehaves.
    pub place: Place,
    /// How.
    pub fault: Fault,
    /// For so many calls; for all, if nothing is said.
    pub calls: Option<i64>,
    /// For so many of [`WHOLE`] calls, drawn by the seed; for all, if nothing is said.
    pub share: Option<i64>,
    /// What is drawn by.
    pub seed: i64,
}

impl Injected {
    /// Whether the call with this number meets the fault, which was met so often before.
    pub fn meets(&self, number: u64, met: u64) -> bool {
        let is_left = self
            .calls
            .is_none_or(|calls| met < u64::try_from(calls).unwrap_or(0));
        is_left && self.share.is_none_or(|share| self.draw(number) < share)
    }

    /// A number below [`WHOLE`] that follows from the seed and the number of the call: the mixing step of `SplitMix64`.
    fn draw(&self, number: u64) -> i64 {
        let mut mixed = self
            .seed
            .cast_unsigned()
            .wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed % WHOLE.cast_unsigned()).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_as_it_is_written() {
        for fault in [
            Fault::Down,
            Fault::Hang,
            Fault::DropAfterApply,
            Fault::HalfReply,
            Fault::Delay(Duration::from_secs(2)),
            Fault::Status {
                status: 503,
                retry_after: None,
            },
            Fault::Status {
                status: 429,
                retry_after: Some(30),
            },
            Fault::Throttle(30),
            Fault::RefuseCredentials,
            Fault::FailFor("carol@example.com".to_owned()),
            Fault::Stale(Stale::Reads(3)),
            Fault::Stale(Stale::For(Duration::from_secs(30))),
        ] {
            assert_eq!(Fault::parse(&fault.to_string()), Some(fault));
        }
    }

    #[test]
    fn other_texts_are_no_faults() {
        for text in [
            "",
            "up",
            "throttle",
            "throttle:",
            "throttle:x",
            "fail:",
            "slow:3",
            "delay:",
            "delay:PT0S",
            "delay:PT6M",
            "delay:-PT1S",
            "status:",
            "status:200",
            "status:600",
            "status:503:",
            "status:503:soon",
            "stale:0",
            "stale:PT2H",
            "stale:",
        ] {
            assert_eq!(Fault::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_route_takes_what_is_like_it() {
        let route = Route::parse("POST /v1.0/*/assignments*").unwrap();

        assert!(route.takes(
            "POST",
            "/v1.0/identityGovernance/entitlementManagement/Assignments"
        ));
        assert!(route.takes("POST", "/v1.0/a/assignments('1')/reprocess"));
        assert!(!route.takes("GET", "/v1.0/a/assignments"));
        assert!(
            !route.takes("POST", "/v1.0/assignments"),
            "a slash is missing"
        );
        assert!(!route.takes("POST", "/beta/a/assignments"));
        let any = Route::parse("* /beta").unwrap();
        assert!(any.takes("PATCH", "/beta") && !any.takes("PATCH", "/beta/users"));
    }

    #[test]
    fn the_way_to_take_faults_back_is_never_met() {
        let all = Route::parse("* /reeve/v1*").unwrap();

        assert!(all.takes("GET", "/reeve/v1/targets"));
        assert!(!all.takes("DELETE", "/reeve/v1/dev/faults/1"));
        assert!(!all.takes("DELETE", "/Reeve/V1/DEV/faults"));
        assert_eq!(Route::parse("DELETE /reeve/v1/dev/faults"), None);
    }

    #[test]
    fn what_is_no_route_of_the_api_is_not_read() {
        for text in [
            "",
            "/v1.0",
            "GET",
            "get /v1.0",
            "GET /healthz",
            "GET /v1.01",
            "GET /v1.0/a b",
            " /v1.0",
            "GET /v1.0?x=1",
        ] {
            assert_eq!(Route::parse(text), None, "{text}");
        }
    }

    #[test]
    fn many_stars_are_not_slow() {
        let route = Route::parse(&format!("GET /v1.0/{}b", "*a".repeat(200))).unwrap();

        assert!(!route.takes("GET", &format!("/v1.0/{}", "a".repeat(5_000))));
    }

    fn injected(calls: Option<i64>, share: Option<i64>, seed: i64) -> Injected {
        Injected {
            id: "1".to_owned(),
            place: Place::Target("crm".to_owned()),
            fault: Fault::Down,
            calls,
            share,
            seed,
        }
    }

    #[test]
    fn a_fault_is_used_up_after_its_calls() {
        let fault = injected(Some(2), None, 0);

        assert!(fault.meets(0, 0) && fault.meets(1, 1));
        assert!(!fault.meets(2, 2));
    }

    #[test]
    fn a_share_is_drawn_the_same_way_by_the_same_seed() {
        let drawn = |seed| -> Vec<bool> {
            let fault = injected(None, Some(WHOLE / 4), seed);
            (0..4_000).map(|number| fault.meets(number, 0)).collect()
        };
        let met = drawn(7).iter().filter(|met| **met).count();

        assert!((900..1_100).contains(&met), "{met}");
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }
}
