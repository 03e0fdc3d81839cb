//! What the figures are to reach: the goals of `docs/performance.md`, and whether a run met them.
//!
//! **Invariant:** a goal that nothing was measured for is shown as such. It is neither met nor missed.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::report::{self, Figure, Part, Section};

/// What of a figure is held against a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Reeve to the yardstick.
    Ratio,
    /// What was measured of Reeve.
    Reeve,
}

/// A bound.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

/// A goal, or a part of one.
#[derive(Debug, Clone, Copy)]
enum Goal {
    /// A figure tells.
    Told {
        number: &'static str,
        part: Part,
        figure: &'static str,
        of: Of,
        bound: Bound,
    },
    /// No figure tells yet.
    Open {
        number: &'static str,
        what: &'static str,
        why: &'static str,
    },
}

const fn ratio(number: &'static str, part: Part, figure: &'static str, bound: Bound) -> Goal {
    Goal::Told {
        number,
        part,
        figure,
        of: Of::Ratio,
        bound,
    }
}

const fn value(number: &'static str, part: Part, figure: &'static str, bound: Bound) -> Goal {
    Goal::Told {
        number,
        part,
        figure,
        of: Of::Reeve,
        bound,
    }
}

const fn open(number: &'static str, what: &'static str, why: &'static str) -> Goal {
    Goal::Open { number, what, why }
}

use Bound::{AtLeast, AtMost};

const NO_SWEEP: &str = "no figure drives calls beside a sweep yet";

/// Every goal, in the order of `docs/performance.md`.
const GOALS: &[Goal] = &[
    ratio("G1", Part::Sqlite, "reprocess accepted/s", AtLeast(0.6)),
    ratio("G1", Part::Sqlite, "reprocess accepted/s (2)", AtLeast(8.0)),
    ratio(
        "G1",
        Part::Sqlite,
        "reprocess accepted, p99 ms",
        AtMost(2.0),
    ),
    ratio("G1p", Part::Postgres, "reprocess accepted/s", AtLeast(0.6)),
    ratio(
        "G1p",
        Part::Postgres,
        "reprocess accepted/s (2)",
        AtLeast(2.0),
    ),
    ratio(
        "G1p",
        Part::Peers,
        "reprocess accepted/s, beside graphile-worker",
        AtLeast(10.0),
    ),
    ratio("G2", Part::Sqlite, "one assignment by id/s", AtLeast(0.6)),
    ratio(
        "G2",
        Part::Peers,
        "one assignment by id/s, beside SAP CAP",
        AtLeast(40.0),
    ),
    ratio(
        "G3",
        Part::Growth,
        "pages by filter and order/s",
        AtLeast(0.5),
    ),
    ratio(
        "G3",
        Part::Growth,
        "filtered pages/s, largest tenant",
        AtLeast(0.5),
    ),
    ratio("G3", Part::Growth, "pages with $count/s", AtLeast(0.5)),
    ratio(
        "G3",
        Part::Peers,
        "pages by filter and order/s, beside SAP CAP",
        AtLeast(10.0),
    ),
    ratio(
        "G3",
        Part::Peers,
        "pages with $expand/s, beside SAP CAP",
        AtLeast(8.0),
    ),
    ratio(
        "G3",
        Part::Peers,
        "pages with $count/s, beside SAP CAP",
        AtLeast(10.0),
    ),
    value(
        "G4",
        Part::Growth,
        "p50 in the largest over the smallest",
        AtMost(1.5),
    ),
    value(
        "G4",
        Part::Growth,
        "p99 in the largest over the smallest",
        AtMost(1.5),
    ),
    ratio("G4", Part::Growth, "deep pages, p50 ms", AtMost(1.2)),
    ratio("G5", Part::Growth, "reconciliation of all, s", AtMost(0.5)),
    ratio(
        "G5",
        Part::Growth,
        "reconciliation of all, s (2)",
        AtMost(4.0),
    ),
    ratio(
        "G5",
        Part::Growth,
        "reconciliation with 1 % drift, s",
        AtMost(1.4),
    ),
    ratio("G6", Part::Sqlite, "bulk reprocess, items/s", AtLeast(0.5)),
    ratio(
        "G6",
        Part::Jobs,
        "bulk reprocess, largest tenant, items/s",
        AtLeast(0.5),
    ),
    ratio("G10", Part::Jobs, "reads beside a job/s", AtLeast(0.5)),
    ratio("G10", Part::Jobs, "reads beside a job, p99 ms", AtMost(3.0)),
    ratio(
        "G10",
        Part::Jobs,
        "reprocess accepted beside a job/s",
        AtLeast(0.5),
    ),
    ratio(
        "G10",
        Part::Jobs,
        "reprocess accepted beside a job, p99 ms",
        AtMost(3.0),
    ),
    ratio(
        "G10",
        Part::Jobs,
        "reprocess delivered beside a job, p50 ms",
        AtMost(2.0),
    ),
    ratio(
        "G10",
        Part::Jobs,
        "reprocess delivered beside a job, p99 ms",
        AtMost(2.0),
    ),
    ratio("G10", Part::Jobs, "reads beside sweeps/s", AtLeast(0.5)),
    ratio(
        "G10",
        Part::Jobs,
        "reads beside sweeps, p99 ms",
        AtMost(3.0),
    ),
    ratio(
        "G10",
        Part::Jobs,
        "reprocess accepted beside sweeps/s",
        AtLeast(0.5),
    ),
    ratio(
        "G10",
        Part::Jobs,
        "reprocess accepted beside sweeps, p99 ms",
        AtMost(3.0),
    ),
    ratio(
        "G7",
        Part::Targets,
        "SCIM deliveries/s, one a request",
        AtLeast(0.35),
    ),
    ratio(
        "G7",
        Part::Targets,
        "SCIM deliveries/s, 100 a group",
        AtLeast(0.35),
    ),
    ratio(
        "G7",
        Part::Targets,
        "SCIM deliveries/s, target of 20 ms",
        AtLeast(0.95),
    ),
    ratio(
        "G8",
        Part::Targets,
        "LDAP deliveries/s, one a request",
        AtLeast(0.9),
    ),
    ratio(
        "G8",
        Part::Targets,
        "LDAP deliveries/s, 100 a group",
        AtLeast(20.0),
    ),
    ratio(
        "G9",
        Part::Targets,
        "accepted to enforced, p50 ms",
        AtMost(3.0),
    ),
    ratio(
        "G9",
        Part::Targets,
        "accepted to enforced, p99 ms",
        AtMost(10.0),
    ),
    ratio(
        "G10",
        Part::Targets,
        "SCIM deliveries/s beside a dead target",
        AtLeast(0.95),
    ),
    open("G10", "interactive calls beside a sweep", NO_SWEEP),
    ratio(
        "G11",
        Part::Sqlite,
        "start-up after kill -9, ms",
        AtMost(1.5),
    ),
    ratio(
        "G11",
        Part::Postgres,
        "start-up after kill -9, ms",
        AtMost(1.5),
    ),
    ratio(
        "G11",
        Part::Growth,
        "start-up in the largest, ms",
        AtMost(1.5),
    ),
    value("G12", Part::Sqlite, "binary, MiB", AtMost(23.7)),
    value("G12", Part::Sqlite, "start-up, ms", AtMost(50.0)),
    value(
        "G12",
        Part::Growth,
        "start-up in the largest, ms",
        AtMost(50.0),
    ),
    value("G12", Part::Sqlite, "memory idle, MiB", AtMost(23.0)),
    value(
        "G12",
        Part::Sqlite,
        "own memory under load, MiB",
        AtMost(160.0),
    ),
    value(
        "G12",
        Part::Growth,
        "memory while exporting all, MiB",
        AtMost(160.0),
    ),
    ratio(
        "L1",
        Part::Sqlite,
        "requests submitted/s, two stages",
        AtLeast(0.5),
    ),
    ratio(
        "L1",
        Part::Postgres,
        "requests submitted/s, two stages",
        AtLeast(0.5),
    ),
    ratio(
        "L2",
        Part::Rules,
        "a rule asked of all users, s",
        AtMost(3.0),
    ),
    ratio(
        "L2",
        Part::Rules,
        "the same about their details, s",
        AtMost(3.0),
    ),
];

/// What bounds a figure that misses its goal, where a profile told: the number of the goal, the figure, and why.
const BOUNDS: &[(&str, &str, &str)] = &[
    (
        "L1",
        "requests submitted/s, two stages",
        "about twenty statements beside nine: the checks read the package, its policy, the target and what it has",
    ),
    (
        "L2",
        "a rule asked of all users, s",
        "who holds the package is looked up user by user, so that a change in between is seen",
    ),
    (
        "L2",
        "the same about their details, s",
        "the details are read as a document of its own for each user",
    ),
    (
        "G5",
        "reconciliation of all, s",
        "each grant is read with what targets may be asked about its subject",
    ),
    (
        "G5",
        "reconciliation of all, s (2)",
        "each grant is read with what targets may be asked about its subject",
    ),
];

/// What became of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Met,
    Missed,
    NotMeasured,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
            Self::NotMeasured => "not measured",
        }
    }
}

/// A goal with what a run says of it.
#[derive(Debug, Clone)]
struct Judged {
    number: &'static str,
    what: String,
    numbers: Option<Numbers>,
    bound: Option<(Of, Bound)>,
    verdict: Verdict,
    note: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
struct Numbers {
    reeve: f64,
    yardstick: f64,
    ratio: f64,
    others: Option<f64>,
}

/// All goals, held against a run.
#[derive(Debug, Clone)]
pub(crate) struct Judgement(Vec<Judged>);

/// Holds the figures against the goals.
pub(crate) fn judge(sections: &[Section]) -> Judgement {
    Judgement(GOALS.iter().map(|goal| judge_one(goal, sections)).collect())
}

fn judge_one(goal: &Goal, sections: &[Section]) -> Judged {
    match *goal {
        Goal::Open { number, what, why } => Judged {
            number,
            what: what.to_owned(),
            numbers: None,
            bound: None,
            verdict: Verdict::NotMeasured,
            note: Some(why),
        },
        Goal::Told {
            number,
            part,
            figure,
            of,
            bound,
        } => {
            let numbers = find(sections, part, figure).map(|found| {
                let summary = found.summary();
                Numbers {
                    reeve: summary.reeve,
                    yardstick: summary.yardstick,
                    ratio: summary.ratio,
                    others: summary.others,
                }
            });
            let verdict = match numbers {
                None => Verdict::NotMeasured,
                Some(numbers) if bound.holds(numbers.of(of)) => Verdict::Met,
                // What is no number is not what was wanted.
                Some(_) => Verdict::Missed,
            };
            Judged {
                number,
                what: format!("{}: {figure}", part.as_str()),
                numbers,
                bound: Some((of, bound)),
                verdict,
                note: bounded_by(number, figure).filter(|_| verdict == Verdict::Missed),
            }
        }
    }
}

fn bounded_by(number: &str, figure: &str) -> Option<&'static str> {
    let mut bounds = BOUNDS.iter();
    let found = bounds.find(|(of, name, _)| (*of, *name) == (number, figure));
    found.map(|(_, _, why)| *why)
}

fn find<'s>(sections: &'s [Section], part: Part, name: &str) -> Option<&'s Figure> {
    sections
        .iter()
        .filter(|section| section.part == part)
        .flat_map(|section| &section.figures)
        .find(|figure| figure.name == name)
}

impl Numbers {
    const fn of(self, of: Of) -> f64 {
        match of {
            Of::Ratio => self.ratio,
            Of::Reeve => self.reeve,
        }
    }
}

impl Judgement {
    /// Whether any goal was missed.
    pub(crate) fn has_missed(&self) -> bool {
        self.0.iter().any(|one| one.verdict == Verdict::Missed)
    }

    /// The table, aligned.
    pub(crate) fn table(&self) -> String {
        let heads = [
            "goal",
            "what",
            "Reeve",
            "yardstick",
            "ratio",
            "wanted",
            "others",
            "verdict",
        ];
        let mut rows = vec![heads.map(str::to_owned)];
        for one in &self.0 {
            let number =
                |of: fn(&Numbers) -> String| one.numbers.as_ref().map_or_else(String::new, of);
            rows.push([
                one.number.to_owned(),
                one.what.clone(),
                number(|numbers| report::amount(numbers.reeve)),
                number(|numbers| report::amount(numbers.yardstick)),
                number(|numbers| format!("{:.2}", numbers.ratio)),
                one.bound.map_or_else(String::new, wanted),
                number(|numbers| report::share(numbers.others)),
                match one.note {
                    Some(why) => format!("{}: {why}", one.verdict.as_str()),
                    None => one.verdict.as_str().to_owned(),
                },
            ]);
        }
        let mut text = String::new();
        report::write_aligned(&mut text, &rows, &[0, 1, 5, 7]);
        let count = |verdict| self.0.iter().filter(|one| one.verdict == verdict).count();
        let _ = write!(
            text,
            "\n{} met, {} missed, {} not measured",
            count(Verdict::Met),
            count(Verdict::Missed),
            count(Verdict::NotMeasured)
        );
        text
    }

    /// The same as JSON.
    pub(crate) fn json(&self) -> Value {
        let one = |one: &Judged| {
            json!({
                "goal": one.number,
                "what": one.what,
                "wanted": one.bound.map(wanted),
                "reeve": one.numbers.map(|numbers| numbers.reeve),
                "yardstick": one.numbers.map(|numbers| numbers.yardstick),
                "ratio": one.numbers.map(|numbers| numbers.ratio),
                "others": one.numbers.and_then(|numbers| numbers.others),
                "verdict": one.verdict.as_str(),
                "note": one.note,
            })
        };
        self.0.iter().map(one).collect()
    }
}

fn wanted((of, bound): (Of, Bound)) -> String {
    let (sign, limit) = match bound {
        AtLeast(limit) => (">=", limit),
        AtMost(limit) => ("<=", limit),
    };
    match of {
        Of::Ratio => format!("{sign} {limit} x"),
        Of::Reeve => format!("{sign} {limit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Pair;

    fn section(reeve: f64, yardstick: f64) -> Section {
        Section {
            part: Part::Sqlite,
            title: "On paper".to_owned(),
            figures: vec![Figure {
                name: "reprocess accepted/s",
                yardstick: "bare things",
                pairs: vec![Pair {
                    reeve,
                    yardstick,
                    others: Some(0.02),
                }],
                note: None,
            }],
        }
    }

    fn first(judgement: &Judgement) -> &Judged {
        judgement.0.first().unwrap()
    }

    #[test]
    fn a_goal_is_met_at_its_bound_and_missed_below() {
        let met = judge(&[section(60.0, 100.0)]);
        let missed = judge(&[section(59.0, 100.0)]);

        assert_eq!(first(&met).verdict, Verdict::Met);
        assert!(!met.has_missed());
        assert_eq!(first(&missed).verdict, Verdict::Missed);
        assert!(missed.has_missed());
        assert!(missed.table().contains(">= 0.6 x"));
    }

    #[test]
    fn what_bounds_a_missed_goal_is_told_with_it() {
        let told = |number: &str, name: &str| {
            GOALS.iter().any(|goal| {
                matches!(goal, Goal::Told { number: of, figure, .. } if (*of, *figure) == (number, name))
            })
        };

        for (number, figure, why) in BOUNDS {
            assert!(told(number, figure), "{number} {figure}");
            assert_eq!(bounded_by(number, figure), Some(*why));
        }
        assert_eq!(bounded_by("G1", "nothing"), None);
    }

    #[test]
    fn what_is_no_number_does_not_meet_a_goal() {
        assert!(judge(&[section(f64::NAN, 100.0)]).has_missed());
        assert!(!AtMost(1.0).holds(f64::NAN));
    }

    #[test]
    fn a_goal_without_figure_is_neither_met_nor_missed() {
        let judgement = judge(&[]);

        assert!(
            judgement
                .0
                .iter()
                .all(|one| one.verdict == Verdict::NotMeasured)
        );
        assert!(!judgement.has_missed());
    }

    #[test]
    fn the_figure_of_another_database_does_not_count() {
        let mut section = section(60.0, 100.0);
        section.part = Part::Decide;

        assert_eq!(first(&judge(&[section])).verdict, Verdict::NotMeasured);
    }
}
