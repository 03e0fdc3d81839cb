//! What states, kinds and failures are called where people read them.

use domain::assignment::State as Held;
use domain::assignment_request::{RequestType, State};
use domain::extension::{ExtensionType, Stage as ExtensionStage};
use domain::failure::FailureCode;
use domain::ledger::Phase;
use domain::policy::{Expiration, TargetScope};
use domain::reprocess_job::State as Job;
use domain::sweep::State as Sweep;
use domain::time::{Duration, Timestamp};
use service::Code;
use service::mine::held::{Role, Standing};
use service::mine::requests::{Delivery, Line};
use service::targets::LaneState;

/// How something looks beside its words; colour alone says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Busy,
    Bad,
    Quiet,
}

impl Tone {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "badge good",
            Self::Busy => "badge busy",
            Self::Bad => "badge bad",
            Self::Quiet => "badge quiet",
        }
    }
}

/// A message of the service as a sentence.
pub(crate) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let mut text: String = match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => return String::new(),
    };
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// Where a request stands.
pub(crate) const fn state(state: State) -> (Tone, &'static str) {
    match state {
        State::Submitted => (Tone::Busy, "Sent"),
        State::PendingApproval => (Tone::Busy, "Waiting for approval"),
        State::Scheduled => (Tone::Busy, "Approved, begins later"),
        State::Delivering => (Tone::Busy, "Being delivered"),
        State::Delivered => (Tone::Good, "Done"),
        State::PartiallyDelivered => (Tone::Bad, "Partly done"),
        State::DeliveryFailed => (Tone::Bad, "Failed"),
        State::Denied => (Tone::Bad, "Refused"),
        State::Canceled => (Tone::Quiet, "Taken back"),
    }
}

/// Where an assignment stands.
pub(crate) const fn held(state: Held) -> (Tone, &'static str) {
    match state {
        Held::Delivering => (Tone::Busy, "Being delivered"),
        Held::Delivered => (Tone::Good, "Active"),
        Held::PartiallyDelivered => (Tone::Bad, "Partly active"),
        Held::DeliveryFailed => (Tone::Bad, "Not active"),
        Held::Expired => (Tone::Quiet, "Over"),
    }
}

/// What a request asks for.
pub(crate) const fn kind(line: &Line) -> &'static str {
    match line.request_type {
        RequestType::UserAdd => "Access",
        RequestType::AdminAdd => "Access, given by an administrator",
        RequestType::SystemAdd => "Access, given by a rule",
        RequestType::UserUpdate if line.is_extension => "More time",
        RequestType::UserUpdate => "Change",
        RequestType::AdminUpdate => "Change by an administrator",
        RequestType::SystemUpdate => "Delivery once more",
        RequestType::UserRemove => "Removal",
        RequestType::AdminRemove => "Removal by an administrator",
        RequestType::ApproverRemove => "Removal by an approver",
        RequestType::SystemRemove => "Removal, as it is over",
    }
}

/// How a role stands.
pub(crate) fn role(role: &Role) -> (Tone, &'static str) {
    match role.standing {
        Standing::Verified => (Tone::Good, "Verified"),
        Standing::OnItsWay if role.error_code.is_some() => (Tone::Busy, "Tried again"),
        Standing::OnItsWay => (Tone::Busy, "On its way"),
        Standing::Leaving => (Tone::Busy, "Being taken away"),
        Standing::Gone => (Tone::Quiet, "Taken away"),
        Standing::Missing => (Tone::Bad, "Missing"),
        Standing::Unverified => (Tone::Quiet, "Not verified"),
        Standing::Failed => (Tone::Bad, "Needs attention"),
    }
}

/// How the part of a request stands that is about one role.
pub(crate) fn delivery(delivery: &Delivery) -> (Tone, &'static str) {
    if delivery.is_kept {
        return (Tone::Good, "Stays, for the sake of other access");
    }
    role(&delivery.role)
}

/// Why a delivery did not succeed, and what follows.
pub(crate) fn failure(code: &str) -> &'static str {
    let Some(code) = FailureCode::from_name(code) else {
        return "The target could not do it.";
    };
    match code {
        FailureCode::ResourceNotFoundInOriginSystem => {
            "The resource does not exist any more. The owner of the package has to take it out, or bring it back."
        }
        FailureCode::RoleNotFound => {
            "The role does not exist any more. The owner of the package has to choose another one."
        }
        FailureCode::TargetNotFound => "The person has no account in the directory.",
        FailureCode::TargetDeleted => "The person's account was deleted.",
        FailureCode::TargetNotProvisioned => {
            "The person has no account in the target yet. It is tried again once there is one."
        }
        FailureCode::InvitationBlocked => "The address may not be invited.",
        FailureCode::OriginAccessDenied => {
            "The target did not let Reeve in. Whoever looks after the server has to see to it."
        }
        FailureCode::OriginThrottled => "The target asked for patience.",
        FailureCode::OriginUnavailable => "The target did not answer.",
        FailureCode::GroupNotModifiable => {
            "The group cannot be changed from here. The owner of the package has to see to it."
        }
        FailureCode::QuotaExceeded => "The target has no room for more.",
        FailureCode::PimPolicyConflict => "The target does not allow access for so long.",
        FailureCode::ExtensionTimedOut => "A system that has a say did not answer in time.",
        FailureCode::ConnectorError => "The target could not do it.",
    }
}

/// Why somebody cannot ask for a package, where the service's own words are for programs.
pub(crate) fn in_the_way(code: Option<Code>, reason: &str) -> String {
    let text = match code {
        Some(Code::ExistingAssignment) => "You hold it already.",
        Some(Code::ExistingOpenRequest) => "A request of yours for it is under way.",
        Some(Code::PolicyNotApplicable | Code::PolicyRequirementsNotMet) => {
            "No policy of the package is for you."
        }
        Some(Code::PolicyDisabled) => "The package takes no requests at the moment.",
        Some(Code::CatalogNotPublished) => "The catalog takes no requests at the moment.",
        Some(Code::IncompatibleAccess) => "You hold something that does not go together with it.",
        Some(Code::TargetSignInBlocked) => "The account may not sign in.",
        Some(Code::ExternalAccessDisabled) => "It is not open to people from outside.",
        _ => return sentence(reason),
    };
    text.to_owned()
}

/// What a resource is, by the system that it comes from.
pub(crate) fn resource(system: &str) -> &str {
    match system {
        "AadGroup" => "Group",
        "AadApplication" => "Application",
        "SharePointOnline" => "Site",
        other => other,
    }
}

/// How long an assignment lasts by policy.
pub(crate) fn expiration(expiration: Expiration) -> String {
    match expiration {
        Expiration::Never => "Lasts until somebody ends it.".to_owned(),
        Expiration::At(_) => "Ends on a fixed date.".to_owned(),
        Expiration::After(long) => format!("Lasts {} at most.", duration(long)),
    }
}

/// For whom a policy is.
pub(crate) const fn scope(scope: TargetScope) -> &'static str {
    match scope {
        TargetScope::NotSpecified => "Nobody can ask; administrators give it",
        TargetScope::SpecificDirectoryUsers => "People and groups of the directory, listed below",
        TargetScope::SpecificConnectedOrganizationUsers => {
            "People of connected organizations, listed below"
        }
        TargetScope::SpecificDirectoryServicePrincipals => "Applications, listed below",
        TargetScope::AllMemberUsers => "All members of the directory, without guests",
        TargetScope::AllDirectoryUsers => "Everybody in the directory, with guests",
        TargetScope::AllDirectoryServicePrincipals => "All applications",
        TargetScope::AllConfiguredConnectedOrganizationUsers => {
            "People of all connected organizations"
        }
        TargetScope::AllExternalUsers => "Anybody outside",
        TargetScope::AllDirectoryAgentIdentities => "All agents",
    }
}

/// What an extension is called for.
pub(crate) const fn extension(kind: ExtensionType) -> &'static str {
    match kind {
        ExtensionType::Request => "Stages of requests",
        ExtensionType::Assignment => "Assignments that are about to end",
        ExtensionType::Legacy => "Stages of both, in the older way",
    }
}

/// When an extension is called.
pub(crate) const fn extension_stage(stage: ExtensionStage) -> &'static str {
    match stage {
        ExtensionStage::RequestCreated => "when somebody has asked",
        ExtensionStage::DeterminingApproval => "before approval is decided upon",
        ExtensionStage::RequestApproved => "once it is approved",
        ExtensionStage::RequestGranted => "once access is there",
        ExtensionStage::RequestRemoved => "once access is gone",
        ExtensionStage::FourteenDaysBeforeExpiration => "14 days before the end",
        ExtensionStage::OneDayBeforeExpiration => "a day before the end",
    }
}

/// Where a bulk job stands.
pub(crate) const fn job(state: Job) -> (Tone, &'static str) {
    match state {
        Job::Planning => (Tone::Busy, "Being planned"),
        Job::Planned => (Tone::Busy, "Planned, not started"),
        Job::Stopped => (Tone::Bad, "Stopped: too much would be removed"),
        Job::Running => (Tone::Busy, "Running"),
        Job::Paused => (Tone::Quiet, "Paused"),
        Job::Canceled => (Tone::Quiet, "Canceled"),
        Job::Completed => (Tone::Good, "Done"),
        Job::Failed => (Tone::Bad, "Failed"),
    }
}

/// Where a sweep stands.
pub(crate) const fn sweep(state: Sweep) -> (Tone, &'static str) {
    match state {
        Sweep::Queued => (Tone::Busy, "Asked for"),
        Sweep::Running => (Tone::Busy, "Under way"),
        Sweep::Completed => (Tone::Good, "Done"),
        Sweep::Failed => (Tone::Bad, "Failed"),
        Sweep::Skipped => (Tone::Quiet, "Left out"),
        Sweep::Cancelled => (Tone::Quiet, "Called off"),
    }
}

/// How a target is.
pub(crate) const fn lane(is_paused: bool, state: Option<LaneState>) -> (Tone, &'static str) {
    if is_paused {
        return (Tone::Busy, "Paused");
    }
    match state {
        None => (Tone::Quiet, "Not spoken to yet"),
        Some(LaneState::Open) => (Tone::Good, "Healthy"),
        Some(LaneState::Held) => (Tone::Busy, "Asked for patience"),
        Some(LaneState::Broken) => (Tone::Bad, "Does not answer"),
        Some(LaneState::Probing) => (Tone::Busy, "Tried with one call"),
        // It was resumed a moment ago.
        Some(LaneState::Paused) => (Tone::Busy, "Being resumed"),
    }
}

/// What grants in a phase of their delivery do.
pub(crate) fn phase(phase: &str) -> &'static str {
    match Phase::from_name(phase) {
        Some(Phase::Settled) => "Grants that rest",
        Some(Phase::Pending) => "Grants that wait",
        Some(Phase::Leased) => "Grants under way",
        Some(Phase::NeedsAttention) => "Grants that need attention",
        None => "Other grants",
    }
}

/// What is stuck, by its kind.
pub(crate) fn stuck(kind: &str) -> &'static str {
    match kind {
        "lease" => "A delivery that nobody took back",
        "delivery" => "A delivery that is due and not tried",
        "plan" => "A request that is not planned",
        "request" => "A request that delivers, with nothing under way",
        "start" => "A request that should have begun",
        "approval" => "An approval that should have timed out",
        "job" => "A bulk job that nobody gets on with",
        _ => "Something else",
    }
}

/// Why an item of a job is refused.
pub(crate) fn refusal(code: &str) -> &'static str {
    match code {
        "InvalidAssignmentState" => "The assignment is not one that can be enforced now.",
        "InvalidRequestState" => "The request did not fail, so there is nothing to try again.",
        "ReprocessWindowExpired" => "The request is too old to be tried again.",
        "InvalidSchedule" => "Its end has passed.",
        "TargetNotFound" => "The person does not exist any more.",
        "ExistingAssignment" => "The person has another assignment of the package by now.",
        "ExistingOpenRequest" => "Another request for the same is under way.",
        "IncompatibleAccess" => "It does not go together with other access.",
        "AccessDenied" => "You may not reprocess in its catalog.",
        "ResourceNotFound" => "It does not exist, or you may not see it.",
        _ => "It cannot be reprocessed now.",
    }
}

/// A length of time in its largest whole unit.
pub(crate) fn duration(long: Duration) -> String {
    const UNITS: [(i64, &str); 4] = [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let seconds = long.micros() / 1_000_000;
    let unit = UNITS
        .into_iter()
        .find(|(size, _)| seconds >= *size && seconds % size == 0);
    let (size, name) = unit.unwrap_or((1, "second"));
    let count = seconds / size;
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {name}{plural}")
}

/// A length of time in a word or two, as exact as it has to be.
pub(crate) fn briefly(long: Duration) -> String {
    let millis = long.micros() / 1_000;
    let tenths = |of: i64, unit: &str| {
        let tenths = millis * 10 / of;
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    };
    match millis {
        ..=999 => format!("{millis} ms"),
        1_000..=59_999 => tenths(1_000, "s"),
        60_000..=3_599_999 => tenths(60_000, "min"),
        3_600_000..=86_399_999 => tenths(3_600_000, "h"),
        _ => tenths(86_400_000, "days"),
    }
}

/// Whether something ends so soon that its holder should know.
pub(crate) fn ends_soon(ends_at: Option<Timestamp>, now: Timestamp) -> bool {
    ends_at.is_some_and(|end| now < end && end < now.plus(Duration::from_days(14)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_sentences() {
        assert_eq!(sentence("nothing can be done"), "Nothing can be done.");
        assert_eq!(sentence("why?"), "Why?");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn every_failure_has_words_of_its_own_or_those_of_the_rest() {
        for code in FailureCode::ALL {
            assert!(failure(code.as_str()).ends_with('.'), "{code}");
        }
        assert_eq!(failure("Unheard"), failure("ConnectorError"));
    }

    #[test]
    fn short_and_long_times_are_told_briefly() {
        for (micros, told) in [
            (250_000, "250 ms"),
            (1_250_000, "1.2 s"),
            (90_000_000, "1.5 min"),
            (7_200_000_000, "2.0 h"),
            (129_600_000_000, "1.5 days"),
        ] {
            assert_eq!(briefly(Duration::from_micros(micros)), told);
        }
    }

    #[test]
    fn lengths_of_time_are_told_in_their_largest_whole_unit() {
        assert_eq!(duration(Duration::from_days(1)), "1 day");
        assert_eq!(duration(Duration::from_days(30)), "30 days");
        assert_eq!(duration(Duration::from_secs(7_200)), "2 hours");
        assert_eq!(duration(Duration::from_secs(90)), "90 seconds");
    }
}
