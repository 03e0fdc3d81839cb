//! From `$expand` to expansions of the query (OD-5, OD-6).

use domain::query::Expansion;
use odata::names::Names;
use odata::query::{ExpandItem, ExpandPath, QueryOptions, SelectItem};

use super::select::{self, Annotated, Builder};
use super::{ResolveError, SlotValue, filter, order, search, unknown};
use crate::address::visible;
use crate::cloud::lacks_way;
use crate::sets::home;
use crate::table::{Navigation, Property, Type};
use crate::version::Version;

/// The properties that `$expand` names: what is complex here but a navigation in the schema.
pub(super) fn properties(
    version: Version,
    of: &'static Type,
    options: &QueryOptions,
) -> Vec<&'static Property> {
    let names = options.expand.iter().filter_map(|item| match &item.path {
        ExpandPath::Path(names) => names.first(),
        ExpandPath::All => None,
    });
    names
        .filter_map(|name| of.property(version, name))
        .collect()
}

/// Adds what `$expand` asks for to the level that is being built.
pub(super) fn add(
    builder: &mut Builder,
    of: &'static Type,
    options: &QueryOptions,
) -> Result<(), ResolveError> {
    let mut asked = merged(builder.version, of, options, builder.annotated)?;
    asked.extend(shown_anyway(builder.version, of, options, &asked));
    for (navigation, options, is_ref) in asked {
        one(builder, of, navigation, &options, is_ref).map_err(ResolveError::in_expand)?;
    }
    Ok(())
}

/// What is shown without being asked for, unless `$select` leaves it out.
fn shown_anyway(
    version: Version,
    of: &'static Type,
    options: &QueryOptions,
    asked: &Asked,
) -> Asked {
    let is_selected = |name: &str| match &options.select {
        None => true,
        Some(items) => items.iter().any(|item| match item {
            SelectItem::All => true,
            SelectItem::Path(names) => names
                .first()
                .is_some_and(|first| first.eq_ignore_ascii_case(name)),
        }),
    };
    of.navigations
        .iter()
        .filter(|navigation| navigation.always && navigation.name(version).is_some_and(is_selected))
        .filter(|navigation| {
            !asked
                .iter()
                .any(|(known, _, _)| std::ptr::eq(*known, *navigation))
        })
        .map(|navigation| (navigation, QueryOptions::default(), false))
        .collect()
}

/// What is expanded, with which options, and whether links alone are wanted.
type Asked = Vec<(&'static Navigation, QueryOptions, bool)>;

/// Each navigation once: `a,a/b,a($expand=c)` are one expansion of `a` with two of its own.
fn merged(
    version: Version,
    of: &'static Type,
    options: &QueryOptions,
    Annotated { cloud, .. }: Annotated,
) -> Result<Asked, ResolveError> {
    let is_there = |way: &&'static Navigation| !lacks_way(cloud, version, of, way);
    let mut asked: Asked = Vec::new();
    for item in &options.expand {
        match &item.path {
            ExpandPath::All => {
                for navigation in of.navigations.iter().filter(is_there) {
                    if navigation.name(version).is_some() && !is_cast(version, navigation) {
                        note(&mut asked, navigation, (item.options.clone(), item.is_ref));
                    }
                }
            }
            ExpandPath::Path(names) => {
                let Some(first) = names.first() else {
                    continue;
                };
                match of.navigation(version, first).filter(is_there) {
                    Some(navigation) => note(&mut asked, navigation, nested(names, item)),
                    // A complex value, printed anyway; nothing below it can be asked for.
                    None if names.len() == 1 && of.property(version, first).is_some() => {}
                    None => return Err(unknown("$expand", version, of, names)),
                }
            }
        }
    }
    Ok(asked)
}

/// Type casts look like navigations in the table, but `*` does not mean them.
fn is_cast(version: Version, navigation: &Navigation) -> bool {
    navigation
        .name(version)
        .is_some_and(|name| name.contains('.'))
}

/// What the first navigation of a path is expanded with: the rest of it.
fn nested(names: &Names, item: &ExpandItem) -> (QueryOptions, bool) {
    let rest = names.behind(1);
    if rest.is_empty() {
        return (item.options.clone(), item.is_ref);
    }
    let options = QueryOptions {
        expand: vec![ExpandItem {
            path: ExpandPath::Path(rest),
            options: item.options.clone(),
            is_ref: item.is_ref,
        }],
        ..QueryOptions::default()
    };
    (options, false)
}

fn note(
    asked: &mut Asked,
    navigation: &'static Navigation,
    (options, is_ref): (QueryOptions, bool),
) {
    match asked
        .iter_mut()
        .find(|(known, _, _)| std::ptr::eq(*known, navigation))
    {
        None => asked.push((navigation, options, is_ref)),
        Some((_, known, links)) => {
            *links &= is_ref;
            let mut expand = std::mem::take(&mut known.expand);
            expand.extend(options.expand.iter().cloned());
            let select = known.select.take().or(options.select.clone());
            *known = QueryOptions {
                expand,
                select,
                ..if known == &QueryOptions::default() {
                    options
                } else {
                    known.clone()
                }
            };
        }
    }
}

fn one(
    builder: &mut Builder,
    of: &'static Type,
    navigation: &'static Navigation,
    options: &QueryOptions,
    is_ref: bool,
) -> Result<(), ResolveError> {
    let version = builder.version;
    let name = navigation.name(version).unwrap_or_default();
    let relation = of.relation(navigation).ok_or_else(|| {
        let names = Names::from(vec![name.to_owned()]);
        unknown("$expand", version, of, &names)
    })?;
    let target = navigation.target;
    let Annotated { cloud, full, .. } = builder.annotated;
    if is_ref && home(cloud, version, target).is_none() && !full {
        return Err(ResolveError::Unsupported {
            option: "$expand",
            reason: format!("the objects of '{name}' have no address of their own to link to"),
            position: None,
        });
    }
    let is_collection = !(relation.is_to_one() || navigation.first_only);
    let mut plan = if is_ref {
        select::links(version, target, cloud)
    } else {
        select::plan(version, target, options, builder.annotated)?
    };
    plan.projection.is_derived = navigation.declared.is_some();
    plan.query.filter = visible(target.entity);
    if let Some(expr) = &options.filter {
        plan.query.filter = plan
            .query
            .filter
            .and(filter::compile(version, target, expr)?);
    }
    if let Some(wanted) = &options.search {
        plan.query.filter = plan.query.filter.and(search(target, wanted)?);
    }
    plan.query.order = order(version, target, options)?;
    plan.query.skip = options.skip.unwrap_or(0);
    plan.query.count = is_collection && options.count;
    plan.query.limit = match (is_collection, options.top) {
        (false, _) => Some(1),
        (true, top) => top.map(u64::from),
    };
    let expansion = builder.expansion(Expansion {
        relation,
        query: plan.query,
    });
    let count = (is_collection && options.count)
        .then(|| select::encoded_key(&format!("{name}@odata.count")));
    builder.slot(
        name,
        SlotValue::Expanded {
            expansion,
            is_collection,
            count,
            projection: Box::new(plan.projection),
            name,
        },
    );
    Ok(())
}
