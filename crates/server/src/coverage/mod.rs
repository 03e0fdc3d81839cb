//! The published operations against the tables of this server: what is served, what is refused and why, and what nobody
//! has thought of. No handler runs.
//!
//! **Invariant:** an operation of the first tier that is neither served nor refused with a reason fails a test here.

mod contract;
mod documents;
mod outlook;

use std::path::{Path, PathBuf};

use contract::Operation;
use outlook::{Outlook, outlook};

/// The root of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The operations of the contract with what comes of each; none, said aloud, where the contract is not at hand.
fn outlooks() -> Option<Vec<(Operation, Outlook)>> {
    let operations = contract::operations()?;
    let with_outlook = operations.into_iter().map(|operation| {
        let outlook = outlook(operation.version, &operation.method, &operation.path);
        (operation, outlook)
    });
    Some(with_outlook.collect())
}

#[test]
fn every_operation_of_the_first_tier_is_served_or_refused_with_a_reason() {
    let Some(outlooks) = outlooks() else { return };
    let open: Vec<String> = outlooks
        .iter()
        .filter(|(operation, outlook)| {
            operation.tier == 1 && matches!(outlook, Outlook::NotAllowed | Outlook::Unknown(_))
        })
        .map(|(operation, outlook)| format!("{operation}: {outlook:?}"))
        .collect();
    assert!(open.is_empty(), "{} open:\n{}", open.len(), open.join("\n"));
}

#[test]
fn every_refusal_is_of_something_that_is_published_and_not_served() {
    let Some(outlooks) = outlooks() else { return };
    let met: Vec<&str> = outlooks
        .iter()
        .filter_map(|(_, outlook)| match outlook {
            Outlook::Refused(why) => Some(*why),
            Outlook::Served | Outlook::NotAllowed | Outlook::Unknown(_) => None,
        })
        .collect();
    let reasons = crate::routes::REFUSALS.iter().map(|refusal| refusal.why);
    let unused: Vec<&str> = reasons
        .chain(outlook::ABSENT.iter().map(|absent| absent.why))
        .filter(|why| !met.contains(why))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn no_refusal_names_what_is_served() {
    for refusal in crate::routes::REFUSALS {
        for method in refusal.methods {
            let is_served = crate::routes::ROUTES.iter().any(|route| {
                route.of == refusal.of && route.place == refusal.place && route.method == *method
            });
            assert!(
                !is_served,
                "{method} {} {:?}",
                refusal.of.name, refusal.place
            );
        }
    }
}

#[test]
fn the_documents_say_what_the_tables_say() {
    let Some(outlooks) = outlooks() else { return };
    let is_to_be_written = std::env::var_os("REEVE_WRITE_DOCUMENTS").is_some();
    let mut stale = Vec::new();
    for (path, text) in documents::all(&repository(), &outlooks) {
        let file = repository().join(path);
        if is_to_be_written {
            std::fs::write(&file, &text).unwrap();
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != text {
            stale.push(path);
        }
    }
    assert!(stale.is_empty(), "{stale:?}: run `cargo xtask tidy --fix`");
}
