//! Sets of subjects as lines of text, one a line, and back. Every kind of set has a line, so that a form can say them all.
//!
//! **Invariant:** a line that stands as it was drawn keeps its set as it is stored, with what the line does not say.

use std::collections::BTreeMap;

use domain::directory::ObjectKind;
use domain::id::ObjectId;
use domain::subject_set::{SubjectSet, SubjectSetKind as Kind};
use maud::{Markup, html};
use serde_json::{Value as Json, json};
use service::overview::people::{self, Found};
use service::overview::policy::Names;

use crate::problem::Problem;
use crate::visit::Visit;

/// How lines are written, for whoever writes them; `rules` says whether they may write a rule.
pub(super) fn help(rules: bool) -> Markup {
    html! {
        details {
            summary { "How people are named" }
            p { "One on a line:" }
            dl {
                dt { code { "alice@example.com" } } dd { "a person, by sign-in name or mail address" }
                dt { code { "group: Sales" } } dd { "the members of a group, also through other groups" }
                dt { code { "requestor's manager" } } dd { "the manager of who asks; with a 2 behind it the manager of that one" }
                dt { code { "target's manager" } } dd { "the manager of whom the access is for; up to 4" }
                dt { code { "internal sponsors" } } dd { "of the organization of whom the access is for; also external sponsors" }
                dt { code { "organization: ID" } } dd { "the people of a connected organization" }
                dt { code { "application: Name" } } dd { "an application" }
                @if rules { dt { code { "rule: …" } } dd { "whoever satisfies a rule over attributes" } }
            }
            p { "Where a name is not unique, write the id in its place. " code { "user: ID" } " is a person by id." }
        }
    }
}

/// Who has a text in their names, each with the line that names them; for a form that names people.
pub(super) async fn found(visit: &Visit, text: &str) -> Result<Markup, Problem> {
    let found = if text.is_empty() {
        Vec::new()
    } else {
        people::find(visit.service(), &visit.ctx, text, ObjectKind::ALL).await?
    };
    let named = Named::of(visit, found.iter()).await?;
    let line = |one: &Found| match one.kind {
        ObjectKind::User => named.person(one.id),
        ObjectKind::Group => named.other(one.id, "group"),
        ObjectKind::ServicePrincipal => named.other(one.id, "application"),
    };
    Ok(html! {
        section .card aria-labelledby="found" {
            h2 #found { "Found" }
            p { "Nothing was saved yet." }
            @if found.is_empty() { p { "Nobody of that name is there." } }
            @else {
                p { "Copy the line of whom you mean into a list below." }
                dl { @for one in &found { dt { (one.name) } dd { code { (line(one)) } } } }
            }
            @if found.len() == people::MOST { p .hint { "There may be more. Write more of the name." } }
        }
    })
}

/// Words of their own.
const FIXED: [(Kind, &str); 5] = [
    (Kind::InternalSponsors, "internal sponsors"),
    (Kind::ExternalSponsors, "external sponsors"),
    (Kind::TargetUserSponsors, "target's sponsors"),
    (Kind::TargetApplicationOwners, "application's owners"),
    (
        Kind::TargetAgentIdentitySponsorsOrOwners,
        "agent's sponsors or owners",
    ),
];
const REQUESTOR: &str = "requestor's manager";
const TARGET: &str = "target's manager";

/// What stands in a line for somebody: what they are called, if that means nobody else and can be read back, or the id.
#[derive(Debug, Default)]
pub(super) struct Named(BTreeMap<ObjectId, String>);

impl Named {
    /// How these are written.
    pub(super) async fn of(
        visit: &Visit,
        found: impl Iterator<Item = &Found>,
    ) -> Result<Self, Problem> {
        let found: Vec<Found> = found.filter(|one| is_readable(one)).cloned().collect();
        let alone = people::alone(visit.service(), &visit.ctx, &found).await?;
        let named = found.into_iter().filter(|one| alone.contains(&one.id));
        Ok(Self(
            named.map(|one| (one.id, one.called().to_owned())).collect(),
        ))
    }

    fn person(&self, id: ObjectId) -> String {
        let called = self.0.get(&id).cloned();
        called.unwrap_or_else(|| format!("user: {id}"))
    }

    fn other(&self, id: ObjectId, begin: &str) -> String {
        match self.0.get(&id) {
            Some(called) => format!("{begin}: {called}"),
            None => format!("{begin}: {id}"),
        }
    }
}

/// Whether what somebody is called stands on a line as it is, and is read back as a name.
fn is_readable(one: &Found) -> bool {
    let called = one.called();
    let is_plain =
        !called.is_empty() && flat(called) == called && !called.contains(char::is_control);
    let is_address = one.principal_name.is_some() && !called.contains([':', ' ']);
    is_plain
        && (one.kind != ObjectKind::User || is_address)
        && uuid::Uuid::try_parse(called).is_err()
}

/// A set as its line.
pub(super) fn line(set: &SubjectSet, named: &Named) -> String {
    let fixed = |kind: Kind| {
        let found = FIXED.iter().find(|(own, _)| *own == kind);
        found.map_or_else(|| kind.to_string(), |(_, text)| (*text).to_owned())
    };
    let managers = |text: &str, level: u8| match level {
        1 => text.to_owned(),
        level => format!("{text} {level}"),
    };
    match set {
        SubjectSet::SingleUser(id) => named.person(*id),
        SubjectSet::GroupMembers(id) => named.other(*id, "group"),
        SubjectSet::SingleServicePrincipal(id) => named.other(*id, "application"),
        SubjectSet::ConnectedOrganizationMembers(id) => format!("organization: {id}"),
        SubjectSet::RequestorManager { level } => managers(REQUESTOR, *level),
        SubjectSet::TargetManager { level } => managers(TARGET, *level),
        SubjectSet::AttributeRuleMembers { rule } => format!("rule: {}", flat(rule)),
        SubjectSet::InternalSponsors
        | SubjectSet::ExternalSponsors
        | SubjectSet::TargetUserSponsors
        | SubjectSet::TargetApplicationOwners
        | SubjectSet::TargetAgentIdentitySponsorsOrOwners => fixed(set.kind()),
    }
}

/// A text on one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A set in words for readers.
pub(super) fn told(set: &SubjectSet, names: &Names) -> String {
    match set {
        SubjectSet::SingleUser(id) => names
            .objects
            .get(id)
            .map_or_else(|| "somebody who is gone".to_owned(), |one| one.name.clone()),
        SubjectSet::GroupMembers(id) => names.objects.get(id).map_or_else(
            || "a group that is gone".to_owned(),
            |one| format!("members of {}", one.name),
        ),
        SubjectSet::ConnectedOrganizationMembers(id) => names.organizations.get(id).map_or_else(
            || "an organization that is gone".to_owned(),
            |name| format!("people of {name}"),
        ),
        SubjectSet::SingleServicePrincipal(id) => names.objects.get(id).map_or_else(
            || "an application that is gone".to_owned(),
            |one| format!("application: {}", one.name),
        ),
        SubjectSet::RequestorManager { .. }
        | SubjectSet::TargetManager { .. }
        | SubjectSet::InternalSponsors
        | SubjectSet::ExternalSponsors
        | SubjectSet::TargetUserSponsors
        | SubjectSet::TargetApplicationOwners
        | SubjectSet::TargetAgentIdentitySponsorsOrOwners
        | SubjectSet::AttributeRuleMembers { .. } => line(set, &Named::default()),
    }
}

/// The lines that were typed as a list of sets; a text says what is wrong with one of them. `stored` are the sets of the
/// list as they are stored, each with its line; `rules` says whether a rule may be written.
pub(super) async fn read(
    visit: &Visit,
    typed: &str,
    stored: &[(String, Json)],
    rules: bool,
) -> Result<Result<Vec<Json>, String>, Problem> {
    let mut sets = Vec::new();
    let mut left: Vec<&(String, Json)> = stored.iter().collect();
    for typed in typed.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(at) = left.iter().position(|(line, _)| line == typed) {
            sets.push(left.remove(at).1.clone());
            continue;
        }
        match one(visit, typed, rules).await? {
            Ok(set) => sets.push(set),
            Err(wrong) => return Ok(Err(wrong)),
        }
    }
    Ok(Ok(sets))
}

/// A set of a kind with one member, as it is stored.
fn set(kind: Kind, member: Option<(&str, Json)>) -> Json {
    let mut set = json!({"@odata.type": format!("#microsoft.graph.{kind}")});
    if let (Some((name, value)), Some(members)) = (member, set.as_object_mut()) {
        members.insert(name.to_owned(), value);
    }
    set
}

async fn one(visit: &Visit, typed: &str, rules: bool) -> Result<Result<Json, String>, Problem> {
    // Some keyboards write an apostrophe of their own.
    let lower = typed.to_lowercase().replace('\u{2019}', "'");
    if let Some((kind, _)) = FIXED.iter().find(|(_, text)| *text == lower) {
        return Ok(Ok(set(*kind, None)));
    }
    for (text, kind) in [
        (REQUESTOR, Kind::RequestorManager),
        (TARGET, Kind::TargetManager),
    ] {
        let Some(level) = lower.strip_prefix(text) else {
            continue;
        };
        let level = if level.is_empty() { "1" } else { level.trim() };
        return Ok(match level.parse::<u8>() {
            Ok(level) => Ok(set(kind, Some(("managerLevel", json!(level))))),
            Err(_) => Err(format!("\u{201c}{typed}\u{201d} names no level.")),
        });
    }
    let Some((begin, rest)) = typed.split_once(':') else {
        return object(
            visit,
            typed,
            &[ObjectKind::User],
            Kind::SingleUser,
            "userId",
        )
        .await;
    };
    let rest = rest.trim();
    match begin.trim().to_lowercase().as_str() {
        "user" => object(visit, rest, &[ObjectKind::User], Kind::SingleUser, "userId").await,
        "group" => {
            object(
                visit,
                rest,
                &[ObjectKind::Group],
                Kind::GroupMembers,
                "groupId",
            )
            .await
        }
        "application" => {
            let kind = Kind::SingleServicePrincipal;
            object(
                visit,
                rest,
                &[ObjectKind::ServicePrincipal],
                kind,
                "servicePrincipalId",
            )
            .await
        }
        "organization" => Ok(match uuid::Uuid::try_parse(rest) {
            Ok(id) => {
                let id = json!(id.hyphenated().to_string());
                let kind = Kind::ConnectedOrganizationMembers;
                Ok(set(kind, Some(("connectedOrganizationId", id))))
            }
            Err(_) => Err(format!(
                "Write the id of the organization, not \u{201c}{rest}\u{201d}."
            )),
        }),
        "rule" if !rules => Ok(Err(
            "Only administrators of governance may name people by a rule.".to_owned(),
        )),
        "rule" => Ok(Ok(set(
            Kind::AttributeRuleMembers,
            Some(("membershipRule", json!(rest))),
        ))),
        _ => Ok(Err(format!(
            "\u{201c}{typed}\u{201d} names nobody: see how people are named."
        ))),
    }
}

/// Somebody of the directory, whom exactly the text has to mean.
async fn object(
    visit: &Visit,
    text: &str,
    kinds: &'static [ObjectKind],
    kind: Kind,
    member: &str,
) -> Result<Result<Json, String>, Problem> {
    let found = people::meant(visit.service(), &visit.ctx, text, kinds).await?;
    Ok(match found.as_slice() {
        [Found { id, .. }] => Ok(set(kind, Some((member, json!(id.to_string()))))),
        [] => Err(format!("\u{201c}{text}\u{201d} is not in the directory.")),
        several => Err(format!(
            "\u{201c}{text}\u{201d} means {} in the directory: write the id.",
            several.len()
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_set_has_a_line_of_its_own() {
        let id = "ae79f266-94d4-4dab-b730-feca7e132178";
        let sets = [
            SubjectSet::SingleUser(id.parse().unwrap()),
            SubjectSet::GroupMembers(id.parse().unwrap()),
            SubjectSet::RequestorManager { level: 1 },
            SubjectSet::RequestorManager { level: 2 },
            SubjectSet::TargetManager { level: 1 },
            SubjectSet::ConnectedOrganizationMembers(id.parse().unwrap()),
            SubjectSet::InternalSponsors,
            SubjectSet::ExternalSponsors,
            SubjectSet::TargetUserSponsors,
            SubjectSet::SingleServicePrincipal(id.parse().unwrap()),
            SubjectSet::TargetApplicationOwners,
            SubjectSet::TargetAgentIdentitySponsorsOrOwners,
            SubjectSet::AttributeRuleMembers {
                rule: "a\n b".to_owned(),
            },
        ];
        let named = Named::default();
        let mut lines: Vec<String> = sets.iter().map(|set| line(set, &named)).collect();
        assert!(lines.iter().all(|line| line.lines().count() == 1));
        lines.sort();
        lines.dedup();
        assert_eq!(lines.len(), sets.len());
    }
}
