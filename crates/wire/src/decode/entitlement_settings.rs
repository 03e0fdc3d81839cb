//! The settings of the tenant: a duration in v1.0 is a number of days in beta.

use domain::change::Change;
use domain::tenant_settings::{ExternalUserAction, SettingsChange};
use domain::time::Duration;
use serde_json::Value as Json;

use super::{DecodeError, changed, root, word};
use crate::body::Node;

/// The time until deletion, as v1.0 names it.
const DURATION: &str = "durationUntilExternalUserDeletedAfterBlocked";
/// The same, as beta names it.
const DAYS: &str = "daysUntilExternalUserDeletedAfterBlocked";

/// Reads what to change.
pub fn update(body: &Json) -> Result<SettingsChange, DecodeError> {
    let root = root(body)?;
    let deleted_after = if root.has(DURATION) {
        let time = root.member(DURATION).duration()?;
        time.map_or(Change::Clear, Change::Set)
    } else if root.has(DAYS) {
        days(&root.member(DAYS))?.map_or(Change::Clear, Change::Set)
    } else {
        Change::Keep
    };
    Ok(SettingsChange {
        external_user_action: changed(&root, "externalUserLifecycleAction", action)?,
        external_user_deleted_after: deleted_after,
    })
}

fn days(node: &Node<'_>) -> Result<Option<Duration>, DecodeError> {
    let Some(days) = node.int()? else {
        return Ok(None);
    };
    // Far more than may be stored, and far less than would overflow.
    if !(0..=1_000_000).contains(&days) {
        return Err(node.invalid("must be a number of days").into());
    }
    Ok(Some(Duration::from_days(days)))
}

fn action(node: &Node<'_>) -> Result<Option<ExternalUserAction>, DecodeError> {
    let all: Vec<_> = ExternalUserAction::ALL
        .iter()
        .map(|one| one.as_str())
        .collect();
    word(node, ExternalUserAction::from_name, &all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_versions_say_the_same_time() {
        let month = Change::Set(Duration::from_days(30));
        for body in [
            json!({DURATION: "P30D", "externalUserLifecycleAction": "blockSignIn"}),
            json!({DAYS: 30, "externalUserLifecycleAction": "BlockSignIn"}),
        ] {
            let change = update(&body).unwrap();

            assert_eq!(change.external_user_deleted_after, month);
            assert_eq!(
                change.external_user_action,
                Some(ExternalUserAction::BlockSignIn)
            );
        }
        assert_eq!(update(&json!({})).unwrap(), SettingsChange::default());
        let cleared = update(&json!({DAYS: null})).unwrap();
        assert_eq!(cleared.external_user_deleted_after, Change::Clear);
    }

    #[test]
    fn flaws_name_the_member_of_the_version() {
        for (body, target) in [
            (json!({DURATION: "30 days"}), DURATION),
            (json!({DAYS: "30"}), DAYS),
            (json!({DAYS: -1}), DAYS),
            (json!({DAYS: i64::MAX}), DAYS),
            (
                json!({"externalUserLifecycleAction": "delete"}),
                "externalUserLifecycleAction",
            ),
            (
                json!({"externalUserLifecycleAction": null}),
                "externalUserLifecycleAction",
            ),
        ] {
            assert_eq!(update(&body).unwrap_err().target, target, "{body}");
        }
    }
}
