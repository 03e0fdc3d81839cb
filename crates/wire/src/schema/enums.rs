//! The enum types: which lists of words are enums of which version, and what numbers their members have.

use crate::version::Version;
use crate::words::{self, Words};

/// An enum type.
#[derive(Debug)]
pub struct Enum {
    /// Its name and its members.
    pub words: &'static Words,
    /// Whether v1.0 has it.
    pub v1: bool,
    /// Whether beta has it.
    pub beta: bool,
    /// The numbers of its members.
    pub values: Values,
    /// Whether several members may be set at once.
    pub is_flags: bool,
}

/// The numbers of an enum's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// One after the other, from this on.
    From(i64),
    /// These.
    Listed(&'static [i64]),
    /// Not published.
    Unsaid,
}

impl Enum {
    /// Whether this version has it.
    pub fn is_in(&self, version: Version) -> bool {
        match version {
            Version::V1 => self.v1,
            Version::Beta => self.beta,
        }
    }

    /// The members with their numbers, where they are published.
    pub fn members(&self) -> impl Iterator<Item = (&'static str, Option<i64>)> {
        let values = self.values;
        (0..)
            .zip(self.words.members)
            .map(move |(at, name)| (*name, values.at(at)))
    }

    const fn from(mut self, first: i64) -> Self {
        self.values = Values::From(first);
        self
    }

    const fn values(mut self, values: &'static [i64]) -> Self {
        self.values = Values::Listed(values);
        self
    }

    const fn unsaid(mut self) -> Self {
        self.values = Values::Unsaid;
        self
    }

    const fn flags(mut self) -> Self {
        self.is_flags = true;
        self
    }
}

impl Values {
    fn at(self, index: i64) -> Option<i64> {
        match self {
            Self::From(first) => Some(first + index),
            Self::Listed(values) => usize::try_from(index)
                .ok()
                .and_then(|index| values.get(index).copied()),
            Self::Unsaid => None,
        }
    }
}

const fn both(words: &'static Words) -> Enum {
    Enum {
        words,
        v1: true,
        beta: true,
        values: Values::From(0),
        is_flags: false,
    }
}

const fn v1(words: &'static Words) -> Enum {
    let mut of = both(words);
    of.beta = false;
    of
}

const fn beta(words: &'static Words) -> Enum {
    let mut of = both(words);
    of.v1 = false;
    of
}

/// Every enum type.
#[rustfmt::skip]
pub static ENUMS: &[Enum] = &[
    both(&words::ASSIGNMENT_FILTER_BY_CURRENT_USER_OPTIONS).values(&[1, 2, 99, 100, 101]),
    both(&words::ASSIGNMENT_REQUEST_FILTER_BY_CURRENT_USER_OPTIONS).values(&[1, 2, 3, 99, 100, 101, 102, 103]),
    v1(&words::ASSIGNMENT_STATE),
    v1(&words::CATALOG_STATE).from(1),
    v1(&words::CATALOG_TYPE).from(1),
    beta(&words::CUSTOM_EXTENSION_HANDLER_STATUS).from(1),
    both(&words::EXTENSION_STAGE).from(1),
    v1(&words::EXTERNAL_USER_LIFECYCLE_ACTION),
    both(&words::FILTER_BY_CURRENT_USER_OPTIONS).values(&[1, 99]),
    v1(&words::REQUEST_STATE),
    v1(&words::REQUEST_TYPE),
    both(&words::SUBJECT_LIFECYCLE),
    v1(&words::SUBJECT_TYPE),
    both(&words::SUGGESTION_FILTER_BY_CURRENT_USER_OPTIONS).values(&[0, 1, 2, 4]).flags(),
    both(&words::SUGGESTION_RELATED_PEOPLE_INSIGHT_LEVEL),
    v1(&words::EXPIRATION_BEHAVIOR).values(&[0, 1, 2, 99]),
    beta(&words::ACCESS_REVIEW_TIMEOUT_BEHAVIOR).values(&[0, 1, 2, 99]),
    beta(&words::ALLOWED_ROLE_PRINCIPAL_TYPES).values(&[1, 2, 4, 8]).flags(),
    v1(&words::ALLOWED_TARGET_SCOPE),
    beta(&words::APP_MANAGEMENT_AUDIT_LOG_AUDIT_RESULT).unsaid(),
    beta(&words::APP_MANAGEMENT_AUDIT_LOG_POLICY_TYPE).unsaid(),
    beta(&words::APP_MANAGEMENT_AUDIT_LOG_RESTRICTION_RESULT).unsaid(),
    beta(&words::APP_MANAGEMENT_AUDIT_LOG_RESTRICTION_STATE).unsaid(),
    both(&words::APPROVAL_FILTER_BY_CURRENT_USER_OPTIONS),
    both(&words::APPROVER_VISIBILITY),
    beta(&words::AUDIT_IDENTITY_TYPE).unsaid(),
    both(&words::CHANGE_TYPE),
    both(&words::CONNECTED_ORGANIZATION_STATE),
    v1(&words::CONNECTOR_TYPE_V1).unsaid(),
    beta(&words::CONNECTOR_TYPE).unsaid(),
    both(&words::CUSTOM_DATA_PROVIDED_RESOURCE_UPLOAD_STATUS),
    both(&words::CUSTOM_EXTENSION_CALLOUT_INSTANCE_STATUS).from(1),
    both(&words::DAY_OF_WEEK),
    v1(&words::EVALUATION_OUTCOME).unsaid(),
    both(&words::EXPIRATION_TYPE),
    both(&words::GROUP_TYPE),
    both(&words::LIFECYCLE_EVENT_TYPE),
    both(&words::OPERATION_RESULT),
    beta(&words::PRIVILEGE_LEVEL).unsaid(),
    beta(&words::PURVIEW_INSIDER_RISK_MANAGEMENT_LEVEL).unsaid(),
    both(&words::RECURRENCE_PATTERN_TYPE),
    both(&words::RECURRENCE_RANGE_TYPE),
    beta(&words::RISK_LEVEL),
    both(&words::ROLE_ASSIGNMENT_SCHEDULE_FILTER_BY_CURRENT_USER_OPTIONS).from(1),
    both(&words::ROLE_ASSIGNMENT_SCHEDULE_INSTANCE_FILTER_BY_CURRENT_USER_OPTIONS).from(1),
    both(&words::ROLE_ASSIGNMENT_SCHEDULE_REQUEST_FILTER_BY_CURRENT_USER_OPTIONS).from(1),
    both(&words::ROLE_ELIGIBILITY_SCHEDULE_FILTER_BY_CURRENT_USER_OPTIONS).from(1),
    both(&words::ROLE_ELIGIBILITY_SCHEDULE_INSTANCE_FILTER_BY_CURRENT_USER_OPTIONS).from(1),
    both(&words::ROLE_ELIGIBILITY_SCHEDULE_REQUEST_FILTER_BY_CURRENT_USER_OPTIONS).from(1),
    both(&words::ROLE_TYPE).values(&[0, 1, 2, 3, 99]),
    both(&words::SOCIAL_IDENTITY_SOURCE_TYPE).from(1),
    v1(&words::ROLE_SCHEDULE_ACTION).from(1),
    both(&words::WEEK_INDEX),
];
