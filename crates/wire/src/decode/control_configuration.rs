//! Control configurations. The body may leave out what it does not change: that is what the published clients send.

use domain::control_configuration::{ControlChange, ControlKind, InsightLevel};
use serde_json::Value as Json;

use super::{DecodeError, changed, flag, given, root, text, word};
use crate::body::Node;

/// Reads what to put.
pub fn replace(body: &Json) -> Result<ControlChange, DecodeError> {
    let root = root(body)?;
    Ok(ControlChange {
        kind: kind(&root.member("@odata.type"))?,
        is_enabled: changed(&root, "isEnabled", flag)?,
        is_approval_required: given(&root, "isApprovalRequired", flag)?,
        minimum_risk_level: given(&root, "minimumRiskLevel", text)?,
        related_people_insight_level: given(&root, "relatedPeopleInsightLevel", insight_level)?,
        show_approver_details_to_members: given(&root, "showApproverDetailsToMembers", flag)?,
    })
}

/// The type that the body says it is; the base type says nothing.
fn kind(node: &Node<'_>) -> Result<Option<ControlKind>, DecodeError> {
    let Some(name) = node.text()?.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let is_base = name
        .to_ascii_lowercase()
        .ends_with("microsoft.graph.controlconfiguration");
    if is_base {
        return Ok(None);
    }
    ControlKind::from_type_name(name).map(Some).ok_or_else(|| {
        node.invalid("must be a type of control configuration")
            .into()
    })
}

fn insight_level(node: &Node<'_>) -> Result<Option<InsightLevel>, DecodeError> {
    let all: Vec<_> = InsightLevel::ALL.iter().map(|one| one.as_str()).collect();
    word(node, InsightLevel::from_name, &all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_names_its_type_and_what_it_sets() {
        let change = replace(&json!({
            "@odata.type": "#microsoft.graph.endUserSettings",
            "relatedPeopleInsightLevel": "CountAndNames",
            "showApproverDetailsToMembers": true,
        }))
        .unwrap();

        assert_eq!(change.kind, Some(ControlKind::EndUserSettings));
        assert_eq!(
            change.related_people_insight_level,
            Some(InsightLevel::CountAndNames)
        );
        assert_eq!(change.show_approver_details_to_members, Some(true));
        assert_eq!(change.is_enabled, None);
        let base = json!({"@odata.type": "#microsoft.graph.controlConfiguration"});
        assert_eq!(replace(&base).unwrap(), ControlChange::default());
    }

    #[test]
    fn flaws_name_the_member() {
        for (body, target) in [
            (
                json!({"@odata.type": "#microsoft.graph.user"}),
                "@odata.type",
            ),
            (json!({"isEnabled": "yes"}), "isEnabled"),
            (json!({"isEnabled": null}), "isEnabled"),
            (json!({"minimumRiskLevel": 3}), "minimumRiskLevel"),
            (
                json!({"relatedPeopleInsightLevel": "all"}),
                "relatedPeopleInsightLevel",
            ),
        ] {
            assert_eq!(replace(&body).unwrap_err().target, target, "{body}");
        }
    }
}
