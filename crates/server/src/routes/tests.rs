use domain::query::Entity;
use wire::sets::OPERATIONS;
use wire::tables::TYPES;

use super::*;

/// Whether some navigation of the API follows this relation to this entity.
fn leads_to(relation: &str, of: &Entity) -> bool {
    TYPES.iter().any(|parent| {
        parent
            .navigations
            .iter()
            .any(|way| way.relation == relation && way.target.entity == of)
    })
}

#[test]
fn each_row_can_be_reached_by_a_path() {
    for row in ROUTES {
        let (of, reachable) = match row.place {
            Place::Collection | Place::Object | Place::Content => {
                (row.of.name, TYPES.iter().any(|one| one.entity == row.of))
            }
            Place::Links(relation) | Place::Link(relation) => {
                (relation, leads_to(relation, row.of))
            }
            Place::Call(name) => {
                let mut same = OPERATIONS.iter().filter(|one| one.name == name);
                (name, same.any(|one| one.bound_to == row.of.name))
            }
        };
        assert!(reachable, "{} {of}", row.method);
    }
}

#[test]
fn actions_are_called_by_post_and_functions_by_get() {
    for row in ROUTES {
        if let Place::Call(name) = row.place {
            let operation = OPERATIONS.iter().find(|one| one.name == name);
            let is_action = operation.is_some_and(|one| one.is_action);
            let method = if is_action { Method::POST } else { Method::GET };
            assert_eq!(row.method, method, "{name}");
        }
    }
}

#[test]
fn no_request_has_two_handlers() {
    for (index, row) in ROUTES.iter().enumerate() {
        let same = |other: &Route| {
            other.of == row.of && other.place == row.place && other.method == row.method
        };
        let twins = ROUTES
            .iter()
            .skip(index + 1)
            .filter(|other| same(other))
            .count();
        assert_eq!(twins, 0, "{} {:?} {}", row.of.name, row.place, row.method);
    }
}
