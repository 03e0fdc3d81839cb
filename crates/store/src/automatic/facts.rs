//! What rules can ask about users, read from where the directory keeps it.
//!
//! **Invariant:** a user is read whole only as far as the rules ask: details are taken apart only if one asks for them.

use domain::id::ObjectId;
use domain::membership_rule::attribute::{ATTRIBUTES, CUSTOM, Source};
use domain::membership_rule::{Attribute, Fact, Facts};
use serde_json::Value as Json;

use super::Person;
use crate::column::{opt_string, parsed};
use crate::engine::Row;
use crate::value::{int, text};
use crate::{Error, ReadTx};

pub(crate) const STATEMENTS: &[&str] = &[ONE, PAGE];

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, account_enabled, company_name, department, display_name, employee_id, given_name, job_title, ",
            "mail, mail_nickname, mobile_phone, office_location, preferred_language, surname, usage_location, ",
            "user_principal_name, user_type, details FROM directory_user WHERE deleted_at IS NULL AND ",
            $tail
        )
    };
}

/// The columns of the statements before the details, in their order.
const COLUMNS: &[&str] = &[
    "id",
    "account_enabled",
    "company_name",
    "department",
    "display_name",
    "employee_id",
    "given_name",
    "job_title",
    "mail",
    "mail_nickname",
    "mobile_phone",
    "office_location",
    "preferred_language",
    "surname",
    "usage_location",
    "user_principal_name",
    "user_type",
];

const FLAG: &str = "account_enabled";

const ONE: &str = select!("id = $1");
const PAGE: &str = select!("id > $1 ORDER BY id LIMIT $2");

/// What is known of a user, as far as these attributes go; none if the user is not there or deleted.
pub fn of_user(
    tx: &mut ReadTx<'_>,
    user: ObjectId,
    wanted: &[Attribute],
) -> Result<Option<Facts>, Error> {
    let plan = Plan::of(wanted);
    tx.query_opt(ONE, &[text(user)])?
        .as_ref()
        .map(|row| plan.facts(row))
        .transpose()
}

/// All that rules could ask about a user; none if the user is not there or deleted.
pub fn all_of_user(tx: &mut ReadTx<'_>, user: ObjectId) -> Result<Option<Facts>, Error> {
    let Some(row) = tx.query_opt(ONE, &[text(user)])? else {
        return Ok(None);
    };
    let mut wanted: Vec<Attribute> = ATTRIBUTES
        .iter()
        .filter_map(|known| Attribute::named(known.name))
        .collect();
    if let Json::Object(members) = details(&row)? {
        let custom = members.keys().filter(|name| {
            name.get(..CUSTOM.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(CUSTOM))
        });
        wanted.extend(custom.filter_map(|name| Attribute::named(name)));
    }
    Plan::of(&wanted).facts(&row).map(Some)
}

/// The users after one, in the order of their ids.
pub fn page(
    tx: &mut ReadTx<'_>,
    after: Option<ObjectId>,
    limit: i64,
    wanted: &[Attribute],
) -> Result<Vec<Person>, Error> {
    let plan = Plan::of(wanted);
    let after = after.map_or(String::new(), |id| id.to_string());
    tx.query_map(PAGE, &[text(after), int(limit)], |row| {
        Ok(Person {
            id: parsed(row, 0, "directory_user.id")?,
            facts: plan.facts(row)?,
        })
    })
}

/// Where in a row the wanted attributes are.
struct Plan<'a> {
    columns: Vec<(&'a Attribute, usize, bool)>,
    details: Vec<(&'a Attribute, Option<Source>)>,
}

impl<'a> Plan<'a> {
    fn of(wanted: &'a [Attribute]) -> Self {
        let mut plan = Self {
            columns: Vec::new(),
            details: Vec::new(),
        };
        for attribute in wanted {
            match attribute.known().map(|known| known.source) {
                Some(Source::Column(name)) => {
                    let index = COLUMNS.iter().position(|column| *column == name);
                    plan.columns
                        .extend(index.map(|index| (attribute, index, name == FLAG)));
                }
                source => plan.details.push((attribute, source)),
            }
        }
        plan
    }

    fn facts(&self, row: &Row<'_>) -> Result<Facts, Error> {
        let mut facts = Facts::default();
        for (attribute, index, is_flag) in &self.columns {
            let fact = if *is_flag {
                Some(Fact::Flag(row.boolean(*index)?))
            } else {
                opt_string(row, *index)?.map(Fact::Text)
            };
            if let Some(fact) = fact {
                facts.insert((*attribute).clone(), fact);
            }
        }
        if self.details.is_empty() {
            return Ok(facts);
        }
        let details = details(row)?;
        for (attribute, source) in &self.details {
            let value = match source {
                Some(Source::Detail(name) | Source::Column(name)) => details.get(name),
                Some(Source::Inside(outer, name)) => {
                    details.get(outer).and_then(|inner| inner.get(name))
                }
                None => named_in_any_case(&details, attribute.name()),
            };
            if let Some(fact) = value.and_then(fact) {
                facts.insert((*attribute).clone(), fact);
            }
        }
        Ok(facts)
    }
}

fn details(row: &Row<'_>) -> Result<Json, Error> {
    let written = row.text(COLUMNS.len())?;
    serde_json::from_str(written).map_err(|_| {
        Error::corrupt(
            "directory_user",
            "details",
            row.text(0).unwrap_or_default(),
            written,
        )
    })
}

fn named_in_any_case<'d>(details: &'d Json, name: &str) -> Option<&'d Json> {
    details
        .as_object()?
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// What a stored value tells; objects and what is empty tell nothing.
fn fact(value: &Json) -> Option<Fact> {
    match value {
        Json::String(text) => Some(Fact::Text(text.clone())),
        Json::Bool(flag) => Some(Fact::Flag(*flag)),
        Json::Number(number) => Some(
            number
                .as_i64()
                .map_or_else(|| Fact::Text(number.to_string()), Fact::Number),
        ),
        Json::Array(items) => {
            let texts: Vec<String> = items
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect();
            (!texts.is_empty()).then_some(Fact::Texts(texts))
        }
        Json::Null | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_that_is_a_column_is_read() {
        for known in ATTRIBUTES {
            if let Source::Column(name) = known.source {
                assert!(COLUMNS.contains(&name), "{name}");
                assert!(ONE.contains(&format!(" {name},")), "{name}");
            }
        }
    }

    #[test]
    fn a_stored_value_tells_what_it_is_and_emptiness_nothing() {
        let read = |text: &str| fact(&serde_json::from_str(text).unwrap());

        assert_eq!(read("\"x\""), Some(Fact::Text("x".to_owned())));
        assert_eq!(read("7"), Some(Fact::Number(7)));
        assert_eq!(read("1.5"), Some(Fact::Text("1.5".to_owned())));
        assert_eq!(read("[\"x\", 1]"), Some(Fact::Texts(vec!["x".to_owned()])));
        assert_eq!(read("[]"), None);
        assert_eq!(read("{\"a\": 1}"), None);
    }
}
