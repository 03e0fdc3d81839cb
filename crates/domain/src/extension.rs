//! Custom extensions: receivers outside that are called at stages of a request or an assignment, and that a request may
//! wait for (semantics 6.9, 10.3, 10.4).
//!
//! **Invariant:** an extension only holds a request up or ends it, or names who decides; it neither grants nor takes access.

mod address;

pub use address::{HostPolicy, UrlFlaw, check_url};

use crate::assignment_request::{Purpose, RequestType};
use crate::change::Change;
use crate::flaw::{Flaw, check_description, check_name};
use crate::id::{CustomExtensionId, StageSettingId};
use crate::time::Duration;
use crate::word::words;

words! {
    /// When an extension is called (section 6.9).
    pub enum Stage {
        /// The request was stored.
        RequestCreated = "assignmentRequestCreated",
        /// A stage of approval begins whose approvers the extension names (AP-15).
        DeterminingApproval = "assignmentRequestDeterminingApprovalRequirements",
        /// Everybody who had to agree did.
        RequestApproved = "assignmentRequestApproved",
        /// The access is there.
        RequestGranted = "assignmentRequestGranted",
        /// The access is gone.
        RequestRemoved = "assignmentRequestRemoved",
        /// Two weeks before the assignment ends.
        FourteenDaysBeforeExpiration = "assignmentFourteenDaysBeforeExpiration",
        /// A day before.
        OneDayBeforeExpiration = "assignmentOneDayBeforeExpiration",
    }
}

impl Stage {
    /// How long before the end of an assignment, for the stages that the clock reaches.
    pub const fn before_end(self) -> Option<Duration> {
        match self {
            Self::FourteenDaysBeforeExpiration => Some(Duration::from_days(14)),
            Self::OneDayBeforeExpiration => Some(Duration::from_days(1)),
            Self::RequestCreated
            | Self::DeterminingApproval
            | Self::RequestApproved
            | Self::RequestGranted
            | Self::RequestRemoved => None,
        }
    }

    /// Whether an answer may end the request: later there is nothing left to refuse (RS-3).
    pub const fn may_end_request(self) -> bool {
        matches!(
            self,
            Self::RequestCreated | Self::DeterminingApproval | Self::RequestApproved
        )
    }

    /// Whether a request of this type comes by here. Removals are held up by nobody (RQ-19), and what the service does by
    /// itself asks for nothing (AU-5).
    pub const fn is_reached_by(self, request_type: RequestType) -> bool {
        match self {
            Self::RequestCreated | Self::DeterminingApproval | Self::RequestApproved => matches!(
                request_type,
                RequestType::UserAdd
                    | RequestType::AdminAdd
                    | RequestType::UserUpdate
                    | RequestType::AdminUpdate
            ),
            Self::RequestGranted => matches!(request_type.purpose(), Purpose::Add),
            Self::RequestRemoved => matches!(request_type.purpose(), Purpose::Remove),
            Self::FourteenDaysBeforeExpiration | Self::OneDayBeforeExpiration => false,
        }
    }
}

words! {
    /// Which kind of extension it is, by the name of its type.
    pub enum ExtensionType {
        /// For the stages of requests.
        Request = "accessPackageAssignmentRequestWorkflowExtension",
        /// For the stages of assignments.
        Assignment = "accessPackageAssignmentWorkflowExtension",
        /// The older type of beta, for any stage; nothing waits for it.
        Legacy = "customAccessPackageWorkflowExtension",
    }
}

impl ExtensionType {
    /// Whether an extension of this type may be called at a stage (PO-31). The older type cannot answer, so it names no
    /// approvers.
    pub const fn fits(self, stage: Stage) -> bool {
        match self {
            Self::Request => stage.before_end().is_none(),
            Self::Assignment => stage.before_end().is_some(),
            Self::Legacy => !matches!(stage, Stage::DeterminingApproval),
        }
    }

    /// Whether a request may wait for its answer (section 6.9).
    pub const fn may_wait(self) -> bool {
        matches!(self, Self::Request)
    }
}

words! {
    /// How a callout stands (CX-9).
    pub enum CalloutStatus {
        /// Not sent yet. Ours: shown to nobody.
        Queued = "queued",
        /// The receiver took it.
        CalloutSent = "calloutSent",
        /// The receiver took it, and the request waits for its answer.
        WaitingForCallback = "waitingForCallback",
        /// The answer came.
        CallbackReceived = "callbackReceived",
        /// The receiver did not take it.
        CalloutFailed = "calloutFailed",
        /// No answer came in time, or nobody waits for it any more.
        CallbackTimedOut = "callbackTimedOut",
    }
}

/// Where an extension is called (CX-5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A trigger of a logic app; only the address counts here.
    LogicApp {
        /// The subscription that it is in.
        subscription_id: Option<String>,
        /// The resource group that it is in.
        resource_group_name: Option<String>,
        /// Its name.
        workflow_name: Option<String>,
        /// Its address.
        url: String,
    },
    /// Any receiver.
    Http {
        /// Its address.
        target_url: String,
    },
}

impl Endpoint {
    /// The address.
    pub fn url(&self) -> &str {
        match self {
            Self::LogicApp { url, .. } => url,
            Self::Http { target_url } => target_url,
        }
    }

    /// The property that holds the address.
    pub const fn url_member(&self) -> &'static str {
        match self {
            Self::LogicApp { .. } => "endpointConfiguration/url",
            Self::Http { .. } => "endpointConfiguration/targetUrl",
        }
    }
}

/// How Reeve tells the receiver who calls (CX-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// A bearer token for this audience.
    Bearer {
        /// The audience.
        resource_id: String,
    },
    /// A token that proves the possession of Reeve's key, for this one call.
    ProofOfPossession,
}

/// How patient the call is (CX-7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClientConfiguration {
    /// How long the receiver has, in milliseconds.
    pub timeout_in_milliseconds: Option<i64>,
    /// How often a failed call is repeated.
    pub maximum_retries: Option<i64>,
}

impl ClientConfiguration {
    /// How long the receiver has, in milliseconds.
    pub fn timeout(self) -> i64 {
        self.timeout_in_milliseconds.unwrap_or(1000)
    }

    /// How often a failed call is repeated.
    pub fn retries(self) -> i64 {
        self.maximum_retries.unwrap_or(0)
    }
}

/// That, and how long, a request waits for the answer (CX-11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// The name of its type, where the client named one of the derived ones.
    pub type_name: Option<String>,
    /// How long.
    pub timeout: Duration,
}

/// How long a request waits where the body does not say (CX-11 leaves it open): the longest time.
pub const DEFAULT_CALLBACK_TIMEOUT: Duration = Duration::from_days(14);

/// An extension that somebody wants to create, or as it is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionDraft {
    /// Its type.
    pub object_type: ExtensionType,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where it is called.
    pub endpoint: Endpoint,
    /// How Reeve tells who calls.
    pub authentication: Option<Authentication>,
    /// How patient the call is.
    pub client: Option<ClientConfiguration>,
    /// Whether the request waits.
    pub callback: Option<Callback>,
}

impl ExtensionDraft {
    /// Whether it can be stored.
    pub fn check(&self, hosts: &HostPolicy) -> Result<(), Flaw> {
        check_name("displayName", &self.display_name)?;
        check_description("description", self.description.as_deref())?;
        check_url(self.endpoint.url(), hosts)
            .map_err(|flaw| Flaw::new(self.endpoint.url_member(), flaw.to_string()))?;
        if let Some(Authentication::Bearer { resource_id }) = &self.authentication
            && resource_id.trim().is_empty()
        {
            const TARGET: &str = "authenticationConfiguration/resourceId";
            return Err(Flaw::new(TARGET, format!("`{TARGET}` must not be empty")));
        }
        self.check_patience()?;
        self.check_callback()
    }

    fn check_patience(&self) -> Result<(), Flaw> {
        let client = self.client.unwrap_or_default();
        for (target, value, least, most) in [
            (
                "clientConfiguration/timeoutInMilliseconds",
                client.timeout(),
                200,
                2000,
            ),
            ("clientConfiguration/maximumRetries", client.retries(), 0, 1),
        ] {
            if !(least..=most).contains(&value) {
                let message = format!("`{target}` must be from {least} to {most}");
                return Err(Flaw::new(target, message));
            }
        }
        Ok(())
    }

    fn check_callback(&self) -> Result<(), Flaw> {
        let Some(callback) = &self.callback else {
            return Ok(());
        };
        if !self.object_type.may_wait() {
            return Err(Flaw::new(
                "callbackConfiguration",
                format!(
                    "nothing waits for an extension of the type `{}`",
                    self.object_type
                ),
            ));
        }
        let fits = callback.timeout >= Duration::from_minutes(5)
            && callback.timeout <= Duration::from_days(14);
        if fits {
            return Ok(());
        }
        Err(Flaw::new(
            "callbackConfiguration/timeoutDuration",
            "`callbackConfiguration/timeoutDuration` must be from 5 minutes to 14 days",
        ))
    }
}

/// What to change of an extension; what is not named stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionChange {
    /// Its type, which has to be what it is.
    pub object_type: Option<ExtensionType>,
    /// Its name.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Change<String>,
    /// Where it is called.
    pub endpoint: Option<Endpoint>,
    /// How Reeve tells who calls.
    pub authentication: Change<Authentication>,
    /// How patient the call is.
    pub client: Change<ClientConfiguration>,
    /// Whether the request waits.
    pub callback: Change<Callback>,
}

impl ExtensionChange {
    /// The extension as it is to become.
    pub fn over(self, stored: ExtensionDraft) -> Result<ExtensionDraft, Flaw> {
        if self
            .object_type
            .is_some_and(|named| named != stored.object_type)
        {
            return Err(Flaw::new(
                "@odata.type",
                format!("the type of an extension stays `{}`", stored.object_type),
            ));
        }
        Ok(ExtensionDraft {
            object_type: stored.object_type,
            display_name: self.display_name.unwrap_or(stored.display_name),
            description: self.description.over(stored.description),
            endpoint: self.endpoint.unwrap_or(stored.endpoint),
            authentication: self.authentication.over(stored.authentication),
            client: self.client.over(stored.client),
            callback: self.callback.over(stored.callback),
        })
    }
}

/// That a policy calls an extension at a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageSetting {
    /// Its id; none until it is stored.
    pub id: Option<StageSettingId>,
    /// Said the older way of beta.
    pub is_handler: bool,
    /// When.
    pub stage: Stage,
    /// Which.
    pub extension_id: CustomExtensionId,
}

impl StageSetting {
    /// The list of the policy that it stands in, by its name on the wire.
    pub const fn list(self) -> &'static str {
        if self.is_handler {
            "customExtensionHandlers"
        } else {
            "customExtensionStageSettings"
        }
    }
}

/// What a receiver says about the request that waits for it (RS-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Resume,
    /// End it, denied.
    Deny,
    /// End it, canceled.
    Cancel,
}

#[cfg(test)]
mod tests;
