//! The `Prefer` header: what the client would like, and the server may do.
//!
//! **Invariant:** a preference that is unknown or malformed is ignored, never
//! an error.

/// The preferences this protocol knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// Show enum members that were added after the first version.
    pub include_unknown_enum_members: bool,
    /// The page size wanted, from 1.
    pub max_page_size: Option<u32>,
    /// What to answer to a write.
    pub returned: Option<Return>,
}

/// The preference `return=…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// No body.
    Minimal,
    /// The entity as it is afterwards.
    Representation,
}

impl Preferences {
    /// Reads all `Prefer` headers of a request. The first of several values for
    /// one preference counts.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Preferences {
        let mut preferences = Preferences::default();
        for preference in headers.into_iter().flat_map(|header| header.split(',')) {
            preferences.note(preference);
        }
        preferences
    }

    fn note(&mut self, preference: &str) {
        // What follows a `;` are parameters; none are defined here.
        let preference = preference.split(';').next().unwrap_or_default();
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        let value = value.trim().trim_matches('"');
        let name = name.trim().to_ascii_lowercase();
        match name.strip_prefix("odata.").unwrap_or(&name) {
            "include-unknown-enum-members" => {
                self.include_unknown_enum_members |= !value.eq_ignore_ascii_case("false");
            }
            "maxpagesize" => {
                let size = value.parse().ok().filter(|size| *size > 0);
                self.max_page_size = self.max_page_size.or(size);
            }
            "return" => self.returned = self.returned.or(Return::find(value)),
            _ => {}
        }
    }

    /// The value of `Preference-Applied` when all of these were followed;
    /// `None` when there are none.
    pub fn applied(&self) -> Option<String> {
        let mut applied = Vec::new();
        if self.include_unknown_enum_members {
            applied.push("include-unknown-enum-members".to_owned());
        }
        if let Some(size) = self.max_page_size {
            applied.push(format!("odata.maxpagesize={size}"));
        }
        if let Some(returned) = self.returned {
            applied.push(format!("return={}", returned.as_str()));
        }
        (!applied.is_empty()).then(|| applied.join(", "))
    }
}

impl Return {
    fn find(value: &str) -> Option<Return> {
        [Return::Minimal, Return::Representation]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(value))
    }

    /// The value as written.
    pub fn as_str(self) -> &'static str {
        match self {
            Return::Minimal => "minimal",
            Return::Representation => "representation",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn several_headers_and_lists_are_read_together() {
        let headers = [
            "include-unknown-enum-members",
            "ODATA.MaxPageSize=\"50\", return=Minimal; foo=1, return=representation",
        ];

        let preferences = Preferences::parse(headers);

        assert_eq!(
            preferences,
            Preferences {
                include_unknown_enum_members: true,
                max_page_size: Some(50),
                returned: Some(Return::Minimal),
            }
        );
        assert_eq!(
            preferences.applied().unwrap(),
            "include-unknown-enum-members, odata.maxpagesize=50, return=minimal"
        );
    }

    #[test]
    fn what_is_unknown_or_malformed_is_ignored() {
        let headers = [
            "respond-async, maxpagesize=0",
            "maxpagesize=x,,=,return=all",
        ];

        let preferences = Preferences::parse(headers);

        assert_eq!(preferences, Preferences::default());
        assert_eq!(preferences.applied(), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_what_is_read_is_stable(header in "\\PC*|([a-z=,;\".0-9-]|maxpagesize|return=minimal){0,20}") {
            let preferences = Preferences::parse([header.as_str()]);

            let again = preferences.applied().unwrap_or_default();
            prop_assert_eq!(Preferences::parse([again.as_str()]), preferences);
        }
    }
}
