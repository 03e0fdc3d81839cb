//! The attributes of users that rules can ask for: their names in the language, what they hold, and where the directory
//! keeps them.
//!
//! **Invariant:** an attribute is in the table only if the directory stores it. A rule about anything else is refused, or
//! it would be kept and never select anybody.

use std::borrow::Cow;

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A text.
    Text,
    /// True or false.
    Flag,
    /// Any number of texts.
    Texts,
    /// Whatever was stored: a text, a number, or true or false.
    Any,
}

impl Kind {
    /// The kind in words, for refusals.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::Texts => "a list of texts",
            Self::Any => "a text, a number, or true or false",
        }
    }
}

/// Where the directory keeps an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A column of users.
    Column(&'static str),
    /// A member of the details of users.
    Detail(&'static str),
    /// A member of an object in the details.
    Inside(&'static str, &'static str),
}

/// A row of the table.
#[derive(Debug)]
pub struct Known {
    /// The name in rules, as this directory spells it.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// Where it is kept.
    pub source: Source,
}

const fn column(name: &'static str, kind: Kind, column: &'static str) -> Known {
    known(name, &[], kind, Source::Column(column))
}

const fn text(name: &'static str, stored: &'static str) -> Known {
    column(name, Kind::Text, stored)
}

const fn detail(name: &'static str) -> Known {
    known(name, &[], Kind::Text, Source::Detail(name))
}

const fn list(name: &'static str) -> Known {
    known(name, &[], Kind::Texts, Source::Detail(name))
}

const fn extension(name: &'static str) -> Known {
    const KEPT_IN: &str = "onPremisesExtensionAttributes";
    known(name, &[], Kind::Text, Source::Inside(KEPT_IN, name))
}

const fn known(
    name: &'static str,
    aliases: &'static [&'static str],
    kind: Kind,
    source: Source,
) -> Known {
    Known {
        name,
        aliases,
        kind,
        source,
    }
}

const fn or(mut known: Known, aliases: &'static [&'static str]) -> Known {
    known.aliases = aliases;
    known
}

/// Every attribute that has a name of its own.
pub static ATTRIBUTES: &[Known] = &[
    or(text("objectId", "id"), &["id"]),
    column("accountEnabled", Kind::Flag, "account_enabled"),
    text("companyName", "company_name"),
    text("department", "department"),
    text("displayName", "display_name"),
    text("employeeId", "employee_id"),
    text("givenName", "given_name"),
    text("jobTitle", "job_title"),
    text("mail", "mail"),
    text("mailNickname", "mail_nickname"),
    or(text("mobile", "mobile_phone"), &["mobilePhone"]),
    or(
        text("physicalDeliveryOfficeName", "office_location"),
        &["officeLocation"],
    ),
    text("preferredLanguage", "preferred_language"),
    text("surname", "surname"),
    text("usageLocation", "usage_location"),
    text("userPrincipalName", "user_principal_name"),
    text("userType", "user_type"),
    detail("ageGroup"),
    detail("city"),
    detail("consentProvidedForMinor"),
    detail("country"),
    detail("employeeType"),
    detail("externalUserState"),
    known(
        "facsimileTelephoneNumber",
        &["faxNumber"],
        Kind::Text,
        Source::Detail("faxNumber"),
    ),
    detail("onPremisesImmutableId"),
    detail("passwordPolicies"),
    detail("postalCode"),
    detail("preferredDataLocation"),
    detail("state"),
    detail("streetAddress"),
    known(
        "showInAddressList",
        &[],
        Kind::Flag,
        Source::Detail("showInAddressList"),
    ),
    or(list("businessPhones"), &["telephoneNumber"]),
    list("imAddresses"),
    list("interests"),
    list("otherMails"),
    list("pastProjects"),
    list("responsibilities"),
    list("schools"),
    list("skills"),
    extension("extensionAttribute1"),
    extension("extensionAttribute2"),
    extension("extensionAttribute3"),
    extension("extensionAttribute4"),
    extension("extensionAttribute5"),
    extension("extensionAttribute6"),
    extension("extensionAttribute7"),
    extension("extensionAttribute8"),
    extension("extensionAttribute9"),
    extension("extensionAttribute10"),
    extension("extensionAttribute11"),
    extension("extensionAttribute12"),
    extension("extensionAttribute13"),
    extension("extensionAttribute14"),
    extension("extensionAttribute15"),
];

/// What the names of attributes that applications define begin with.
pub const CUSTOM: &str = "extension_";

/// An attribute that a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribute(Cow<'static, str>);

impl Attribute {
    /// The attribute that a rule means by this name, in any case; none if the directory keeps no such attribute.
    pub fn named(name: &str) -> Option<Self> {
        let means =
            |known: &&Known| spellings(known).any(|spelling| spelling.eq_ignore_ascii_case(name));
        if let Some(known) = ATTRIBUTES.iter().find(means) {
            return Some(Self(Cow::Borrowed(known.name)));
        }
        let is_custom = name.len() > CUSTOM.len()
            && name
                .get(..CUSTOM.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(CUSTOM));
        is_custom.then(|| Self(Cow::Owned(name.to_ascii_lowercase())))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Its row in the table; none if an application defined it.
    pub fn known(&self) -> Option<&'static Known> {
        ATTRIBUTES.iter().find(|known| known.name == self.0)
    }

    /// What it holds.
    pub fn kind(&self) -> Kind {
        self.known().map_or(Kind::Any, |known| known.kind)
    }
}

fn spellings(known: &Known) -> impl Iterator<Item = &'static str> {
    std::iter::once(known.name).chain(known.aliases.iter().copied())
}

/// What a user has of an attribute. That there is nothing is no fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A text.
    Text(String),
    /// True or false.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// Texts, in no order.
    Texts(Vec<String>),
}

/// What is known of one user: a few facts, in the order of the attributes. Made for each user of whom a rule is asked, so
/// they take no more room than they need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts(Vec<(Attribute, Fact)>);

impl Facts {
    /// Remembers what the user has of an attribute.
    pub fn insert(&mut self, attribute: Attribute, fact: Fact) {
        match self.place(&attribute) {
            Ok(place) => {
                if let Some((_, known)) = self.0.get_mut(place) {
                    *known = fact;
                }
            }
            Err(place) => self.0.insert(place, (attribute, fact)),
        }
    }

    /// What the user has of an attribute.
    pub fn get(&self, attribute: &Attribute) -> Option<&Fact> {
        let (_, fact) = self.0.get(self.place(attribute).ok()?)?;
        Some(fact)
    }

    /// Where an attribute is, or would be.
    fn place(&self, attribute: &Attribute) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(attribute))
    }
}

impl FromIterator<(Attribute, Fact)> for Facts {
    fn from_iter<T: IntoIterator<Item = (Attribute, Fact)>>(facts: T) -> Self {
        let mut all = Self::default();
        for (attribute, fact) in facts {
            all.insert(attribute, fact);
        }
        all
    }
}
