//! Subjects: all that may be said of one is whether its account is looked after (EX-5).

use domain::subject::SubjectLifecycle;
use serde_json::Value as Json;

use super::{DecodeError, changed, root, word};

/// Reads what to change of a subject; `None` if nothing.
pub fn update(body: &Json) -> Result<Option<SubjectLifecycle>, DecodeError> {
    let all: Vec<_> = SubjectLifecycle::ALL
        .iter()
        .map(|one| one.as_str())
        .collect();
    changed(&root(body)?, "subjectLifecycle", |node| {
        word(node, SubjectLifecycle::from_name, &all)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_life_cycle_is_read_in_any_case_and_nothing_else_counts() {
        let read = update(&json!({"subjectLifecycle": "Governed", "displayName": "x"})).unwrap();

        assert_eq!(read, Some(SubjectLifecycle::Governed));
        assert_eq!(update(&json!({"displayName": "x"})).unwrap(), None);
        for body in [
            json!({"subjectLifecycle": "kept"}),
            json!({"subjectLifecycle": null}),
        ] {
            assert_eq!(update(&body).unwrap_err().target, "subjectLifecycle");
        }
    }
}
