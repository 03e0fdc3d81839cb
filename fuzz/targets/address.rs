//! A path below a version: an address or a refusal, never a panic, and every address has a place to begin.
#![no_main]

use domain::cloud::Cloud;
use libfuzzer_sys::fuzz_target;
use wire::Version;
use wire::address::{self, Options};

const CALLER: &str = "01234567-89ab-7def-8123-456789abcdef";

fuzz_target!(|input: (bool, bool, &str)| {
    let (is_beta, is_user, raw) = input;
    let Ok(segments) = odata::path::parse(raw) else {
        return;
    };
    let version = if is_beta { Version::Beta } else { Version::V1 };
    let options = Options {
        caller: is_user.then_some(CALLER),
        legacy_v1_paths: true,
        cloud: Cloud::Global,
    };
    match address::resolve(version, &segments, options) {
        Ok(address) => assert!(!address.steps.is_empty()),
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
});
