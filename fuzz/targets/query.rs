//! Query options on any collection, in either version: a plan or a refusal, never a panic.
#![no_main]

use domain::cloud::Cloud;
use domain::query::Predicate;
use libfuzzer_sys::fuzz_target;
use odata::query::QueryOptions;
use wire::Version;
use wire::resolve::{self, Request};
use wire::sets::ENTITY_SETS;

fuzz_target!(|input: (u8, bool, bool, &str)| {
    let (place, is_beta, is_single, raw) = input;
    let Ok(options) = QueryOptions::parse(raw) else {
        return;
    };
    let set = &ENTITY_SETS[usize::from(place) % ENTITY_SETS.len()];
    // Either is fine; a refusal has something to say.
    if let Err(refusal) = resolve::resolve(Request {
        version: if is_beta { Version::Beta } else { Version::V1 },
        cloud: Cloud::Global,
        of: set.of,
        filter: Predicate::True,
        is_single,
        is_derived: false,
        is_annotated: false,
        options: &options,
        max_page_size: None,
        after: None,
    }) {
        assert!(!refusal.to_string().is_empty());
    }
});
