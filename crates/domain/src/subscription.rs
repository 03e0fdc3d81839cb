//! Subscriptions to changes: to what, for how long, where to, and how long to keep trying.
//!
//! **Invariant:** a subscription that passed its check names one of the collections that are followed, and ends.

use std::fmt;

use crate::flaw::Flaw;
use crate::time::{Duration, Timestamp};
use crate::word::words;

words! {
    /// What is followed. The word is the name of its entity.
    pub enum Followed {
        /// Assignment requests.
        AssignmentRequest = "assignment_request",
        /// Assignments.
        Assignment = "assignment",
    }
}

impl Followed {
    /// Its type, as notifications name it.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::AssignmentRequest => "#microsoft.graph.accessPackageAssignmentRequest",
            Self::Assignment => "#microsoft.graph.accessPackageAssignment",
        }
    }
}

words! {
    /// How something changed.
    pub enum ChangeType {
        /// It is new.
        Created = "created",
        /// It is another than before.
        Updated = "updated",
        /// It is gone.
        Deleted = "deleted",
    }
}

impl ChangeType {
    /// What two changes of one object come to in the eyes of somebody who saw neither; `None` if there is nothing to see.
    pub const fn then(self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Created, Self::Updated) => Some(Self::Created),
            (Self::Created, Self::Deleted) => None,
            (_, next) => Some(next),
        }
    }
}

words! {
    /// What befalls a subscription.
    pub enum LifecycleEvent {
        /// It was removed, and has to be created again.
        Removed = "subscriptionRemoved",
        /// Notifications were dropped: what changed has to be looked up.
        Missed = "missed",
        /// The subscriber has to show a token again.
        Reauthorize = "reauthorizationRequired",
    }
}

/// The longest life of a subscription. What a token said is believed for no longer.
pub const LONGEST_LIFE: Duration = Duration::from_minutes(4_320);

/// For how long a receiver that takes nothing is tried.
pub const PATIENCE: Duration = Duration::from_minutes(240);

/// The longest `clientState`.
const LONGEST_STATE: usize = 128;

/// The longest `notificationUrlAppId`.
const LONGEST_APP_ID: usize = 128;

/// How long after so many failed attempts in a row the next one is due.
pub fn retry_after(attempts: i64) -> Duration {
    const SECONDS: [i64; 7] = [10, 30, 60, 120, 300, 600, 1_200];
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or_default();
    Duration::from_secs(SECONDS.get(index).copied().unwrap_or(1_800))
}

/// What subscriber and receiver know, and nobody else.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientState(String);

impl ClientState {
    /// Takes it as it was written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For the receiver.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientState(…)")
    }
}

/// What of the API is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// As the subscriber wrote it.
    pub text: String,
    /// The path of the collection below the version.
    pub collection: String,
    /// Of what.
    pub of: Followed,
    /// The one object, if it is not the whole collection.
    pub object: Option<String>,
}

/// A subscription that somebody wants to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubscription {
    /// What is followed.
    pub resource: Resource,
    /// The version of the API that names it.
    pub api_version: &'static str,
    /// Which changes; each once.
    pub change_types: Vec<ChangeType>,
    /// Where notifications are posted.
    pub notification_url: String,
    /// Where it is posted what befalls the subscription.
    pub lifecycle_url: Option<String>,
    /// The application that the receiver belongs to.
    pub notification_url_app_id: Option<String>,
    /// What each notification carries, so that the receiver knows it is meant.
    pub client_state: Option<ClientState>,
    /// The newest TLS that the receiver speaks.
    pub tls_version: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl NewSubscription {
    /// Whether it can be stored. Addresses are looked at by whoever knows which may be called.
    pub fn check(&self, now: Timestamp) -> Result<(), Flaw> {
        let state = self.client_state.as_ref().map_or("", ClientState::as_str);
        if state.chars().count() > LONGEST_STATE {
            let message =
                format!("`clientState` must not be longer than {LONGEST_STATE} characters");
            return Err(Flaw::new("clientState", message));
        }
        if let Some(app) = &self.notification_url_app_id {
            let length = app.chars().count();
            if length == 0 || length > LONGEST_APP_ID || app.chars().any(char::is_control) {
                let message = format!(
                    "`notificationUrlAppId` must be the id of an application, of at most {LONGEST_APP_ID} characters"
                );
                return Err(Flaw::new("notificationUrlAppId", message));
            }
        }
        if !matches!(self.tls_version.as_str(), "v1_2" | "v1_3") {
            let message =
                "`latestSupportedTlsVersion` must be `v1_2` or `v1_3`: nothing older is spoken";
            return Err(Flaw::new("latestSupportedTlsVersion", message));
        }
        check_end(self.expires_at, now)
    }
}

/// What somebody wants to change of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubscriptionChange {
    /// Another end.
    pub expires_at: Option<Timestamp>,
    /// Another receiver.
    pub notification_url: Option<String>,
}

/// Whether a subscription may end then.
pub fn check_end(ends_at: Timestamp, now: Timestamp) -> Result<(), Flaw> {
    const TARGET: &str = "expirationDateTime";
    if ends_at <= now {
        return Err(Flaw::new(
            TARGET,
            "`expirationDateTime` must be in the future",
        ));
    }
    if ends_at > now.plus(LONGEST_LIFE) {
        let message = "`expirationDateTime` must not be more than 4320 minutes away; renew the subscription before it ends";
        return Err(Flaw::new(TARGET, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);

    fn wanted() -> NewSubscription {
        NewSubscription {
            resource: Resource {
                text: "/assignments".to_owned(),
                collection: "assignments".to_owned(),
                of: Followed::Assignment,
                object: None,
            },
            api_version: "v1.0",
            change_types: vec![ChangeType::Created],
            notification_url: "https://receiver.example".to_owned(),
            lifecycle_url: None,
            notification_url_app_id: None,
            client_state: Some(ClientState::new("ü".repeat(128))),
            tls_version: "v1_2".to_owned(),
            expires_at: NOW.plus(LONGEST_LIFE),
        }
    }

    #[test]
    fn a_subscription_ends_within_three_days_and_keeps_a_short_state() {
        assert_eq!(wanted().check(NOW), Ok(()));
        let flaw = |change: fn(&mut NewSubscription)| {
            let mut wanted = wanted();
            change(&mut wanted);
            wanted.check(NOW).unwrap_err().target
        };

        assert_eq!(flaw(|it| it.expires_at = NOW), "expirationDateTime");
        assert_eq!(
            flaw(|it| it.expires_at = NOW.plus(LONGEST_LIFE).plus(Duration::from_micros(1))),
            "expirationDateTime"
        );
        assert_eq!(
            flaw(|it| it.client_state = Some(ClientState::new("x".repeat(129)))),
            "clientState"
        );
        let flaws = [
            flaw(|it| it.notification_url_app_id = Some(String::new())),
            flaw(|it| it.notification_url_app_id = Some("x".repeat(129))),
            flaw(|it| it.notification_url_app_id = Some("a\0b".to_owned())),
        ];
        assert_eq!(flaws, ["notificationUrlAppId"; 3]);
        assert!(!format!("{:?}", wanted()).contains('ü'));
        assert_eq!(
            flaw(|it| it.tls_version = "v1_0".to_owned()),
            "latestSupportedTlsVersion"
        );
    }

    #[test]
    fn changes_of_one_object_come_to_one_or_to_nothing() {
        use ChangeType as C;
        assert_eq!(C::Created.then(C::Updated), Some(C::Created));
        assert_eq!(C::Created.then(C::Deleted), None);
        assert_eq!(C::Updated.then(C::Updated), Some(C::Updated));
        assert_eq!(C::Updated.then(C::Deleted), Some(C::Deleted));
    }

    #[test]
    fn attempts_come_further_apart_and_several_fit_into_the_patience() {
        let mut waited = Duration::from_secs(0);
        let mut attempts = 0;
        let mut last = Duration::from_secs(0);
        while waited < PATIENCE {
            attempts += 1;
            let next = retry_after(attempts);
            assert!(next >= last);
            last = next;
            waited = Duration::from_micros(waited.micros() + next.micros());
        }
        assert!((10..20).contains(&attempts), "{attempts}");
    }
}
