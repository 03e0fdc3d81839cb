//! What a property table is made of: one [`Type`] for each entity, one [`Property`] for each row, a version a column.
//!
//! **Invariant:** a table names only columns and relations of its entity in `domain::model`; a test looks each one up.

use domain::query::{Entity, Record, Relation, Value};
use odata::json::JsonWriter;
use serde_json::Value as Json;

use crate::version::Version;
use crate::words::Words;

/// An entity type of the API: how the rows of one table look in each version.
#[derive(Debug)]
pub struct Type {
    /// Where its rows are read.
    pub entity: &'static Entity,
    /// Its name in v1.0, without namespace; `None` if absent there.
    pub v1: Option<&'static str>,
    /// Its name in beta.
    pub beta: Option<&'static str>,
    /// Its properties, in the order they are printed.
    pub properties: &'static [Property],
    /// Its ways to other types.
    pub navigations: &'static [Navigation],
    /// The document column with the members of an open type that have no row of their own.
    pub open: Option<&'static str>,
    /// Columns that `$search` looks into.
    pub searched: &'static [&'static str],
    /// Members of the published type that this server does not have, and why.
    pub lacking: &'static [Lacking],
}

/// A member of the published schema that has no row here.
#[derive(Debug, Clone, Copy)]
pub struct Lacking {
    /// Its name, in whichever version has it.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// One property: its name in each version and how to read it.
#[derive(Debug)]
pub struct Property {
    /// Its name in v1.0; `None` if absent there.
    pub v1: Option<&'static str>,
    /// Its name in beta.
    pub beta: Option<&'static str>,
    /// Its type.
    pub edm: Edm,
    /// Where its value comes from.
    pub read: Read,
    /// When it is printed.
    pub shown: Shown,
    /// What a filter can look at inside of it, if it is no plain value.
    pub inside: Option<&'static Inside>,
}

/// The inside of a document, for filters: `groupTypes/any(…)`, `schedule/expiration/endDateTime`.
#[derive(Debug)]
pub struct Inside {
    /// The way from the row into the document, one of `domain::model::inside`.
    pub relation: &'static Relation,
    /// The members that can be compared; a list of plain values has one without a name.
    pub of: &'static Type,
}

/// The type of a property as the schema names it.
#[derive(Debug, Clone, Copy)]
pub enum Edm {
    /// `Edm.String`.
    String,
    /// `Edm.Guid`.
    Guid,
    /// `Edm.Boolean`.
    Boolean,
    /// `Edm.Int32`.
    Int32,
    /// `Edm.Int64`.
    Int64,
    /// `Edm.DateTimeOffset`.
    Instant,
    /// `Edm.Duration`.
    Duration,
    /// An enum in v1.0 and a string in `PascalCase` in beta.
    Word(&'static Words),
    /// An enum in both versions.
    Enum(&'static Words),
    /// Several strings.
    Strings,
    /// Several `Edm.Guid`.
    Guids,
    /// A complex value, by its type in v1.0 and in beta.
    Complex(&'static str, &'static str),
    /// Several complex values, by their type in v1.0 and in beta.
    Complexes(&'static str, &'static str),
}

/// When a property is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Unless `$select` leaves it out.
    Always,
    /// If it has a value, or `$select` names it.
    WhenSet,
    /// If `$select` or `$expand` names it.
    WhenNamed,
}

/// Where a property's value comes from.
#[derive(Debug)]
pub enum Read {
    /// A column.
    Column(&'static str),
    /// A column of closed words, but another word in beta where a flag is set.
    Flagged {
        /// The column.
        column: &'static str,
        /// The flag's column.
        flag: &'static str,
        /// The stored word that the flag splits in two.
        word: &'static str,
        /// What beta says instead where the flag is set.
        beta: &'static str,
    },
    /// A column of the row behind a relation to one.
    Behind {
        /// The relation.
        relation: &'static str,
        /// The column there.
        column: &'static str,
    },
    /// A column that is shown, while a filter looks among the rows of a relation to many.
    Sought {
        /// The column.
        column: &'static str,
        /// The relation.
        relation: &'static str,
        /// The column there.
        there: &'static str,
    },
    /// A member of the object in a document column.
    Member {
        /// The document's column.
        column: &'static str,
        /// The member.
        member: &'static str,
    },
    /// Worked out of columns, and of related rows if a relation is named.
    Computed {
        /// The columns it needs.
        columns: &'static [&'static str],
        /// The relation whose rows it needs, and their columns.
        related: Option<(&'static str, &'static [&'static str])>,
        /// The value.
        value: fn(&Row<'_>) -> Json,
    },
    /// The same of one document column, printed without a tree in between: for what is on every row of long lists.
    Printed {
        /// The document's column.
        column: &'static str,
        /// Writes the value of the stored text, which is empty where there is none.
        print: fn(&str, &mut JsonWriter),
    },
    /// The same for every row.
    Constant(fn(Version) -> Json),
}

/// What a computed property sees.
#[derive(Debug, Clone, Copy)]
pub struct Row<'r> {
    /// The version that is spoken.
    pub version: Version,
    /// The columns, in the order the property asked for them.
    pub columns: &'r [&'r Value],
    /// The related rows.
    pub related: &'r [Record],
    /// The ids of the caller and of all groups the caller is in.
    pub caller: &'r [String],
}

impl<'r> Row<'r> {
    /// The text of column `index`; empty where there is none.
    pub fn text(&self, index: usize) -> &'r str {
        self.columns
            .get(index)
            .and_then(|value| value.as_text())
            .unwrap_or_default()
    }

    /// Column `index` as JSON.
    pub fn json(&self, index: usize) -> Json {
        self.columns
            .get(index)
            .map_or(Json::Null, |value| plain(value))
    }

    /// Whether column `index` is true.
    pub fn flag(&self, index: usize) -> bool {
        self.columns.get(index).and_then(|value| value.as_bool()) == Some(true)
    }

    /// The document in column `index`; null where there is none.
    pub fn document(&self, index: usize) -> Json {
        serde_json::from_str(self.text(index)).unwrap_or(Json::Null)
    }
}

/// A column's value as JSON, without regard to its kind.
pub fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::Text(text) => Json::String(text.clone()),
    }
}

/// A way from one type to another.
#[derive(Debug)]
pub struct Navigation {
    /// Its name in v1.0; `None` if absent there.
    pub v1: Option<&'static str>,
    /// Its name in beta.
    pub beta: Option<&'static str>,
    /// The relation of the entity.
    pub relation: &'static str,
    /// The type there.
    pub target: &'static Type,
    /// Whether only the first row counts although the relation may lead to many.
    pub first_only: bool,
    /// The declared type if the target is one derived from it: then each object carries its `@odata.type`.
    pub declared: Option<&'static str>,
    /// Whether it is shown although `$expand` does not name it, unless `$select` leaves it out.
    pub always: bool,
}

impl Navigation {
    /// Its name in this version.
    pub fn name(&self, version: Version) -> Option<&'static str> {
        match version {
            Version::V1 => self.v1,
            Version::Beta => self.beta,
        }
    }
}

impl Property {
    /// Its name in this version.
    pub fn name(&self, version: Version) -> Option<&'static str> {
        match version {
            Version::V1 => self.v1,
            Version::Beta => self.beta,
        }
    }
}

impl Edm {
    /// The type as the schema of this version names it.
    pub fn name(self, version: Version) -> String {
        let complex = |v1: &str, beta: &str| match version {
            Version::V1 => format!("microsoft.graph.{v1}"),
            Version::Beta => format!("microsoft.graph.{beta}"),
        };
        match self {
            Self::String => "Edm.String".to_owned(),
            Self::Guid => "Edm.Guid".to_owned(),
            Self::Boolean => "Edm.Boolean".to_owned(),
            Self::Int32 => "Edm.Int32".to_owned(),
            Self::Int64 => "Edm.Int64".to_owned(),
            Self::Instant => "Edm.DateTimeOffset".to_owned(),
            Self::Duration => "Edm.Duration".to_owned(),
            Self::Word(words) => match version {
                Version::V1 => complex(words.name, words.name),
                Version::Beta => "Edm.String".to_owned(),
            },
            Self::Enum(words) => complex(words.name, words.name),
            Self::Strings => "Collection(Edm.String)".to_owned(),
            Self::Guids => "Collection(Edm.Guid)".to_owned(),
            Self::Complex(v1, beta) => complex(v1, beta),
            Self::Complexes(v1, beta) => format!("Collection({})", complex(v1, beta)),
        }
    }

    /// Whether it is an array.
    pub fn is_collection(self) -> bool {
        matches!(self, Self::Strings | Self::Guids | Self::Complexes(..))
    }

    /// The closed list of words, if it has one.
    pub fn words(self) -> Option<&'static Words> {
        match self {
            Self::Word(words) | Self::Enum(words) => Some(words),
            Self::String
            | Self::Guid
            | Self::Boolean
            | Self::Int32
            | Self::Int64
            | Self::Instant
            | Self::Duration
            | Self::Strings
            | Self::Guids
            | Self::Complex(..)
            | Self::Complexes(..) => None,
        }
    }
}

impl Type {
    /// Its name in this version, without namespace.
    pub fn name(&self, version: Version) -> Option<&'static str> {
        match version {
            Version::V1 => self.v1,
            Version::Beta => self.beta,
        }
    }

    /// The property of this name in this version, in any case (OD-2).
    pub fn property(&'static self, version: Version, name: &str) -> Option<&'static Property> {
        self.properties
            .iter()
            .find(|property| is_called(property.name(version), name))
    }

    /// The navigation of this name in this version, in any case.
    pub fn navigation(&'static self, version: Version, name: &str) -> Option<&'static Navigation> {
        self.navigations
            .iter()
            .find(|navigation| is_called(navigation.name(version), name))
    }

    /// The relation behind a navigation.
    pub fn relation(&'static self, navigation: &Navigation) -> Option<&'static Relation> {
        self.entity.relation(navigation.relation)
    }
}

fn is_called(known: Option<&str>, name: &str) -> bool {
    known.is_some_and(|known| known.eq_ignore_ascii_case(name))
}

// The rows of the tables, in short.

/// A property with the same name in both versions.
pub(crate) const fn both(name: &'static str, edm: Edm, read: Read) -> Property {
    named(name, name, edm, read)
}

/// A property with a name for each version.
pub(crate) const fn named(v1: &'static str, beta: &'static str, edm: Edm, read: Read) -> Property {
    Property {
        v1: Some(v1),
        beta: Some(beta),
        edm,
        read,
        shown: Shown::Always,
        inside: None,
    }
}

/// A property of v1.0 alone.
pub(crate) const fn only_v1(name: &'static str, edm: Edm, read: Read) -> Property {
    Property {
        v1: Some(name),
        beta: None,
        edm,
        read,
        shown: Shown::Always,
        inside: None,
    }
}

/// A property of beta alone.
pub(crate) const fn only_beta(name: &'static str, edm: Edm, read: Read) -> Property {
    Property {
        v1: None,
        beta: Some(name),
        edm,
        read,
        shown: Shown::Always,
        inside: None,
    }
}

impl Property {
    /// The same, but printed only then.
    pub(crate) const fn shown(mut self, shown: Shown) -> Self {
        self.shown = shown;
        self
    }

    /// The same, but a filter can look inside.
    pub(crate) const fn inside(mut self, inside: &'static Inside) -> Self {
        self.inside = Some(inside);
        self
    }
}

/// A text in a column, under one name.
pub(crate) const fn text(name: &'static str, column: &'static str) -> Property {
    both(name, Edm::String, Read::Column(column))
}

/// A flag in a column, under one name.
pub(crate) const fn flag(name: &'static str, column: &'static str) -> Property {
    both(name, Edm::Boolean, Read::Column(column))
}

/// An instant in a column, under one name.
pub(crate) const fn instant(name: &'static str, column: &'static str) -> Property {
    both(name, Edm::Instant, Read::Column(column))
}

/// The id.
pub(crate) const fn id() -> Property {
    text("id", "id")
}

/// A navigation with a name for each version.
pub(crate) const fn way(
    v1: &'static str,
    beta: &'static str,
    relation: &'static str,
    target: &'static Type,
) -> Navigation {
    Navigation {
        v1: Some(v1),
        beta: Some(beta),
        relation,
        target,
        first_only: false,
        declared: None,
        always: false,
    }
}

/// A navigation of beta alone.
pub(crate) const fn way_beta(
    name: &'static str,
    relation: &'static str,
    target: &'static Type,
) -> Navigation {
    Navigation {
        v1: None,
        beta: Some(name),
        relation,
        target,
        first_only: false,
        declared: None,
        always: false,
    }
}

/// A navigation of v1.0 alone.
pub(crate) const fn way_v1(
    name: &'static str,
    relation: &'static str,
    target: &'static Type,
) -> Navigation {
    Navigation {
        v1: Some(name),
        beta: None,
        relation,
        target,
        first_only: false,
        declared: None,
        always: false,
    }
}

impl Navigation {
    /// The same, but only the first row counts.
    pub(crate) const fn first(mut self) -> Self {
        self.first_only = true;
        self
    }

    /// The same, but shown without being asked for.
    pub(crate) const fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// The same, but declared as the base type of its target.
    pub(crate) const fn declared(mut self, base: &'static str) -> Self {
        self.declared = Some(base);
        self
    }
}

/// A member that is missing, and why.
pub(crate) const fn lacking(name: &'static str, reason: &'static str) -> Lacking {
    Lacking { name, reason }
}
