//! `unifiedRoleDefinition`: the roles of entitlement management. They are built in, so they are a list and not a table.

use domain::evaluate::{self, Tuple};
use domain::query::{Direction, Entity, Field, Kind, Page, Query, Relation, Value};
use serde_json::{Value as Json, json};

use crate::table::{Edm, Read, Type, both, flag, id, lacking, only_beta, text};
use crate::version::Version;

/// One built-in role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleDefinition {
    /// Its id, the same everywhere.
    pub id: &'static str,
    /// Its name.
    pub display_name: &'static str,
    /// What it is for.
    pub description: &'static str,
}

/// Every role (semantics 7.2).
pub const ROLE_DEFINITIONS: &[RoleDefinition] = &[
    RoleDefinition {
        id: "ba92d953-d8e0-4e39-a797-0cbedb0a89e8",
        display_name: "Catalog creator",
        description: "Creates catalogs and becomes their first owner.",
    },
    RoleDefinition {
        id: "ae79f266-94d4-4dab-b730-feca7e132178",
        display_name: "Catalog owner",
        description: "Manages everything in a catalog: its resources, access packages, policies and roles.",
    },
    RoleDefinition {
        id: "44272f93-9762-48e8-af59-1b5351b1d6b3",
        display_name: "Catalog reader",
        description: "Reads everything in a catalog.",
    },
    RoleDefinition {
        id: "7f480852-ebdc-47d4-87de-0d8498384a83",
        display_name: "Access package manager",
        description: "Manages the access packages and policies of a catalog, not its resources.",
    },
    RoleDefinition {
        id: "e2182095-804a-4656-ae11-64734e9b7ae5",
        display_name: "Access package assignment manager",
        description: "Manages the assignments and requests of a catalog.",
    },
];

/// The role with this id.
pub fn find(id: &str) -> Option<&'static RoleDefinition> {
    ROLE_DEFINITIONS
        .iter()
        .find(|role| role.id.eq_ignore_ascii_case(id))
}

/// Answers a query over the roles, as the store does for what is stored.
pub fn list(query: &Query) -> Page {
    evaluate::list(query, ROLE_DEFINITIONS)
}

impl RoleDefinition {
    /// The whole object, for where it stands inside another.
    pub fn json(&self, version: Version) -> Json {
        let mut object = json!({
            "id": self.id,
            "displayName": self.display_name,
            "description": self.description,
            "isBuiltIn": true,
            "isEnabled": true,
            "templateId": self.id,
            "version": "1.0",
            "resourceScopes": ["/"],
            "rolePermissions": [],
        });
        if let (Version::Beta, Json::Object(members)) = (version, &mut object) {
            members.insert("isPrivileged".to_owned(), json!(false));
        }
        object
    }
}

impl Tuple for RoleDefinition {
    fn value(&self, field: &Field) -> Value {
        match field.name {
            "id" => Value::Text(self.id.to_owned()),
            "display_name" => Value::Text(self.display_name.to_owned()),
            "description" => Value::Text(self.description.to_owned()),
            "is_built_in" => Value::Bool(true),
            _ => Value::Null,
        }
    }

    fn follow(&self, _relation: &Relation) -> Vec<Box<dyn Tuple + '_>> {
        Vec::new()
    }
}

static ENTITY: Entity = Entity {
    name: "role_definition",
    fields: &[
        Field {
            name: "id",
            kind: Kind::Id,
        },
        Field {
            name: "display_name",
            kind: Kind::Text,
        },
        Field {
            name: "description",
            kind: Kind::Text,
        },
        Field {
            name: "is_built_in",
            kind: Kind::Bool,
        },
    ],
    relations: &[],
    order: &[("display_name", Direction::Ascending)],
};

/// A role that can be assigned.
pub static ROLE_DEFINITION: Type = Type {
    entity: &ENTITY,
    v1: Some("unifiedRoleDefinition"),
    beta: Some("unifiedRoleDefinition"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
        flag("isBuiltIn", "is_built_in"),
        flag("isEnabled", "is_built_in"),
        text("templateId", "id"),
        both("version", Edm::String, Read::Constant(|_| json!("1.0"))),
        both(
            "resourceScopes",
            Edm::Strings,
            Read::Constant(|_| json!(["/"])),
        ),
        both(
            "rolePermissions",
            Edm::Complexes("unifiedRolePermission", "unifiedRolePermission"),
            Read::Constant(|_| json!([])),
        ),
        only_beta(
            "isPrivileged",
            Edm::Boolean,
            Read::Constant(|_| json!(false)),
        ),
    ],
    navigations: &[],
    open: None,
    searched: &["display_name"],
    lacking: &[
        lacking("inheritsPermissionsFrom", "no role inherits from another"),
        lacking("allowedPrincipalTypes", "any principal may hold any role"),
    ],
};

#[cfg(test)]
mod tests {
    use domain::query::Predicate;

    use super::*;

    #[test]
    fn roles_are_found_by_name_in_any_case() {
        let name = ENTITY.field("display_name").unwrap();
        let query = Query {
            fields: vec![&ENTITY.fields[0]],
            filter: Predicate::equals(name, Value::Text("catalog READER".to_owned())),
            ..Query::of(&ENTITY)
        };

        let page = list(&query);

        assert_eq!(page.rows.len(), 1);
        assert_eq!(
            page.rows[0].values,
            [Value::Text(
                "44272f93-9762-48e8-af59-1b5351b1d6b3".to_owned()
            )]
        );
    }
}
