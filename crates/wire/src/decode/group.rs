//! Groups: the same members in both versions.

use domain::change::Change;
use domain::directory::GroupChanges;
use serde_json::Value as Json;

use super::{
    DecodeError, changed, changed_text, details, flag, given, reference, root, text, texts,
};
use crate::body::Node;

/// Members that are only kept and served.
const KEPT: &[&str] = &[
    "accessType",
    "allowExternalSenders",
    "autoSubscribeNewMembers",
    "classification",
    "hideFromAddressLists",
    "hideFromOutlookClients",
    "infoCatalogs",
    "membershipRuleProcessingState",
    "preferredDataLocation",
    "preferredLanguage",
    "proxyAddresses",
    "resourceBehaviorOptions",
    "resourceProvisioningOptions",
    "theme",
    "uniqueName",
    "writebackConfiguration",
];

/// Reads what a create or an update says about a group.
pub fn changes(body: &Json) -> Result<GroupChanges, DecodeError> {
    let root = root(body)?;
    Ok(GroupChanges {
        display_name: changed(&root, "displayName", text)?,
        description: changed_text(&root, "description")?,
        mail_nickname: changed_text(&root, "mailNickname")?,
        mail_enabled: given(&root, "mailEnabled", flag)?,
        security_enabled: given(&root, "securityEnabled", flag)?,
        group_types: given(&root, "groupTypes", texts)?,
        membership_rule: changed_text(&root, "membershipRule")?,
        visibility: changed_text(&root, "visibility")?,
        is_assignable_to_role: changed_flag(&root, "isAssignableToRole")?,
        on_premises_sync_enabled: changed_flag(&root, "onPremisesSyncEnabled")?,
        details: details(&root, KEPT),
        members: reference::bound_list(&root.member("members@odata.bind"))?,
        owners: reference::bound_list(&root.member("owners@odata.bind"))?,
    })
}

fn changed_flag(object: &Node<'_>, name: &str) -> Result<Change<bool>, DecodeError> {
    if !object.has(name) {
        return Ok(Change::Keep);
    }
    Ok(flag(&object.member(name))?.map_or(Change::Clear, Change::Set))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_group_is_read_with_its_owners() {
        let body = json!({
            "displayName": "Sales", "mailEnabled": false, "mailNickname": "sales", "securityEnabled": true,
            "groupTypes": [], "description": null, "visibility": null, "theme": null,
            "owners@odata.bind": ["https://h/beta/directoryObjects/ae79f266-94d4-4dab-b730-feca7e132178"],
        });

        let changes = changes(&body).unwrap();

        assert_eq!(changes.group_types, Some(vec![]));
        assert_eq!(changes.description, Change::Clear);
        assert_eq!(changes.membership_rule, Change::Keep);
        assert_eq!(
            changes.details,
            [("theme".to_owned(), Change::Clear)].into()
        );
        assert_eq!((changes.owners.len(), changes.members.len()), (1, 0));
    }

    #[test]
    fn the_member_at_fault_is_named() {
        for (body, target) in [
            (json!({"displayName": 5}), "displayName"),
            (json!({"groupTypes": "Unified"}), "groupTypes"),
            (json!({"groupTypes": [5]}), "groupTypes/0"),
            (json!({"members@odata.bind": ["x"]}), "members@odata.bind/0"),
            (json!({"members@odata.bind": "x"}), "members@odata.bind"),
        ] {
            assert_eq!(changes(&body).unwrap_err().target, target, "{body}");
        }
    }
}
