//! Members of documents that have a row in a property table, as places that a filter can look at.
//!
//! **Invariant:** there is one place for each row of a table that reads a member, made once, out of the tables alone.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::model::inside;
use domain::query::{Entity, Field, Kind, Link, Relation};

use crate::table::{Edm, Read, Type, text};
use crate::tables::TYPES;

/// What is inside of any document.
static DOCUMENT: Entity = Entity {
    name: "inside.document",
    fields: &[],
    relations: &[],
    order: &[],
};

/// The items of a list of texts.
pub(crate) static TEXTS: Type = Type {
    entity: &inside::TEXTS,
    v1: None,
    beta: None,
    properties: &[text("", "")],
    navigations: &[],
    open: None,
    searched: &[],
    lacking: &[],
};

/// The documents, by column.
static DOCUMENTS: LazyLock<BTreeMap<&'static str, Relation>> = LazyLock::new(|| {
    members()
        .map(|(column, _, _)| (column, relation(column, &DOCUMENT, &[], false)))
        .collect()
});

/// Plain members, by name and type.
static SCALARS: LazyLock<BTreeMap<(&'static str, &'static str), Field>> = LazyLock::new(|| {
    members()
        .filter_map(|(_, name, edm)| {
            let (type_name, kind) = kind(edm)?;
            Some(((name, type_name), Field { name, kind }))
        })
        .collect()
});

/// The names of members, as the way to them.
static WAYS: LazyLock<BTreeMap<&'static str, [&'static str; 1]>> =
    LazyLock::new(|| members().map(|(_, name, _)| (name, [name])).collect());

/// Lists of texts, by column and name.
static LISTS: LazyLock<BTreeMap<(&'static str, &'static str), Relation>> = LazyLock::new(|| {
    members()
        .filter(|(_, _, edm)| matches!(edm, Edm::Strings))
        .filter_map(|(column, name, _)| {
            let at: &'static [&'static str] = WAYS.get(name)?;
            Some(((column, name), relation(column, &inside::TEXTS, at, true)))
        })
        .collect()
});

fn relation(
    column: &'static str,
    to: &'static Entity,
    at: &'static [&'static str],
    many: bool,
) -> Relation {
    Relation {
        name: at.last().copied().unwrap_or(column),
        to,
        link: Link::Inside {
            here: column,
            at,
            many,
        },
    }
}

/// Every row of a table that reads a member: column, name and type.
fn members() -> impl Iterator<Item = (&'static str, &'static str, Edm)> {
    let properties = TYPES.iter().flat_map(|of| of.properties);
    properties.filter_map(|property| match property.read {
        Read::Member { column, member } => Some((column, member, property.edm)),
        Read::Column(_)
        | Read::Flagged { .. }
        | Read::Behind { .. }
        | Read::Sought { .. }
        | Read::Computed { .. }
        | Read::Printed { .. }
        | Read::Constant(_) => None,
    })
}

/// How a member of this type is compared, if it is plain.
fn kind(edm: Edm) -> Option<(&'static str, Kind)> {
    match edm {
        Edm::String | Edm::Guid | Edm::Duration => Some(("text", Kind::Text)),
        Edm::Boolean => Some(("flag", Kind::Bool)),
        Edm::Int32 | Edm::Int64 => Some(("number", Kind::Int)),
        Edm::Instant => Some(("instant", Kind::Instant)),
        Edm::Word(_) | Edm::Enum(_) => Some(("word", Kind::Word)),
        Edm::Strings | Edm::Guids | Edm::Complex(..) | Edm::Complexes(..) => None,
    }
}

/// The document in a column, and the member in it that is plain.
pub(super) fn scalar(
    column: &str,
    member: &'static str,
    edm: Edm,
) -> Option<(&'static Relation, &'static Field)> {
    let (type_name, _) = kind(edm)?;
    Some((DOCUMENTS.get(column)?, SCALARS.get(&(member, type_name))?))
}

/// The list of texts that a member of the document in a column is.
pub(super) fn texts(
    column: &'static str,
    member: &'static str,
) -> Option<(&'static Relation, &'static Type)> {
    Some((LISTS.get(&(column, member))?, &TEXTS))
}
