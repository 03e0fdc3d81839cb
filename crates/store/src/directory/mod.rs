//! The directory that Reeve keeps itself: users, groups, service principals, and who is in what.
//!
//! **Invariant:** the API and the delivery engine change memberships and app role assignments through the same
//! functions, so that both see the same rules (R2).

pub mod app_role_assignment;
pub mod application;
pub mod application_permission;
pub mod group;
pub mod membership;
pub mod object;
pub mod role_member;
pub mod service_principal;
pub mod target_binding;
pub mod user;
pub mod user_match;

#[cfg(test)]
mod tests;

use domain::directory::Details;
use serde_json::Value as Json;

use crate::Error;
use crate::engine::Row;

/// The number of the shape of a document, beside its members.
const VERSION: (&str, i64) = ("v", 1);

/// The members of an open type that have no column of their own, under the names that the wire gives them.
fn details_document(details: &Details) -> String {
    let members = details.iter().map(|(name, text)| {
        // What is not JSON (and only JSON gets here) is kept as the text that it is.
        let value = serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.clone()));
        (name.clone(), value)
    });
    let version = (VERSION.0.to_owned(), Json::from(VERSION.1));
    Json::Object([version].into_iter().chain(members).collect()).to_string()
}

fn details_of(row: &Row<'_>, index: usize, place: &str) -> Result<Details, Error> {
    match document(row, index, place)? {
        Json::Object(members) => Ok(members
            .into_iter()
            .filter(|(name, _)| name != VERSION.0)
            .map(|(name, value)| (name, value.to_string()))
            .collect()),
        other => Err(unreadable(place, &other)),
    }
}

/// A list of texts as a document.
fn texts_document(texts: &[String]) -> String {
    Json::from(texts).to_string()
}

fn texts_of(row: &Row<'_>, index: usize, place: &str) -> Result<Vec<String>, Error> {
    let document = document(row, index, place)?;
    let texts = document
        .as_array()
        .map(|texts| texts.iter().map(|text| text.as_str().map(str::to_owned)));
    texts
        .and_then(Iterator::collect)
        .ok_or_else(|| unreadable(place, &document))
}

fn document(row: &Row<'_>, index: usize, place: &str) -> Result<Json, Error> {
    let text = row.text(index)?;
    serde_json::from_str(text).map_err(|_| unreadable(place, &Json::from(text)))
}

fn unreadable(place: &str, found: &Json) -> Error {
    Error::Corrupt {
        place: format!("`{place}`"),
        found: found.to_string(),
    }
}
