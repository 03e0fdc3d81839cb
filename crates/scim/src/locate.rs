//! Which attribute of a resource type a path means.

use crate::path::AttributePath;
use crate::schema::{Attribute, COMMON, ResourceType, Schema, named};

/// What a path means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Located {
    /// An extension as a whole.
    Extension(&'static Schema),
    /// An attribute.
    Attribute {
        /// The extension that it is of; none: it is one of the resource's own.
        extension: Option<&'static Schema>,
        /// Which.
        attribute: &'static Attribute,
        /// Which part of it; none: the whole.
        sub: Option<&'static Attribute>,
    },
}

/// What the path means; `None` if there is no such attribute.
pub fn locate(resource_type: &ResourceType, path: &AttributePath) -> Option<Located> {
    let whole = |schema: &&&'static Schema| path.names_schema(schema.urn);
    if let Some(schema) = resource_type.extensions.iter().find(whole) {
        return Some(Located::Extension(schema));
    }
    let own = |name: &str| {
        named(COMMON, name)
            .or_else(|| resource_type.schema.attribute(name))
            .map(|attribute| (None, attribute))
    };
    let (extension, attribute) = match path.schema.as_deref() {
        None => own(&path.name),
        Some(urn) if urn.eq_ignore_ascii_case(resource_type.schema.urn) => own(&path.name),
        Some(urn) => {
            let extension = resource_type.extension(urn)?;
            extension
                .attribute(&path.name)
                .map(|attribute| (Some(extension), attribute))
        }
    }?;
    let sub = match path.sub.as_deref() {
        None => None,
        Some(name) => Some(attribute.sub(name)?),
    };
    Some(Located::Attribute {
        extension,
        attribute,
        sub,
    })
}

impl Located {
    /// The path as the schema spells it.
    pub fn name(&self) -> String {
        match self {
            Self::Extension(schema) => schema.urn.to_owned(),
            Self::Attribute {
                extension,
                attribute,
                sub,
            } => {
                let mut name = extension.map_or(String::new(), |schema| format!("{}:", schema.urn));
                name.push_str(attribute.name);
                if let Some(sub) = sub {
                    name.push('.');
                    name.push_str(sub.name);
                }
                name
            }
        }
    }
}
