//! Reading typed values out of rows: ids, instants, words of closed lists.

use std::str::FromStr;

use domain::time::{Duration, Timestamp};

use crate::engine::Row;
use crate::error::Error;

/// An id, or anything that reads itself from text.
pub(crate) fn parsed<T: FromStr>(row: &Row<'_>, index: usize, place: &str) -> Result<T, Error> {
    let text = row.text(index)?;
    text.parse().map_err(|_| unreadable(place, text))
}

/// An id that may be absent.
pub(crate) fn opt_parsed<T: FromStr>(
    row: &Row<'_>,
    index: usize,
    place: &str,
) -> Result<Option<T>, Error> {
    row.opt_text(index)?
        .map(|text| text.parse().map_err(|_| unreadable(place, text)))
        .transpose()
}

/// A word of a closed list.
pub(crate) fn word<T>(
    row: &Row<'_>,
    index: usize,
    place: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, Error> {
    let text = row.text(index)?;
    read(text).ok_or_else(|| unreadable(place, text))
}

/// An instant.
pub(crate) fn instant(row: &Row<'_>, index: usize) -> Result<Timestamp, Error> {
    row.int(index).map(Timestamp::from_micros)
}

/// An instant that may be absent.
pub(crate) fn opt_instant(row: &Row<'_>, index: usize) -> Result<Option<Timestamp>, Error> {
    Ok(row.opt_int(index)?.map(Timestamp::from_micros))
}

/// A length of time that may be absent.
pub(crate) fn opt_duration(row: &Row<'_>, index: usize) -> Result<Option<Duration>, Error> {
    Ok(row.opt_int(index)?.map(Duration::from_micros))
}

/// A text that may be absent, owned.
pub(crate) fn opt_string(row: &Row<'_>, index: usize) -> Result<Option<String>, Error> {
    Ok(row.opt_text(index)?.map(ToOwned::to_owned))
}

fn unreadable(place: &str, found: &str) -> Error {
    Error::Corrupt {
        place: format!("`{place}`"),
        found: format!("`{found}`"),
    }
}
