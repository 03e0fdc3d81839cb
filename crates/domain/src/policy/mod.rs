//! Assignment policies: who may have a package, who approves, how long it lasts.
//!
//! **Invariant:** a [`Policy`] is the policy as the rules read it. What is only kept and served (reviews) stays in the
//! stored document.

mod applicability;
mod check;
mod schedule;

pub use applicability::{Scrutiny, Standing, Target, TargetKind, applicable, rank, standings};
pub use check::{RULE, check, check_answered_stage, check_question};
pub use schedule::{
    EffectiveSchedule, RequestedExpiration, RequestedSchedule, ScheduleContext, ScheduleError,
    effective_schedule,
};

use crate::extension::StageSetting;
use crate::id::{AccessPackageId, CustomExtensionId, PolicyId, QuestionId};
use crate::subject_set::SubjectSet;
use crate::time::{Duration, Timestamp};
use crate::word::words;

words! {
    /// Who may have a package by a policy (section 6.2).
    pub enum TargetScope {
        /// Nobody can ask; administrators assign.
        NotSpecified = "notSpecified",
        /// Listed users and members of listed groups.
        SpecificDirectoryUsers = "specificDirectoryUsers",
        /// Users of listed connected organizations.
        SpecificConnectedOrganizationUsers = "specificConnectedOrganizationUsers",
        /// Listed service principals.
        SpecificDirectoryServicePrincipals = "specificDirectoryServicePrincipals",
        /// Members of the directory, not guests.
        AllMemberUsers = "allMemberUsers",
        /// Members and guests of the directory.
        AllDirectoryUsers = "allDirectoryUsers",
        /// Every service principal.
        AllDirectoryServicePrincipals = "allDirectoryServicePrincipals",
        /// Users of connected organizations that are configured.
        AllConfiguredConnectedOrganizationUsers = "allConfiguredConnectedOrganizationUsers",
        /// Anybody outside.
        AllExternalUsers = "allExternalUsers",
        /// Agent identities.
        AllDirectoryAgentIdentities = "allDirectoryAgentIdentities",
    }
}

/// An assignment policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// The package it belongs to.
    pub access_package_id: AccessPackageId,
    /// Its name.
    pub display_name: String,
    /// Who may have the package.
    pub scope: TargetScope,
    /// Whether holders may ask for more time.
    pub can_extend: bool,
    /// The rest.
    pub settings: PolicySettings,
    /// When it was created: the order within a rank (PO-11).
    pub created_at: Timestamp,
}

/// A policy that somebody wants to create, or to put in place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDraft {
    /// The package it belongs to. A replacement may leave it out; it cannot change it (PO-42).
    pub access_package_id: Option<AccessPackageId>,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who may have the package by it.
    pub allowed_target_scope: TargetScope,
    /// Whether holders may ask for more time.
    pub can_extend: bool,
    /// The rest, as a document in the one internal shape (OM-1).
    pub settings_json: String,
}

/// What the rules read of the settings of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySettings {
    /// The sets that a specific scope means.
    pub targets: Vec<SubjectSet>,
    /// How long an assignment lasts.
    pub expiration: Expiration,
    /// Who may ask for what.
    pub requestors: RequestorSettings,
    /// Who has to agree.
    pub approval: ApprovalSettings,
    /// No mails to end users.
    pub notifications_disabled: bool,
    /// What requestors are asked.
    pub questions: Vec<Question>,
    /// The policy assigns by itself (section 6.8).
    pub automatic: Option<AutomaticSettings>,
    /// Which extensions are called when (section 6.9).
    pub extensions: Vec<StageSetting>,
    /// Verified credentials are demanded (VC-1).
    pub needs_verified_credentials: bool,
}

/// How a policy assigns by itself (AU-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutomaticSettings {
    /// Whoever the rule selects gets the package.
    pub adds: bool,
    /// Whoever the rule no longer selects loses it.
    pub removes: bool,
    /// How long they keep it nevertheless.
    pub grace: Option<Duration>,
}

impl PolicySettings {
    /// The rule by which the policy assigns, if it does so by itself.
    pub fn automatic_rule(&self) -> Option<(&AutomaticSettings, &str)> {
        match (&self.automatic, self.targets.as_slice()) {
            (Some(settings), [SubjectSet::AttributeRuleMembers { rule }]) => Some((settings, rule)),
            _ => None,
        }
    }

    /// Every set that the policy names, wherever it does.
    pub fn subject_sets(&self) -> impl Iterator<Item = &SubjectSet> {
        let stages = self.approval.stages.iter().flat_map(|stage| {
            [
                &stage.primary,
                &stage.fallback_primary,
                &stage.escalation,
                &stage.fallback_escalation,
            ]
        });
        self.targets
            .iter()
            .chain(&self.requestors.on_behalf_requestors)
            .chain(stages.flatten())
    }
}

/// How long an assignment lasts by policy (section 6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiration {
    /// Until somebody ends it.
    Never,
    /// Until a date.
    At(Timestamp),
    /// So long from delivery on (SC-3).
    After(Duration),
}

/// Who may ask for what (section 6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the contract"
)]
pub struct RequestorSettings {
    /// Targets may ask for the package.
    pub self_add: bool,
    /// Targets may give it up.
    pub self_remove: bool,
    /// Requestors may name other dates.
    pub custom_schedule: bool,
    /// The ones below may ask for others.
    pub on_behalf_add: bool,
    /// The ones below may change it for others.
    pub on_behalf_update: bool,
    /// The ones below may end it for others.
    pub on_behalf_remove: bool,
    /// Who may ask for others.
    pub on_behalf_requestors: Vec<SubjectSet>,
    /// Administrators may assign by a policy that nobody can ask by (RQ-12); only beta can switch it off.
    pub direct_assignment: bool,
}

impl Default for RequestorSettings {
    /// The settings of a body that says nothing: nobody may ask, everybody may give up.
    fn default() -> Self {
        Self {
            self_add: false,
            self_remove: true,
            custom_schedule: false,
            on_behalf_add: false,
            on_behalf_update: false,
            on_behalf_remove: false,
            on_behalf_requestors: Vec::new(),
            direct_assignment: true,
        }
    }
}

/// Who has to agree (section 2.7).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApprovalSettings {
    /// New assignments need approval.
    pub required_for_add: bool,
    /// Changes and extensions need approval.
    pub required_for_update: bool,
    /// Requestors have to say why (QA-7).
    pub requestor_justification_required: bool,
    /// The stages, in their order (AP-2). Kept, but ignored, while no approval is required.
    pub stages: Vec<ApprovalStage>,
}

words! {
    /// Whether requestors learn who decided about their requests (AZ-21).
    pub enum ApproverVisibility {
        /// As the tenant says.
        Default = "default",
        /// They do not.
        NotVisible = "notVisible",
        /// They do.
        Visible = "visible",
    }
}

impl ApproverVisibility {
    /// Whether somebody whose request it is sees who decided: `tenant` is whether the tenant shows approvers to its
    /// members, `is_member` whether the reader is one.
    pub const fn shows(self, tenant: bool, is_member: bool) -> bool {
        match self {
            Self::Visible => true,
            Self::NotVisible => false,
            Self::Default => tenant && is_member,
        }
    }
}

/// One stage of approval as the policy describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalStage {
    /// How long approvers have (AP-5).
    pub lasts_for: Duration,
    /// Approvers have to say why.
    pub approver_justification_required: bool,
    /// Whether requestors learn who decided.
    pub visibility: ApproverVisibility,
    /// Whether alternates are asked too, and after what time (AP-6).
    pub escalates_after: Option<Duration>,
    /// The extension that says, when the stage begins, who decides and how (AP-15); the rest is not read then.
    pub extension: Option<CustomExtensionId>,
    /// Who decides.
    pub primary: Vec<SubjectSet>,
    /// Who decides if the first resolve to nobody (AP-7).
    pub fallback_primary: Vec<SubjectSet>,
    /// The alternates.
    pub escalation: Vec<SubjectSet>,
    /// Their stand-ins.
    pub fallback_escalation: Vec<SubjectSet>,
}

/// How long approvers have where the policy does not say (AP-5).
pub const DEFAULT_STAGE_TIME: Duration = Duration::from_days(14);

/// A question to requestors (section 2.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its id; assigned when it is stored.
    pub id: Option<QuestionId>,
    /// The question, in the default language.
    pub text: String,
    /// Without an answer there is no request.
    pub is_required: bool,
    /// The answer may be changed by an update request.
    pub is_answer_editable: bool,
    /// The order in which questions are shown.
    pub sequence: i64,
    /// What answers look like.
    pub answer: AnswerKind,
}

/// What the answers to a question look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerKind {
    /// A text.
    Text {
        /// What the whole text has to match.
        pattern: Option<String>,
    },
    /// One or several of these.
    Choice {
        /// The values that may be chosen (`actualValue`).
        values: Vec<String>,
        /// Whether several may.
        multiple: bool,
    },
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asker {
    /// The target, or somebody on its behalf.
    User,
    /// An administrator, or an application.
    Administrator,
}

/// What is asked for, as far as approval cares. Removals never need any (RQ-19).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessChange {
    /// A new assignment.
    Add,
    /// Another schedule or other answers.
    Update,
}

/// What decides about approval besides the policy (AP-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApprovalExemptions {
    /// The request says `bypassApproval`; legal for administrators only.
    pub bypass: bool,
    /// The setting `compat.adminAddAutoApproves`.
    pub admin_add_auto_approves: bool,
}

impl ApprovalSettings {
    /// Whether somebody has to agree (AP-1, AP-12).
    pub const fn is_needed(
        &self,
        change: AccessChange,
        asker: Asker,
        exemptions: ApprovalExemptions,
    ) -> bool {
        let required = match change {
            AccessChange::Add => self.required_for_add,
            AccessChange::Update => self.required_for_update,
        };
        let exempt = match (asker, change) {
            (Asker::User, _) => false,
            (Asker::Administrator, AccessChange::Add) => {
                exemptions.bypass || exemptions.admin_add_auto_approves
            }
            (Asker::Administrator, AccessChange::Update) => exemptions.bypass,
        };
        required && !exempt
    }
}

#[cfg(test)]
mod tests;
