//! A batch is refused whole or its parts keep the rules: at most twenty, each with an id of its own.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(batch) = odata::batch::parse(body, "/v1.0") else {
        return;
    };
    let ids: BTreeSet<_> = batch.requests.iter().map(|part| &part.id).collect();
    assert!(batch.requests.len() <= 20);
    assert_eq!(ids.len(), batch.requests.len());
    // Whatever a part waits for ran before it.
    let mut done = BTreeSet::new();
    for part in &batch.requests {
        assert!(part.depends_on.iter().all(|id| done.contains(id)));
        done.insert(part.id.clone());
    }
});
