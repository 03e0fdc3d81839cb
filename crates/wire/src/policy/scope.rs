//! Who a policy is for: `allowedTargetScope` in v1.0, `requestorSettings.scopeType` in beta (semantics 6.2).

use serde_json::Value as Json;

use super::subject_set;
use crate::body::{InvalidField, Node};
use crate::version::Version;
use crate::words::{ALLOWED_TARGET_SCOPE, pascal};

/// Pairs of names; scopes that beta lacks are missing (PO-1).
const NAMES: &[(&str, &str)] = &[
    ("notSpecified", "NoSubjects"),
    ("specificDirectoryUsers", "SpecificDirectorySubjects"),
    (
        "specificConnectedOrganizationUsers",
        "SpecificConnectedOrganizationSubjects",
    ),
    ("allMemberUsers", "AllExistingDirectoryMemberUsers"),
    ("allDirectoryUsers", "AllExistingDirectorySubjects"),
    (
        "allConfiguredConnectedOrganizationUsers",
        "AllConfiguredConnectedOrganizationSubjects",
    ),
    // A second name for the same, read but never written.
    (
        "allConfiguredConnectedOrganizationUsers",
        "AllExistingConnectedOrganizationSubjects",
    ),
    ("allExternalUsers", "AllExternalSubjects"),
];

/// The beta name of a scope.
pub fn to_beta(scope: &str) -> String {
    NAMES
        .iter()
        .find(|(v1, _)| *v1 == scope)
        .map_or_else(|| pascal(scope), |(_, beta)| (*beta).to_owned())
}

/// The scope with this beta name, or with this v1.0 name for want of a beta one; in any case.
pub fn from_beta(name: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(_, beta)| beta.eq_ignore_ascii_case(name))
        .map(|(v1, _)| *v1)
        .or_else(|| ALLOWED_TARGET_SCOPE.parse(name))
}

/// The scope that a beta body names; none means nobody.
pub(super) fn read_beta(root: &Node<'_>) -> Result<&'static str, InvalidField> {
    let settings = root.member("requestorSettings");
    settings.object()?;
    let node = settings.member("scopeType");
    match node.text()? {
        None | Some("") => Ok("notSpecified"),
        Some(name) => {
            from_beta(name).ok_or_else(|| node.invalid(format!("is not a known scope: `{name}`")))
        }
    }
}

/// Whether these subjects may stand beside this scope (PO-3).
pub(super) fn check(version: Version, scope: &str, targets: &[Json]) -> Result<(), InvalidField> {
    let allowed: &[&str] = match scope {
        "specificDirectoryUsers" => &["singleUser", "groupMembers", "attributeRuleMembers"],
        "specificConnectedOrganizationUsers" => &["connectedOrganizationMembers"],
        "specificDirectoryServicePrincipals" => &["singleServicePrincipal", "attributeRuleMembers"],
        _ => &[],
    };
    let place = match version {
        Version::V1 => "specificAllowedTargets",
        Version::Beta => "requestorSettings/allowedRequestors",
    };
    for (index, target) in targets.iter().enumerate() {
        let kind = subject_set::kind_of(target);
        if !allowed.contains(&kind) {
            return Err(InvalidField {
                target: format!("{place}/{index}"),
                reason: format!("`{kind}` does not fit a policy for `{scope}`"),
            });
        }
    }
    Ok(())
}
