//! Sets of subjects: `subjectSet` in v1.0, `userSet` in beta (semantics 1.2).

use serde_json::{Map, Value as Json, json};

use crate::body::{InvalidField, Node};
use crate::version::Version;

/// A kind of subject set and the member that says which subjects.
struct Kind {
    name: &'static str,
    /// The member in v1.0; beta calls each of them `id`, but for the rule and the level.
    key: Option<&'static str>,
    has_description: bool,
}

const fn kind(name: &'static str, key: Option<&'static str>, has_description: bool) -> Kind {
    Kind {
        name,
        key,
        has_description,
    }
}

const KINDS: &[Kind] = &[
    kind("singleUser", Some("userId"), true),
    kind("groupMembers", Some("groupId"), true),
    kind(
        "connectedOrganizationMembers",
        Some("connectedOrganizationId"),
        true,
    ),
    kind("singleServicePrincipal", Some("servicePrincipalId"), true),
    kind("attributeRuleMembers", Some("membershipRule"), true),
    kind("requestorManager", Some("managerLevel"), false),
    kind("targetManager", Some("managerLevel"), false),
    kind("internalSponsors", None, false),
    kind("externalSponsors", None, false),
    kind("targetUserSponsors", None, false),
    kind("targetApplicationOwners", None, false),
    kind("targetAgentIdentitySponsorsOrOwners", None, false),
];

const PREFIX: &str = "#microsoft.graph.";

/// The kind's name, without namespace.
pub(super) fn kind_of(set: &Json) -> &str {
    let name = set
        .get("@odata.type")
        .and_then(Json::as_str)
        .unwrap_or_default();
    name.strip_prefix(PREFIX).unwrap_or(name)
}

fn find(name: &str) -> Option<&'static Kind> {
    let bare = name.trim_start_matches('#');
    let bare = match bare.get(.."microsoft.graph.".len()) {
        Some(namespace) if namespace.eq_ignore_ascii_case("microsoft.graph.") => {
            bare.get("microsoft.graph.".len()..).unwrap_or_default()
        }
        _ => bare,
    };
    KINDS
        .iter()
        .find(|kind| kind.name.eq_ignore_ascii_case(bare))
}

/// Reads one set in the shape of either version.
pub(super) fn read(node: &Node<'_>) -> Result<Json, InvalidField> {
    if node.object()?.is_none() {
        return Err(node.invalid("must be an object"));
    }
    let type_node = node.member("@odata.type");
    let type_name = type_node.required_text()?;
    let kind = find(type_name)
        .ok_or_else(|| type_node.invalid(format!("names no set of subjects: `{type_name}`")))?;
    let mut set = Map::new();
    set.insert(
        "@odata.type".to_owned(),
        json!(format!("{PREFIX}{}", kind.name)),
    );
    match kind.key {
        Some("managerLevel") => {
            let level_node = node.member("managerLevel");
            let level = level_node.int()?.unwrap_or(1);
            let highest = if kind.name == "requestorManager" {
                2
            } else {
                4
            };
            if !(1..=highest).contains(&level) {
                return Err(level_node.invalid(format!("must be from 1 to {highest}")));
            }
            set.insert("managerLevel".to_owned(), json!(level));
        }
        Some("membershipRule") => {
            let rule = node.member("membershipRule");
            set.insert("membershipRule".to_owned(), json!(rule.required_text()?));
        }
        Some(key) => {
            let long = node.member(key);
            let short = node.member("id");
            let id_node = if long.is_null() && !short.is_null() {
                short
            } else {
                long
            };
            let id = id_node.required_text()?;
            if !crate::address::is_guid(id) {
                return Err(id_node.invalid("is not a well-formed id"));
            }
            set.insert(key.to_owned(), json!(id.to_ascii_lowercase()));
        }
        None => {}
    }
    Ok(Json::Object(set))
}

/// Reads an array of sets, in order.
pub(super) fn read_all(node: &Node<'_>) -> Result<Vec<Json>, InvalidField> {
    node.items()?.iter().map(read).collect()
}

/// The member of a stored set that says where beta has it among those of the other list.
const PLACE: &str = "place";
/// The member of a stored set that beta marked as a backup where v1.0 knows no such thing.
const IS_BACKUP: &str = "isBackup";

/// Reads a beta array of sets where v1.0 has one list, in order.
pub(super) fn read_all_beta(node: &Node<'_>) -> Result<Vec<Json>, InvalidField> {
    let marked = |item: &Node<'_>| {
        let mut set = read(item)?;
        if item.member(IS_BACKUP).flag()?.unwrap_or(false) {
            keep(&mut set, IS_BACKUP, json!(true));
        }
        Ok(set)
    };
    node.items()?.iter().map(marked).collect()
}

fn keep(set: &mut Json, name: &str, value: Json) {
    if let Some(members) = set.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// Reads a beta array and sorts it by `isBackup`: first those that are not, then those that are. Where that is not the
/// order in which they came, each says its place.
pub(super) fn read_by_backup(node: &Node<'_>) -> Result<(Vec<Json>, Vec<Json>), InvalidField> {
    let (mut first, mut backup) = (Vec::new(), Vec::new());
    let mut is_sorted = true;
    for (place, item) in node.items()?.iter().enumerate() {
        let is_backup = item.member(IS_BACKUP).flag()?.unwrap_or(false);
        is_sorted = is_sorted && (is_backup || backup.is_empty());
        let list = if is_backup { &mut backup } else { &mut first };
        list.push((place, read(item)?));
    }
    let placed = |list: Vec<(usize, Json)>| {
        let placed = list.into_iter().map(|(place, mut set)| {
            if !is_sorted {
                keep(&mut set, PLACE, json!(place));
            }
            set
        });
        placed.collect()
    };
    Ok((placed(first), placed(backup)))
}

/// A stored set as `version` shows it.
fn show(version: Version, stored: &Json, is_backup: Option<bool>) -> Json {
    let Some(kind) = find(kind_of(stored)) else {
        return stored.clone();
    };
    let mut set = Map::new();
    set.insert(
        "@odata.type".to_owned(),
        json!(format!("{PREFIX}{}", kind.name)),
    );
    if version == Version::Beta {
        let is_marked = stored.get(IS_BACKUP).and_then(Json::as_bool);
        let is_backup = is_backup.unwrap_or(false) || is_marked.unwrap_or(false);
        set.insert(IS_BACKUP.to_owned(), json!(is_backup));
    }
    if let Some(key) = kind.key {
        let shown = match (version, key) {
            (Version::V1, key) | (Version::Beta, key @ ("managerLevel" | "membershipRule")) => key,
            (Version::Beta, _) => "id",
        };
        set.insert(
            shown.to_owned(),
            stored.get(key).cloned().unwrap_or_default(),
        );
    }
    if kind.has_description {
        set.insert(
            "description".to_owned(),
            stored.get("description").cloned().unwrap_or_default(),
        );
    }
    Json::Object(set)
}

/// A stored list as `version` shows it: always an array.
pub(super) fn show_all(version: Version, stored: &Json, is_backup: Option<bool>) -> Json {
    Json::Array(show_list(version, stored, is_backup))
}

/// Two stored lists as beta shows them, in the order in which it had them: `first` and then `backup` unless their sets
/// say otherwise.
pub(super) fn show_both(first: &Json, backup: &Json) -> Json {
    let lists = [(first, false), (backup, true)];
    let mut sets: Vec<(u64, Json)> = Vec::new();
    for (stored, is_backup) in lists {
        let shown = show_list(Version::Beta, stored, Some(is_backup));
        let stored = stored.as_array().into_iter().flatten();
        let places = stored.map(|set| set.get(PLACE).and_then(Json::as_u64).unwrap_or(u64::MAX));
        sets.extend(places.zip(shown));
    }
    sets.sort_by_key(|(place, _)| *place);
    sets.into_iter().map(|(_, set)| set).collect()
}

/// The sets of a stored list as `version` shows them.
fn show_list(version: Version, stored: &Json, is_backup: Option<bool>) -> Vec<Json> {
    let sets = stored.as_array().map(Vec::as_slice).unwrap_or_default();
    sets.iter()
        .map(|set| show(version, set, is_backup))
        .collect()
}

/// Sets that were read, but in their stored form where they are the same subjects: with their description.
pub(super) fn kept(read: Vec<Json>, stored: &Json) -> Json {
    let known = stored.as_array().map(Vec::as_slice).unwrap_or_default();
    let without_description = |set: &Json| {
        let mut set = set.clone();
        if let Some(members) = set.as_object_mut() {
            members.shift_remove("description");
        }
        set
    };
    read.into_iter()
        .map(|set| {
            known
                .iter()
                .find(|known| without_description(known) == set)
                .cloned()
                .unwrap_or(set)
        })
        .collect()
}
