//! A SCIM filter is refused or understood; what is understood means the same after it was printed.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(filter) = scim::filter::parse(text) else {
        return;
    };
    let printed = filter.to_string();
    let again = scim::filter::parse(&printed);
    assert_eq!(
        again.as_ref(),
        Ok(&filter),
        "{text:?} was printed as {printed:?}"
    );
});
