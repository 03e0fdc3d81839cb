//! Names of attributes as filters, changes and selections write them (RFC 7644, section 3.10).

use std::fmt;

/// An attribute, perhaps one of its sub-attributes, perhaps with the schema that defines it. Nothing is looked up yet:
/// the last part of a schema's own name reads like an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributePath {
    /// The schema before the last colon, if there is one.
    pub schema: Option<String>,
    /// The attribute.
    pub name: String,
    /// The sub-attribute behind the dot.
    pub sub: Option<String>,
}

impl AttributePath {
    /// Reads a name; `None` if it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let (schema, rest) = match text.rsplit_once(':') {
            Some((schema, rest)) if is_urn(schema) => (Some(schema.to_owned()), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        if !is_name(name) || sub.is_some_and(|sub| !is_name(sub)) {
            return None;
        }
        Some(Self {
            schema,
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        })
    }

    /// Whether the whole of it is the name of `schema`.
    pub fn names_schema(&self, schema: &str) -> bool {
        self.to_string().eq_ignore_ascii_case(schema)
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}:")?;
        }
        f.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// Whether a character can stand in a name or a schema.
pub(crate) fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '-' | '_' | '$')
}

fn is_urn(text: &str) -> bool {
    let is_prefixed = text
        .get(..4)
        .is_some_and(|front| front.eq_ignore_ascii_case("urn:"));
    is_prefixed && text.chars().all(is_part)
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '$')
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    #[test]
    fn a_path_has_a_schema_a_name_and_a_sub_attribute() {
        let path = AttributePath::parse(&format!("{ENTERPRISE}:manager.$ref")).unwrap();

        assert_eq!(path.schema.as_deref(), Some(ENTERPRISE));
        assert_eq!(path.name, "manager");
        assert_eq!(path.sub.as_deref(), Some("$ref"));
        assert_eq!(path.to_string(), format!("{ENTERPRISE}:manager.$ref"));
    }

    #[test]
    fn the_name_of_a_schema_is_recognised_in_any_case() {
        let path = AttributePath::parse(&ENTERPRISE.to_uppercase()).unwrap();

        assert!(path.names_schema(ENTERPRISE));
        assert!(!path.names_schema("urn:ietf:params:scim:schemas:core:2.0:User"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "", ".", "a.", ".a", "a.b.c", "1a", "a b", "x:a", "urn:x:", "ä",
        ] {
            assert_eq!(AttributePath::parse(text), None, "{text}");
        }
    }
}
