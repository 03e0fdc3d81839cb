//! Reading the published operations.

use std::fmt;
use std::path::PathBuf;

use http::Method;
use wire::Version;

/// One published operation.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) version: Version,
    pub(super) method: Method,
    /// With keys and parameters in braces.
    pub(super) path: String,
    /// 1: at most two navigations below the root; 2: deeper.
    pub(super) tier: u8,
    /// Whether a page describes it.
    pub(super) is_documented: bool,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.version, self.method, self.path)
    }
}

/// Every operation of the contract, or `None` (said aloud) where it is not at hand.
pub(super) fn operations() -> Option<Vec<Operation>> {
    let folder = std::env::var_os("CONTRACT_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contract"),
        PathBuf::from,
    );
    let text = match std::fs::read_to_string(folder.join("operations.csv")) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("SKIPPED: no published operations (set CONTRACT_DIR): {error}");
            return None;
        }
    };
    let mut lines = text.lines().map(cells);
    let head = lines.next().expect("operations.csv has a head");
    let place = |name: &str| head.iter().position(|cell| cell == name).expect("a column");
    let [version, method, path, tier, page] =
        ["api_version", "method", "path", "tier", "doc_page"].map(place);
    let operations = lines.map(|cells| Operation {
        version: Version::parse(&cells[version]).expect("a version"),
        method: cells[method].parse().expect("a method"),
        path: cells[path].clone(),
        tier: cells[tier].parse().expect("a tier"),
        is_documented: !cells[page].is_empty(),
    });
    Some(operations.collect())
}

/// The cells of a line; a cell in quotes may hold commas, and doubled quotes.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            other => cells.last_mut().expect("there is one").push(other),
        }
    }
    cells
}

#[test]
fn a_cell_in_quotes_may_hold_commas() {
    assert_eq!(cells("a,\"b,c\",,d"), ["a", "b,c", "", "d"]);
}
