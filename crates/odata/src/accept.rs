//! How much metadata the client wants in a response (OD-11).

/// The `odata.metadata` parameter of `Accept`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MetadataLevel {
    /// No context and no types.
    None,
    /// Context, and types where they are not the declared ones.
    #[default]
    Minimal,
    /// Everything.
    Full,
}

impl MetadataLevel {
    /// Reads the value of `Accept`. The first level named in it counts;
    /// spellings of older protocol versions and unknown levels do not.
    pub fn from_accept(accept: &str) -> MetadataLevel {
        accept
            .split([',', ';'])
            .filter_map(|parameter| parameter.split_once('='))
            .filter(|(name, _)| {
                let name = name.trim();
                name.eq_ignore_ascii_case("odata.metadata") || name.eq_ignore_ascii_case("metadata")
            })
            .find_map(|(_, level)| MetadataLevel::find(level.trim().trim_matches('"')))
            .unwrap_or_default()
    }

    /// Reads the value of `$format`, which stands in place of `Accept`: `json`,
    /// or a JSON media type with or without a level. `None` for other formats.
    pub fn from_format(format: &str) -> Option<MetadataLevel> {
        let essence = format.split(';').next().unwrap_or_default().trim();
        let is_json = essence.eq_ignore_ascii_case("json")
            || essence.eq_ignore_ascii_case("application/json");
        is_json.then(|| MetadataLevel::from_accept(format))
    }

    fn find(level: &str) -> Option<MetadataLevel> {
        [
            MetadataLevel::None,
            MetadataLevel::Minimal,
            MetadataLevel::Full,
        ]
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(level))
    }

    /// The level as `Content-Type` names it.
    pub fn as_str(self) -> &'static str {
        match self {
            MetadataLevel::None => "none",
            MetadataLevel::Minimal => "minimal",
            MetadataLevel::Full => "full",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn minimal_is_the_level_of_whoever_asks_for_nothing() {
        for accept in [
            "",
            "*/*",
            "application/json",
            "application/json; charset=utf-8; IEEE754Compatible=false",
            "application/json;odata=nometadata",
            "application/json;odata.metadata=maximal",
        ] {
            assert_eq!(
                MetadataLevel::from_accept(accept),
                MetadataLevel::Minimal,
                "{accept}"
            );
        }
    }

    #[test]
    fn the_first_level_counts() {
        for (accept, level) in [
            ("application/json;odata.metadata=none", MetadataLevel::None),
            (
                "application/json; OData.Metadata=\"FULL\"",
                MetadataLevel::Full,
            ),
            (
                "text/html, application/json;q=0.9;metadata=full,*/*;odata.metadata=none",
                MetadataLevel::Full,
            ),
        ] {
            assert_eq!(MetadataLevel::from_accept(accept), level, "{accept}");
        }
    }

    #[test]
    fn a_format_is_json_with_or_without_a_level() {
        for (format, level) in [
            ("json", Some(MetadataLevel::Minimal)),
            ("application/json", Some(MetadataLevel::Minimal)),
            (
                "application/json;odata.metadata=full",
                Some(MetadataLevel::Full),
            ),
            ("JSON;odata.metadata=none", Some(MetadataLevel::None)),
            ("xml", None),
            ("application/atom+xml", None),
        ] {
            assert_eq!(MetadataLevel::from_format(format), level, "{format}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_level(accept in any::<String>()) {
            let level = MetadataLevel::from_accept(&accept);

            let again = format!("application/json;odata.metadata={}", level.as_str());
            prop_assert_eq!(MetadataLevel::from_accept(&again), level);
        }
    }
}
