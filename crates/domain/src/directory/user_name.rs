//! Sign-in names for users whom another directory knows by a name that cannot be one.

use std::fmt::Write;

/// The sign-in name for a user name: the name itself if it has the form of one, else one made of it at `domain`. Names
/// that differ make sign-in names that differ. `None` if one would have to be made and there is no domain.
pub fn sign_in_name(user_name: &str, domain: Option<&str>) -> Option<String> {
    if is_sign_in_name(user_name) {
        return Some(user_name.to_owned());
    }
    let domain = domain?;
    let mut name = String::with_capacity(user_name.len() + domain.len() + 1);
    for c in user_name.chars() {
        if c.is_whitespace() || matches!(c, '@' | '%') {
            // Writing to a `String` cannot fail.
            let _ = write!(name, "%{:X}%", u32::from(c));
        } else {
            name.push(c);
        }
    }
    Some(format!("{name}@{domain}"))
}

fn is_sign_in_name(text: &str) -> bool {
    let is_clean =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    text.split_once('@')
        .is_some_and(|(name, domain)| is_clean(name) && is_clean(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_at_a_domain_is_a_sign_in_name_already() {
        assert_eq!(
            sign_in_name("alice@example.com", None).as_deref(),
            Some("alice@example.com")
        );
    }

    #[test]
    fn other_names_get_a_domain_and_stay_apart() {
        let name = |text| sign_in_name(text, Some("reeve.example")).unwrap();

        assert_eq!(name("alice"), "alice@reeve.example");
        assert_eq!(name("a b"), "a%20%b@reeve.example");
        assert_ne!(name("a b"), name("a%20%b"));
        assert_eq!(name("a@b@c"), "a%40%b%40%c@reeve.example");
    }

    #[test]
    fn without_a_domain_other_names_cannot_sign_in() {
        assert_eq!(sign_in_name("alice", None), None);
    }
}
