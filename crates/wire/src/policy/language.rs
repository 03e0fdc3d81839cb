//! Which of several translations somebody reads best (QA-4).

/// The languages of an `Accept-Language` header, the most wanted first.
pub fn languages(header: &str) -> Vec<String> {
    let mut wanted: Vec<(u32, String)> = header.split(',').filter_map(item).collect();
    wanted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    wanted.into_iter().map(|(_, language)| language).collect()
}

/// A language and its weight in thousandths; none of no language, of any, and of one that is refused.
fn item(text: &str) -> Option<(u32, String)> {
    let mut parts = text.split(';').map(str::trim);
    let language = parts
        .next()
        .filter(|name| !name.is_empty() && *name != "*")?;
    let weight = match parts.find_map(|part| part.strip_prefix("q=")) {
        None => 1000,
        Some(weight) => thousandths(weight)?,
    };
    (weight > 0).then(|| (weight, language.to_ascii_lowercase()))
}

/// `0.85` as 850.
fn thousandths(weight: &str) -> Option<u32> {
    let (whole, fraction) = weight.trim().split_once('.').unwrap_or((weight.trim(), ""));
    let whole: u32 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let fraction: u32 = digits.parse().ok()?;
    (whole <= 1).then(|| whole * 1000 + fraction)
}

/// The text in the most wanted language that there is one for; a language stands for all its regions.
pub(super) fn best<'t>(languages: &[String], texts: &[(&str, &'t str)]) -> Option<&'t str> {
    let main = |code: &str| {
        code.split('-')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    languages.iter().find_map(|wanted| {
        let exact = texts
            .iter()
            .find(|(code, _)| code.eq_ignore_ascii_case(wanted));
        exact
            .or_else(|| texts.iter().find(|(code, _)| main(code) == main(wanted)))
            .map(|(_, text)| *text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_come_in_the_order_of_their_weights() {
        assert_eq!(
            languages("en;q=0.5, de-CH , fr;q=0.85, xx;q=0, *"),
            ["de-ch", "fr", "en"]
        );
        assert_eq!(languages(""), Vec::<String>::new());
        assert_eq!(languages("de;q=lots"), Vec::<String>::new());
    }

    #[test]
    fn qa_4_the_region_comes_first_then_the_language_then_the_next_wish() {
        let texts = [("de-AT", "Jänner"), ("de-DE", "Januar"), ("fr", "janvier")];
        let best = |header: &str| best(&languages(header), &texts);

        assert_eq!(best("de-DE"), Some("Januar"));
        assert_eq!(best("de-CH, fr"), Some("Jänner"));
        assert_eq!(best("it, fr-CA;q=0.3"), Some("janvier"));
        assert_eq!(best("it"), None);
    }
}
