//! What is told of the published operations: the list of deviations, and the table in the README.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use wire::Version;
use wire::schema::differences::{BORROWED, document};
use wire::sets::ENTITY_SETS;

use super::contract::Operation;
use super::outlook::Outlook;

const DEVIATIONS: &str = "docs/deviations.txt";
const README: &str = "README.md";
const BEGIN: &str = "<!-- compatibility: written by `cargo xtask tidy --fix` -->\n";
const END: &str = "<!-- end of compatibility -->\n";

/// Every document that is written from the tables: its path and its text.
pub(super) fn all(
    repository: &Path,
    outlooks: &[(Operation, Outlook)],
) -> Vec<(&'static str, String)> {
    let readme = std::fs::read_to_string(repository.join(README)).unwrap_or_default();
    vec![
        (DEVIATIONS, deviations(outlooks)),
        (README, with_table(&readme, &table(outlooks))),
    ]
}

/// Operations of the first tier that are refused, one a line.
fn deviations(outlooks: &[(Operation, Outlook)]) -> String {
    let mut rows: BTreeMap<(&str, &str), (Vec<&str>, &str)> = BTreeMap::new();
    for (operation, outlook) in outlooks.iter().filter(|(one, _)| one.tier == 1) {
        if let Outlook::Refused(why) = outlook {
            let place = (operation.path.as_str(), operation.method.as_str());
            let row = rows.entry(place).or_insert((Vec::new(), why));
            row.0.push(operation.version.as_str());
        }
    }
    let mut text = String::from(
        "# Operations that published clients offer and that Reeve refuses on purpose: method, path, then the versions\n\
         # and the reason, which the answer tells, too. Written by `cargo xtask tidy --fix`; do not edit.\n",
    );
    for ((path, method), (versions, why)) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{method} {path}  # {}: {why}", versions.join(", "));
    }
    text
}

/// How many operations of one kind there are, and what comes of them.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    served: usize,
    refused: usize,
    total: usize,
}

impl Tally {
    fn add(&mut self, outlook: &Outlook) {
        self.total += 1;
        match outlook {
            Outlook::Served => self.served += 1,
            Outlook::Refused(_) => self.refused += 1,
            Outlook::NotAllowed | Outlook::Unknown(_) => {}
        }
    }

    fn cell(self) -> String {
        match (self.total, self.refused) {
            (0, _) => String::new(),
            (total, 0) => format!("{} of {total}", self.served),
            (total, refused) => format!("{} of {total}, {refused} refused", self.served),
        }
    }
}

/// Of each area: both versions, at most two navigations deep and deeper.
type Row = [Tally; 4];

fn column(operation: &Operation) -> usize {
    let mut versions = Version::ALL.iter();
    let version = versions.position(|one| *one == operation.version).unwrap();
    version + if operation.tier == 1 { 0 } else { 2 }
}

fn table(outlooks: &[(Operation, Outlook)]) -> String {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut sum = Row::default();
    let mut documented = Row::default();
    for (operation, outlook) in outlooks {
        let at = column(operation);
        rows.entry(area(operation)).or_default()[at].add(outlook);
        sum[at].add(outlook);
        if operation.is_documented {
            documented[at].add(outlook);
        }
    }
    let mut text = String::from(
        "| operations at | v1.0 | beta | v1.0, deeper | beta, deeper |\n|---|---|---|---|---|\n",
    );
    for (name, row) in &rows {
        line(&mut text, name, row);
    }
    line(&mut text, "**all**", &sum);
    line(&mut text, "**all that Graph documents**", &documented);
    text
}

fn line(text: &mut String, name: &str, row: &Row) {
    let cells = row.map(Tally::cell);
    let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
}

/// The entity set that a path goes through, by its names in both versions.
fn area(operation: &Operation) -> String {
    let path = operation.path.trim_start_matches('/');
    let mut segments = path.split('/');
    let root = segments.next().unwrap_or_default();
    let _ = segments.next();
    let segment = segments.next().unwrap_or_default();
    let name = segment.split('(').next().unwrap_or_default();
    let found = ENTITY_SETS.iter().find(|set| {
        set.root.segments().first() == Some(&root) && set.name(operation.version) == Some(name)
    });
    let names = match found.map(|set| (set.v1, set.beta)) {
        Some((Some(v1), Some(beta))) if v1 != beta => format!("`{v1}`, `{beta}`"),
        Some((v1, beta)) => format!("`{}`", v1.or(beta).unwrap_or_default()),
        None if name.is_empty() => "the root itself".to_owned(),
        None => format!("`{name}`"),
    };
    match root {
        "roleManagement" => format!("role management: {names}"),
        _ => names,
    }
}

/// The README with this table in it.
fn with_table(readme: &str, table: &str) -> String {
    let parts = readme
        .split_once(BEGIN)
        .and_then(|(before, rest)| rest.split_once(END).map(|(_, after)| (before, after)));
    match parts {
        Some((before, after)) => format!("{before}{BEGIN}\n{table}\n{END}{after}"),
        None => format!("{readme}\n{BEGIN}\n{table}\n{END}"),
    }
}

#[test]
fn the_document_about_the_schema_has_a_row_for_each_difference() {
    let text = document();
    let rows = text.lines().filter(|line| line.starts_with("| `")).count();
    let named: std::collections::BTreeSet<_> = Version::ALL
        .into_iter()
        .flat_map(wire::schema::differences::differences)
        .collect();
    assert_eq!(rows, named.len() + BORROWED.len());
}

#[test]
fn the_table_takes_the_place_of_the_one_before() {
    let once = with_table("a\n", "| x |\n");
    assert_eq!(with_table(&once, "| x |\n"), once);
    assert!(with_table(&once, "| y |\n").contains("| y |") && once.starts_with("a\n"));
    assert!(!with_table(&once, "| y |\n").contains("| x |"));
}
