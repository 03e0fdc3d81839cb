//! What a change changed: the properties of an object before and after, as the audit log shows them (AL-2).
//!
//! **Invariant:** no property here holds a secret: passwords are stored elsewhere, and of the endpoint of an extension only
//! the host is told.

use domain::directory::{AppRole, Application, Details, Group, ServicePrincipal, User};
use domain::extension::Authentication;
use serde_json::{Map, Value as Json, json};
use store::access_package::AccessPackage;
use store::assignment_policy::AssignmentPolicy;
use store::catalog::Catalog;
use store::connected_organization::ConnectedOrganization;
use store::control_configuration::ControlConfiguration;
use store::custom_extension::CustomExtension;
use store::entitlement_settings::EntitlementSettings;
use store::external_connector::ExternalConnector;

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

/// A property that changed and whose values nobody is shown.
pub fn hidden(name: &str) -> Json {
    text(name, None, None)
}

/// A text that is kept beside the object.
pub fn text(name: &str, was: Option<&str>, is: Option<&str>) -> Json {
    let told = |value: Option<&str>| value.map(|value| json!(value).to_string());
    json!({ "displayName": name, "oldValue": told(was), "newValue": told(is) })
}

/// What is only kept and served, by the same names with a capital.
fn kept(details: &Details) -> impl Iterator<Item = (String, Json)> {
    details.iter().map(|(name, value)| {
        let value = serde_json::from_str(value).unwrap_or_default();
        (capitalised(name), value)
    })
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
        let mut all = named([
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
        ]);
        all.extend(kept(&self.details));
        all
    }
}

impl Audited for Group {
    fn properties(&self) -> Vec<(String, Json)> {
        let mut all = named([
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
        ]);
        all.extend(kept(&self.details));
        all
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

impl Audited for ControlConfiguration {
    fn properties(&self) -> Vec<(String, Json)> {
        named([
            ("IsEnabled", json!(self.is_enabled)),
            ("IsApprovalRequired", json!(self.is_approval_required)),
            ("MinimumRiskLevel", json!(self.minimum_risk_level)),
            (
                "RelatedPeopleInsightLevel",
                json!(
                    self.related_people_insight_level
                        .map(|level| level.to_string())
                ),
            ),
            (
                "ShowApproverDetailsToMembers",
                json!(self.show_approver_details_to_members),
            ),
        ])
    }
}

impl Audited for CustomExtension {
    /// Addresses of extensions may hold secrets in their path or query: the host is all that is told.
    fn properties(&self) -> Vec<(String, Json)> {
        let content = &self.content;
        let authentication = content.authentication.as_ref().map(|way| match way {
            Authentication::Bearer { resource_id } => json!({ "resourceId": resource_id }),
            Authentication::ProofOfPossession => json!("proofOfPossession"),
        });
        let client = content.client.unwrap_or_default();
        let waits = content.callback.as_ref().map(|one| one.timeout.to_string());
        named([
            ("DisplayName", json!(content.display_name)),
            ("Description", json!(content.description)),
            ("EndpointHost", json!(host(content.endpoint.url()))),
            ("AuthenticationConfiguration", json!(authentication)),
            (
                "TimeoutInMilliseconds",
                json!(client.timeout_in_milliseconds),
            ),
            ("MaximumRetries", json!(client.maximum_retries)),
            ("CallbackTimeoutDuration", json!(waits)),
        ])
    }
}

impl Audited for ExternalConnector {
    fn properties(&self) -> Vec<(String, Json)> {
        let info = self.connection_info.as_deref();
        let mut info: Json = serde_json::from_str(info.unwrap_or("null")).unwrap_or_default();
        for address in ["url", "accessTokenUrl"] {
            if let Some(value) = info.get_mut(address) {
                *value = value.as_str().map_or(Json::Null, |url| json!(host(url)));
            }
        }
        named([
            ("DisplayName", json!(self.display_name)),
            ("Description", json!(self.description)),
            ("ConnectorType", json!(self.connector_type.to_string())),
            ("ConnectionInfo", info),
        ])
    }
}

impl Audited for Application {
    fn properties(&self) -> Vec<(String, Json)> {
        let mut all = named([
            ("DisplayName", json!(self.display_name)),
            ("Description", json!(self.description)),
            ("AppRoles", app_roles(&self.app_roles)),
        ]);
        all.extend(details(&self.details));
        all
    }
}

impl Audited for ServicePrincipal {
    fn properties(&self) -> Vec<(String, Json)> {
        let mut all = named([
            ("DisplayName", json!(self.display_name)),
            ("Description", json!(self.description)),
            ("AccountEnabled", json!(self.account_enabled)),
            (
                "AppRoleAssignmentRequired",
                json!(self.app_role_assignment_required),
            ),
            ("ServicePrincipalType", json!(self.service_principal_type)),
            ("AppRoles", app_roles(&self.app_roles)),
        ]);
        all.extend(details(&self.details));
        all
    }
}

fn app_roles(roles: &[AppRole]) -> Json {
    let each = roles.iter().map(|role| {
        json!({
            "id": role.id.to_string(),
            "displayName": role.display_name,
            "description": role.description,
            "value": role.value,
            "isEnabled": role.is_enabled,
            "allowedMemberTypes": role.allowed_member_types,
        })
    });
    Json::Array(each.collect())
}

/// What is kept beside the properties that count here, each as JSON in text.
fn details(kept: &Details) -> impl Iterator<Item = (String, Json)> {
    kept.iter().map(|(name, text)| {
        (
            capitalised(name),
            serde_json::from_str(text).unwrap_or_default(),
        )
    })
}

/// The host of an address, without the sign-in name that may come before it.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
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

    #[test]
    fn of_an_address_only_the_host_is_told() {
        for (url, told) in [
            (
                "https://hooks.example.com/triggers/x?sig=secret",
                "hooks.example.com",
            ),
            ("https://hooks.example.com?sig=secret", "hooks.example.com"),
            (
                "https://name:secret@hooks.example.com:8443/x",
                "hooks.example.com:8443",
            ),
            ("hooks.example.com#secret", "hooks.example.com"),
        ] {
            assert_eq!(host(url), told);
        }
    }
}
