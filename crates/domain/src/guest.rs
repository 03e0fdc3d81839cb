//! People from outside: the addresses by which they are known, and whether they may be invited (section 3.4).
//!
//! **Invariant:** an address that was read has one spelling to compare by, so that it stands for one person.

use std::fmt;

/// Longest address (RFC 5321), and longest part of it before the domain.
const LONGEST: usize = 254;
const LONGEST_NAME: usize = 64;
/// Longest sign-in name.
const LONGEST_SIGN_IN_NAME: usize = 200;

/// The domain of guests' sign-in names where none is configured: nobody can own it.
pub const NO_DOMAIN: &str = "guests.invalid";

/// The mail address of somebody outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress {
    name: String,
    domain: String,
}

/// The text is no mail address that somebody can be invited by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a mail address such as `ann@example.com`, in ASCII; write the letters of other scripts in a domain as `xn--…`"
)]
pub struct NotAnAddress;

impl MailAddress {
    /// Reads an address. Quoted names and letters beyond ASCII are refused: two spellings of them would look like one.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.trim();
        let (name, domain) = text.rsplit_once('@').ok_or(NotAnAddress)?;
        let is_known = text.len() <= LONGEST && is_name(name) && is_domain(domain);
        is_known.then_some(()).ok_or(NotAnAddress)?;
        Ok(Self {
            name: name.to_owned(),
            domain: domain.to_ascii_lowercase(),
        })
    }

    /// The domain, in lower case.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The part before the domain: a name for whoever gave none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address as it is compared: without regard to case.
    pub fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }

    /// The sign-in name of a guest with this address in `tenant`: `ann_example.com#EXT#@tenant`. `attempt` tells apart
    /// addresses that come to the same name; 0 adds nothing.
    pub fn sign_in_name(&self, tenant: &str, attempt: usize) -> String {
        let suffix = match attempt {
            0 => String::new(),
            more => format!("_{more}"),
        };
        let end = format!("{suffix}#EXT#@{tenant}");
        let kept = LONGEST_SIGN_IN_NAME.saturating_sub(end.len());
        let front: String = format!("{}_{}", self.name, self.domain)
            .chars()
            .map(|letter| if is_plain(letter) { letter } else { '_' })
            .take(kept)
            .collect();
        front + &end
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.domain)
    }
}

fn is_name(name: &str) -> bool {
    let is_letter =
        |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(letter);
    name.len() <= LONGEST_NAME
        && name
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(is_letter))
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    domain.contains('.') && domain.split('.').all(is_label)
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || ".-_+'!^~".contains(letter)
}

/// Who may be invited (EX-3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvitationRules {
    /// Only addresses of these domains; of all, if there is none.
    pub allowed: Vec<String>,
    /// No addresses of these domains, whatever else is said.
    pub blocked: Vec<String>,
    /// Only people of connected organizations that are configured.
    pub only_connected: bool,
}

/// Why somebody is not invited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotInvited {
    /// The domain is on the one list, or not on the other.
    #[error("nobody with an address of `{0}` is invited")]
    Domain(String),
    /// No organization that is configured has the domain.
    #[error("`{0}` is no domain of a connected organization that is configured")]
    Stranger(String),
}

impl InvitationRules {
    /// Whether somebody with this address may be invited. `is_configured` says whether they belong to a connected
    /// organization that an administrator looked at.
    pub fn check(&self, address: &MailAddress, is_configured: bool) -> Result<(), NotInvited> {
        let domain = address.domain();
        let is_in = |list: &[String]| list.iter().any(|pattern| matches(pattern, domain));
        if is_in(&self.blocked) || !(self.allowed.is_empty() || is_in(&self.allowed)) {
            return Err(NotInvited::Domain(domain.to_owned()));
        }
        if self.only_connected && !is_configured {
            return Err(NotInvited::Stranger(domain.to_owned()));
        }
        Ok(())
    }
}

/// Whether a pattern is one that can match: a domain, or `*.` and a domain for all below it.
pub fn is_pattern(pattern: &str) -> bool {
    is_domain(pattern.strip_prefix("*.").unwrap_or(pattern))
}

fn matches(pattern: &str, domain: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    match pattern.strip_prefix('*') {
        Some(end) => domain.ends_with(end),
        None => domain == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> MailAddress {
        MailAddress::parse(text).unwrap()
    }

    #[test]
    fn addresses_are_one_name_at_one_domain() {
        for good in [
            "ann@example.com",
            " Ann.O'Neil+x@Sub.Example.com ",
            "a@xn--bcher-kva.example",
            &format!("{}@example.com", "a".repeat(LONGEST_NAME)),
        ] {
            assert!(MailAddress::parse(good).is_ok(), "{good}");
        }
        assert_eq!(address("Ann@Example.COM").to_string(), "Ann@example.com");
        assert_eq!(address("Ann@Example.COM").key(), "ann@example.com");
    }

    #[test]
    fn odd_addresses_are_refused() {
        for odd in [
            "",
            "ann",
            "@example.com",
            "ann@",
            "ann@localhost",
            "ann@@example.com",
            "ann@bob@example.com",
            "ann..b@example.com",
            ".ann@example.com",
            "a nn@example.com",
            "\"a b\"@example.com",
            "ann@-example.com",
            "ann@exa_mple.com",
            "änn@example.com",
            "ann@bücher.example",
            "ann\u{202e}@example.com",
            "ann\0@example.com",
            "ann@example.com\r\nBcc: x@y.example",
            "<ann@example.com>",
            &format!("{}@example.com", "a".repeat(LONGEST_NAME + 1)),
            &format!("a@{}example.com", "b.".repeat(LONGEST)),
        ] {
            assert_eq!(MailAddress::parse(odd), Err(NotAnAddress), "{odd:?}");
        }
    }

    #[test]
    fn sign_in_names_of_guests_show_where_they_come_from() {
        let ann = address("Ann@Example.com");
        assert_eq!(
            ann.sign_in_name("reeve.test", 0),
            "Ann_example.com#EXT#@reeve.test"
        );
        assert_eq!(
            ann.sign_in_name("reeve.test", 2),
            "Ann_example.com_2#EXT#@reeve.test"
        );
        assert_eq!(
            address("a/b?c#d@example.com").sign_in_name("t.test", 0),
            "a_b_c_d_example.com#EXT#@t.test"
        );
        let long = format!("{}@{}example.com", "a".repeat(64), "b.".repeat(80));
        let name = address(&long).sign_in_name("reeve.test", 1);
        assert_eq!(name.len(), LONGEST_SIGN_IN_NAME);
        assert!(name.ends_with("_1#EXT#@reeve.test"), "{name}");
    }

    #[test]
    fn ex_3_lists_say_who_is_invited_and_the_blocked_ones_win() {
        let rules = InvitationRules {
            allowed: vec!["*.example.com".to_owned(), "Partner.test".to_owned()],
            blocked: vec!["bad.example.com".to_owned()],
            only_connected: false,
        };
        let invited = |text: &str| rules.check(&address(text), false).is_ok();

        assert!(invited("a@sub.example.com"));
        assert!(invited("a@partner.test"));
        assert!(!invited("a@example.com"), "the pattern is for those below");
        assert!(!invited("a@badexample.com"));
        assert!(!invited("a@bad.example.com"));
        assert!(!invited("a@sub.partner.test"));
        assert!(
            InvitationRules::default()
                .check(&address("a@b.test"), false)
                .is_ok()
        );
    }

    #[test]
    fn ex_3_only_people_of_configured_organizations_are_invited_where_that_is_wanted() {
        let rules = InvitationRules {
            only_connected: true,
            ..InvitationRules::default()
        };
        let ann = address("ann@example.com");

        assert!(rules.check(&ann, true).is_ok());
        assert_eq!(
            rules.check(&ann, false),
            Err(NotInvited::Stranger("example.com".to_owned()))
        );
    }

    #[test]
    fn patterns_are_domains_or_what_is_below_them() {
        for good in ["example.com", "*.example.com"] {
            assert!(is_pattern(good), "{good}");
        }
        for wrong in [
            "",
            "*",
            "example",
            "*example.com",
            "@example.com",
            "a@b.com",
        ] {
            assert!(!is_pattern(wrong), "{wrong}");
        }
    }
}
