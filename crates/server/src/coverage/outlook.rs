//! What would come of an operation, without carrying it out.

use domain::cloud::Cloud;
use http::Method;
use wire::Version;
use wire::address::{self, AddressError, Options};

use crate::graph::{root, table};

/// What would come of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outlook {
    /// Somebody carries it out.
    Served,
    /// It is refused, for this reason.
    Refused(&'static str),
    /// The path leads somewhere, and the method is not for it.
    NotAllowed,
    /// The path leads nowhere.
    Unknown(String),
}

/// A part of the published paths that is not there at all.
pub(super) struct Absent {
    /// The segments, somewhere in the path.
    pub(super) part: &'static str,
    /// Why.
    pub(super) why: &'static str,
}

/// Parts of the published paths that are not there.
#[rustfmt::skip]
pub(super) static ABSENT: &[Absent] = &[];

const KEY: &str = "11111111-1111-4111-8111-111111111111";

/// What would come of this operation; keys and parameters of the path stand in braces.
pub(super) fn outlook(version: Version, method: &Method, template: &str) -> Outlook {
    let (path, _) = template.split_once('?').unwrap_or((template, ""));
    match at(version, method, &filled(path)) {
        Outlook::Unknown(why) => ABSENT
            .iter()
            .find(|absent| path.contains(absent.part))
            .map_or(Outlook::Unknown(why), |absent| Outlook::Refused(absent.why)),
        other => other,
    }
}

fn at(version: Version, method: &Method, path: &str) -> Outlook {
    let segments = match odata::path::parse(path) {
        Ok(segments) => segments,
        Err(error) => return Outlook::Unknown(error.to_string()),
    };
    if root::place(&segments).is_some() {
        return if method == Method::GET {
            Outlook::Served
        } else {
            Outlook::Refused(root::BUILT_IN)
        };
    }
    let options = Options {
        caller: Some(KEY),
        legacy_v1_paths: true,
        cloud: Cloud::Global,
    };
    let address = match address::resolve(version, &segments, options) {
        Ok(address) => address,
        // The paths of the contract are deeper than what a server has to follow.
        Err(AddressError::TooDeep) => return Outlook::Refused("the path navigates too deep"),
        Err(error) => return Outlook::Unknown(error.to_string()),
    };
    let routes = table::at(&address);
    let is_carried_out = routes.iter().any(|route| route.method == *method)
        || (method == Method::GET && table::is_readable(&address));
    if is_carried_out {
        return Outlook::Served;
    }
    table::refusal(&address, method).map_or(Outlook::NotAllowed, Outlook::Refused)
}

/// The path with a key in every hole.
fn filled(template: &str) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap_or_default();
        path.push_str(before);
        path.push_str(KEY);
        // Most keys are one GUID; that of a role in an access package is two.
        if name.starts_with("accessPackageResourceRoleScope-") {
            path.push('_');
            path.push_str(KEY);
        }
        rest = behind;
    }
    path.push_str(rest);
    path
}

#[test]
fn reads_commands_refusals_and_nonsense_are_told_apart() {
    let em = "identityGovernance/entitlementManagement";
    let told = |method: Method, path: &str| outlook(Version::V1, &method, &format!("{em}/{path}"));

    assert_eq!(told(Method::GET, "assignments/{id}"), Outlook::Served);
    assert_eq!(told(Method::POST, "catalogs"), Outlook::Served);
    assert_eq!(
        told(Method::POST, "assignments/{id}/reprocess"),
        Outlook::Served
    );
    assert!(matches!(
        told(Method::PATCH, "assignments/{id}"),
        Outlook::Refused(_)
    ));
    assert!(matches!(told(Method::PATCH, ""), Outlook::Refused(_)));
    assert_eq!(
        told(Method::PATCH, "assignments/$count"),
        Outlook::NotAllowed
    );
    assert!(matches!(told(Method::GET, "nonsense"), Outlook::Unknown(_)));
    assert_eq!(
        told(
            Method::GET,
            "accessPackages/{id}/resourceRoleScopes/{accessPackageResourceRoleScope-id}/role/resource/roles/{id}"
        ),
        Outlook::Served
    );
}
