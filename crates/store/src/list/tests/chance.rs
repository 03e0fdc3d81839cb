//! Predicates made by chance, of everything a predicate can be made of.

use super::*;

/// A predicate over an entity, made of everything a predicate can be made of.
pub(super) fn predicate(
    dice: &mut Dice,
    world: &World,
    entity: &'static Entity,
    depth: usize,
) -> Predicate {
    let kinds = if depth == 0 { 3 } else { 7 };
    match dice.roll(kinds) {
        0 => {
            let path = path(dice, entity);
            let comparisons = [
                Comparison::Eq,
                Comparison::Ne,
                Comparison::Gt,
                Comparison::Ge,
                Comparison::Lt,
                Comparison::Le,
            ];
            // Only numbers have an order that both sides agree on.
            let comparison = match path.field.kind {
                Kind::Int | Kind::Instant => *dice.pick(&comparisons),
                _ => *dice.pick(&comparisons[..2]),
            };
            let value = known_value(dice, world, entity, &path);
            Predicate::Compare {
                path,
                comparison,
                value,
            }
        }
        1 => {
            let path = path(dice, entity);
            let values = (0..dice.roll(4))
                .map(|_| known_value(dice, world, entity, &path))
                .collect();
            Predicate::In { path, values }
        }
        2 => {
            let path = path(dice, entity);
            let matching = *dice.pick(&[
                TextMatch::Contains,
                TextMatch::StartsWith,
                TextMatch::EndsWith,
            ]);
            let text = (*dice.pick(&["fin", "%", "_", "ÄR", "\\", "'", "", "NCE"])).to_owned();
            Predicate::Text {
                path,
                matching,
                text,
            }
        }
        3 => Predicate::Not(Box::new(predicate(dice, world, entity, depth - 1))),
        4 => Predicate::All(
            (0..dice.roll(4))
                .map(|_| predicate(dice, world, entity, depth - 1))
                .collect(),
        ),
        5 => Predicate::Any(
            (0..dice.roll(4))
                .map(|_| predicate(dice, world, entity, depth - 1))
                .collect(),
        ),
        _ => {
            let relations: Vec<&'static Relation> = entity
                .relations
                .iter()
                .filter(|relation| is_known(world, relation))
                .collect();
            if relations.is_empty() {
                return Predicate::True;
            }
            let relation = *dice.pick::<&Relation>(&relations);
            let inner = predicate(dice, world, relation.to, depth - 1);
            Predicate::Exists {
                hops: vec![relation],
                inner: Box::new(inner),
            }
        }
    }
}

pub(super) fn is_known(world: &World, relation: &Relation) -> bool {
    match relation.link {
        Link::Through { table, .. } => world.pairs.contains_key(table),
        Link::One { .. } | Link::Many { .. } | Link::Inside { .. } => true,
    }
}

/// A field that can be compared, here or behind a relation to one row.
pub(super) fn path(dice: &mut Dice, entity: &'static Entity) -> Path {
    let to_one: Vec<&'static Relation> = entity
        .relations
        .iter()
        .filter(|relation| relation.is_to_one())
        .collect();
    let hops = if to_one.is_empty() || dice.roll(2) == 0 {
        Vec::new()
    } else {
        vec![*dice.pick::<&Relation>(&to_one)]
    };
    let end = hops.last().map_or(entity, |hop: &&Relation| hop.to);
    let fields: Vec<&'static Field> = end
        .fields
        .iter()
        .filter(|field| field.kind != Kind::Document)
        .collect();
    Path {
        hops,
        field: dice.pick::<&Field>(&fields),
    }
}

/// A value that some row has, or null.
pub(super) fn known_value(
    dice: &mut Dice,
    world: &World,
    entity: &'static Entity,
    path: &Path,
) -> Value {
    let end = path.hops.last().map_or(entity, |hop| hop.to);
    let rows = &world.rows[end.name];
    if rows.is_empty() || dice.roll(6) == 0 {
        return Value::Null;
    }
    let value = dice.pick(rows)[path.field.name].clone();
    match (path.field.kind, value) {
        (Kind::Text, Value::Text(text)) if dice.roll(2) == 0 => Value::Text(text.to_uppercase()),
        (_, value) => value,
    }
}
