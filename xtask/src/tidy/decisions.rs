//! A decision about rights is made in `service`: no entrance asks `service::authorize` or `auth::decide` by itself.

use crate::finding::Finding;
use crate::source::{before_tests, code_of, is_test_file};
use crate::workspace::TextFile;

/// What only `service` may ask.
const ASKS: &[&str] = &["authorize::", "decide::", "decide_directory("];

/// The crates through which calls come in.
const ENTRANCES: &[&str] = &["crates/server/src/", "crates/scim/src/"];

/// Every decision that an entrance makes by itself.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let is_entrance = ENTRANCES.iter().any(|front| file.path.starts_with(front));
        if !is_entrance || !file.is_rust() || is_test_file(&file.path) {
            continue;
        }
        let code = code_of(before_tests(&file.text));
        for (number, line) in (1..).zip(code.lines()) {
            // The module of the sign-in page and the handler of decisions are called so, too.
            let asks = ASKS.iter().any(|asks| {
                line.match_indices(asks).any(|(at, _)| {
                    let before = line.get(..at).unwrap_or_default();
                    before.ends_with("service::")
                        || before.ends_with("auth::")
                        || asks.ends_with('(')
                })
            });
            if asks {
                let message = "a decision about rights is made in `service`";
                findings.push(Finding::at(&file.path, number, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&[TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }])
        .len()
    }

    #[test]
    fn an_entrance_that_decides_is_found_and_the_service_may() {
        let line = "service::authorize::in_tenant(ctx, action)?;\n";

        assert_eq!(count("crates/server/src/a.rs", line), 1);
        assert_eq!(
            count("crates/server/src/a.rs", "use auth::decide::decide;\n"),
            1
        );
        assert_eq!(count("crates/service/src/a.rs", line), 0);
        assert_eq!(
            count("crates/server/src/a.rs", "run!(authorize::page);\n"),
            0
        );
    }
}
