//! What a change changed: the properties of an object before and after, as the audit log shows them (AL-2).
//!
//! **Invariant:** no property here holds a secret: passwords are stored elsewhere, and of the endpoint of an extension only
//! the host is told.

use domain::directory::{Group, User};
use serde_json::{Map, Value as Json, json};
use store::access_package::AccessPackage;
use store::assignment_policy::AssignmentPolicy;
use store::catalog::Catalog;
use store::connected_organization::ConnectedOrganization;
use store::entitlement_settings::EntitlementSettings;

/// An object whose changes are told property by property.
pub trait Audited {
    /// Its properties, by the names that the log has for them.
    fn properties(&self) -> Vec<(String, Json)>;
}

/// The properties that differ, as the log shows them: the values are JSON, written as text.
pub fn differences(before: Option<&dyn Audited>, after: Option<&dyn Audited>) -> Vec<Json> {
    let old: Map<String, Json> = before.map(properties).unwrap_or_default();
    let new: Map<String, Json> = after.map(properties).unwrap_or_default();
    let mut names: Vec<&String> = old.keys().collect();
    names.extend(new.keys().filter(|name| !old.contains_key(*name)));
    names
        .into_iter()
        .filter_map(|name| {
            let was = old.get(name).filter(|value| !value.is_null());
            let is = new.get(name).filter(|value| !value.is_null());
            (was != is).then(|| {
                json!({
                    "displayName": name,
                    "oldValue": was.map(Json::to_string),
                    "newValue": is.map(Json::to_string),
                })
            })
        })
        .collect()
}

fn properties(of: &dyn Audited) -> Map<String, Json> {
    of.properties().into_iter().collect()
}

fn named<const N: usize>(properties: [(&str, Json); N]) -> Vec<(String, Json)> {
    properties
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

impl Audited for Catalog {
    fn properties(&self) -> Vec<(String, Json)> {
        named([
            ("DisplayName", json!(self.display_name)),
            ("Description", json!(self.description)),
            ("State", json!(self.state.to_string())),
            ("IsExternallyVisible", json!(self.is_externally_visible)),
            ("UniqueName", json!(self.unique_name)),
        ])
    }
}

impl Audited for AccessPackage {
    fn properties(&self) -> Vec<(String, Json)> {
        named([
            ("DisplayName", json!(self.display_name)),
            ("Description", json!(self.description)),
            ("CatalogId", json!(self.catalog_id.to_string())),
            ("IsHidden", json!(self.is_hidden)),
            ("IsRoleScopesVisible", json!(self.is_role_scopes_visible)),
            ("UniqueName", json!(self.unique_name)),
        ])
    }
}

impl Audited for AssignmentPolicy {
    /// The documented flags of approval, and the settings by the names of their document.
    fn properties(&self) -> Vec<(String, Json)> {
        let mut all = named([
            ("DisplayName", json!(self.display_name)),
            ("Description", json!(self.description)),
            (
                "AllowedTargetScope",
                json!(self.allowed_target_scope.to_string()),
            ),
            ("CanExtend", json!(self.can_extend)),
        ]);
        let settings: Json = serde_json::from_str(&self.settings).unwrap_or_default();
        for (flag, member) in [
            ("IsApprovalRequiredForAdd", "isApprovalRequiredForAdd"),
            ("IsApprovalRequiredForUpdate", "isApprovalRequiredForUpdate"),
            (
                "IsRequestorJustificationRequired",
                "isRequestorJustificationRequired",
            ),
        ] {
            let value = settings.pointer(&format!("/requestApprovalSettings/{member}"));
            all.push((flag.to_owned(), value.cloned().unwrap_or_default()));
        }
        for (name, value) in settings.as_object().into_iter().flatten() {
            all.push((capitalised(name), value.clone()));
        }
        all
    }
}

impl Audited for User {
    fn properties(&self) -> Vec<(String, Json)> {
        named([
            ("UserPrincipalName", json!(self.user_principal_name)),
            ("DisplayName", json!(self.display_name)),
            ("GivenName", json!(self.given_name)),
            ("Surname", json!(self.surname)),
            ("Mail", json!(self.mail)),
            ("MailNickname", json!(self.mail_nickname)),
            ("UserType", json!(self.user_type)),
            ("AccountEnabled", json!(self.account_enabled)),
            ("JobTitle", json!(self.job_title)),
            ("Department", json!(self.department)),
            ("CompanyName", json!(self.company_name)),
            ("EmployeeId", json!(self.employee_id)),
            ("OfficeLocation", json!(self.office_location)),
            ("MobilePhone", json!(self.mobile_phone)),
            ("UsageLocation", json!(self.usage_location)),
            ("PreferredLanguage", json!(self.preferred_language)),
            (
                "Manager",
                json!(self.manager_id.map(|manager| manager.to_string())),
            ),
        ])
    }
}

impl Audited for Group {
    fn properties(&self) -> Vec<(String, Json)> {
        named([
            ("DisplayName", json!(self.display_name)),
            ("Description", json!(self.description)),
            ("Mail", json!(self.mail)),
            ("MailNickname", json!(self.mail_nickname)),
            ("MailEnabled", json!(self.mail_enabled)),
            ("SecurityEnabled", json!(self.security_enabled)),
            ("GroupTypes", json!(self.group_types)),
            ("MembershipRule", json!(self.membership_rule)),
            ("Visibility", json!(self.visibility)),
            ("IsAssignableToRole", json!(self.is_assignable_to_role)),
        ])
    }
}

impl Audited for ConnectedOrganization {
    fn properties(&self) -> Vec<(String, Json)> {
        let sources: Json = serde_json::from_str(&self.identity_sources).unwrap_or_default();
        named([
            ("DisplayName", json!(self.display_name)),
            ("Description", json!(self.description)),
            ("State", json!(self.state.to_string())),
            ("IdentitySources", sources),
        ])
    }
}

impl Audited for EntitlementSettings {
    fn properties(&self) -> Vec<(String, Json)> {
        let after = self.external_user_deleted_after;
        named([
            (
                "ExternalUserLifecycleAction",
                json!(self.external_user_action.to_string()),
            ),
            (
                "DurationUntilExternalUserDeletedAfterBlocked",
                json!(after.map(|time| time.to_string())),
            ),
        ])
    }
}

/// `name` as `Name`.
fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(&'static str, Option<u8>);

    impl Audited for Named {
        fn properties(&self) -> Vec<(String, Json)> {
            named([("DisplayName", json!(self.0)), ("Age", json!(self.1))])
        }
    }

    #[test]
    fn only_what_differs_is_told_and_values_are_json_in_text() {
        let (before, after) = (Named("Books", None), Named("Films", Some(3)));

        assert_eq!(
            differences(Some(&before), Some(&after)),
            [
                json!({"displayName": "DisplayName", "oldValue": "\"Books\"", "newValue": "\"Films\""}),
                json!({"displayName": "Age", "oldValue": null, "newValue": "3"}),
            ]
        );
        assert_eq!(differences(Some(&before), Some(&before)), [] as [Json; 0]);
        assert_eq!(differences(None, Some(&before)).len(), 1);
        assert_eq!(differences(Some(&after), None).len(), 2);
    }
}
