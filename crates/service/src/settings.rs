//! The settings that rules read (names and defaults of the semantics, section 11).

use std::sync::Arc;

use domain::cloud::Cloud;
use domain::extension::HostPolicy;
use domain::guest::InvitationRules;
use domain::time::Duration;

/// Settings of the rules; one struct, validated before anything starts.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, named by the semantics"
)]
pub struct Settings {
    /// `server.cloudProfile`: whose API is shown (CL-1).
    pub cloud: Cloud,
    /// `reprocess.requestWindow`: how long after its first completion a request may be reprocessed.
    pub reprocess_request_window: Duration,
    /// `reprocess.trackingRequests`: whether the `systemUpdate` requests of assignment reprocess are listed (RP-24).
    pub reprocess_tracking_requests: bool,
    /// `reprocess.jobChunk`: objects of a bulk job that are planned, or begun, in one transaction, at most: the engine takes
    /// fewer where that many take too long for whoever waits for the database.
    pub reprocess_job_chunk: u32,
    /// `reprocess.perMinutePerTenant`: accepted reprocess calls a minute (RP-53).
    pub reprocess_per_minute: Option<u32>,
    /// `delivery.retrySchedule`: gaps from the first attempt of a unit of work to the following ones (RP-33).
    pub delivery_retry_schedule: Vec<Duration>,
    /// `delivery.pollInterval`: due work starts within this time even if nobody woke the engine.
    pub delivery_poll_interval: Duration,
    /// `requests.deleteWithLiveAssignment` (RQ-24).
    pub delete_with_live_assignment: bool,
    /// `autoAssignment.maxTargets`: how many may have a package by one automatic policy (AU-3).
    pub auto_assignment_max_targets: i64,
    /// `compat.adminAddAutoApproves` (AP-12).
    pub admin_add_auto_approves: bool,
    /// `compat.symmetricIncompatibility`: whether incompatibility holds in both directions (SD-2).
    pub symmetric_incompatibility: bool,
    /// `compat.legacyV1ReprocessPath`: serve path P3.
    pub legacy_v1_reprocess_path: bool,
    /// `compat.deprecationHeaders`: whether names that are on their way out say so (VE-1).
    pub deprecation_headers: bool,
    /// `compat.requireScopedFilter`: whether callers with catalog roles only must list one package at a time (AZ-6).
    pub require_scoped_filter: bool,
    /// `odata.strictBodies`: unknown members of a body are errors (HT-1).
    pub strict_bodies: bool,
    /// `retention.audit`: how long audit events are kept; none: for ever (AL-3).
    pub retention_audit: Option<Duration>,
    /// `retention.requests`: how long requests are kept that are over; none: for ever (RQ-26).
    pub retention_requests: Option<Duration>,
    /// `retention.assignments`: how long assignments are kept that are over; none: for ever (RQ-26).
    pub retention_assignments: Option<Duration>,
    /// `retention.reprocessJobs`: how long bulk jobs are kept that are over, with their reports; none: for ever.
    pub retention_jobs: Option<Duration>,
    /// `retention.delta`: how long a delta link is good for at most; none: for ever.
    pub delta_retention: Option<Duration>,
    /// `extensions`: what custom extensions may be, and what they are told.
    pub extensions: ExtensionSettings,
    /// `notices`: whether people are told of what happens, and for how long that is kept.
    pub notices: NoticeSettings,
    /// `guests`, `delivery.guestWait` and `directory.restorable`: how people from outside come into the directory, and when
    /// they are gone.
    pub guests: Arc<GuestSettings>,
    /// `sweeps`: what sweeps may do, and how long they are remembered.
    pub sweeps: SweepSettings,
    /// `provisioning.inbound`: whether an outside directory may feed this one by SCIM.
    pub provisioning_inbound: bool,
    /// `provisioning.domain`: where users sign in whose `userName` has no domain; none: such names are refused.
    pub provisioning_domain: Option<String>,
    /// `provisioning.unknownMembers`: what becomes of members that the directory does not know.
    pub provisioning_unknown_members: UnknownMembers,
}

impl Settings {
    /// Whether the people of a mail domain are the directory's own, and so nobody's guests (EX-3).
    pub fn is_own_domain(&self, domain: &str) -> bool {
        let own = [&self.guests.domain, &self.provisioning_domain];
        own.into_iter()
            .flatten()
            .any(|own| own.eq_ignore_ascii_case(domain))
    }
}

/// What becomes of members that an outside directory names and this one does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownMembers {
    /// They are refused, and the whole request with them.
    #[default]
    Refuse,
    /// They are left out.
    Ignore,
}

/// The settings of custom extensions.
#[derive(Debug, Clone, Default)]
pub struct ExtensionSettings {
    /// `extensions.allowedHosts` and what goes with it: which addresses may be called (CX-5).
    pub hosts: HostPolicy,
    /// `extensions.payloadShape` (CX-3).
    pub payload_shape: PayloadShape,
    /// `extensions.probeOnCreate`: whether an extension is called once when it is made (CX-8).
    pub probe_on_create: bool,
    /// `extensions.callbackTokens`: whether receivers are sent a secret that they may answer with (RS-6).
    pub callback_tokens: bool,
}

/// The settings of notices to people.
#[derive(Debug, Clone, Copy)]
pub struct NoticeSettings {
    /// `notices.sink`: whether there are any.
    pub is_on: bool,
    /// `notices.retention`: how long it is known who was told.
    pub retention: Duration,
    /// `notices.perRequestorPerDay`: how many mails to others the requests of one user may cause within a day.
    pub per_requestor_per_day: i64,
}

impl Default for NoticeSettings {
    fn default() -> Self {
        Self {
            is_on: true,
            retention: Duration::from_days(90),
            per_requestor_per_day: 5_000,
        }
    }
}

/// The settings of people from outside.
#[derive(Debug, Clone)]
pub struct GuestSettings {
    /// `guests.invite`: whether Reeve creates guests, or waits until somebody else does (EX-3).
    pub invites: bool,
    /// `guests.domain`: where guests have their sign-in names.
    pub domain: Option<String>,
    /// `guests.allowedDomains`, `guests.blockedDomains`, `guests.onlyConnectedOrganizations`: who is invited.
    pub invitations: InvitationRules,
    /// `delivery.guestWait`: how long a request waits until its target is there (RP-35).
    pub wait: Duration,
    /// `directory.restorable`: how long a deleted user can be restored (AS-16 to AS-18).
    pub restorable: Duration,
}

impl Default for GuestSettings {
    fn default() -> Self {
        Self {
            invites: true,
            domain: None,
            invitations: InvitationRules::default(),
            wait: Duration::from_days(14),
            restorable: Duration::from_days(30),
        }
    }
}

/// The settings of sweeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepSettings {
    /// `sweeps.maxRemovals`: most members that one sweep takes out of one authoritative resource; where there are more,
    /// none is taken out.
    pub max_removals: i64,
    /// `sweeps.keep`: how many sweeps of each target are remembered.
    pub keep: i64,
}

impl Default for SweepSettings {
    fn default() -> Self {
        Self {
            max_removals: 20,
            keep: 50,
        }
    }
}

/// How the body of a callout looks (CX-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PayloadShape {
    /// No envelope, names with a capital: what receivers in the field read.
    #[default]
    FlatPascal,
    /// The documented envelope.
    Graph,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cloud: Cloud::Global,
            reprocess_request_window: Duration::from_days(14),
            reprocess_tracking_requests: true,
            reprocess_job_chunk: 2_000,
            reprocess_per_minute: None,
            delivery_retry_schedule: [0, 1, 5, 15, 30, 60, 120, 240]
                .map(Duration::from_minutes)
                .to_vec(),
            delivery_poll_interval: Duration::from_secs(1),
            delete_with_live_assignment: false,
            auto_assignment_max_targets: 15_000,
            admin_add_auto_approves: false,
            symmetric_incompatibility: false,
            legacy_v1_reprocess_path: true,
            deprecation_headers: true,
            require_scoped_filter: false,
            strict_bodies: false,
            retention_audit: Some(Duration::from_days(365)),
            retention_requests: None,
            retention_assignments: None,
            retention_jobs: Some(Duration::from_days(90)),
            delta_retention: Some(Duration::from_days(30)),
            extensions: ExtensionSettings::default(),
            notices: NoticeSettings::default(),
            guests: Arc::default(),
            sweeps: SweepSettings::default(),
            provisioning_inbound: true,
            provisioning_domain: None,
            provisioning_unknown_members: UnknownMembers::default(),
        }
    }
}
