//! Texts with `{placeholders}`, filled in and escaped for where they stand.

use std::fmt;

/// A text with placeholders of the kind `P`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template<P> {
    parts: Vec<Part<P>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<P> {
    Text(String),
    Value(P),
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A placeholder that does not exist.
    #[error("there is no placeholder `{{{name}}}`; there are {known}")]
    Unknown {
        /// What was written.
        name: String,
        /// What could be written.
        known: String,
    },
    /// A brace without its other half.
    #[error("a brace has no other half")]
    Unbalanced,
}

/// A set of placeholders.
pub(crate) trait Placeholder: Copy + fmt::Debug + 'static {
    /// Each with its name.
    const ALL: &'static [(&'static str, Self)];
}

/// Where a value stands, and so how it is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a search filter (RFC 4515).
    Filter,
    /// In a DN (RFC 4514).
    Dn,
    /// A value of its own.
    Plain,
}

impl<P: Placeholder> Template<P> {
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(TemplateError::Unbalanced)?;
            parts.push(Part::Text(literal(before)?));
            let known = P::ALL.iter().find(|(known, _)| *known == name);
            let (_, placeholder) = known.ok_or_else(|| TemplateError::Unknown {
                name: name.to_owned(),
                known: P::ALL
                    .iter()
                    .map(|(known, _)| *known)
                    .collect::<Vec<_>>()
                    .join(", "),
            })?;
            parts.push(Part::Value(*placeholder));
            rest = after;
        }
        parts.push(Part::Text(literal(rest)?));
        Ok(Self { parts })
    }

    /// `None` if a value is missing or empty: half a filter or DN would mean something else.
    pub(crate) fn fill<'v>(
        &self,
        place: Place,
        value: impl Fn(P) -> Option<&'v str>,
    ) -> Option<String> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Value(placeholder) => {
                    let value = value(*placeholder).filter(|value| !value.is_empty())?;
                    filled.push_str(&escaped(place, value));
                }
            }
        }
        Some(filled)
    }
}

fn literal(text: &str) -> Result<String, TemplateError> {
    if text.contains('}') {
        return Err(TemplateError::Unbalanced);
    }
    Ok(text.to_owned())
}

fn escaped(place: Place, value: &str) -> String {
    match place {
        Place::Filter => ldap3::ldap_escape(value).into_owned(),
        Place::Dn => ldap3::dn_escape(value).into_owned(),
        Place::Plain => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Name {
        Whole,
    }

    impl Placeholder for Name {
        const ALL: &'static [(&'static str, Self)] = &[("name", Self::Whole)];
    }

    fn filled(template: &str, place: Place, value: &str) -> Option<String> {
        Template::<Name>::parse(template)
            .unwrap()
            .fill(place, |_| Some(value))
    }

    #[test]
    fn a_value_cannot_leave_its_place_in_a_filter() {
        let filter = filled("(uid={name})", Place::Filter, "*)(uid=\\admin\0").unwrap();

        assert_eq!(filter, r"(uid=\2a\29\28uid=\5cadmin\00)");
    }

    #[test]
    fn a_value_cannot_leave_its_place_in_a_dn() {
        let dn = filled("cn={name},dc=test", Place::Dn, " a,cn=admin+b\\ ").unwrap();

        assert_eq!(dn, r"cn=\20a\2ccn\3dadmin\2bb\5c\20,dc=test");
    }

    #[test]
    fn a_missing_value_fills_nothing() {
        let template = Template::<Name>::parse("(uid={name})").unwrap();

        assert_eq!(template.fill(Place::Filter, |_| None), None);
        assert_eq!(template.fill(Place::Filter, |_| Some("")), None);
    }

    #[test]
    fn unknown_placeholders_and_stray_braces_are_errors() {
        assert!(matches!(
            Template::<Name>::parse("(uid={nmae})"),
            Err(TemplateError::Unknown { .. })
        ));
        for text in ["{name", "name}", "{name}}"] {
            assert_eq!(
                Template::<Name>::parse(text),
                Err(TemplateError::Unbalanced),
                "{text}"
            );
        }
    }
}
