//! Texts as cells of a table that people open with a spreadsheet.
//!
//! **Invariant:** what people and targets call things is written by strangers, and never becomes a formula.

/// The text as a spreadsheet may get it: behind an apostrophe, where it would be taken for a formula.
#[must_use]
pub fn guarded(text: &str) -> String {
    let guard = if is_like_a_formula(text) { "'" } else { "" };
    format!("{guard}{text}")
}

/// Whether a spreadsheet may read it as a formula: by how it begins, as it stands or behind spaces and what is not seen, in
/// either width.
#[must_use]
pub fn is_like_a_formula(text: &str) -> bool {
    const SIGNS: [char; 8] = [
        '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ];
    let is_unseen = |letter: char| {
        letter.is_whitespace()
            || letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.starts_with(['\t', '\r', '\n']) || text.trim_start_matches(is_unseen).starts_with(SIGNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_formula() {
        for begin in [
            "=",
            "+",
            "-",
            "@",
            "\t",
            "\r",
            "\n",
            "\u{ff1d}",
            "\u{ff0b}",
            "\u{ff0d}",
            "\u{ff20}",
            " =",
            "\u{a0} @",
            "\u{3000}\u{ff1d}",
            "\u{feff}=",
            "\u{200b}+",
            "\u{1b}=",
        ] {
            let text = format!("{begin}1+1");
            assert_eq!(guarded(&text), format!("'{text}"), "{text:?}");
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in ["", "Finance", " a = b", "'=1", "a-b", "1-2", "\u{1b}a"] {
            assert_eq!(guarded(text), text);
        }
    }
}
