//! From a path of names to a field over relations.

use domain::query::{Field, Link, Path, Relation};

use super::{ResolveError, unknown};
use crate::table::{Property, Read, Type};
use crate::version::Version;

/// A property that can be compared or ordered by.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: Path,
    pub(super) property: &'static Property,
    /// The flag that splits a word in two, if there is one, and the word and its other name.
    pub(super) flagged: Option<Flagged>,
    /// The relations to the many rows among which a filter looks, if it does not look at the column itself; then the
    /// path is one of theirs.
    pub(super) among: Option<Vec<&'static Relation>>,
}

#[derive(Debug)]
pub(super) struct Flagged {
    pub(super) flag: Path,
    pub(super) word: &'static str,
    pub(super) beta: &'static str,
}

/// Finds the field that names lead to, over relations to one.
pub(super) fn find(
    option: &'static str,
    version: Version,
    of: &'static Type,
    names: &[String],
) -> Result<Place, ResolveError> {
    let mut here = of;
    let mut hops: Vec<&'static Relation> = Vec::new();
    let Some((last, front)) = names.split_last() else {
        return Err(unknown(option, version, of, ""));
    };
    for name in front {
        let navigation = here
            .navigation(version, name)
            .ok_or_else(|| no_path(option, version, here, name))?;
        let relation = here
            .relation(navigation)
            .filter(|relation| relation.is_to_one())
            .ok_or_else(|| ResolveError::Unsupported {
                option,
                reason: format!("'{name}' leads to many objects; use any or all"),
            })?;
        hops.push(relation);
        here = navigation.target;
    }
    let property = here
        .property(version, last)
        .ok_or_else(|| unknown(option, version, here, last))?;
    place(option, of, here, hops, property, last)
}

fn no_path(option: &'static str, version: Version, of: &'static Type, name: &str) -> ResolveError {
    match of.property(version, name) {
        Some(_) => incomparable(option, name),
        None => unknown(option, version, of, name),
    }
}

fn incomparable(option: &'static str, name: &str) -> ResolveError {
    ResolveError::Unsupported {
        option,
        reason: format!("'{name}' cannot be compared"),
    }
}

fn place(
    option: &'static str,
    root: &'static Type,
    of: &'static Type,
    mut hops: Vec<&'static Relation>,
    property: &'static Property,
    name: &str,
) -> Result<Place, ResolveError> {
    let field = |of: &'static Type, column: &str| {
        of.entity
            .field(column)
            .ok_or_else(|| incomparable(option, name))
    };
    match &property.read {
        Read::Sought {
            relation, there, ..
        } if option == super::filter::OPTION => {
            let relation = of
                .entity
                .relation(relation)
                .ok_or_else(|| incomparable(option, name))?;
            let field = relation
                .to
                .field(there)
                .ok_or_else(|| incomparable(option, name))?;
            hops.push(relation);
            Ok(Place {
                path: Path::of(field),
                property,
                flagged: None,
                among: Some(hops),
            })
        }
        Read::Column(column) | Read::Sought { column, .. } => Ok(Place {
            path: shortened(root, hops, field(of, column)?),
            property,
            flagged: None,
            among: None,
        }),
        Read::Flagged {
            column,
            flag,
            word,
            beta,
        } => Ok(Place {
            path: shortened(root, hops.clone(), field(of, column)?),
            property,
            flagged: Some(Flagged {
                flag: shortened(root, hops, field(of, flag)?),
                word,
                beta,
            }),
            among: None,
        }),
        Read::Behind { relation, column } => {
            let relation = of
                .entity
                .relation(relation)
                .ok_or_else(|| incomparable(option, name))?;
            let there = relation
                .to
                .field(column)
                .ok_or_else(|| incomparable(option, name))?;
            hops.push(relation);
            Ok(Place {
                path: shortened(root, hops, there),
                property,
                flagged: None,
                among: None,
            })
        }
        Read::Member { .. } | Read::Computed { .. } | Read::Constant(_) => {
            Err(incomparable(option, name))
        }
    }
}

/// The key of what a relation leads to is already here: `accessPackage/id` is a column of ours.
fn shortened(root: &'static Type, mut hops: Vec<&'static Relation>, field: &'static Field) -> Path {
    if let Some((
        Relation {
            link: Link::One { here, there },
            ..
        },
        front,
    )) = hops.split_last()
        && *there == field.name
        && let Some(own) = front.last().map_or(root.entity, |hop| hop.to).field(here)
    {
        hops.pop();
        return Path { hops, field: own };
    }
    Path { hops, field }
}
