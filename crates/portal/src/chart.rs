//! Small charts: drawn as pictures for eyes, told as tables for everybody.
//!
//! **Invariant:** a picture says nothing that the table beside it does not; it is made of numbers and escaped words alone,
//! and brings no style of its own.

use maud::{Markup, html};

use crate::parts::table;

/// How wide and how high pictures are, in units of their own.
const WIDTH: i64 = 640;
const HEIGHT: i64 = 180;
/// What is left for words below.
const FOOT: i64 = 24;
/// What is left above the highest.
const HEAD: i64 = 20;

/// One bar.
pub(crate) struct Bar {
    /// What it is about.
    pub(crate) label: String,
    /// How high it is.
    pub(crate) value: i64,
    /// The same in words.
    pub(crate) told: String,
}

/// Bars beside each other. `columns` name what they are about and how much that is.
pub(crate) fn bars(id: &str, title: &str, columns: [&str; 2], bars: &[Bar]) -> Markup {
    let highest = bars.iter().map(|bar| bar.value).max().unwrap_or(0).max(1);
    let count = i64::try_from(bars.len()).unwrap_or(1).max(1);
    let step = WIDTH / count;
    let room = HEIGHT - FOOT - HEAD;
    let mut drawn = Vec::new();
    for (at, bar) in (0..).zip(bars) {
        let height = i128::from(bar.value.max(0)) * i128::from(room) / i128::from(highest);
        let height = i64::try_from(height).unwrap_or(room);
        // What is there is seen, however little it is.
        let height = height.max(i64::from(bar.value > 0) * 2);
        drawn.push((at * step, HEIGHT - FOOT - height, height, bar));
    }
    // Words that would stand on each other are left to the table.
    let every = (count + 7) / 8;
    figure(
        id,
        title,
        columns,
        bars.iter()
            .map(|bar| (bar.label.as_str(), bar.told.as_str())),
        &html! {
            @for (at, (x, y, height, bar)) in (0..).zip(&drawn) {
                rect .mass x=(x + step / 8) y=(y) width=((step * 3 / 4).max(1)) height=(height) {}
                // Long words would stand on each other.
                @if every == 1 && bar.told.len() <= 12 {
                    text .amount x=(x + step / 2) y=(y - 5) text-anchor="middle" { (bar.told) }
                }
                @if at % every == 0 {
                    text .mark x=(x + step / 2) y=(HEIGHT - 7) text-anchor="middle" { (bar.label) }
                }
            }
            line .ground x1="0" x2=(WIDTH) y1=(HEIGHT - FOOT) y2=(HEIGHT - FOOT) {}
        },
    )
}

/// The picture, and the table that says the same.
fn figure<'a>(
    id: &str,
    title: &str,
    columns: [&str; 2],
    rows: impl Iterator<Item = (&'a str, &'a str)>,
    picture: &Markup,
) -> Markup {
    let rows: Vec<Vec<Markup>> = rows
        .map(|(label, told)| vec![html! { (label) }, html! { (told) }])
        .collect();
    html! {
        figure .chart aria-labelledby={(id) "-title"} {
            figcaption id={(id) "-title"} { (title) }
            svg viewBox={"0 0 " (WIDTH) " " (HEIGHT)} role="img" aria-labelledby={(id) "-title"} focusable="false" {
                (picture)
            }
            details {
                summary { "As a table" span .unseen { ": " (title) } }
                (table(title, &columns, &rows))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: i64) -> Bar {
        Bar {
            label: label.to_owned(),
            value,
            told: value.to_string(),
        }
    }

    #[test]
    fn a_chart_says_its_numbers_in_a_table_and_brings_no_style() {
        let drawn = bars(
            "ends",
            "What <ends>",
            ["When", "How much"],
            &[bar("<today>", 3), bar("later", 0), bar("much later", 6)],
        )
        .into_string();

        assert!(drawn.contains("What &lt;ends&gt;") && !drawn.contains("<today>"));
        assert!(drawn.contains("data-label=\"How much\">6</td>"), "{drawn}");
        assert!(!drawn.contains("style=") && !drawn.contains("fill="));
        // The highest takes all the room, what is half as high half of it, and nothing none.
        for height in ["height=\"136\"", "height=\"68\"", "height=\"0\""] {
            assert!(drawn.contains(height), "{height}: {drawn}");
        }
    }

    #[test]
    fn a_chart_of_nothing_or_of_very_much_can_be_drawn() {
        bars("none", "Nothing", ["a", "b"], &[]);
        let many: Vec<Bar> = (0..400).map(|at| bar("x", i64::MAX / 500 * at)).collect();
        let drawn = bars("many", "Much", ["a", "b"], &many).into_string();
        assert!(drawn.contains("height=\"136\""));
    }
}
