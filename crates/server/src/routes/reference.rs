//! Which object a `$ref` request means (OD-13, OD-14).

use std::str::FromStr;

use domain::id::{AccessPackageId, ObjectId};
use odata::query::QueryOptions;
use serde_json::Value;
use wire::decode::reference::{object_in, reference};

use crate::error::Error;
use crate::graph::GraphRequest;

/// Where objects that `$ref` links to are found.
const SETS: &[&str] = &[
    "directoryObjects",
    "users",
    "groups",
    "servicePrincipals",
    "accessPackages",
];

/// The directory object that `{"@odata.id": "…"}` names.
pub(super) fn object_of_body(body: &Value) -> Result<ObjectId, Error> {
    Ok(reference(body)?)
}

/// The access package that `{"@odata.id": "…"}` names.
pub(super) fn package_of_body(body: &Value) -> Result<AccessPackageId, Error> {
    let address = body.get("@odata.id").and_then(Value::as_str);
    address
        .and_then(|address| object_in(address, &["accessPackages"]))
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| Error::InvalidModel {
            target: "@odata.id".to_owned(),
            message: "`@odata.id` must be the address of an access package".to_owned(),
        })
}

/// The object that the path names before `$ref`, or else `?@id=…` behind it.
pub(super) fn of_path_or_query<T: FromStr>(request: &GraphRequest<'_>) -> Result<T, Error> {
    let malformed = |text: &str| {
        let message = format!("`{text}` does not name an object by its id");
        Error::bad_parameter("@id", message)
    };
    if let Some(id) = request.address().last_id() {
        return id.parse().map_err(|_| malformed(id));
    }
    let options = QueryOptions::parse(&request.call().raw_query)?;
    let address = options.id.ok_or_else(|| {
        let message = "`$ref` needs the object in the path or as `@id`";
        Error::bad_parameter("@id", message)
    })?;
    object_in(&address, SETS)
        .unwrap_or(&address)
        .parse()
        .map_err(|_| malformed(&address))
}
