//! Users: the same members in both versions.

use domain::directory::UserChanges;
use serde_json::Value as Json;

use super::{DecodeError, changed, changed_text, details, flag, given, reference, root, text};

/// Members that are only kept and served.
const KEPT: &[&str] = &[
    "aboutMe",
    "ageGroup",
    "birthday",
    "businessPhones",
    "city",
    "consentProvidedForMinor",
    "country",
    "employeeHireDate",
    "employeeLeaveDateTime",
    "employeeOrgData",
    "employeeType",
    "externalUserState",
    "faxNumber",
    "hireDate",
    "identities",
    "imAddresses",
    "infoCatalogs",
    "interests",
    "mySite",
    "onPremisesExtensionAttributes",
    "onPremisesImmutableId",
    "otherMails",
    "passwordPolicies",
    "pastProjects",
    "postalCode",
    "preferredDataLocation",
    "preferredName",
    "responsibilities",
    "schools",
    "showInAddressList",
    "skills",
    "state",
    "streetAddress",
];

/// What the names of members begin with that applications define.
const CUSTOM: &str = "extension_";

/// The members of a body that are only kept and served.
fn kept(body: &Json) -> Vec<&str> {
    let custom = body.as_object().into_iter().flat_map(|members| {
        members
            .keys()
            .map(String::as_str)
            .filter(|name| name.starts_with(CUSTOM))
    });
    KEPT.iter().copied().chain(custom).collect()
}

/// Reads what a create or an update says about a user.
pub fn changes(body: &Json) -> Result<UserChanges, DecodeError> {
    let root = root(body)?;
    let manager = root.member("manager@odata.bind");
    let profile = root.member("passwordProfile");
    Ok(UserChanges {
        user_principal_name: changed(&root, "userPrincipalName", text)?,
        display_name: changed(&root, "displayName", text)?,
        given_name: changed_text(&root, "givenName")?,
        surname: changed_text(&root, "surname")?,
        mail: changed_text(&root, "mail")?,
        mail_nickname: changed_text(&root, "mailNickname")?,
        user_type: given(&root, "userType", text)?,
        account_enabled: given(&root, "accountEnabled", flag)?,
        job_title: changed_text(&root, "jobTitle")?,
        department: changed_text(&root, "department")?,
        company_name: changed_text(&root, "companyName")?,
        employee_id: changed_text(&root, "employeeId")?,
        office_location: changed_text(&root, "officeLocation")?,
        mobile_phone: changed_text(&root, "mobilePhone")?,
        usage_location: changed_text(&root, "usageLocation")?,
        preferred_language: changed_text(&root, "preferredLanguage")?,
        details: details(&root, &kept(body)),
        manager_id: reference::bound(&manager)?,
        password: match profile.object()? {
            Some(profile) => {
                text(&profile.member("password"))?.filter(|password| !password.is_empty())
            }
            None => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use domain::change::Change;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_user_is_read_with_password_and_manager() {
        let body = json!({
            "@odata.type": "microsoft.graph.user",
            "accountEnabled": true,
            "displayName": "Alice",
            "userPrincipalName": "alice@reeve.example",
            "jobTitle": null,
            "showInAddressList": false,
            "id": "ignored",
            "passwordProfile": {"forceChangePasswordNextSignIn": false, "password": "secret"},
            "manager@odata.bind": "https://h/v1.0/users/ae79f266-94d4-4dab-b730-feca7e132178",
        });

        let changes = changes(&body).unwrap();

        assert_eq!(
            changes.user_principal_name.as_deref(),
            Some("alice@reeve.example")
        );
        assert_eq!(changes.password.as_deref(), Some("secret"));
        assert_eq!(changes.job_title, Change::Clear);
        assert_eq!(changes.department, Change::Keep);
        assert_eq!(
            changes.details,
            [(
                "showInAddressList".to_owned(),
                Change::Set("false".to_owned())
            )]
            .into()
        );
        assert_eq!(
            changes.manager_id.unwrap().to_string(),
            "ae79f266-94d4-4dab-b730-feca7e132178"
        );
    }

    // AU-7
    #[test]
    fn what_applications_define_is_kept() {
        let body = json!({"extension_0af1_level": 7, "extensionless": 1});

        let kept = changes(&body).unwrap().details;

        assert_eq!(
            kept,
            [(
                "extension_0af1_level".to_owned(),
                Change::Set("7".to_owned())
            )]
            .into()
        );
    }

    #[test]
    fn the_member_at_fault_is_named() {
        for (body, target) in [
            (json!({"displayName": null}), "displayName"),
            (json!({"accountEnabled": "yes"}), "accountEnabled"),
            (json!({"mail": 5}), "mail"),
            (
                json!({"passwordProfile": {"password": 5}}),
                "passwordProfile/password",
            ),
            (
                json!({"manager@odata.bind": "nobody"}),
                "manager@odata.bind",
            ),
        ] {
            assert_eq!(changes(&body).unwrap_err().target, target, "{body}");
        }
    }
}
