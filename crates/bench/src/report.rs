//! What was measured, as a table to read and as JSON.

use std::fmt::Write;

use serde_json::json;

use crate::goals::Judgement;

/// One measurement of both sides, in turns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    /// Reeve.
    pub(crate) reeve: f64,
    /// The yardstick.
    pub(crate) yardstick: f64,
    /// The share of the machine's CPU that others used meanwhile.
    pub(crate) others: Option<f64>,
}

/// A figure with its yardstick.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// What is measured, with its unit.
    pub(crate) name: &'static str,
    /// What it is measured against.
    pub(crate) yardstick: &'static str,
    /// The measurements.
    pub(crate) pairs: Vec<Pair>,
    /// More to know about it.
    pub(crate) note: Option<String>,
}

/// What is measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Tokens and decisions.
    Decide,
    /// Reads and writes on SQLite.
    Sqlite,
    /// How cost grows with the tenant, on SQLite.
    Growth,
    /// Bulk jobs over large tenants, on SQLite.
    Jobs,
    /// Assignment by rule, on SQLite.
    Rules,
    /// Deliveries to targets outside, on SQLite.
    Targets,
    /// Reads and writes on PostgreSQL.
    Postgres,
    /// Reeve beside other programs.
    Peers,
}

impl Part {
    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Sqlite => "SQLite",
            Self::Growth => "growth",
            Self::Jobs => "jobs",
            Self::Rules => "rules",
            Self::Targets => "targets",
            Self::Postgres => "PostgreSQL",
            Self::Peers => "peers",
        }
    }
}

/// The figures on one database.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// Which part of the measurements.
    pub(crate) part: Part,
    /// On what.
    pub(crate) title: String,
    /// The figures.
    pub(crate) figures: Vec<Figure>,
}

/// Above this share of foreign CPU a pair says little.
const NOISY: f64 = 0.10;

/// So many quiet pairs are enough to leave the others out.
const FEWEST: usize = 3;

/// A figure's numbers in one row.
pub(crate) struct Summary {
    pub(crate) reeve: f64,
    pub(crate) yardstick: f64,
    pub(crate) ratio: f64,
    lowest: f64,
    highest: f64,
    pub(crate) others: Option<f64>,
    quiet: usize,
}

impl Figure {
    /// The numbers that count: those of quiet pairs, if there are enough.
    pub(crate) fn summary(&self) -> Summary {
        let quiet: Vec<&Pair> = self.pairs.iter().filter(|pair| pair.is_quiet()).collect();
        let count = quiet.len();
        // Too few quiet pairs are no better than all of them.
        let used: Vec<&Pair> = if count >= FEWEST {
            quiet
        } else {
            self.pairs.iter().collect()
        };
        let ratios = sorted(used.iter().map(|pair| pair.reeve / pair.yardstick));
        let others = sorted(used.iter().filter_map(|pair| pair.others));
        Summary {
            reeve: median(&sorted(used.iter().map(|pair| pair.reeve))),
            yardstick: median(&sorted(used.iter().map(|pair| pair.yardstick))),
            ratio: median(&ratios),
            lowest: ratios.first().copied().unwrap_or(f64::NAN),
            highest: ratios.last().copied().unwrap_or(f64::NAN),
            others: others.last().copied(),
            quiet: count,
        }
    }
}

impl Pair {
    fn is_quiet(&self) -> bool {
        self.others.is_none_or(|share| share <= NOISY)
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    let at = |position: usize| sorted.get(position).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
    } else {
        at(middle)
    }
}

/// The table, aligned.
pub(crate) fn table(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let mut rows = vec![
            [
                "",
                "Reeve",
                "yardstick",
                "ratio",
                "spread",
                "others",
                "quiet",
            ]
            .map(str::to_owned),
        ];
        for figure in &section.figures {
            let summary = figure.summary();
            rows.push([
                figure.name.to_owned(),
                amount(summary.reeve),
                amount(summary.yardstick),
                format!("{:.2}", summary.ratio),
                format!("{:.2}-{:.2}", summary.lowest, summary.highest),
                share(summary.others),
                format!("{}/{}", summary.quiet, figure.pairs.len()),
            ]);
        }
        let _ = writeln!(text, "{}\n", section.title);
        write_aligned(&mut text, &rows, &[0]);
        text.push('\n');
        for figure in &section.figures {
            let note = figure
                .note
                .as_ref()
                .map_or_else(String::new, |note| format!("; {note}"));
            let _ = writeln!(
                text,
                "- {}: against {}{note}",
                figure.name, figure.yardstick
            );
        }
        text.push('\n');
    }
    text.push_str(
        "ratio: median of the pairs' ratios, Reeve to yardstick; spread: lowest and highest of them; others: highest share of the\n\
         machine's CPU that other processes used during a pair; quiet: pairs in which that was at most 10 %, the only ones that\n\
         count if there are three. A number says nothing without its yardstick beside it.",
    );
    text
}

/// A share in per cent, if it is known.
pub(crate) fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "?".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

/// Writes rows with their cells below each other; those of the columns `left` begin together, all others end together.
pub(crate) fn write_aligned<const N: usize>(
    text: &mut String,
    rows: &[[String; N]],
    left: &[usize],
) {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in rows {
        let mut line = String::new();
        for (position, (width, cell)) in widths.iter().zip(row).enumerate() {
            let gap = if position == 0 { "" } else { "  " };
            let _ = if left.contains(&position) {
                write!(line, "{gap}{cell:<width$}")
            } else {
                write!(line, "{gap}{cell:>width$}")
            };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// A number with as many digits as mean something, thousands apart.
pub(crate) fn amount(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The same with every pair.
pub(crate) fn json(sections: &[Section], goals: Option<&Judgement>) -> anyhow::Result<String> {
    let sections: Vec<_> = sections
        .iter()
        .map(|section| {
            let figures: Vec<_> = section.figures.iter().map(figure_json).collect();
            json!({ "title": section.title, "figures": figures })
        })
        .collect();
    let told = match goals {
        Some(goals) => json!({ "sections": sections, "goals": goals.json() }),
        None => sections.into(),
    };
    Ok(serde_json::to_string_pretty(&told)?)
}

fn figure_json(figure: &Figure) -> serde_json::Value {
    let summary = figure.summary();
    let pairs: Vec<_> = figure
        .pairs
        .iter()
        .map(|pair| {
            json!({ "reeve": pair.reeve, "yardstick": pair.yardstick, "otherProcessesCpuShare": pair.others })
        })
        .collect();
    json!({
        "name": figure.name,
        "yardstick": figure.yardstick,
        "note": figure.note,
        "ratio": { "median": summary.ratio, "lowest": summary.lowest, "highest": summary.highest },
        "quietPairs": summary.quiet,
        "pairs": pairs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> Figure {
        let pair = |reeve, yardstick, others| Pair {
            reeve,
            yardstick,
            others: Some(others),
        };
        Figure {
            name: "things/s",
            yardstick: "bare things",
            pairs: vec![
                pair(10_000.0, 20_000.0, 0.01),
                pair(30_000.0, 20_000.0, 0.2),
                pair(12_000.0, 20_000.0, 0.05),
            ],
            note: None,
        }
    }

    #[test]
    fn the_ratio_is_the_median_of_the_pairs() {
        let summary = figure().summary();

        assert!((summary.ratio - 0.6).abs() < 1e-9);
        assert!((summary.lowest - 0.5).abs() < 1e-9);
        assert!((summary.highest - 1.5).abs() < 1e-9);
        assert_eq!(summary.quiet, 2);
        assert!((median(&[1.0, 2.0]) - 1.5).abs() < 1e-9);
    }

    #[test]
    fn noisy_pairs_are_left_out_once_there_are_enough_quiet_ones() {
        let mut figure = figure();
        figure.pairs.push(Pair {
            reeve: 12_000.0,
            yardstick: 20_000.0,
            others: None,
        });

        let summary = figure.summary();

        assert_eq!(summary.quiet, 3);
        assert!((summary.highest - 0.6).abs() < 1e-9);
    }

    #[test]
    fn the_table_shows_both_sides_and_the_noise() {
        let text = table(&[Section {
            part: Part::Sqlite,
            title: "On paper".to_owned(),
            figures: vec![figure()],
        }]);

        let row = text
            .lines()
            .find(|line| line.starts_with("things/s"))
            .unwrap();
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(
            cells,
            [
                "things/s",
                "12,000",
                "20,000",
                "0.60",
                "0.50-1.50",
                "20",
                "%",
                "2/3"
            ]
        );
        assert!(text.contains("- things/s: against bare things"));
    }

    #[test]
    fn json_keeps_every_pair() {
        let section = Section {
            part: Part::Sqlite,
            title: "On paper".to_owned(),
            figures: vec![figure()],
        };

        let told: serde_json::Value =
            serde_json::from_str(&json(&[section], None).unwrap()).unwrap();

        assert_eq!(told[0]["figures"][0]["pairs"][1]["reeve"], 30_000.0);
        assert_eq!(told[0]["figures"][0]["quietPairs"], 2);
    }

    #[test]
    fn amounts_are_grouped() {
        assert_eq!(amount(1_234_567.8), "1,234,568");
        assert_eq!(amount(12.34), "12.3");
        assert_eq!(amount(123.4), "123");
    }
}
