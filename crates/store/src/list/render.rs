//! From a query to the text and the values of a statement.
//!
//! **Invariant:** what is written into the text are names of the model and numbers made here.

use std::collections::BTreeSet;
use std::fmt::Write;

use domain::evaluate;
use domain::query::{Direction, Entity, Field, Kind, Link, Path, Query, Relation, Value};

use super::predicate;
use crate::error::Error;

/// A statement that reads rows of a query.
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) args: Vec<Value>,
    /// What is selected: the fields of the query first, the parent's id last if rows belong to parents.
    pub(super) columns: Vec<&'static Field>,
    /// Which columns are the row's place in the order.
    pub(super) place: Vec<usize>,
    /// Which column each expansion hangs on.
    pub(super) links: Vec<usize>,
}

/// Values bound so far, and names given so far, over all levels of a statement.
#[derive(Default)]
pub(super) struct Bindings {
    pub(super) args: Vec<Value>,
    names: usize,
}

impl Bindings {
    /// Binds a value and says how it is referred to.
    pub(super) fn bind(&mut self, value: Value) -> String {
        self.args.push(value);
        format!("${}", self.args.len())
    }

    /// A name that is not used yet.
    pub(super) fn name(&mut self) -> String {
        self.names += 1;
        format!("t{}", self.names)
    }
}

/// One `FROM`: an entity and what is joined to it; or a value inside a document, whose members are its columns.
pub(super) struct Scope {
    pub(super) entity: &'static Entity,
    pub(super) name: String,
    joins: Vec<Join>,
    place: Place,
}

/// Where the columns of a scope are.
#[derive(Clone)]
enum Place {
    /// In a row, by its name in the statement.
    Row(String),
    /// In an item of a list, by the name of the list in the statement.
    Item(String),
    /// In a value inside a document.
    Value(String),
}

struct Join {
    from: String,
    relation: &'static Relation,
    name: String,
}

impl Scope {
    pub(super) fn new(entity: &'static Entity, bindings: &mut Bindings) -> Self {
        let name = bindings.name();
        Self {
            entity,
            place: Place::Row(name.clone()),
            name,
            joins: Vec::new(),
        }
    }

    /// The items of a list inside a document.
    pub(super) fn items(entity: &'static Entity, bindings: &mut Bindings) -> Self {
        let mut scope = Self::new(entity, bindings);
        scope.place = Place::Item(scope.name.clone());
        scope
    }

    /// One value inside a document.
    pub(super) fn value(entity: &'static Entity, value: String) -> Self {
        Self {
            entity,
            name: String::new(),
            joins: Vec::new(),
            place: Place::Value(value),
        }
    }

    /// The column at the end of a path; its hops are joined, each once.
    pub(super) fn column(&mut self, path: &Path, bindings: &mut Bindings) -> Result<String, Error> {
        let mut place = self.place.clone();
        for hop in &path.hops {
            place = match (&hop.link, place) {
                (Link::Inside { here, at, .. }, place) => Place::Value(document(&place, here, at)),
                (_, Place::Row(from)) => Place::Row(self.joined(from, hop, bindings)?),
                (_, Place::Item(_) | Place::Value(_)) => {
                    return Err(impossible(format!(
                        "`{}` leads out of a document",
                        hop.name
                    )));
                }
            };
        }
        Ok(match place {
            Place::Row(from) => format!("{from}.{}", path.field.name),
            Place::Item(item) if path.field.name.is_empty() => {
                format!("CAST(ITEM_TEXT({item}) AS TEXT)")
            }
            Place::Item(item) => member(&format!("ITEM({item})"), path.field),
            Place::Value(value) => member(&value, path.field),
        })
    }

    /// Whether the column at the end of a path is inside a document.
    pub(super) fn is_inside(&self, path: &Path) -> bool {
        path.hops.last().map_or_else(
            || !matches!(self.place, Place::Row(_)),
            |hop| hop.is_inside(),
        )
    }

    /// What a relation into a document leads to.
    pub(super) fn document(&self, here: &str, at: &[&str]) -> String {
        document(&self.place, here, at)
    }

    fn joined(
        &mut self,
        from: String,
        relation: &'static Relation,
        bindings: &mut Bindings,
    ) -> Result<String, Error> {
        if !relation.is_to_one() {
            return Err(impossible(format!(
                "`{}` does not lead to one row",
                relation.name
            )));
        }
        let known = self
            .joins
            .iter()
            .find(|join| join.from == from && join.relation.name == relation.name);
        if let Some(join) = known {
            return Ok(join.name.clone());
        }
        let name = bindings.name();
        self.joins.push(Join {
            from,
            relation,
            name: name.clone(),
        });
        Ok(name)
    }

    /// The joins of every path that was asked for.
    pub(super) fn joins(&self) -> String {
        let mut text = String::new();
        for join in &self.joins {
            let (Link::One { here, there }
            | Link::Many { here, there }
            | Link::Through { here, there, .. }) = &join.relation.link
            else {
                continue;
            };
            let (table, name, from) = (join.relation.to.name, &join.name, &join.from);
            // Writing to a `String` cannot fail.
            let _ = write!(
                text,
                " LEFT JOIN {table} {name} ON {name}.{there} = {from}.{here}"
            );
        }
        text
    }
}

/// The value inside a document that these members lead to, as JSON.
fn document(place: &Place, here: &str, at: &[&str]) -> String {
    let mut value = match place {
        Place::Row(from) => format!("JSON_OF({from}.{here})"),
        Place::Item(item) => format!("ITEM({item}) -> {}", quoted(here)),
        Place::Value(value) => format!("{value} -> {}", quoted(here)),
    };
    for name in at {
        // Writing to a `String` cannot fail.
        let _ = write!(value, " -> {}", quoted(name));
    }
    value
}

/// A member of a JSON value as a column of the field's kind. An instant is its text without the zone, which orders as
/// the instants do.
fn member(value: &str, field: &Field) -> String {
    let (front, last) = field.name.rsplit_once('/').unwrap_or(("", field.name));
    let mut parent = value.to_owned();
    for name in front.split('/').filter(|name| !name.is_empty()) {
        // Writing to a `String` cannot fail.
        let _ = write!(parent, " -> {}", quoted(name));
    }
    let json = format!("({parent} -> {})", quoted(last));
    let text = format!("CAST({parent} ->> {} AS TEXT)", quoted(last));
    match field.kind {
        Kind::Id | Kind::Text | Kind::Word | Kind::Document => text,
        Kind::Instant => format!("REPLACE({text}, 'Z', '')"),
        Kind::Bool => {
            format!("CASE CAST({json} AS TEXT) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END")
        }
        Kind::Int => format!(
            "CASE WHEN JSON_KIND({json}) IN ('number', 'integer', 'real') \
             THEN CAST(ROUND(CAST(CAST({json} AS TEXT) AS NUMERIC)) AS BIGINT) END"
        ),
    }
}

/// A name of the model as a literal.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// A query that no table of ours makes.
pub(super) fn impossible(found: String) -> Error {
    Error::Corrupt {
        place: "a query".to_owned(),
        found,
    }
}

/// The parts of a statement that rows of any kind share.
struct Parts {
    scope: Scope,
    bindings: Bindings,
    condition: String,
    /// The columns to select, as SQL.
    selected: Vec<String>,
    columns: Vec<&'static Field>,
    order: Vec<(Path, Direction)>,
    /// The order, as SQL.
    ordered: String,
    place: Vec<usize>,
    links: Vec<usize>,
}

impl Parts {
    fn new(query: &Query) -> Result<Self, Error> {
        let mut bindings = Bindings::default();
        let mut scope = Scope::new(query.entity, &mut bindings);
        let condition = predicate::render(&query.filter, &mut scope, &mut bindings, false)?;
        let mut parts = Self {
            scope,
            bindings,
            condition,
            selected: Vec::new(),
            columns: Vec::new(),
            order: evaluate::order(query),
            ordered: String::new(),
            place: Vec::new(),
            links: Vec::new(),
        };
        for field in &query.fields {
            parts
                .selected
                .push(format!("{}.{}", parts.scope.name, field.name));
            parts.columns.push(field);
        }
        parts.select_order(query.entity)?;
        for expansion in &query.expand {
            let (Link::One { here, .. } | Link::Many { here, .. } | Link::Through { here, .. }) =
                expansion.relation.link
            else {
                let name = expansion.relation.name;
                return Err(impossible(format!("`{name}` is inside a document")));
            };
            let field = query
                .entity
                .field(here)
                .ok_or_else(|| impossible(format!("`{}` has no `{here}`", query.entity.name)))?;
            let column = format!("{}.{here}", parts.scope.name);
            let index = parts.select(column, field);
            parts.links.push(index);
        }
        Ok(parts)
    }

    fn select_order(&mut self, entity: &Entity) -> Result<(), Error> {
        let mut ordered = Vec::new();
        for (path, direction) in self.order.clone() {
            let column = self.scope.column(&path, &mut self.bindings)?;
            ordered.push(criterion(entity, &path, direction, &column));
            let index = self.select(column, path.field);
            self.place.push(index);
        }
        self.ordered = ordered.join(", ");
        Ok(())
    }

    /// Selects a column, once, and says which one it is.
    fn select(&mut self, column: String, field: &'static Field) -> usize {
        if let Some(index) = self.selected.iter().position(|known| *known == column) {
            return index;
        }
        self.selected.push(column);
        self.columns.push(field);
        self.selected.len() - 1
    }

    fn finish(self, sql: String) -> Statement {
        Statement {
            sql,
            args: self.bindings.args,
            columns: self.columns,
            place: self.place,
            links: self.links,
        }
    }
}

impl Statement {
    /// The rows of a page, and one more to see whether there is a next one.
    pub(super) fn page(query: &Query) -> Result<Self, Error> {
        let mut parts = Parts::new(query)?;
        if let Some(after) = &query.after {
            let later = after_place(
                query.entity,
                &parts.order,
                after,
                &mut parts.scope,
                &mut parts.bindings,
            )?;
            parts.condition = format!("({}) AND {later}", parts.condition);
        }
        let mut sql = format!(
            "SELECT {} FROM {} {}{} WHERE {} ORDER BY {}",
            parts.selected.join(", "),
            query.entity.name,
            parts.scope.name,
            parts.scope.joins(),
            parts.condition,
            parts.ordered,
        );
        if query.limit.is_some() || query.skip > 0 {
            let limit = query
                .limit
                .map_or(i64::MAX, |limit| whole(limit).saturating_add(1));
            let limit = parts.bindings.bind(Value::Int(limit));
            let _ = write!(sql, " LIMIT {limit}");
        }
        if query.skip > 0 {
            let skip = parts.bindings.bind(Value::Int(whole(query.skip)));
            let _ = write!(sql, " OFFSET {skip}");
        }
        Ok(parts.finish(sql))
    }

    /// How many rows satisfy the filter.
    pub(super) fn count(query: &Query) -> Result<(String, Vec<Value>), Error> {
        let mut bindings = Bindings::default();
        let mut scope = Scope::new(query.entity, &mut bindings);
        let condition = predicate::render(&query.filter, &mut scope, &mut bindings, false)?;
        let sql = format!(
            "SELECT COUNT(*) FROM {} {}{} WHERE {condition}",
            query.entity.name,
            scope.name,
            scope.joins(),
        );
        Ok((sql, bindings.args))
    }

    /// How many rows of a query belong to each of some parents; parents without any are left out.
    pub(super) fn numbers(
        query: &Query,
        relation: &Relation,
        parents: &BTreeSet<String>,
    ) -> Result<(String, Vec<Value>), Error> {
        let mut bindings = Bindings::default();
        let mut scope = Scope::new(query.entity, &mut bindings);
        let condition = predicate::render(&query.filter, &mut scope, &mut bindings, false)?;
        let Belonging {
            from,
            parent,
            belongs,
        } = belonging(relation, parents, &scope, &mut bindings)?;
        let sql = format!(
            "SELECT {parent}, COUNT(*) FROM {from}{} WHERE {belongs} AND ({condition}) GROUP BY {parent}",
            scope.joins(),
        );
        Ok((sql, bindings.args))
    }

    /// The rows that belong to some parents; at most `limit` for each of them.
    pub(super) fn children(
        query: &Query,
        relation: &Relation,
        parents: &BTreeSet<String>,
    ) -> Result<Self, Error> {
        let mut parts = Parts::new(query)?;
        let Belonging {
            from,
            parent,
            belongs,
        } = belonging(relation, parents, &parts.scope, &mut parts.bindings)?;
        let table = query.entity.name;
        // Every link of ours holds an id; the key's field tells how to read it.
        let key = query
            .entity
            .key()
            .ok_or_else(|| impossible(format!("`{table}` has no key")))?;
        parts.selected.push(parent.clone());
        parts.columns.push(key);
        let is_part = !relation.is_to_one() && (query.limit.is_some() || query.skip > 0);
        let joins = parts.scope.joins();
        let (condition, ordered) = (&parts.condition, &parts.ordered);
        if !is_part {
            let selected = parts.selected.join(", ");
            let sql = format!(
                "SELECT {selected} FROM {from}{joins} WHERE {belongs} AND ({condition}) ORDER BY {ordered}"
            );
            return Ok(parts.finish(sql));
        }
        let inner: Vec<String> = parts
            .selected
            .iter()
            .enumerate()
            .map(|(index, column)| format!("{column} AS c{index}"))
            .collect();
        let outer: Vec<String> = (0..parts.selected.len())
            .map(|index| format!("c{index}"))
            .collect();
        let (skip, limit) = (whole(query.skip), query.limit.map_or(i64::MAX, whole));
        let ranked = format!(
            "SELECT {}, ROW_NUMBER() OVER (PARTITION BY {parent} ORDER BY {ordered}) AS place \
             FROM {from}{joins} WHERE {belongs} AND ({condition})",
            inner.join(", "),
        );
        let first = parts.bindings.bind(Value::Int(skip));
        let last = parts.bindings.bind(Value::Int(skip.saturating_add(limit)));
        let sql = format!(
            "SELECT {} FROM ({ranked}) ranked WHERE place > {first} AND place <= {last} ORDER BY place",
            outer.join(", "),
        );
        Ok(parts.finish(sql))
    }
}

/// How rows belong to parents: what to select from, the parent's value in it, and the condition that it is one of them.
struct Belonging {
    from: String,
    parent: String,
    belongs: String,
}

fn belonging(
    relation: &Relation,
    parents: &BTreeSet<String>,
    scope: &Scope,
    bindings: &mut Bindings,
) -> Result<Belonging, Error> {
    let list = bindings.bind(crate::value::list(parents));
    let own = &scope.name;
    let table = scope.entity.name;
    match &relation.link {
        Link::One { there, .. } | Link::Many { there, .. } => {
            let parent = format!("{own}.{there}");
            Ok(Belonging {
                from: format!("{table} {own}"),
                belongs: format!("{parent} IN EACH({list})"),
                parent,
            })
        }
        Link::Through {
            table: pairs,
            near,
            far,
            there,
            ..
        } => {
            let pair = bindings.name();
            // A pair may be there more than once, where the table says more about it.
            let from = format!(
                "(SELECT DISTINCT {near} AS near, {far} AS far FROM {pairs} WHERE {near} IN EACH({list})) {pair} \
                 JOIN {table} {own} ON {own}.{there} = {pair}.far"
            );
            Ok(Belonging {
                from,
                parent: format!("{pair}.near"),
                belongs: "TRUE".to_owned(),
            })
        }
        Link::Inside { .. } => {
            let name = relation.name;
            Err(impossible(format!("`{name}` is inside a document")))
        }
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// One criterion of an order: null before everything, or after everything where it is turned round.
///
/// Where a column is never null nothing is said about it: PostgreSQL would not see that an index has that very order.
fn criterion(entity: &Entity, path: &Path, direction: Direction, column: &str) -> String {
    let direction_word = match direction {
        Direction::Ascending => "ASC",
        Direction::Descending => "DESC",
    };
    let nulls = match direction {
        _ if never_null(entity, path) => "",
        Direction::Ascending => " NULLS FIRST",
        Direction::Descending => " NULLS LAST",
    };
    format!("{column} {direction_word}{nulls}")
}

/// Whether the column at the end of a path always has a value; a test compares with the schema.
pub(super) fn never_null(entity: &Entity, path: &Path) -> bool {
    if !path.hops.is_empty() {
        return false;
    }
    match path.field.name {
        "created_at" => entity.name != "control_configuration",
        "id" | "happened_at" | "ordinal" | "state" => true,
        "display_name" => !matches!(entity.name, "subject" | "app_role" | "approval_stage"),
        _ => false,
    }
}

/// The condition that a row comes after a place in the order.
fn after_place(
    entity: &'static Entity,
    order: &[(Path, Direction)],
    after: &[Value],
    scope: &mut Scope,
    bindings: &mut Bindings,
) -> Result<String, Error> {
    if order.len() != after.len() {
        return Err(impossible("a place does not fit the order".to_owned()));
    }
    let mut text = "FALSE".to_owned();
    let mut bound = None;
    for ((path, direction), value) in order.iter().zip(after).rev() {
        let column = scope.column(path, bindings)?;
        let can_be_null = !never_null(entity, path);
        if value == &Value::Null {
            let beyond = match direction {
                Direction::Ascending => format!("{column} IS NOT NULL"),
                Direction::Descending => "FALSE".to_owned(),
            };
            text = format!("({beyond} OR ({column} IS NULL AND {text}))");
            bound = None;
            continue;
        }
        let value = bindings.bind(value.clone());
        let or_null = if can_be_null && *direction == Direction::Descending {
            format!(" OR {column} IS NULL")
        } else {
            String::new()
        };
        let sign = match direction {
            Direction::Ascending => ">",
            Direction::Descending => "<",
        };
        text = format!("({column} {sign} {value}{or_null} OR ({column} = {value} AND {text}))");
        // Said twice, so that the first column's index can begin where the page does.
        bound = Some(format!("({column} {sign}= {value}{or_null})"));
    }
    Ok(match bound {
        Some(bound) => format!("{bound} AND {text}"),
        None => text,
    })
}
