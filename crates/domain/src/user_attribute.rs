//! The properties of a user that an answer may be written to when access is delivered (QA-6).
//!
//! **Invariant:** none of them says who a user is or whether they may sign in: those are for whoever keeps the directory.

use std::fmt;

use crate::change::Change;
use crate::directory::{User, UserChanges};
use crate::word::words;

words! {
    /// The properties that the directory itself has.
    pub enum BuiltIn {
        /// First name.
        GivenName = "givenName",
        /// Family name.
        Surname = "surname",
        /// Job title.
        JobTitle = "jobTitle",
        /// Department.
        Department = "department",
        /// Company.
        CompanyName = "companyName",
        /// The number that the employer gave.
        EmployeeId = "employeeId",
        /// In what relation they work.
        EmployeeType = "employeeType",
        /// Where the office is.
        OfficeLocation = "officeLocation",
        /// Mobile phone.
        MobilePhone = "mobilePhone",
        /// Fax.
        FaxNumber = "faxNumber",
        /// Street and house.
        StreetAddress = "streetAddress",
        /// Postal code.
        PostalCode = "postalCode",
        /// City.
        City = "city",
        /// State or province.
        State = "state",
        /// Country.
        Country = "country",
        /// The country in which services are used.
        UsageLocation = "usageLocation",
        /// Preferred language.
        PreferredLanguage = "preferredLanguage",
    }
}

/// What the names of properties begin with that applications define.
const CUSTOM: &str = "extension_";

/// A property of a user that answers may be written to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserAttribute {
    /// One of the directory's own.
    BuiltIn(BuiltIn),
    /// One that an application defined, by its whole name.
    Custom(String),
}

impl UserAttribute {
    /// The property of this name; those of the directory in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(known) = BuiltIn::from_name(name) {
            return Some(Self::BuiltIn(known));
        }
        let rest = name.strip_prefix(CUSTOM)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        (!rest.is_empty() && rest.chars().all(is_plain)).then(|| Self::Custom(name.to_owned()))
    }

    /// Its name as the wire spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::BuiltIn(known) => known.as_str(),
            Self::Custom(name) => name,
        }
    }

    /// What the user has there; a blank is nothing. What is there and no text is given as JSON.
    pub fn of(&self, user: &User) -> Option<String> {
        let found = match self {
            Self::BuiltIn(known) => built_in(*known, user),
            Self::Custom(name) => detail(user, name),
        };
        found.filter(|value| !value.trim().is_empty())
    }

    /// The change that gives a user this value there, or none.
    pub fn change(&self, value: Option<&str>) -> UserChanges {
        let wanted = value.map_or(Change::Clear, |value| Change::Set(value.to_owned()));
        let mut changes = UserChanges::default();
        let place = match self {
            Self::BuiltIn(known) => match known {
                BuiltIn::GivenName => &mut changes.given_name,
                BuiltIn::Surname => &mut changes.surname,
                BuiltIn::JobTitle => &mut changes.job_title,
                BuiltIn::Department => &mut changes.department,
                BuiltIn::CompanyName => &mut changes.company_name,
                BuiltIn::EmployeeId => &mut changes.employee_id,
                BuiltIn::OfficeLocation => &mut changes.office_location,
                BuiltIn::MobilePhone => &mut changes.mobile_phone,
                BuiltIn::UsageLocation => &mut changes.usage_location,
                BuiltIn::PreferredLanguage => &mut changes.preferred_language,
                BuiltIn::EmployeeType
                | BuiltIn::FaxNumber
                | BuiltIn::StreetAddress
                | BuiltIn::PostalCode
                | BuiltIn::City
                | BuiltIn::State
                | BuiltIn::Country => return kept(changes, known.as_str(), wanted),
            },
            Self::Custom(name) => return kept(changes, name, wanted),
        };
        *place = wanted;
        changes
    }
}

impl fmt::Display for UserAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change of what is only kept and served.
fn kept(mut changes: UserChanges, name: &str, wanted: Change<String>) -> UserChanges {
    let as_json = match wanted {
        Change::Set(value) => Change::Set(json_text(&value)),
        Change::Clear => Change::Clear,
        Change::Keep => Change::Keep,
    };
    changes.details.insert(name.to_owned(), as_json);
    changes
}

fn built_in(known: BuiltIn, user: &User) -> Option<String> {
    match known {
        BuiltIn::GivenName => user.given_name.clone(),
        BuiltIn::Surname => user.surname.clone(),
        BuiltIn::JobTitle => user.job_title.clone(),
        BuiltIn::Department => user.department.clone(),
        BuiltIn::CompanyName => user.company_name.clone(),
        BuiltIn::EmployeeId => user.employee_id.clone(),
        BuiltIn::OfficeLocation => user.office_location.clone(),
        BuiltIn::MobilePhone => user.mobile_phone.clone(),
        BuiltIn::UsageLocation => user.usage_location.clone(),
        BuiltIn::PreferredLanguage => user.preferred_language.clone(),
        BuiltIn::EmployeeType
        | BuiltIn::FaxNumber
        | BuiltIn::StreetAddress
        | BuiltIn::PostalCode
        | BuiltIn::City
        | BuiltIn::State
        | BuiltIn::Country => detail(user, known.as_str()),
    }
}

/// What is only kept and served is kept as JSON.
fn detail(user: &User, name: &str) -> Option<String> {
    let stored = user.details.get(name)?;
    match stored
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => Some(plain(inner)),
        None if stored == "null" => None,
        None => Some(stored.clone()),
    }
}

/// What stands in a JSON text, as far as [`json_text`] writes it; other escapes stay as they are.
fn plain(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.clone().next() {
            Some(escaped @ ('"' | '\\' | '/')) => {
                rest.next();
                text.push(escaped);
            }
            Some(_) | None => text.push(c),
        }
    }
    text
}

/// A text as a JSON value.
fn json_text(value: &str) -> String {
    let mut json = String::with_capacity(value.len() + 2);
    json.push('"');
    for c in value.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            // An answer is one line in an attribute.
            c if c.is_control() => json.push(' '),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::id::ObjectId;
    use crate::time::Timestamp;

    fn user() -> User {
        let named = UserChanges {
            user_principal_name: Some("alice@reeve.example".to_owned()),
            display_name: Some("Alice".to_owned()),
            ..UserChanges::default()
        };
        User::create(
            ObjectId::new(Uuid::from_u128(1)),
            Timestamp::from_micros(0),
            &named,
        )
        .unwrap()
    }

    #[test]
    fn qa_6_what_is_written_to_an_attribute_is_read_from_it() {
        let custom = UserAttribute::Custom("extension_costCentre".to_owned());
        let all = BuiltIn::ALL.iter().copied().map(UserAttribute::BuiltIn);
        for attribute in all.chain([custom]) {
            let mut user = user();

            user.change(&attribute.change(Some("K 17"))).unwrap();
            assert_eq!(attribute.of(&user).as_deref(), Some("K 17"), "{attribute}");

            user.change(&attribute.change(None)).unwrap();
            assert_eq!(attribute.of(&user), None, "{attribute}");
        }
    }

    #[test]
    fn texts_with_quotes_come_back_as_they_were() {
        let attribute = UserAttribute::BuiltIn(BuiltIn::City);
        let mut user = user();

        user.change(&attribute.change(Some("a \"b\" \\ c")))
            .unwrap();

        assert_eq!(user.details["city"], "\"a \\\"b\\\" \\\\ c\"");
        assert_eq!(attribute.of(&user).as_deref(), Some("a \"b\" \\ c"));
    }

    #[test]
    fn qa_6_who_a_user_is_and_whether_they_may_sign_in_is_nothing_to_answer() {
        for name in [
            "userPrincipalName",
            "displayName",
            "mail",
            "accountEnabled",
            "userType",
            "passwordProfile",
            "manager",
            "extension_",
            "extension_a/b",
            "shoeSize",
        ] {
            assert_eq!(UserAttribute::from_name(name), None, "{name}");
        }
        let known = UserAttribute::from_name("DEPARTMENT");
        assert_eq!(known, Some(UserAttribute::BuiltIn(BuiltIn::Department)));
    }
}
