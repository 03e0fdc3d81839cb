//! What the tables of the published schema are made of: a [`Shape`] for each type, a [`Member`] for each row, a version a
//! column.
//!
//! **Invariant:** a row holds what is published and nothing about how Reeve stores it.

use crate::version::Version;

/// An entity type or a complex type, in both versions.
#[derive(Debug)]
pub struct Shape {
    /// What it is in v1.0; `None` if absent there.
    pub v1: Option<Head>,
    /// What it is in beta.
    pub beta: Option<Head>,
    /// Its own members, without those of the type it derives from.
    pub members: &'static [Member],
}

/// What a type is in one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its name, without `microsoft.graph.`.
    pub name: &'static str,
    /// Entity or complex.
    pub kind: Kind,
    /// The type it derives from.
    pub base: Option<&'static str>,
    /// Whether there are only objects of derived types.
    pub is_abstract: bool,
    /// Whether objects may have members that are not declared.
    pub is_open: bool,
    /// Whether it is a media type, with a stream at `$value`.
    pub has_stream: bool,
    /// Members, beside the key, that name one object.
    pub alternate_keys: &'static [&'static str],
}

/// Whether objects have a key and an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// They have.
    Entity,
    /// They are values of others.
    Complex,
}

/// One member of a type, in both versions.
#[derive(Debug)]
pub struct Member {
    /// What it is in v1.0; `None` if absent there.
    pub v1: Option<Facet>,
    /// What it is in beta.
    pub beta: Option<Facet>,
}

/// What a member, a parameter or a result is in one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facet {
    /// Its name.
    pub name: &'static str,
    /// Its type: `Edm.…`, or the name of a type without `microsoft.graph.`. Of a collection, that of its items.
    pub of: &'static str,
    /// Whether it is a collection.
    pub is_collection: bool,
    /// Whether null is a value of it, or of its items.
    pub is_nullable: bool,
    /// Whether it is a navigation.
    pub way: Way,
}

/// Whether a member leads to entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It is a plain property.
    None,
    /// It leads to entities that live elsewhere.
    Link,
    /// It leads to entities that live here.
    Contained,
}

impl Shape {
    /// What it is in this version.
    pub fn head(&self, version: Version) -> Option<&Head> {
        match version {
            Version::V1 => self.v1.as_ref(),
            Version::Beta => self.beta.as_ref(),
        }
    }

    /// Its own members in this version.
    pub fn facets(&self, version: Version) -> impl Iterator<Item = &Facet> {
        self.members
            .iter()
            .filter_map(move |member| member.facet(version))
    }
}

impl Member {
    /// What it is in this version.
    pub fn facet(&self, version: Version) -> Option<&Facet> {
        match version {
            Version::V1 => self.v1.as_ref(),
            Version::Beta => self.beta.as_ref(),
        }
    }
}

impl Facet {
    /// Its type as the schema spells it.
    pub fn type_name(&self) -> String {
        let bare = qualified(self.of);
        if self.is_collection {
            format!("Collection({bare})")
        } else {
            bare
        }
    }
}

/// The name of a type with its namespace.
pub fn qualified(name: &str) -> String {
    if name.starts_with("Edm.") {
        name.to_owned()
    } else {
        format!("microsoft.graph.{name}")
    }
}

// The rows of the tables, in short.

/// A type that is the same in both versions.
pub(super) const fn shape(head: Head, members: &'static [Member]) -> Shape {
    shapes(head, head, members)
}

/// A type that differs between v1.0 and beta.
pub(super) const fn shapes(v1: Head, beta: Head, members: &'static [Member]) -> Shape {
    Shape {
        v1: Some(v1),
        beta: Some(beta),
        members,
    }
}

/// A type of v1.0 alone.
pub(super) const fn v1_shape(head: Head, members: &'static [Member]) -> Shape {
    Shape {
        v1: Some(head),
        beta: None,
        members,
    }
}

/// A type of beta alone.
pub(super) const fn beta_shape(head: Head, members: &'static [Member]) -> Shape {
    Shape {
        v1: None,
        beta: Some(head),
        members,
    }
}

/// An entity type; it derives from `entity` unless it is said otherwise.
pub(super) const fn entity(name: &'static str) -> Head {
    Head {
        kind: Kind::Entity,
        base: Some("entity"),
        ..complex(name)
    }
}

/// A complex type.
pub(super) const fn complex(name: &'static str) -> Head {
    Head {
        name,
        kind: Kind::Complex,
        base: None,
        is_abstract: false,
        is_open: false,
        has_stream: false,
        alternate_keys: &[],
    }
}

impl Head {
    /// The same, derived from this type.
    pub(super) const fn from(mut self, base: &'static str) -> Self {
        self.base = Some(base);
        self
    }

    /// The same, derived from nothing.
    pub(super) const fn root(mut self) -> Self {
        self.base = None;
        self
    }

    /// The same, but only a base of others.
    pub(super) const fn is_abstract(mut self) -> Self {
        self.is_abstract = true;
        self
    }

    /// The same, with room for members that are not declared.
    pub(super) const fn is_open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// The same, with a stream.
    pub(super) const fn has_stream(mut self) -> Self {
        self.has_stream = true;
        self
    }

    /// The same, with keys beside the id.
    pub(super) const fn also_by(mut self, keys: &'static [&'static str]) -> Self {
        self.alternate_keys = keys;
        self
    }
}

/// A member that is the same in both versions.
pub(super) const fn both(facet: Facet) -> Member {
    two(facet, facet)
}

/// A member that differs between v1.0 and beta.
pub(super) const fn two(v1: Facet, beta: Facet) -> Member {
    Member {
        v1: Some(v1),
        beta: Some(beta),
    }
}

/// A member that only has another name in beta.
pub(super) const fn renamed(v1: Facet, beta: &'static str) -> Member {
    let mut other = v1;
    other.name = beta;
    two(v1, other)
}

/// A member of v1.0 alone.
pub(super) const fn v1(facet: Facet) -> Member {
    Member {
        v1: Some(facet),
        beta: None,
    }
}

/// A member of beta alone.
pub(super) const fn beta(facet: Facet) -> Member {
    Member {
        v1: None,
        beta: Some(facet),
    }
}

/// A value of a complex or enum type.
pub(super) const fn one(name: &'static str, of: &'static str) -> Facet {
    Facet {
        name,
        of,
        is_collection: false,
        is_nullable: true,
        way: Way::None,
    }
}

/// Several values of a complex or enum type.
pub(super) const fn many(name: &'static str, of: &'static str) -> Facet {
    Facet {
        is_collection: true,
        ..one(name, of)
    }
}

/// A navigation to one.
pub(super) const fn way(name: &'static str, of: &'static str) -> Facet {
    Facet {
        way: Way::Link,
        ..one(name, of)
    }
}

/// A navigation to many.
pub(super) const fn ways(name: &'static str, of: &'static str) -> Facet {
    Facet {
        way: Way::Link,
        ..many(name, of)
    }
}

macro_rules! plain {
    ($($(#[$doc:meta])* $function:ident: $row:ident $type:literal;)+) => {
        $($(#[$doc])* pub(super) const fn $function(name: &'static str) -> Facet {
            $row(name, $type)
        })+
    };
}

plain! {
    /// A text.
    text: one "Edm.String";
    /// Several texts.
    texts: many "Edm.String";
    /// Yes or no.
    flag: one "Edm.Boolean";
    /// An instant.
    instant: one "Edm.DateTimeOffset";
    /// A GUID.
    guid: one "Edm.Guid";
    /// Several GUIDs.
    guids: many "Edm.Guid";
    /// A number.
    int: one "Edm.Int32";
    /// A number that may be large.
    long: one "Edm.Int64";
    /// A length of time.
    duration: one "Edm.Duration";
    /// A day.
    date: one "Edm.Date";
    /// Bytes.
    binary: one "Edm.Binary";
    /// Bytes with an address of their own.
    stream: one "Edm.Stream";
}

impl Facet {
    /// The same, never null.
    pub(super) const fn required(mut self) -> Self {
        self.is_nullable = false;
        self
    }

    /// The same, the entities living here.
    pub(super) const fn contained(mut self) -> Self {
        self.way = Way::Contained;
        self
    }
}
