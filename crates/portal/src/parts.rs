//! What pages are put together from: times, badges, tables, fields, and the way to the next page of a list.

use domain::time::{Duration, Timestamp};
use maud::{Markup, html};

use crate::form::query;
use crate::words::Tone;

/// A point in time: in UTC, until the script has told the reader's own zone.
pub(crate) fn time(at: Timestamp) -> Markup {
    let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
    html! {
        time datetime=(instant.strftime("%Y-%m-%dT%H:%M:%SZ")) { (instant.strftime("%-d %b %Y, %H:%M UTC")) }
    }
}

/// The same, or a dash.
pub(crate) fn opt_time(at: Option<Timestamp>) -> Markup {
    html! {
        @match at {
            Some(at) => (time(at)),
            None => (none()),
        }
    }
}

/// Nothing, for eyes and ears.
pub(crate) fn none() -> Markup {
    html! { span aria-hidden="true" { "\u{2013}" } span .unseen { "none" } }
}

/// A word in a frame.
pub(crate) fn badge((tone, text): (Tone, &str)) -> Markup {
    html! { span class=(tone.class()) { (text) } }
}

/// A table that becomes a list of cards where there is no room for columns. Its parts say what they are, as some browsers
/// forget it for tables that are not drawn as tables.
pub(crate) fn table(caption: &str, columns: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        table role="table" {
            caption .unseen { (caption) }
            thead role="rowgroup" {
                tr role="row" {
                    @for column in columns { th role="columnheader" scope="col" { (column) } }
                }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        @for (column, cell) in columns.iter().zip(row) {
                            td role="cell" data-label=(column) { (cell) }
                        }
                    }
                }
            }
        }
    }
}

/// The ways to the page before and the page behind.
pub(crate) fn pager(path: &str, fields: &[(&str, &str)], page: u64, has_more: bool) -> Markup {
    let to = |page: u64| {
        let number = (page + 1).to_string();
        let mut fields = fields.to_vec();
        fields.push(("page", &number));
        format!("{path}?{}", query(&fields))
    };
    html! {
        @if page > 0 || has_more {
            nav .pager aria-label="Pages" {
                @if page > 0 { a rel="prev" href=(to(page - 1)) { "Previous page" } }
                span { "Page " (page + 1) }
                @if has_more { a rel="next" href=(to(page + 1)) { "Next page" } }
            }
        }
    }
}

/// The ways to the first page and to the one behind, of a list that goes on behind a row.
pub(crate) fn key_pager(
    path: &str,
    fields: &[(&str, &str)],
    is_first: bool,
    next: Option<&str>,
) -> Markup {
    let to = |after: &str| {
        let mut fields = fields.to_vec();
        fields.push(("after", after));
        format!("{path}?{}", query(&fields))
    };
    html! {
        @if !is_first || next.is_some() {
            nav .pager aria-label="Pages" {
                @if !is_first { a rel="first" href=(to("")) { "First page" } }
                @if let Some(next) = next { a rel="next" href=(to(next)) { "Next page" } }
            }
        }
    }
}

/// One of these values out of a list that opens: value and text.
pub(crate) fn select(name: &str, label: &str, choices: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        div .field {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for (value, text) in choices {
                    option value=(value) selected[*value == chosen] { (text) }
                }
            }
        }
    }
}

/// What went wrong with a form as a whole.
pub(crate) fn trouble(text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text {
            div .trouble role="alert" { p { (text) } }
        }
    }
}

/// What came of the form before.
pub(crate) fn told(text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text { div .told role="status" { p { (text) } } }
    }
}

/// A field of a form, with what is wrong with it.
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) hint: Option<&'a str>,
    pub(crate) value: &'a str,
    pub(crate) error: Option<&'a str>,
    pub(crate) is_required: bool,
}

impl Field<'_> {
    /// The ids of what describes it.
    fn described(&self) -> Option<String> {
        let mut ids = Vec::new();
        if self.hint.is_some() {
            ids.push(format!("{}-hint", self.name));
        }
        if self.error.is_some() {
            ids.push(format!("{}-error", self.name));
        }
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn around(&self, input: &Markup) -> Markup {
        html! {
            div .field {
                label for=(self.name) {
                    (self.label)
                    @if !self.is_required { span .quiet { " (optional)" } }
                }
                (self.notes())
                (input)
            }
        }
    }

    /// Hint and error, to stand beside the input.
    pub(crate) fn notes(&self) -> Markup {
        html! {
            @if let Some(hint) = self.hint { p .hint id={(self.name) "-hint"} { (hint) } }
            @if let Some(error) = self.error { p .error id={(self.name) "-error"} { (error) } }
        }
    }

    /// One line of text, or a date.
    pub(crate) fn line(&self, kind: &str) -> Markup {
        self.around(&html! {
            input id=(self.name) name=(self.name) type=(kind) value=(self.value) required[self.is_required]
                aria-invalid=[self.error.map(|_| "true")] aria-describedby=[self.described()];
        })
    }

    /// Several lines of text.
    pub(crate) fn lines(&self) -> Markup {
        self.around(&html! {
            textarea id=(self.name) name=(self.name) rows="3" required[self.is_required]
                aria-invalid=[self.error.map(|_| "true")] aria-describedby=[self.described()] { (self.value) }
        })
    }

    /// One or several of these values: value and text.
    pub(crate) fn choice(&self, choices: &[(&str, &str)], many: bool, chosen: &[&str]) -> Markup {
        let kind = if many { "checkbox" } else { "radio" };
        html! {
            fieldset .field id=(self.name) aria-describedby=[self.described()] {
                legend {
                    (self.label)
                    @if !self.is_required { span .quiet { " (optional)" } }
                }
                (self.notes())
                @for (at, (value, text)) in choices.iter().enumerate() {
                    div .choice {
                        input id={(self.name) "-" (at)} name=(self.name) type=(kind) value=(value)
                            checked[chosen.contains(value)] required[self.is_required && !many];
                        label for={(self.name) "-" (at)} { (text) }
                    }
                }
            }
        }
    }
}

/// The field by which the script tells how far the reader's zone is from UTC, in minutes; without it days are those of UTC.
pub(crate) fn zone() -> Markup {
    html! { input type="hidden" name="zone" value="0" data-zone; }
}

/// The first instant of a day in the reader's zone, and how many days later.
pub(crate) fn day(text: &str, zone: &str, later: i64) -> Option<Timestamp> {
    let date: jiff::civil::Date = text.parse().ok()?;
    // Of days, as the last one of the calendar is no instant that every library can name.
    let since = date.duration_since(jiff::civil::date(1970, 1, 1));
    let minutes: i64 = zone.parse().unwrap_or(0);
    let minutes = minutes.clamp(-15 * 60, 15 * 60);
    Some(
        Timestamp::from_micros(0)
            .plus(Duration::from_secs(since.as_secs()))
            .plus(Duration::from_minutes(minutes))
            .plus(Duration::from_days(later)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_the_readers_zone() {
        let utc = day("2026-03-01", "0", 0).unwrap();
        assert_eq!(utc.to_string(), "2026-03-01T00:00:00Z");
        // A browser tells minus 60 where clocks are an hour ahead of UTC.
        let ahead = day("2026-03-01", "-60", 1).unwrap();
        assert_eq!(ahead.to_string(), "2026-03-01T23:00:00Z");
        assert_eq!(day("1 March", "0", 0), None);
        let last = day("9999-12-31", "0", 1).unwrap();
        assert_eq!(last.to_string(), "9999-12-30T22:00:00Z");
        assert_eq!(
            day("2026-03-01", "999999999", 0).unwrap().to_string(),
            "2026-03-01T15:00:00Z"
        );
    }

    #[test]
    fn what_is_in_a_table_is_escaped() {
        let cell = html! { ("<script>alert(1)</script>") };
        let drawn = table("<b>", &["\"Name\""], &[vec![cell]]).into_string();
        assert!(!drawn.contains("<script>") && !drawn.contains("<b>"));
        assert!(drawn.contains("data-label=\"&quot;Name&quot;\""));
    }
}
