//! Attributes, schemas and resource types as tables, and the documents that describe them (RFC 7643, sections 6 and 7).

use serde_json::{Map, Value as Json, json};

/// The schema of a description of a schema.
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
/// The schema of a description of a resource type.
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A flag.
    Boolean,
    /// A point in time.
    DateTime,
    /// The address of something: of a resource of these types, or of anything (`external`).
    Reference(&'static [&'static str]),
    /// Sub-attributes.
    Complex(&'static [Attribute]),
}

/// Who may write an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// Only the server.
    ReadOnly,
    /// Anybody.
    ReadWrite,
    /// Whoever creates the value.
    Immutable,
    /// Anybody, and nobody reads it.
    WriteOnly,
}

/// When an attribute is part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// Whatever is asked for.
    Always,
    /// Never.
    Never,
    /// Unless other attributes are asked for.
    Default,
}

/// Whether two resources may have the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uniqueness {
    /// They may.
    None,
    /// They may not.
    Server,
}

/// One attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it holds any number of them.
    pub is_multi_valued: bool,
    /// Whether a resource always has it.
    pub is_required: bool,
    /// Whether texts are compared exactly.
    pub is_case_exact: bool,
    /// Who may write it.
    pub mutability: Mutability,
    /// When it is part of an answer.
    pub returned: Returned,
    /// Whether its values are unique.
    pub uniqueness: Uniqueness,
    /// The values that are understood; none: any.
    pub canonical: &'static [&'static str],
}

impl Attribute {
    /// An optional attribute that anybody may write.
    pub const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind,
            is_multi_valued: false,
            is_required: false,
            is_case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical: &[],
        }
    }

    /// The same for any number of values.
    #[must_use]
    pub const fn multi_valued(mut self) -> Self {
        self.is_multi_valued = true;
        self
    }

    /// The same, which a resource always has.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// The same, compared exactly.
    #[must_use]
    pub const fn case_exact(mut self) -> Self {
        self.is_case_exact = true;
        self
    }

    /// The same, written by the server alone.
    #[must_use]
    pub const fn read_only(mut self) -> Self {
        self.mutability = Mutability::ReadOnly;
        self
    }

    /// The same, written once.
    #[must_use]
    pub const fn immutable(mut self) -> Self {
        self.mutability = Mutability::Immutable;
        self
    }

    /// The same, never shown.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.mutability = Mutability::WriteOnly;
        self.returned = Returned::Never;
        self
    }

    /// The same, in every answer.
    #[must_use]
    pub const fn always_returned(mut self) -> Self {
        self.returned = Returned::Always;
        self
    }

    /// The same, which no two resources share.
    #[must_use]
    pub const fn unique(mut self) -> Self {
        self.uniqueness = Uniqueness::Server;
        self
    }

    /// The same for these values.
    #[must_use]
    pub const fn one_of(mut self, values: &'static [&'static str]) -> Self {
        self.canonical = values;
        self
    }

    /// Its sub-attributes.
    pub const fn sub_attributes(&self) -> &'static [Self] {
        match self.kind {
            Kind::Complex(attributes) => attributes,
            Kind::Text | Kind::Boolean | Kind::DateTime | Kind::Reference(_) => &[],
        }
    }

    /// The sub-attribute of this name.
    pub fn sub(&self, name: &str) -> Option<&'static Self> {
        named(self.sub_attributes(), name)
    }

    fn document(&self) -> Json {
        let mut document = Map::new();
        let mut set = |name: &str, value: Json| document.insert(name.to_owned(), value);
        set("name", json!(self.name));
        set("type", json!(self.kind.as_str()));
        set("multiValued", json!(self.is_multi_valued));
        set("description", json!(self.description));
        set("required", json!(self.is_required));
        if !self.canonical.is_empty() {
            set("canonicalValues", json!(self.canonical));
        }
        set("caseExact", json!(self.is_case_exact));
        set("mutability", json!(self.mutability.as_str()));
        set("returned", json!(self.returned.as_str()));
        set("uniqueness", json!(self.uniqueness.as_str()));
        match self.kind {
            Kind::Reference(types) => drop(set("referenceTypes", json!(types))),
            Kind::Complex(attributes) => drop(set("subAttributes", documents(attributes))),
            Kind::Text | Kind::Boolean | Kind::DateTime => {}
        }
        Json::Object(document)
    }
}

fn documents(attributes: &[Attribute]) -> Json {
    attributes.iter().map(Attribute::document).collect()
}

/// The attribute of this name.
pub fn named(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A set of attributes under one name.
#[derive(Debug, PartialEq, Eq)]
pub struct Schema {
    /// Its name.
    pub urn: &'static str,
    /// A short name for people.
    pub name: &'static str,
    /// What it describes.
    pub description: &'static str,
    /// Its attributes.
    pub attributes: &'static [Attribute],
}

impl Schema {
    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        named(self.attributes, name)
    }

    /// The document that describes it, below `base`.
    pub fn document(&self, base: &str) -> Json {
        json!({
            "schemas": [SCHEMA],
            "id": self.urn,
            "name": self.name,
            "description": self.description,
            "attributes": documents(self.attributes),
            "meta": {
                "resourceType": "Schema",
                "location": format!("{base}/Schemas/{}", self.urn),
            },
        })
    }
}

/// A kind of resource.
#[derive(Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// Its name.
    pub name: &'static str,
    /// Where its resources are, with a slash before.
    pub endpoint: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Its own schema.
    pub schema: &'static Schema,
    /// Schemas that add to it; none is required.
    pub extensions: &'static [&'static Schema],
}

impl ResourceType {
    /// Every schema of the type, its own first.
    pub fn schemas(&self) -> impl Iterator<Item = &'static Schema> {
        std::iter::once(self.schema).chain(self.extensions.iter().copied())
    }

    /// The extension of this name.
    pub fn extension(&self, urn: &str) -> Option<&'static Schema> {
        self.extensions
            .iter()
            .copied()
            .find(|schema| schema.urn.eq_ignore_ascii_case(urn))
    }

    /// The document that describes it, below `base`.
    pub fn document(&self, base: &str) -> Json {
        let extensions: Vec<Json> = self
            .extensions
            .iter()
            .map(|schema| json!({"schema": schema.urn, "required": false}))
            .collect();
        json!({
            "schemas": [RESOURCE_TYPE],
            "id": self.name,
            "name": self.name,
            "endpoint": self.endpoint,
            "description": self.description,
            "schema": self.schema.urn,
            "schemaExtensions": extensions,
            "meta": {
                "resourceType": "ResourceType",
                "location": format!("{base}/ResourceTypes/{}", self.name),
            },
        })
    }
}

/// The attributes that every resource has, whatever its schema lists (RFC 7643, section 3.1).
pub const COMMON: &[Attribute] = &[
    Attribute::new(
        "schemas",
        Kind::Reference(&["uri"]),
        "The schemas of the resource.",
    )
    .multi_valued()
    .required()
    .case_exact()
    .always_returned(),
    Attribute::new("id", Kind::Text, "The id that the server gave.")
        .case_exact()
        .read_only()
        .always_returned()
        .unique(),
    Attribute::new("externalId", Kind::Text, "The id that the client gave.").case_exact(),
    Attribute::new(
        "meta",
        Kind::Complex(META),
        "What the server knows about the resource.",
    )
    .read_only(),
];

const META: &[Attribute] = &[
    Attribute::new("resourceType", Kind::Text, "The name of the type.")
        .case_exact()
        .read_only(),
    Attribute::new("created", Kind::DateTime, "When it was created.").read_only(),
    Attribute::new("lastModified", Kind::DateTime, "When it was changed last.").read_only(),
    Attribute::new("location", Kind::Reference(&["uri"]), "Where it is.")
        .case_exact()
        .read_only(),
    Attribute::new(
        "version",
        Kind::Text,
        "Its version, as `If-Match` names it.",
    )
    .case_exact()
    .read_only(),
];

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Boolean => "boolean",
            Self::DateTime => "dateTime",
            Self::Reference(_) => "reference",
            Self::Complex(_) => "complex",
        }
    }
}

impl Mutability {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

impl Returned {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
        }
    }
}

impl Uniqueness {
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
        }
    }
}
