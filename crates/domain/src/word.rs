//! Enums whose variants have a name on the wire and in the tables.

/// Declares an enum whose variants are words: stored in their v1.0 spelling, read in any case.
macro_rules! words {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Every variant, for tables and tests.
            $visibility const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word, as it is stored and as v1.0 spells it.
            $visibility const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The variant that a word names, in any case.
            $visibility fn from_name(word: &str) -> Option<Self> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|variant| variant.as_str().eq_ignore_ascii_case(word))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    words! {
        /// A word for the test.
        pub(super) enum Colour {
            /// Red.
            DeepRed = "deepRed",
            /// Blue.
            Blue = "blue",
        }
    }

    #[test]
    fn words_are_read_in_any_case_and_written_in_one() {
        assert_eq!(Colour::from_name("DEEPRED"), Some(Colour::DeepRed));
        assert_eq!(Colour::DeepRed.to_string(), "deepRed");
        assert_eq!(Colour::from_name("red"), None);
        assert_eq!(Colour::ALL, [Colour::DeepRed, Colour::Blue]);
    }
}
