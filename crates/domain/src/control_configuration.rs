//! Control configurations: switches for risk-based approval and for what end users are shown (AP-14).
//!
//! **Invariant:** there is one configuration of each kind, made by the schema; none comes and none goes.

use crate::flaw::Flaw;
use crate::word::words;

words! {
    /// The kinds: their types on the wire, without the namespace.
    pub enum ControlKind {
        /// One more approval for people whom insider risk management suspects.
        InsiderRisk = "insiderRiskyUserApproval",
        /// One more approval for people whose sign-ins look risky.
        IdentityRisk = "entraIdProtectionRiskyUserApproval",
        /// What end users are shown.
        EndUserSettings = "endUserSettings",
    }
}

impl ControlKind {
    /// The kind that a type annotation names: with or without `#`, with or without the namespace, in any case.
    pub fn from_type_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix('#').unwrap_or(name);
        Self::from_name(name.rsplit('.').next().unwrap_or(name))
    }

    /// The levels of risk that it knows, from low to high; none if it is not about risk.
    pub const fn risk_levels(self) -> &'static [&'static str] {
        match self {
            Self::InsiderRisk => &["none", "minor", "moderate", "elevated"],
            Self::IdentityRisk => &["low", "medium", "high", "hidden", "none"],
            Self::EndUserSettings => &[],
        }
    }
}

words! {
    /// How much end users learn about what related people have.
    pub enum InsightLevel {
        /// Nothing.
        Disabled = "disabled",
        /// How many have it.
        Count = "count",
        /// How many, and who.
        CountAndNames = "countAndNames",
    }
}

/// What somebody wants to change of a control configuration. What is absent stays: the published clients send only what
/// they set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ControlChange {
    /// The kind that the body says it is.
    pub kind: Option<ControlKind>,
    /// Whether it counts.
    pub is_enabled: Option<bool>,
    /// Whether risk calls for approval.
    pub is_approval_required: Option<bool>,
    /// The risk from which on it does.
    pub minimum_risk_level: Option<String>,
    /// How much end users learn.
    pub related_people_insight_level: Option<InsightLevel>,
    /// Whether members see who approves (AZ-21).
    pub show_approver_details_to_members: Option<bool>,
}

impl ControlChange {
    /// The change as it applies to a configuration of this kind, with the level of risk in its published spelling.
    pub fn for_kind(mut self, kind: ControlKind) -> Result<Self, Flaw> {
        if let Some(said) = self.kind
            && said != kind
        {
            let message = format!("the configuration is of the type `{kind}` and stays so");
            return Err(Flaw::new("@odata.type", message));
        }
        let is_risk = !kind.risk_levels().is_empty();
        for (name, is_given, fits) in [
            (
                "isApprovalRequired",
                self.is_approval_required.is_some(),
                is_risk,
            ),
            (
                "minimumRiskLevel",
                self.minimum_risk_level.is_some(),
                is_risk,
            ),
            (
                "relatedPeopleInsightLevel",
                self.related_people_insight_level.is_some(),
                !is_risk,
            ),
            (
                "showApproverDetailsToMembers",
                self.show_approver_details_to_members.is_some(),
                !is_risk,
            ),
        ] {
            if is_given && !fits {
                let message = format!("`{name}` is no property of `{kind}`");
                return Err(Flaw::new(name, message));
            }
        }
        if let Some(level) = &self.minimum_risk_level {
            let known = kind
                .risk_levels()
                .iter()
                .find(|known| known.eq_ignore_ascii_case(level));
            let Some(known) = known else {
                let levels = kind.risk_levels().join(", ");
                let message = format!("`minimumRiskLevel` must be one of {levels}, not `{level}`");
                return Err(Flaw::new("minimumRiskLevel", message));
            };
            self.minimum_risk_level = Some((*known).to_owned());
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ap_14_levels_of_risk_are_those_of_the_kind() {
        let level = |text: &str| ControlChange {
            minimum_risk_level: Some(text.to_owned()),
            ..ControlChange::default()
        };

        let read = level("Moderate")
            .for_kind(ControlKind::InsiderRisk)
            .unwrap();

        assert_eq!(read.minimum_risk_level.as_deref(), Some("moderate"));
        for (text, kind) in [
            ("moderate", ControlKind::IdentityRisk),
            ("medium", ControlKind::InsiderRisk),
            ("high", ControlKind::EndUserSettings),
        ] {
            let flaw = level(text).for_kind(kind).unwrap_err();
            assert_eq!(flaw.target, "minimumRiskLevel", "{text} {kind}");
        }
    }

    #[test]
    fn a_configuration_keeps_its_type_and_has_the_members_of_it() {
        let said = ControlChange {
            kind: ControlKind::from_type_name("#microsoft.graph.endUserSettings"),
            ..ControlChange::default()
        };
        let shown = ControlChange {
            show_approver_details_to_members: Some(true),
            ..ControlChange::default()
        };

        assert!(said.clone().for_kind(ControlKind::EndUserSettings).is_ok());
        let flaw = said.for_kind(ControlKind::InsiderRisk).unwrap_err();
        assert_eq!(flaw.target, "@odata.type");
        let flaw = shown.for_kind(ControlKind::IdentityRisk).unwrap_err();
        assert_eq!(flaw.target, "showApproverDetailsToMembers");
    }
}
