//! Which attributes an answer has: `attributes` and `excludedAttributes` (RFC 7644, section 3.9).

use serde_json::{Map, Value as Json};

use crate::error::{ErrorType, Invalid};
use crate::locate::{Located, locate};
use crate::path::AttributePath;
use crate::schema::{Attribute, COMMON, ResourceType, Returned};

/// Which attributes an answer has, beside those that it always has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    /// All.
    #[default]
    All,
    /// These.
    Only(Vec<AttributePath>),
    /// All but these.
    Except(Vec<AttributePath>),
}

impl Selection {
    /// The selection that two lists of names make; both at once are refused.
    pub fn of(attributes: Vec<String>, excluded: Vec<String>) -> Result<Self, Invalid> {
        match (attributes.is_empty(), excluded.is_empty()) {
            (true, true) => Ok(Self::All),
            (false, true) => Ok(Self::Only(paths(&attributes)?)),
            (true, false) => Ok(Self::Except(paths(&excluded)?)),
            (false, false) => Err(Invalid::new(
                ErrorType::InvalidValue,
                "`attributes` and `excludedAttributes` exclude each other",
            )),
        }
    }

    /// Whether any part of an attribute of the resource's own is shown.
    pub fn shows(&self, resource_type: &ResourceType, name: &str) -> bool {
        let is_meant = |path: &AttributePath| match locate(resource_type, path) {
            Some(Located::Attribute {
                extension: None,
                attribute,
                ..
            }) => attribute.name == name,
            _ => false,
        };
        match self {
            Self::All => true,
            Self::Only(paths) => paths.iter().any(is_meant),
            Self::Except(paths) => !paths
                .iter()
                .any(|path| path.sub.is_none() && is_meant(path)),
        }
    }

    /// Leaves of a resource what is selected.
    pub fn apply(&self, resource_type: &ResourceType, resource: &mut Map<String, Json>) {
        let (paths, keeps) = match self {
            Self::All => return,
            Self::Only(paths) => (paths, true),
            Self::Except(paths) => (paths, false),
        };
        let located: Vec<Located> = paths
            .iter()
            .filter_map(|path| locate(resource_type, path))
            .collect();
        let own = |name: &str| {
            COMMON
                .iter()
                .chain(resource_type.schema.attributes)
                .find(|attribute| attribute.name == name)
        };
        resource.retain(|name, value| match resource_type.extension(name) {
            Some(extension) => {
                let Some(members) = value.as_object_mut() else {
                    return true;
                };
                if located.contains(&Located::Extension(extension)) {
                    return keeps;
                }
                members.retain(|name, value| {
                    extension.attribute(name).is_none_or(|attribute| {
                        stays(&located, keeps, Some(extension.urn), attribute, value)
                    })
                });
                !members.is_empty()
            }
            None => {
                own(name).is_none_or(|attribute| stays(&located, keeps, None, attribute, value))
            }
        });
    }
}

/// Whether an attribute stays; its parts are cut down to those that do.
fn stays(
    located: &[Located],
    keeps: bool,
    urn: Option<&str>,
    attribute: &'static Attribute,
    value: &mut Json,
) -> bool {
    if attribute.returned == Returned::Always {
        return true;
    }
    let mut parts = Vec::new();
    for one in located {
        let Located::Attribute {
            extension,
            attribute: meant,
            sub,
        } = one
        else {
            continue;
        };
        if extension.map(|schema| schema.urn) != urn || *meant != attribute {
            continue;
        }
        match sub {
            None => return keeps,
            Some(sub) => parts.push(sub.name),
        }
    }
    if parts.is_empty() {
        return !keeps;
    }
    let cut = |value: &mut Json| {
        if let Some(members) = value.as_object_mut() {
            members.retain(|name, _| parts.contains(&name.as_str()) == keeps);
        }
    };
    match value {
        Json::Array(values) => values.iter_mut().for_each(cut),
        one => cut(one),
    }
    true
}

fn paths(names: &[String]) -> Result<Vec<AttributePath>, Invalid> {
    names
        .iter()
        .map(|name| {
            AttributePath::parse(name).ok_or_else(|| {
                Invalid::new(
                    ErrorType::InvalidPath,
                    format!("`{name}` is not the name of an attribute"),
                )
            })
        })
        .collect()
}
