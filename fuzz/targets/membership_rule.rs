//! A membership rule is refused at a place or understood; what is understood means the same after it was printed.
#![no_main]

use domain::membership_rule::{Facts, LONGEST, Rule};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let rule = match Rule::parse(text) {
        Ok(rule) => rule,
        Err(wrong) => {
            assert!(wrong.at.line > 0 && wrong.at.column > 0);
            return;
        }
    };
    let printed = rule.to_string();
    // Marks of escape may make it too long.
    if printed.chars().count() <= LONGEST {
        let again = Rule::parse(&printed);
        assert_eq!(again.as_ref(), Ok(&rule), "{text:?} was printed as {printed:?}");
    }
    rule.matches(&Facts::default());
});
