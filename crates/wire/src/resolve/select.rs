//! From `$select` and `$expand` to columns and members.

use domain::cloud::Cloud;
use domain::query::{Expansion, Field, Query};
use odata::query::{QueryOptions, SelectItem};

use super::{Plan, Projection, ResolveError, Slot, SlotValue, expand, unknown};
use crate::cloud::lacks_way;
use crate::table::{Edm, Property, Read, Shown, Type};
use crate::version::Version;

/// The plan of one level: fields, expansions and slots; its filter and order are still to come.
pub(super) fn plan(
    version: Version,
    of: &'static Type,
    options: &QueryOptions,
    annotated: Annotated,
) -> Result<Plan, ResolveError> {
    let wanted = Wanted::read(version, of, options, annotated.cloud)?;
    let mut builder = Builder {
        version,
        query: Query::of(of.entity),
        slots: Vec::new(),
        annotated: Annotated {
            etag: false,
            ..annotated
        },
    };
    for property in of.properties {
        if let Some(name) = property.name(version)
            && let Some(named) = wanted.wants(version, property)
        {
            builder.property(name, property, named);
        }
    }
    for member in &wanted.open {
        builder.open_member(of, member);
    }
    if wanted.shows_all_open {
        builder.all_open(of);
    }
    let kind = of
        .entity
        .field("object_type")
        .map(|field| builder.column(field));
    let etag = of
        .entity
        .field("version")
        .filter(|_| annotated.etag || annotated.full || wanted.etag)
        .map(|field| builder.column(field));
    let key = of
        .entity
        .key()
        .filter(|_| annotated.full)
        .map(|field| builder.column(field));
    expand::add(&mut builder, of, options)?;
    Ok(Plan {
        projection: Projection {
            version,
            cloud: annotated.cloud,
            of,
            slots: builder.slots,
            kind,
            is_derived: false,
            etag,
            shows_etag: annotated.full || wanted.etag,
            key,
        },
        query: builder.query,
    })
}

/// The plan of links to objects, `…/$ref`.
pub(super) fn links(version: Version, of: &'static Type, cloud: Cloud) -> Plan {
    let mut builder = Builder {
        version,
        query: Query::of(of.entity),
        slots: Vec::new(),
        annotated: Annotated::default(),
    };
    if let Some(key) = of.entity.key() {
        let index = builder.column(key);
        builder.slot("@odata.id", SlotValue::Link { index });
    }
    Plan {
        projection: Projection {
            version,
            cloud,
            of,
            slots: builder.slots,
            kind: None,
            is_derived: false,
            etag: None,
            shows_etag: false,
            key: None,
        },
        query: builder.query,
    }
}

/// Which control information is wanted beside the members, and whose API is spoken.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Annotated {
    /// The version of this level's objects.
    pub(super) etag: bool,
    /// All of it, on every level (OD-11).
    pub(super) full: bool,
    /// The cloud whose API is spoken.
    pub(super) cloud: Cloud,
}

/// Which properties are wanted.
struct Wanted {
    /// Named by `$select`; `None` if all are.
    selected: Option<Vec<&'static Property>>,
    /// Named by `$expand` although they are no navigations: complex values that cannot be left out.
    expanded: Vec<&'static Property>,
    /// Members of an open type that have no row.
    open: Vec<String>,
    shows_all_open: bool,
    /// `@odata.etag` is named.
    etag: bool,
}

impl Wanted {
    fn read(
        version: Version,
        of: &'static Type,
        options: &QueryOptions,
        cloud: Cloud,
    ) -> Result<Self, ResolveError> {
        let mut wanted = Self {
            selected: None,
            expanded: expand::properties(version, of, options),
            open: Vec::new(),
            shows_all_open: false,
            etag: false,
        };
        let items = options.select.as_deref().unwrap_or_default();
        if items.is_empty() || items.contains(&SelectItem::All) {
            wanted.shows_all_open = of.open.is_some();
            return Ok(wanted);
        }
        let mut selected = Vec::new();
        for item in items {
            let SelectItem::Path(names) = item else {
                continue;
            };
            let Some(name) = names.first() else { continue };
            // Control information and the id under its annotation need no column.
            wanted.etag |= name.eq_ignore_ascii_case("@odata.etag");
            let way = of.navigation(version, name);
            let way = way.filter(|way| !lacks_way(cloud, version, of, way));
            if name.starts_with('@') || way.is_some() {
                continue;
            }
            match of.property(version, name) {
                Some(property) => selected.push(property),
                None if of.open.is_some() && is_simple(name) => wanted.open.push(name.clone()),
                None => return Err(unknown("$select", version, of, names)),
            }
        }
        wanted.selected = Some(selected);
        Ok(wanted)
    }

    /// Whether the property is wanted, and if so whether by name.
    fn wants(&self, version: Version, property: &'static Property) -> Option<bool> {
        let is_in =
            |list: &[&'static Property]| list.iter().any(|other| std::ptr::eq(*other, property));
        if is_in(&self.expanded) {
            return Some(true);
        }
        match &self.selected {
            Some(selected) => is_in(selected).then_some(true),
            None => (property.name(version).is_some() && property.shown != Shown::WhenNamed)
                .then_some(false),
        }
    }
}

fn is_simple(name: &str) -> bool {
    name.chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Collects columns, expansions and slots.
pub(super) struct Builder {
    pub(super) version: Version,
    pub(super) query: Query,
    pub(super) slots: Vec<Slot>,
    pub(super) annotated: Annotated,
}

impl Builder {
    /// The place of a column among those that are read.
    pub(super) fn column(&mut self, field: &'static Field) -> usize {
        let fields = &mut self.query.fields;
        if let Some(index) = fields.iter().position(|known| known.name == field.name) {
            return index;
        }
        fields.push(field);
        fields.len() - 1
    }

    /// Adds a member.
    pub(super) fn slot(&mut self, name: &str, value: SlotValue) {
        self.slots.push(Slot {
            key: encoded_key(name),
            value,
            annotation: None,
        });
    }

    /// Adds an expansion.
    pub(super) fn expansion(&mut self, expansion: Expansion) -> usize {
        self.query.expand.push(expansion);
        self.query.expand.len() - 1
    }

    fn property(&mut self, name: &str, property: &'static Property, named: bool) {
        let entity = self.query.entity;
        let skip_null = property.shown == Shown::WhenSet && !named;
        let edm = property.edm;
        let value = match &property.read {
            Read::Column(column) | Read::Sought { column, .. } => {
                entity.field(column).map(|field| SlotValue::Column {
                    index: self.column(field),
                    edm,
                    skip_null,
                })
            }
            Read::Flagged {
                column,
                flag,
                word,
                beta,
            } => entity
                .field(column)
                .zip(entity.field(flag))
                .map(|(column, flag)| SlotValue::Flagged {
                    index: self.column(column),
                    flag: self.column(flag),
                    word,
                    beta,
                    edm,
                }),
            Read::Behind { relation, column } => entity.relation(relation).map(|relation| {
                let mut query = Query::of(relation.to);
                query.fields.extend(relation.to.field(column));
                query.limit = Some(1);
                SlotValue::Behind {
                    expansion: self.expansion(Expansion { relation, query }),
                    edm,
                }
            }),
            Read::Member { column, member } => {
                entity.field(column).map(|field| SlotValue::Member {
                    index: self.column(field),
                    member: (*member).to_owned(),
                    is_collection: edm.is_collection(),
                    skip_null,
                })
            }
            Read::Computed {
                columns,
                related,
                value,
            } => {
                let indexes = columns
                    .iter()
                    .filter_map(|column| entity.field(column))
                    .map(|field| self.column(field))
                    .collect();
                let expansion = related.and_then(|(relation, columns)| {
                    let relation = entity.relation(relation)?;
                    let mut query = Query::of(relation.to);
                    query.fields.extend(
                        columns
                            .iter()
                            .filter_map(|column| relation.to.field(column)),
                    );
                    Some(self.expansion(Expansion { relation, query }))
                });
                Some(SlotValue::Computed {
                    indexes,
                    expansion,
                    value: *value,
                    skip_null,
                })
            }
            Read::Printed { column, print } => {
                entity.field(column).map(|field| SlotValue::Printed {
                    index: self.column(field),
                    print: *print,
                })
            }
            Read::Constant(value) => Some(SlotValue::Constant(value(self.version).to_string())),
        };
        if let Some(value) = value {
            self.slot(name, value);
            if self.annotated.full
                && let Some(slot) = self.slots.last_mut()
            {
                slot.annotation = annotation(self.version, name, edm);
            }
        }
    }

    /// A member of an open type that has no row: whatever the document says, under the client's spelling.
    fn open_member(&mut self, of: &'static Type, member: &str) {
        if let Some(field) = of.open.and_then(|column| of.entity.field(column)) {
            let index = self.column(field);
            self.slot(
                member,
                SlotValue::Member {
                    index,
                    member: member.to_owned(),
                    is_collection: false,
                    skip_null: false,
                },
            );
        }
    }

    /// All the members of an open type's document that have no row.
    fn all_open(&mut self, of: &'static Type) {
        if let Some(field) = of.open.and_then(|column| of.entity.field(column)) {
            let index = self.column(field);
            self.slots.push(Slot {
                key: String::new(),
                value: SlotValue::Open { index },
                annotation: None,
            });
        }
    }
}

/// `name@odata.type`, where JSON does not tell the type by itself.
fn annotation(version: Version, name: &str, edm: Edm) -> Option<(String, String)> {
    let type_name = edm.name(version);
    let shown = match type_name.as_str() {
        "Edm.String" | "Edm.Boolean" => return None,
        other => other.replace("Edm.", ""),
    };
    Some((
        encoded_key(&format!("{name}@odata.type")),
        format!("#{shown}"),
    ))
}

/// A name as it stands in JSON: `"id":`.
pub(super) fn encoded_key(name: &str) -> String {
    format!("{}:", serde_json::Value::from(name))
}
