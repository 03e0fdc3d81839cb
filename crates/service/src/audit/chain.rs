//! The audit log as a chain: the canonical form of an event, and whether a row of events is the one that was sealed.
//!
//! **Invariant:** the canonical form says all that is stored of an event, and reading it from a file gives the same bytes.

use auth::seal::link;
use serde_json::{Map, Value as Json, json};
use store::audit_chain::StoredEvent;

/// The member that holds the hash in an exported line; it is not part of what is hashed.
pub const HASH: &str = "hash";

/// What is hashed of an event at its place, as one JSON object: its place, then every column, in this order.
pub fn canonical(seq: i64, event: &StoredEvent) -> String {
    Json::Object(members(seq, event)).to_string()
}

/// The event as a line of an export: the canonical form, and the hash behind it.
pub fn line(seq: i64, hash: &str, event: &StoredEvent) -> String {
    let mut members = members(seq, event);
    members.insert(HASH.to_owned(), json!(hash));
    Json::Object(members).to_string()
}

fn members(seq: i64, event: &StoredEvent) -> Map<String, Json> {
    let mut members = Map::new();
    for (name, value) in [
        ("seq", json!(seq)),
        ("id", json!(event.id)),
        ("activityDateTime", json!(event.happened_at.to_string())),
        ("activityDisplayName", json!(event.activity)),
        ("category", json!(event.category)),
        ("operationType", json!(event.operation_type)),
        ("loggedByService", json!(event.logged_by)),
        ("result", json!(event.result)),
        ("resultReason", json!(event.result_reason)),
        ("correlationId", json!(event.correlation_id)),
        ("objectId", json!(event.object_id)),
        ("initiatedBy", document(&event.initiated_by)),
        ("targetResources", document(&event.target_resources)),
        ("additionalDetails", document(&event.additional_details)),
    ] {
        members.insert(name.to_owned(), value);
    }
    members
}

/// A stored document, if its text is as this program writes it: of a member that is there twice, reading keeps only one.
/// Anything else is its text, so that whatever somebody made of it is part of the hash.
fn document(text: &str) -> Json {
    serde_json::from_str(text)
        .ok()
        .filter(|json: &Json| json.is_object() || json.is_array())
        .filter(|json| is_printed_as(json, text))
        .unwrap_or_else(|| json!(text))
}

/// What is wrong with a chain, at the first event where something is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Events are missing.
    #[error("events {from} to {to} are missing")]
    Missing {
        /// The first that is missing.
        from: i64,
        /// The last that is missing.
        to: i64,
    },
    /// The event is not the one that was sealed at its place.
    #[error(
        "event {seq} ({id}) is not the one that was sealed there: it was changed, put in or moved"
    )]
    Changed {
        /// Its place.
        seq: i64,
        /// Its id.
        id: String,
    },
    /// There is more than the server sealed.
    #[error("event {seq} comes after the last one that the server sealed, {last}")]
    Added {
        /// The place of the event.
        seq: i64,
        /// The last one that was sealed.
        last: i64,
    },
    /// The signature of an end does not belong to it.
    #[error("the {place} of the chain, event {seq}, is not the one that the server signed: {why}")]
    Forged {
        /// `head` or `anchor`.
        place: &'static str,
        /// The place that it claims.
        seq: i64,
        /// What is wrong with the signature.
        why: String,
    },
    /// There are sealed events, and no signature of the last one.
    #[error("the server's signature of the last event is missing")]
    NoHead,
    /// The head is older than the one that the server noted outside of the database, or gone.
    #[error(
        "the server had sealed up to event {noted}, and the database's head is at {head}: an old state of it was put back"
    )]
    Behind {
        /// The place that was noted.
        noted: i64,
        /// The place of the head, 0 where there is none.
        head: i64,
    },
    /// A place and hash that were noted elsewhere are not in the chain.
    #[error("event {seq} has not the hash that was noted")]
    OtherHash {
        /// The place.
        seq: i64,
    },
    /// A line of a file is no event.
    #[error("line {line} is not an event of the audit log")]
    Unreadable {
        /// The number of the line.
        line: usize,
    },
}

/// Where a walk along the chain is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The place of the last event that was walked over.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
    /// How many events there were.
    pub count: u64,
    /// The first place.
    pub first: Option<i64>,
    noted: Option<(i64, String)>,
}

impl Walk {
    /// A walk that begins after this event. `noted` is a place and hash that somebody wrote down, to be found on the way.
    pub fn after(seq: i64, hash: impl Into<String>, noted: Option<(i64, String)>) -> Self {
        Self {
            seq,
            hash: hash.into(),
            count: 0,
            first: None,
            noted,
        }
    }

    /// The next event: its place, its canonical form and the hash that is kept for it.
    pub fn step(&mut self, seq: i64, id: &str, canonical: &str, hash: &str) -> Result<(), Break> {
        if seq > self.seq + 1 {
            return Err(Break::Missing {
                from: self.seq + 1,
                to: seq - 1,
            });
        }
        if seq != self.seq + 1 || link(&self.hash, canonical) != hash {
            return Err(Break::Changed {
                seq,
                id: id.to_owned(),
            });
        }
        if let Some((noted, noted_hash)) = &self.noted
            && *noted == seq
            && !noted_hash.eq_ignore_ascii_case(hash)
        {
            return Err(Break::OtherHash { seq });
        }
        self.seq = seq;
        self.hash = hash.to_owned();
        self.count += 1;
        self.first = self.first.or(Some(seq));
        Ok(())
    }

    /// The end of the walk: what was noted must have been on the way.
    pub fn end(&self) -> Result<(), Break> {
        match &self.noted {
            Some((seq, _)) if *seq > self.seq => Err(Break::Missing {
                from: self.seq + 1,
                to: *seq,
            }),
            _ => Ok(()),
        }
    }
}

/// Whether this is the document's own text, and not one that only reads the same.
pub(super) fn is_printed_as(document: &Json, text: &str) -> bool {
    let printed = document.to_string();
    printed == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_texts_of_a_document_have_one_form() {
        let texts = [
            r#"{"user":{"id":"alice"}}"#,
            r#"{"user":{"id":"alice"} }"#,
            r#"{"user":{"id":"mallory"},"user":{"id":"alice"}}"#,
            r#"{"user":{"id":"\u0061lice"}}"#,
            r#""alice""#,
            "alice",
        ];
        let forms: Vec<_> = texts
            .iter()
            .map(|text| document(text).to_string())
            .collect();
        assert_eq!(forms.first().map(String::as_str), Some(texts[0]));
        for (nth, form) in forms.iter().enumerate() {
            assert!(!forms[..nth].contains(form), "{form}");
        }
    }
}
