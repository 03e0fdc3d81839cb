//! A tenant as a file: people, groups, applications, catalogs with what they offer, and who has it. `serve --dev --seed`
//! brings one in, `export --seed` writes one; `docs/seed.md` describes it.
//!
//! Members are those of Graph's v1.0, except that objects are called by their names and never by ids. Which members of an
//! object a file holds is said once, in [`kept`], for reading and for writing.
//!
//! **Invariant:** a member that is not known is refused by its name, and never dropped.

mod kept;
mod links;
mod reap;
mod sow;
mod yaml;

use std::collections::BTreeSet;
use std::fmt::Display;

use anyhow::bail;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use self::links::Kind;
pub(crate) use reap::write;
pub(crate) use sow::{Item, Manner, Outcome, Report, apply, bring, bring_in};

/// Members as Graph has them.
type Members = Map<String, Value>;

/// The file: YAML, of which JSON is a part.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Document {
    #[serde(deserialize_with = "or_empty")]
    users: Vec<Person>,
    #[serde(deserialize_with = "or_empty")]
    groups: Vec<Group>,
    #[serde(deserialize_with = "or_empty")]
    applications: Vec<Application>,
    #[serde(deserialize_with = "or_empty")]
    connected_organizations: Vec<Organization>,
    #[serde(deserialize_with = "or_empty")]
    connectors: Vec<Named>,
    #[serde(deserialize_with = "or_empty")]
    settings: Members,
    #[serde(deserialize_with = "or_empty")]
    catalogs: Vec<Catalog>,
    /// Roles that hold in every catalog.
    #[serde(deserialize_with = "or_empty")]
    role_assignments: Vec<RoleAssignment>,
    #[serde(deserialize_with = "or_empty")]
    assignments: Vec<Assignment>,
}

/// An object with nothing but members of Graph's.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    display_name: String,
    #[serde(flatten)]
    members: Members,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    user_principal_name: String,
    display_name: String,
    password: Option<String>,
    /// Sign-in name of the manager.
    manager: Option<String>,
    #[serde(flatten)]
    members: Members,
}

/// Who is in something: a user by the sign-in name, or what else has a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(untagged)]
enum Principal {
    User(String),
    Group { group: String },
    Application { application: String },
}

impl Principal {
    /// What they are called.
    fn word(&self) -> &str {
        match self {
            Self::User(name) => name,
            Self::Group { group } => group,
            Self::Application { application } => application,
        }
    }
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    display_name: String,
    #[serde(default, deserialize_with = "or_empty")]
    members: Vec<Principal>,
    #[serde(default, deserialize_with = "or_empty")]
    owners: Vec<Principal>,
    /// The target that the group is delivered to.
    target: Option<String>,
    #[serde(flatten)]
    properties: Members,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    display_name: String,
    /// Roles that it offers: a name, or a role as Graph has it.
    #[serde(default, deserialize_with = "or_empty")]
    roles: Vec<Value>,
    target: Option<String>,
    #[serde(flatten)]
    members: Members,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    display_name: String,
    #[serde(default, deserialize_with = "or_empty")]
    internal_sponsors: Vec<Principal>,
    #[serde(default, deserialize_with = "or_empty")]
    external_sponsors: Vec<Principal>,
    #[serde(flatten)]
    members: Members,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Catalog {
    display_name: String,
    #[serde(default, deserialize_with = "or_empty")]
    custom_extensions: Vec<Named>,
    /// Resources that are there besides those of which packages have roles, or that have attributes.
    #[serde(default, deserialize_with = "or_empty")]
    resources: Vec<Resource>,
    #[serde(default, deserialize_with = "or_empty")]
    access_packages: Vec<AccessPackage>,
    #[serde(default, deserialize_with = "or_empty")]
    role_assignments: Vec<RoleAssignment>,
    #[serde(flatten)]
    members: Members,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Resource {
    group: Option<String>,
    application: Option<String>,
    #[serde(default, deserialize_with = "or_empty")]
    attributes: Vec<Value>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessPackage {
    display_name: String,
    #[serde(default, deserialize_with = "or_empty")]
    roles: Vec<PackageRole>,
    #[serde(default, deserialize_with = "or_empty")]
    policies: Vec<Policy>,
    #[serde(default, deserialize_with = "or_empty")]
    incompatible_access_packages: Vec<String>,
    #[serde(default, deserialize_with = "or_empty")]
    incompatible_groups: Vec<String>,
    #[serde(flatten)]
    members: Members,
}

/// A role of a group (`Member` or `Owner`) or of an application (one that it offers).
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PackageRole {
    group: Option<String>,
    application: Option<String>,
    role: String,
}

/// A policy, in short or as Graph has it.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    display_name: String,
    /// In short: sign-in names of those who may ask; everybody, if not given; nobody, if empty.
    #[serde(default, deserialize_with = "given")]
    requestors: Option<Vec<String>>,
    /// In short: sign-in names of those of whom one has to agree.
    #[serde(default, deserialize_with = "or_empty")]
    approvers: Vec<String>,
    /// In short: how long access lasts; without end, if not given.
    duration: Option<String>,
    #[serde(flatten)]
    members: Members,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RoleAssignment {
    /// The name of a role of entitlement management.
    role: String,
    principal: Principal,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Assignment {
    access_package: String,
    policy: String,
    user: String,
}

/// YAML reads what is left empty as nothing: that is a list, or a section, with nothing in it.
fn or_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The same of what says something by not being there.
fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    or_empty(deserializer).map(Some)
}

/// Reads a file and refuses what it does not know.
fn parse(text: &str) -> anyhow::Result<Document> {
    let document: Document = serde_saphyr::from_str(text)?;
    check(&document)?;
    Ok(document)
}

fn check(document: &Document) -> anyhow::Result<()> {
    let users = document.users.iter();
    let users = users.map(|user| Kind::User.key(&user.user_principal_name));
    once("users", users)?;
    let groups = document.groups.iter();
    once("groups", groups.map(|group| group.display_name.as_str()))?;
    let applications = document.applications.iter();
    once(
        "applications",
        applications.map(|one| one.display_name.as_str()),
    )?;
    let organizations = document.connected_organizations.iter();
    let organizations = organizations.map(|one| one.display_name.as_str());
    once("connectedOrganizations", organizations)?;
    let connectors = document.connectors.iter();
    once(
        "connectors",
        connectors.map(|one| one.display_name.as_str()),
    )?;
    let catalogs = document.catalogs.iter();
    once("catalogs", catalogs.map(|one| one.display_name.as_str()))?;
    for catalog in &document.catalogs {
        let packages = catalog.access_packages.iter();
        once(
            "accessPackages",
            packages.map(|one| one.display_name.as_str()),
        )?;
        let extensions = catalog.custom_extensions.iter();
        once(
            "customExtensions",
            extensions.map(|one| one.display_name.as_str()),
        )?;
    }
    for user in &document.users {
        only(&user.members, kept::USER, &user.user_principal_name)?;
    }
    for group in &document.groups {
        only(&group.properties, kept::GROUP, &group.display_name)?;
    }
    for application in &document.applications {
        only(
            &application.members,
            kept::APPLICATION,
            &application.display_name,
        )?;
    }
    for organization in &document.connected_organizations {
        only(
            &organization.members,
            kept::ORGANIZATION,
            &organization.display_name,
        )?;
    }
    for connector in &document.connectors {
        only(&connector.members, kept::CONNECTOR, &connector.display_name)?;
    }
    only(&document.settings, kept::SETTINGS, "settings")?;
    for catalog in &document.catalogs {
        only(&catalog.members, kept::CATALOG, &catalog.display_name)?;
        for extension in &catalog.custom_extensions {
            only(&extension.members, kept::EXTENSION, &extension.display_name)?;
        }
        for package in &catalog.access_packages {
            only(&package.members, kept::PACKAGE, &package.display_name)?;
            for policy in &package.policies {
                only(&policy.members, kept::POLICY, &policy.display_name)?;
                in_one_way(policy)?;
            }
        }
    }
    Ok(())
}

/// Two things of one name could not be told apart.
fn once<N: Ord + Display>(section: &str, names: impl Iterator<Item = N>) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        if let Some(name) = seen.replace(name) {
            bail!("`{section}` has `{name}` twice");
        }
    }
    Ok(())
}

fn only(members: &Members, known: &[&str], of: &str) -> anyhow::Result<()> {
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => bail!(
            "`{of}` has an unknown member `{unknown}`; it may have {}",
            known.join(", ")
        ),
        None => Ok(()),
    }
}

/// A policy says in short who may ask and who agrees, or as Graph does; not a bit of both.
fn in_one_way(policy: &Policy) -> anyhow::Result<()> {
    let is_short =
        policy.requestors.is_some() || !policy.approvers.is_empty() || policy.duration.is_some();
    let in_full = policy.members.keys().find(|name| *name != "description");
    match in_full {
        Some(member) if is_short => bail!(
            "`{}` has both `{member}` and what is said in short: requestors, approvers, duration",
            policy.display_name
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const YAML: &str = "
users:
  - userPrincipalName: dora@reeve.example
    displayName: Dora Dean
groups:
  - displayName: Harvest
    members: [dora@reeve.example]
catalogs:
  - displayName: Farm
    accessPackages:
      - displayName: Harvest work
        roles:
          - group: Harvest
            role: Member
        policies:
          - displayName: Everybody, for a season
            duration: P90D
";

    #[test]
    fn a_seed_is_yaml_or_json() {
        let json = json!({
            "users": [{ "userPrincipalName": "dora@reeve.example", "displayName": "Dora Dean" }],
            "groups": [{ "displayName": "Harvest", "members": ["dora@reeve.example"] }],
            "catalogs": [{ "displayName": "Farm", "accessPackages": [{
                "displayName": "Harvest work",
                "roles": [{ "group": "Harvest", "role": "Member" }],
                "policies": [{ "displayName": "Everybody, for a season", "duration": "P90D" }],
            }] }],
        });

        let seed = parse(YAML).unwrap();

        assert_eq!(seed.users.len(), 1);
        assert_eq!(seed, parse(&json.to_string()).unwrap());
    }

    #[test]
    fn an_unknown_member_is_named() {
        let user = json!({ "users": [{
            "userPrincipalName": "dora@reeve.example", "displayName": "Dora", "departmnet": "Barn",
        }] });
        for (text, unknown) in [
            ("users: []\ngruops: []".to_owned(), "gruops"),
            (user.to_string(), "departmnet"),
            (YAML.replace("duration:", "durations:"), "durations"),
            (YAML.replace("role: Member", "rule: Member"), "rule"),
        ] {
            let error = format!("{:#}", parse(&text).unwrap_err());

            assert!(error.contains(unknown), "{error}");
        }
    }

    #[test]
    fn names_that_are_the_same_to_the_directory_are_refused() {
        let twice = YAML.replace(
            "groups:",
            "  - {userPrincipalName: DORA@Reeve.example, displayName: D}\ngroups:",
        );

        let error = format!("{:#}", parse(&twice).unwrap_err());

        assert!(
            error.contains("`users` has `dora@reeve.example` twice"),
            "{error}"
        );
        let others = YAML.replace("catalogs:", "  - displayName: harvest\ncatalogs:");
        assert_eq!(parse(&others).unwrap().groups.len(), 2);
    }

    #[test]
    fn what_is_left_empty_has_nothing_in_it() {
        let sections = [
            "users",
            "groups",
            "applications",
            "connectedOrganizations",
            "connectors",
            "settings",
            "catalogs",
            "roleAssignments",
            "assignments",
        ];

        let empty = parse(&sections.map(|name| format!("{name}:\n")).concat()).unwrap();

        assert_eq!(empty, Document::default());
        let inside = "
groups: [{displayName: G, members: , owners: ~}]
applications: [{displayName: A, roles: }]
connectedOrganizations: [{displayName: O, internalSponsors: , externalSponsors: }]
catalogs:
  - displayName: C
    customExtensions:
    resources:
    roleAssignments:
    accessPackages:
      - displayName: P
        roles:
        incompatibleAccessPackages:
        incompatibleGroups:
        policies:
          - displayName: Nobody asks
            requestors:
            approvers:
  - displayName: D
    resources: [{group: G, attributes: }]
    accessPackages:
";
        let read = parse(inside).unwrap();
        assert!(read.groups[0].members.is_empty());
        let policy = &read.catalogs[0].access_packages[0].policies[0];
        let nobody: &[String] = &[];
        assert_eq!(policy.requestors.as_deref(), Some(nobody), "not everybody");
        assert!(parse("users: {}").is_err());
        assert!(parse("groups: [{displayName: }]").is_err());
    }

    #[test]
    fn a_policy_is_said_in_one_way() {
        let text = YAML.replace("duration: P90D", "{duration: P90D, questions: []}");
        let text = text.replace(
            "displayName: Everybody, for a season\n            {",
            "{displayName: E, ",
        );

        let error = format!("{:#}", parse(&text).unwrap_err());

        assert!(error.contains("questions"), "{error}");
    }

    #[test]
    fn the_example_of_the_documentation_is_understood() {
        let example = include_str!("../../../../docs/seed.example.yaml");

        let seed = parse(example).unwrap();

        assert!(!seed.assignments.is_empty());
    }
}
