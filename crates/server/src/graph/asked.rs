//! What a request says beside its path and its options: parameter aliases, and the format of the answer.

use odata::accept::MetadataLevel;
use odata::path::Segment;
use odata::query::QueryOptions;

use crate::call::Call;
use crate::error::Error;

/// The segments of the path, with what the query says of the parameter aliases in them.
pub(super) fn segments(call: &Call) -> Result<Vec<Segment>, Error> {
    if !call.path.contains('@') && !call.path.contains("%40") {
        return Ok(odata::path::parse(&call.path)?);
    }
    let options = QueryOptions::parse(&call.raw_query)?;
    Ok(odata::path::parse_with(&call.path, &options.custom)?)
}

/// How much metadata is wanted: `$format` stands in place of `Accept` (OD-11).
pub(super) fn metadata(call: &Call) -> Result<MetadataLevel, Error> {
    let format = if call.raw_query.contains("format") {
        QueryOptions::parse(&call.raw_query)?.format
    } else {
        None
    };
    match format {
        None => Ok(MetadataLevel::from_accept(
            call.header("accept").unwrap_or_default(),
        )),
        Some(format) => MetadataLevel::from_format(&format).ok_or_else(|| {
            Error::bad_parameter("$format", format!("`{format}` is not offered; use `json`"))
        }),
    }
}
