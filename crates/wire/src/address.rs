//! What a path points at.
//!
//! A path is an entity set, then keys and navigations in turn, then a tail. Reading it is a walk: each step but the
//! last is a query for one row whose link value binds the next step, so a parent that is not there is found out.
//!
//! **Invariant:** an address names only types, relations and fields of the tables; the client's text is in values only.

use domain::cloud::Cloud;
use domain::model;
use domain::query::{
    Comparison, Entity, Field, Kind, Link, Path, Predicate, Query, Relation, Value,
};
use odata::path::{Args, Segment};

use crate::cloud::{lacks_operation, lacks_set, lacks_way};
use crate::sets::{ENTITY_SETS, EntitySet, Operation, ROOT_FUNCTIONS, Root, operation};
use crate::table::{Navigation, Type};
use crate::version::Version;

/// How deep paths may navigate.
pub const MAX_DEPTH: usize = 6;

/// What a path points at.
#[derive(Debug, Clone)]
pub struct Address {
    /// The version it belongs to.
    pub version: Version,
    /// The entity set it begins with.
    pub set: &'static EntitySet,
    /// The objects on the way, from the set on; never empty.
    pub steps: Vec<Step>,
    /// What is wanted of the last step.
    pub tail: Tail,
    /// Whether it begins with a name of the set that only older clients use (P3).
    pub is_legacy: bool,
}

/// One stop of the walk: a collection, or one object of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// What is there.
    pub of: &'static Type,
    /// How it was reached from the step before; `None` for the entity set.
    pub by: Option<&'static Navigation>,
    /// Which object, if it is one.
    pub key: Option<Key>,
}

/// What names one object of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Its id, in lower case.
    Id(String),
    /// An alternate key or a sign-in name: a field and its value.
    Field(&'static Field, String),
    /// The only one there is, behind a navigation to one.
    Only,
}

/// What is wanted at the end of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Tail {
    /// The objects of a collection.
    Collection,
    /// One object.
    Entity,
    /// How many objects there are: `$count`.
    Count,
    /// The links to the objects: `$ref`.
    Ref,
    /// The raw value of a property: its name, and whether `$value` follows.
    Property(&'static str, bool),
    /// What a file holds: `$value`.
    Content,
    /// A call.
    Call(Call),
}

/// A call of an action or a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What is called.
    pub operation: &'static Operation,
    /// Its parameters from the path, as sent.
    pub arguments: Vec<(String, String)>,
    /// Whether only the number of results is wanted: `…/$count`.
    pub count: bool,
}

impl Call {
    /// The parameter of this name.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// Why a path points at nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// A segment that nobody knows (ER-6).
    #[error("Resource not found for the segment '{segment}'.")]
    UnknownSegment {
        /// The segment.
        segment: String,
    },
    /// A key that is not well formed (ID-2).
    #[error("The id `{id}` is not valid.")]
    BadId {
        /// The key.
        id: String,
    },
    /// A parameter that the function does not have, or that is missing.
    #[error("The parameters of `{operation}` are not valid.")]
    BadArguments {
        /// The function.
        operation: &'static str,
    },
    /// `me` without a signed-in user.
    #[error("`/me` needs a signed-in user.")]
    NoCaller,
    /// More navigations than are followed.
    #[error("The path navigates deeper than {MAX_DEPTH} levels.")]
    TooDeep,
}

/// What resolving needs to know beside the path.
#[derive(Debug, Clone, Copy)]
pub struct Options<'o> {
    /// The directory id of the signed-in user, for `me`.
    pub caller: Option<&'o str>,
    /// Whether the older v1.0 path of assignments is served (P3).
    pub legacy_v1_paths: bool,
    /// The cloud whose API is spoken; what it lacks is unknown (CL-1).
    pub cloud: Cloud,
}

/// Whether a text is a GUID in its 36-character form (ID-1).
pub fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Resolves the segments after the version.
pub fn resolve(
    version: Version,
    segments: &[Segment],
    options: Options<'_>,
) -> Result<Address, AddressError> {
    let (mut walk, rest) = Walk::begin(version, segments, options)?;
    let mut rest = rest.iter().peekable();
    while let Some(segment) = rest.next() {
        if let Some(tail) = walk.tail(segment, rest.peek().copied())? {
            let taken = usize::from(matches!(
                &tail,
                Tail::Call(Call { count: true, .. }) | Tail::Property(_, true)
            ));
            if let Some(extra) = rest.nth(taken) {
                return Err(unknown(extra));
            }
            return Ok(walk.end(tail));
        }
        walk.advance(segment)?;
    }
    let tail = match walk.last_key() {
        _ if walk.address.is_legacy => {
            return Err(segments.last().map_or_else(nothing, unknown));
        }
        Some(_) => Tail::Entity,
        None => Tail::Collection,
    };
    Ok(walk.end(tail))
}

struct Walk {
    address: Address,
    cloud: Cloud,
}

impl Walk {
    /// Finds the entity set, and the key if it stands in the same segment.
    fn begin<'s>(
        version: Version,
        segments: &'s [Segment],
        options: Options<'_>,
    ) -> Result<(Self, &'s [Segment]), AddressError> {
        for root in Root::ALL {
            let front = root.segments();
            let Some(rest) = strip(segments, front) else {
                continue;
            };
            let Some((first, rest)) = rest.split_first() else {
                continue;
            };
            if root == Root::Directory && first.is("me") && first.args == Args::None {
                let caller = options.caller.ok_or(AddressError::NoCaller)?;
                let users = set_of(&model::USER).ok_or_else(|| unknown(first))?;
                let mut walk = Self::of(version, users, false, options.cloud);
                walk.set_key(Key::Id(caller.to_ascii_lowercase()));
                return Ok((walk, rest));
            }
            let function = ROOT_FUNCTIONS
                .iter()
                .find(|(at, name, _)| *at == root && first.is(name))
                .filter(|_| version == Version::Beta)
                .and_then(|(_, _, of)| set_of(of.entity));
            if let Some(set) = function
                && let Some((_, from_it)) = segments.split_at_checked(front.len())
            {
                return Ok((Self::of(version, set, false, options.cloud), from_it));
            }
            let found = ENTITY_SETS
                .iter()
                .filter(|set| set.root == root && !lacks_set(options.cloud, version, set))
                .find_map(|set| is_set(set, version, first, options).map(|legacy| (set, legacy)));
            if let Some((set, legacy)) = found {
                let mut walk = Self::of(version, set, legacy, options.cloud);
                if set.is_single {
                    if first.args != Args::None {
                        return Err(unknown(first));
                    }
                    walk.set_key(Key::Only);
                    return Ok((walk, rest));
                }
                walk.key_in_parentheses(first)?;
                return Ok((walk, rest));
            }
        }
        let blamed = segments
            .iter()
            .find(|segment| !is_root_segment(segment))
            .or(segments.last());
        Err(blamed.map_or_else(nothing, unknown))
    }

    fn of(version: Version, set: &'static EntitySet, is_legacy: bool, cloud: Cloud) -> Self {
        Self {
            cloud,
            address: Address {
                version,
                set,
                steps: vec![Step {
                    of: set.of,
                    by: None,
                    key: None,
                }],
                tail: Tail::Collection,
                is_legacy,
            },
        }
    }

    fn end(mut self, tail: Tail) -> Address {
        self.address.tail = tail;
        self.address
    }

    fn last(&self) -> &'static Type {
        self.address
            .steps
            .last()
            .map_or(self.address.set.of, |step| step.of)
    }

    fn last_key(&self) -> Option<&Key> {
        self.address.steps.last().and_then(|step| step.key.as_ref())
    }

    fn set_key(&mut self, key: Key) {
        if let Some(step) = self.address.steps.last_mut() {
            step.key = Some(key);
        }
    }

    /// A segment that ends the path: `$count`, `$ref`, a call or a property. `next` is the segment after it.
    fn tail(
        &self,
        segment: &Segment,
        next: Option<&Segment>,
    ) -> Result<Option<Tail>, AddressError> {
        let at_object = self.last_key().is_some();
        if segment.args == Args::None && segment.is("$count") && !at_object {
            return Ok(Some(Tail::Count));
        }
        if segment.args == Args::None && segment.is("$value") && at_object && self.is_file() {
            return Ok(Some(Tail::Content));
        }
        if segment.args == Args::None && segment.is("$ref") {
            return Ok(Some(Tail::Ref));
        }
        let version = self.address.version;
        let name = segment.name.as_str();
        let bare = name
            .get(.."microsoft.graph.".len())
            .filter(|front| front.eq_ignore_ascii_case("microsoft.graph."))
            .and_then(|front| name.get(front.len()..))
            .unwrap_or(name);
        let operation = operation(version, self.last(), !at_object, bare)
            .filter(|operation| !lacks_operation(self.cloud, version, self.last(), operation));
        if let Some(operation) = operation {
            let arguments = arguments(segment, operation)?;
            let count = next.is_some_and(|next| next.is("$count")) && !operation.is_action;
            return Ok(Some(Tail::Call(Call {
                operation,
                arguments,
                count,
            })));
        }
        if at_object && segment.args == Args::None {
            let property = self.last().property(version, name);
            if let Some(known) = property.and_then(|property| property.name(version)) {
                let raw = next.is_some_and(|next| next.is("$value"));
                return Ok(Some(Tail::Property(known, raw)));
            }
        }
        Ok(None)
    }

    /// Whether what was reached has content beside its properties. Files of uploads are the only streams.
    fn is_file(&self) -> bool {
        self.last().entity == &model::UPLOAD_FILE
    }

    /// Follows a navigation, or takes a key.
    fn advance(&mut self, segment: &Segment) -> Result<(), AddressError> {
        if self.last_key().is_none() {
            if segment.args != Args::None {
                return Err(unknown(segment));
            }
            if self.is_own_type(&segment.name) {
                return Ok(());
            }
            let key = self.key(&segment.name)?;
            self.set_key(key);
            return Ok(());
        }
        let navigation = self
            .last()
            .navigation(self.address.version, &segment.name)
            .filter(|way| !lacks_way(self.cloud, self.address.version, self.last(), way))
            .ok_or_else(|| unknown(segment))?;
        if self.address.is_legacy {
            return Err(unknown(segment));
        }
        if self.address.steps.len() > MAX_DEPTH {
            return Err(AddressError::TooDeep);
        }
        let relation = self.last().relation(navigation);
        let to_one = navigation.first_only || relation.is_some_and(Relation::is_to_one);
        self.address.steps.push(Step {
            of: navigation.target,
            by: Some(navigation),
            key: to_one.then_some(Key::Only),
        });
        if to_one {
            return match segment.args {
                Args::None => Ok(()),
                Args::Key(_) | Args::Named(_) => Err(unknown(segment)),
            };
        }
        self.key_in_parentheses(segment)
    }

    /// Whether a segment casts the objects of a collection to what they are anyway: `deletedItems/microsoft.graph.user`.
    fn is_own_type(&self, segment: &str) -> bool {
        let own = self.last().name(self.address.version);
        segment
            .strip_prefix("microsoft.graph.")
            .is_some_and(|name| Some(name) == own)
    }

    /// Takes the key of `set('key')` or `set(name='value')`.
    fn key_in_parentheses(&mut self, segment: &Segment) -> Result<(), AddressError> {
        let key = match &segment.args {
            Args::None => return Ok(()),
            Args::Key(text) => self.key(text)?,
            Args::Named(pairs) => match pairs.as_slice() {
                [(name, value)] if name.eq_ignore_ascii_case("id") => self.key(value)?,
                [(name, value)] => self
                    .alternate_key(name, value)
                    .ok_or_else(|| unknown(segment))?,
                _ => return Err(unknown(segment)),
            },
        };
        self.set_key(key);
        Ok(())
    }

    /// An alternate key of the set in which objects of the type live on their own; it names them below a parent, too.
    fn alternate_key(&self, name: &str, value: &str) -> Option<Key> {
        let of = self.last();
        let set = match self.address.steps.as_slice() {
            [_] => self.address.set,
            _ => set_of(of.entity)?,
        };
        let (_, column) = set
            .alternate_keys
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        let field = of.entity.field(column)?;
        Some(Key::Field(field, value.to_owned()))
    }

    /// Reads a key: a GUID, the two GUIDs of a role scope, or a sign-in name where one may stand.
    fn key(&self, text: &str) -> Result<Key, AddressError> {
        let of = self.last();
        let well_formed = if of.entity == &model::RESOURCE_ROLE_SCOPE {
            text.split_once('_')
                .is_some_and(|(role, scope)| is_guid(role) && is_guid(scope))
        } else {
            is_guid(text)
        };
        if well_formed {
            return Ok(Key::Id(text.to_ascii_lowercase()));
        }
        // What is built in is keyed by its name, in any case.
        if let Some(field) = of.entity.key().filter(|field| field.kind == Kind::Text) {
            return Ok(Key::Field(field, text.to_owned()));
        }
        let name_field = self
            .address
            .set
            .name_key
            .filter(|_| self.address.steps.len() == 1)
            .and_then(|column| of.entity.field(column));
        match name_field {
            Some(field) if text.contains('@') => Ok(Key::Field(field, text.to_owned())),
            _ => Err(AddressError::BadId {
                id: text.to_owned(),
            }),
        }
    }
}

fn unknown(segment: &Segment) -> AddressError {
    AddressError::UnknownSegment {
        segment: segment.name.clone(),
    }
}

fn nothing() -> AddressError {
    AddressError::UnknownSegment {
        segment: String::new(),
    }
}

/// What is left of the segments behind `front`.
fn strip<'s>(segments: &'s [Segment], front: &[&str]) -> Option<&'s [Segment]> {
    let (head, rest) = segments.split_at_checked(front.len())?;
    head.iter()
        .zip(front)
        .all(|(segment, name)| segment.args == Args::None && segment.is(name))
        .then_some(rest)
}

fn is_root_segment(segment: &Segment) -> bool {
    Root::ALL
        .iter()
        .flat_map(|root| root.segments())
        .any(|name| segment.is(name))
}

fn set_of(entity: &Entity) -> Option<&'static EntitySet> {
    ENTITY_SETS.iter().find(|set| set.of.entity == entity)
}

/// Whether the segment names the set; and if so, whether by the name that only older clients use.
fn is_set(
    set: &EntitySet,
    version: Version,
    segment: &Segment,
    options: Options<'_>,
) -> Option<bool> {
    if set.name(version).is_some_and(|name| segment.is(name)) {
        return Some(false);
    }
    let is_legacy = options.legacy_v1_paths
        && version == Version::V1
        && set.legacy_v1.is_some_and(|name| segment.is(name));
    is_legacy.then_some(true)
}

/// The parameters of a call: only those that it has.
fn arguments(
    segment: &Segment,
    operation: &'static Operation,
) -> Result<Vec<(String, String)>, AddressError> {
    let bad = || AddressError::BadArguments {
        operation: operation.name,
    };
    let given = match &segment.args {
        Args::None => Vec::new(),
        Args::Key(_) => return Err(bad()),
        Args::Named(pairs) => pairs.clone(),
    };
    let known = |name: &str| {
        operation
            .parameters
            .iter()
            .any(|parameter| parameter.eq_ignore_ascii_case(name))
    };
    if given.iter().all(|(name, _)| known(name)) {
        Ok(given)
    } else {
        Err(bad())
    }
}

impl Address {
    /// The type of what is addressed.
    pub fn target(&self) -> &'static Type {
        self.steps.last().map_or(self.set.of, |step| step.of)
    }

    /// The navigation that leads to the last step, if it is not the entity set itself.
    pub fn navigation(&self) -> Option<&'static Navigation> {
        self.steps.last().and_then(|step| step.by)
    }

    /// The id of the object at step `index`, if the path says it.
    pub fn id(&self, index: usize) -> Option<&str> {
        match self.steps.get(index)?.key.as_ref()? {
            Key::Id(id) => Some(id),
            Key::Field(..) | Key::Only => None,
        }
    }

    /// The id of the last object, if the path says it.
    pub fn last_id(&self) -> Option<&str> {
        self.id(self.steps.len().checked_sub(1)?)
    }

    /// How many objects have to be there before the last step can be read.
    pub fn parents(&self) -> usize {
        self.steps.len().saturating_sub(1)
    }

    /// The query for the parent at step `index`: one row with the one value that links it to the next step. `link` is
    /// that value of the step before.
    pub fn parent_query(&self, index: usize, link: Option<&Value>) -> Option<Query> {
        let step = self.steps.get(index)?;
        let next = self.steps.get(index + 1)?;
        let here = link_columns(step.of, next)?.0;
        Some(Query {
            fields: vec![step.of.entity.field(here)?],
            filter: self.filter_at(index, link),
            limit: Some(1),
            ..Query::of(step.of.entity)
        })
    }

    /// The condition on the last step: its key, and its link to the parent, whose value is `link`.
    pub fn filter(&self, link: Option<&Value>) -> Predicate {
        self.filter_at(self.parents(), link)
    }

    fn filter_at(&self, index: usize, link: Option<&Value>) -> Predicate {
        let Some(step) = self.steps.get(index) else {
            return Predicate::False;
        };
        let linked = match index
            .checked_sub(1)
            .and_then(|before| self.steps.get(before))
        {
            None => Predicate::True,
            Some(parent) => linked(parent.of, step, link),
        };
        linked.and(keyed(step)).and(visible(step.of.entity))
    }

    /// The path below the version root, as `@odata.context` and links spell it.
    pub fn path(&self) -> String {
        let mut path = self.set.path(self.version);
        for step in &self.steps {
            if let Some(name) = step.by.and_then(|navigation| navigation.name(self.version)) {
                path.push('/');
                path.push_str(name);
            }
            match &step.key {
                None | Some(Key::Only) => {}
                Some(Key::Id(id)) => push_key(&mut path, id),
                Some(Key::Field(_, text)) => push_key(&mut path, text),
            }
        }
        path
    }
}

fn push_key(path: &mut String, key: &str) {
    path.push_str("('");
    path.push_str(&key.replace('\'', "''"));
    path.push_str("')");
}

/// Rows that were deleted but are still kept are not there, but in the list of just these.
pub fn visible(entity: &'static Entity) -> Predicate {
    entity
        .field("deleted_at")
        .filter(|_| entity != &model::DELETED_USER)
        .map_or(Predicate::True, |deleted| {
            Predicate::equals(deleted, Value::Null)
        })
}

fn keyed(step: &Step) -> Predicate {
    match &step.key {
        None | Some(Key::Only) => Predicate::True,
        Some(Key::Id(id)) => step.of.entity.key().map_or(Predicate::False, |field| {
            Predicate::equals(field, Value::Text(id.clone()))
        }),
        Some(Key::Field(field, text)) => {
            let text = match field.kind {
                Kind::Id => text.to_lowercase(),
                Kind::Text
                | Kind::Word
                | Kind::Bool
                | Kind::Int
                | Kind::Instant
                | Kind::Document => text.clone(),
            };
            Predicate::equals(field, Value::Text(text))
        }
    }
}

/// The columns by which a step is linked to the one before: there and here.
fn link_columns(parent: &'static Type, step: &Step) -> Option<(&'static str, &'static str)> {
    let relation = parent.relation(step.by?)?;
    match relation.link {
        Link::One { here, there }
        | Link::Many { here, there }
        | Link::Through { here, there, .. } => Some((here, there)),
        Link::Inside { .. } => None,
    }
}

/// The condition that a step belongs to its parent.
fn linked(parent: &'static Type, step: &Step, link: Option<&Value>) -> Predicate {
    let value = match link {
        None | Some(Value::Null) => return Predicate::False,
        Some(value) => value.clone(),
    };
    let relation = step.by.and_then(|navigation| parent.relation(navigation));
    let Some(relation) = relation else {
        return Predicate::False;
    };
    match relation.link {
        Link::One { there, .. } | Link::Many { there, .. } => {
            step.of
                .entity
                .field(there)
                .map_or(Predicate::False, |field| Predicate::Compare {
                    path: Path::of(field),
                    comparison: Comparison::Eq,
                    value,
                })
        }
        Link::Through { here, .. } => back(step.of.entity, relation)
            .and_then(|back| back.to.field(here).map(|field| (back, field)))
            .map_or(Predicate::False, |(back, field)| Predicate::Exists {
                hops: vec![back],
                inner: Box::new(Predicate::equals(field, value)),
            }),
        // Nothing inside a document has an address.
        Link::Inside { .. } => Predicate::False,
    }
}

/// The relation of `entity` that goes the same pairs the other way.
pub(crate) fn back(entity: &'static Entity, relation: &Relation) -> Option<&'static Relation> {
    let Link::Through {
        table,
        here,
        near,
        far,
        there,
    } = relation.link
    else {
        return None;
    };
    entity.relations.iter().find(|candidate| {
        candidate.link
            == Link::Through {
                table,
                here: there,
                near: far,
                far: near,
                there: here,
            }
    })
}
