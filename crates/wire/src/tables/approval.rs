//! `approval` and its stages: `approvalStage` in v1.0, `approvalStep` in beta.

use domain::model;
use domain::query::Record;
use serde_json::{Value as Json, json};

use crate::table::{Edm, Navigation, Read, Row, Type, both, id, instant, text, way};

/// The approval of a request; it has the request's id.
pub static APPROVAL: Type = Type {
    entity: &model::APPROVAL,
    v1: Some("approval"),
    beta: Some("approval"),
    properties: &[id()],
    navigations: STAGES,
    open: None,
    searched: &[],
    lacking: &[],
};

const STAGES: &[Navigation] = &[way("stages", "steps", "stages", &APPROVAL_STAGE)];

/// One decision of an approval.
pub static APPROVAL_STAGE: Type = Type {
    entity: &model::APPROVAL_STAGE,
    v1: Some("approvalStage"),
    beta: Some("approvalStep"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("status", "status"),
        both(
            "assignedToMe",
            Edm::Boolean,
            Read::Computed {
                columns: &["status", "is_escalated"],
                related: Some(("approvers", &["principal_id", "tier"])),
                value: assigned_to_me,
            },
        ),
        text("reviewResult", "review_result"),
        text("justification", "justification"),
        both(
            "reviewedBy",
            Edm::Complex("identity", "identity"),
            Read::Computed {
                columns: &[
                    "reviewed_by_id",
                    "reviewed_by_name",
                    "reviewed_by_principal_name",
                ],
                related: None,
                value: reviewed_by,
            },
        ),
        instant("reviewedDateTime", "reviewed_at"),
    ],
    navigations: &[],
    open: None,
    searched: &[],
    lacking: &[],
};

/// Nobody has reviewed yet (AP-11).
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

fn reviewed_by(row: &Row<'_>) -> Json {
    match row.text(0) {
        "" => json!({"id": NOBODY, "displayName": "", "userPrincipalName": ""}),
        reviewer => json!({
            "@odata.type": "#microsoft.graph.userIdentity",
            "id": reviewer,
            "displayName": row.json(1),
            "userPrincipalName": row.json(2),
        }),
    }
}

/// Whether the caller may decide now: alternates only once the stage was escalated (AP-6), fallbacks only where there
/// is no approver before them (AP-7).
fn assigned_to_me(row: &Row<'_>) -> Json {
    let tier = |approver: &Record| match approver.values.get(1).and_then(|value| value.as_text()) {
        Some("primary") => Some(Tier::Primary),
        Some("fallbackPrimary") => Some(Tier::FallbackPrimary),
        Some("escalation") => Some(Tier::Escalation),
        Some("fallbackEscalation") => Some(Tier::FallbackEscalation),
        _ => None,
    };
    let has = |wanted| {
        row.related
            .iter()
            .any(|approver| tier(approver) == Some(wanted))
    };
    let may_act = |acting| match acting {
        Tier::Primary => true,
        Tier::FallbackPrimary => !has(Tier::Primary),
        Tier::Escalation => row.flag(1),
        Tier::FallbackEscalation => row.flag(1) && !has(Tier::Escalation),
    };
    let is_caller = |approver: &Record| {
        let principal = approver.values.first().and_then(|value| value.as_text());
        principal.is_some_and(|id| row.caller.iter().any(|own| own == id))
    };
    let mine = row
        .related
        .iter()
        .any(|approver| is_caller(approver) && tier(approver).is_some_and(may_act));
    json!(mine && row.text(0) == "InProgress")
}

/// The lists of approvers, in the order they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tier {
    Primary,
    FallbackPrimary,
    Escalation,
    FallbackEscalation,
}

#[cfg(test)]
mod tests {
    use domain::query::Value;

    use super::*;
    use crate::version::Version;

    fn is_assigned(status: &str, escalated: bool, approvers: &[(&str, &str)]) -> bool {
        let related: Vec<Record> = approvers
            .iter()
            .map(|(id, tier)| Record {
                values: vec![
                    Value::Text((*id).to_owned()),
                    Value::Text((*tier).to_owned()),
                ],
                expanded: Vec::new(),
                counts: Vec::new(),
            })
            .collect();
        let (status, escalated) = (Value::Text(status.to_owned()), Value::Bool(escalated));
        let row = Row {
            version: Version::V1,
            columns: &[&status, &escalated],
            related: &related,
            caller: &["bob".to_owned()],
        };
        assigned_to_me(&row) == json!(true)
    }

    #[test]
    fn only_an_open_stage_is_assigned_to_its_approver() {
        assert!(is_assigned("InProgress", false, &[("bob", "primary")]));
        assert!(!is_assigned("Completed", false, &[("bob", "primary")]));
        assert!(!is_assigned("InProgress", false, &[("carol", "primary")]));
    }

    #[test]
    fn alternates_wait_for_the_escalation_and_fallbacks_for_nobody_else() {
        let alternate = [("carol", "primary"), ("bob", "escalation")];
        assert!(!is_assigned("InProgress", false, &alternate));
        assert!(is_assigned("InProgress", true, &alternate));

        let fallback = [("carol", "primary"), ("bob", "fallbackPrimary")];
        assert!(!is_assigned("InProgress", false, &fallback));
        assert!(is_assigned("InProgress", false, &fallback[1..]));
    }
}
