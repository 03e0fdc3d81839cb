//! Objects and subjects for tests.

use std::str::FromStr;

use domain::id::MalformedId;

use crate::{Object, Subject};

/// A group with that number as id.
pub fn object(number: u16, display_name: &str, address: Option<&str>) -> Object {
    let group = guid(0xb, number);
    Object {
        origin_system: "AadGroup".to_owned(),
        resource_origin_id: group.clone(),
        resource_display_name: display_name.to_owned(),
        role_origin_id: format!("Member_{group}"),
        role_display_name: "Member".to_owned(),
        scope_origin_id: group,
        address: address.map(str::to_owned),
    }
}

/// A subject with that number as id; its sign-in name is `name@example.com`.
///
/// # Errors
/// Never for the ids made here; the type says it because ids are parsed.
pub fn subject(number: u16, name: &str) -> Result<Subject, MalformedId> {
    Ok(Subject {
        id: FromStr::from_str(&guid(0xc, number))?,
        object_id: FromStr::from_str(&guid(0xa, number))?,
        user_principal_name: format!("{name}@example.com"),
        display_name: format!("{name} Sample"),
        given_name: Some(name.to_owned()),
        surname: Some("Sample".to_owned()),
        mail: Some(format!("{name}@example.com")),
        enabled: true,
    })
}

fn guid(kind: u8, number: u16) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}
