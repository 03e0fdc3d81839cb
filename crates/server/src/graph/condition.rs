//! `If-Match`: change this, but only if it still is what I read (HT-2).

use domain::query::{Query, Value};
use http::header;
use service::reads;
use wire::address::Tail;

use super::GraphRequest;
use crate::error::Error;

/// Refuses a change of an object whose version is none of those named.
pub(super) async fn check(request: &GraphRequest<'_>) -> Result<(), Error> {
    let Some(wanted) = request.call().header(header::IF_MATCH) else {
        return Ok(());
    };
    let step = request.address().steps.last();
    let is_object = request.address().tail == Tail::Entity;
    let Some(step) = step.filter(|_| is_object) else {
        return Ok(());
    };
    let takes_any = wanted.split(',').any(|tag| tag.trim() == "*");
    let Some(field) = step.of.entity.field("version") else {
        // What has no version has none that could be named.
        return if takes_any {
            Ok(())
        } else {
            Err(Error::PreconditionFailed)
        };
    };
    let ctx = request.ctx();
    let link = request.link(ctx, request.address().parents()).await?;
    let query = Query {
        fields: vec![field],
        filter: request.address().filter(link.as_ref()),
        limit: Some(1),
        ..Query::of(step.of.entity)
    };
    let page = reads::get(request.service(), ctx, query.clone()).await?;
    let Some(row) = page.rows.first() else {
        // The command says so in its own words.
        return Ok(());
    };
    let version = row.values.first().and_then(Value::as_int);
    match version.filter(|version| names(wanted, *version)) {
        Some(version) => {
            // Nothing comes between this look and the write; a star is content with whatever is there.
            if !takes_any {
                request.guard(query, vec![version]);
            }
            Ok(())
        }
        None => Err(Error::PreconditionFailed),
    }
}

/// Whether one of the tags of `If-Match` is the version's, weak or strong.
fn names(wanted: &str, version: i64) -> bool {
    wanted.split(',').map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.trim_matches('"') == version.to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_strong_tags_and_the_star_name_a_version() {
        for wanted in ["W/\"7\"", "\"7\"", "*", "\"3\", W/\"7\""] {
            assert!(names(wanted, 7), "{wanted}");
        }
        for wanted in ["W/\"8\"", "\"77\"", "", "x"] {
            assert!(!names(wanted, 7), "{wanted}");
        }
    }
}
