//! Reads as values: what to select of which entity, under which condition, in which order and how much of it.
//!
//! `wire` builds a [`Query`] from property names, `service` adds what the caller may see, `store` renders it to one
//! SQL statement and one more per expansion.
//!
//! **Invariant:** a query names only fields and relations of [`crate::model`], so that nothing a client writes ever
//! becomes SQL text.

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Not set.
    Null,
    /// A flag.
    Bool(bool),
    /// A whole number, or an instant in microseconds.
    Int(i64),
    /// A text, an id, an enum's name or a document.
    Text(String),
}

impl Value {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Int(_) => None,
        }
    }

    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Null | Self::Bool(_) | Self::Text(_) => None,
        }
    }

    /// The flag, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Null | Self::Int(_) | Self::Text(_) => None,
        }
    }
}

/// What a field holds; decides how it is compared and printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An id: compared exactly, in lower case.
    Id,
    /// Free text: compared without regard to case (OD-2).
    Text,
    /// A word of a closed list, stored in its v1.0 spelling: compared exactly.
    Word,
    /// A flag.
    Bool,
    /// A whole number.
    Int,
    /// An instant in microseconds.
    Instant,
    /// A JSON document: only selected, never compared.
    Document,
}

/// A column of an entity.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The column's name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// How a relation finds its rows.
#[derive(Debug, PartialEq, Eq)]
pub enum Link {
    /// At most one row there: its `there` column equals our `here` column.
    One {
        /// Column of this entity.
        here: &'static str,
        /// Column of the other.
        there: &'static str,
    },
    /// Any number of rows there: their `there` column equals our `here` column.
    Many {
        /// Column of this entity.
        here: &'static str,
        /// Column of the other.
        there: &'static str,
    },
    /// Any number of rows there, through a table of pairs.
    Through {
        /// The table of pairs.
        table: &'static str,
        /// Column of this entity.
        here: &'static str,
        /// The pair's column that equals `here`.
        near: &'static str,
        /// The pair's column that equals `there`.
        far: &'static str,
        /// Column of the other.
        there: &'static str,
    },
    /// What a document of this row holds: one value, or the items of a list. Only conditions look there; the fields of
    /// the entity at the other end are members of the value, with `/` between levels, and the empty name is the item
    /// itself. A list is a bare array or the member `items` of an object.
    Inside {
        /// The column of the document; inside of a document, a member.
        here: &'static str,
        /// The members that lead to the value.
        at: &'static [&'static str],
        /// Whether it is a list.
        many: bool,
    },
}

/// A way from one entity to another.
#[derive(Debug)]
pub struct Relation {
    /// Its name, unique within the entity.
    pub name: &'static str,
    /// Where it leads.
    pub to: &'static Entity,
    /// How.
    pub link: Link,
}

impl Relation {
    /// Whether it leads to at most one row.
    pub fn is_to_one(&self) -> bool {
        matches!(
            self.link,
            Link::One { .. } | Link::Inside { many: false, .. }
        )
    }

    /// Whether it leads into a document of the row itself.
    pub fn is_inside(&self) -> bool {
        matches!(self.link, Link::Inside { .. })
    }
}

/// A table or view that can be read by queries.
#[derive(Debug)]
pub struct Entity {
    /// The table's name.
    pub name: &'static str,
    /// Its columns; the first one is the key.
    pub fields: &'static [Field],
    /// Its relations.
    pub relations: &'static [Relation],
    /// The order of lists that ask for none (OD-12); the key always breaks ties.
    pub order: &'static [(&'static str, Direction)],
}

impl Entity {
    /// The field of this name.
    pub fn field(&'static self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The relation of this name.
    pub fn relation(&'static self, name: &str) -> Option<&'static Relation> {
        self.relations.iter().find(|relation| relation.name == name)
    }

    /// The key.
    pub fn key(&'static self) -> Option<&'static Field> {
        self.fields.first()
    }
}

impl PartialEq for Entity {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Entity {}

impl PartialEq for Relation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.to == other.to && self.link == other.link
    }
}

impl Eq for Relation {}

/// A field reached over relations to one row each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The relations, from the queried entity on.
    pub hops: Vec<&'static Relation>,
    /// The field at the end.
    pub field: &'static Field,
}

impl Path {
    /// A field of the queried entity itself.
    pub fn of(field: &'static Field) -> Self {
        Self {
            hops: Vec::new(),
            field,
        }
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Equal; null equals null.
    Eq,
    /// Not equal.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

/// How a text is searched, always without regard to case (OD-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextMatch {
    /// Anywhere.
    Contains,
    /// At the beginning.
    StartsWith,
    /// At the end.
    EndsWith,
}

/// A condition on rows. Two-valued: what cannot be compared is false, so `Not` is a true complement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// Every row.
    True,
    /// No row.
    False,
    /// All of them hold.
    All(Vec<Predicate>),
    /// At least one of them holds.
    Any(Vec<Predicate>),
    /// It does not hold.
    Not(Box<Predicate>),
    /// A field compares so with a value.
    Compare {
        /// The field.
        path: Path,
        /// How.
        comparison: Comparison,
        /// With what.
        value: Value,
    },
    /// A field equals one of the values.
    In {
        /// The field.
        path: Path,
        /// The values.
        values: Vec<Value>,
    },
    /// A text matches.
    Text {
        /// The field.
        path: Path,
        /// How.
        matching: TextMatch,
        /// With what.
        text: String,
    },
    /// At least one row of a relation satisfies the inner condition (over that row's entity).
    Exists {
        /// The relations to follow; the last one may lead to many rows.
        hops: Vec<&'static Relation>,
        /// The condition on the rows there.
        inner: Box<Predicate>,
    },
}

impl Predicate {
    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, one) | (one, Self::True) => one,
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::All(mut list), Self::All(more)) => {
                list.extend(more);
                Self::All(list)
            }
            (Self::All(mut list), one) | (one, Self::All(mut list)) => {
                list.push(one);
                Self::All(list)
            }
            (one, other) => Self::All(vec![one, other]),
        }
    }

    /// At least one of the two holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, one) | (one, Self::False) => one,
            (Self::True, _) | (_, Self::True) => Self::True,
            (one, other) => Self::Any(vec![one, other]),
        }
    }

    /// A field of the queried entity equals a value.
    pub fn equals(field: &'static Field, value: Value) -> Self {
        Self::Compare {
            path: Path::of(field),
            comparison: Comparison::Eq,
            value,
        }
    }
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first; null before everything.
    Ascending,
    /// Largest first; null after everything.
    Descending,
}

/// What to do with a relation's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// The relation to follow.
    pub relation: &'static Relation,
    /// What to read there; its `limit` counts per parent row.
    pub query: Query,
}

/// One read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Of what.
    pub entity: &'static Entity,
    /// Which columns, in this order.
    pub fields: Vec<&'static Field>,
    /// Which rows.
    pub filter: Predicate,
    /// In which order; empty means the entity's own. The key is always added as the last criterion.
    pub order: Vec<(Path, Direction)>,
    /// Only rows after the one with these order values and key (from [`Page::next`]).
    pub after: Option<Vec<Value>>,
    /// Rows to leave out at the beginning.
    pub skip: u64,
    /// At most so many rows.
    pub limit: Option<u64>,
    /// Whether to count all rows that satisfy the filter.
    pub count: bool,
    /// What to read of related entities.
    pub expand: Vec<Expansion>,
}

impl Query {
    /// Every row of an entity, no column.
    pub fn of(entity: &'static Entity) -> Self {
        Self {
            entity,
            fields: Vec::new(),
            filter: Predicate::True,
            order: Vec::new(),
            after: None,
            skip: 0,
            limit: None,
            count: false,
            expand: Vec::new(),
        }
    }
}

/// One row of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The columns of [`Query::fields`], in that order.
    pub values: Vec<Value>,
    /// One entry for each of [`Query::expand`], in that order.
    pub expanded: Vec<Vec<Record>>,
    /// How many rows each of them has in all; empty if no expansion counts. An expansion that does not has 0.
    pub counts: Vec<i64>,
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Record>,
    /// Where the next page begins, if there is one: the order values and the key of the last row.
    pub next: Option<Vec<Value>>,
    /// How many rows there are in all, if asked.
    pub count: Option<i64>,
}
