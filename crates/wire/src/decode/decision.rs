//! Decisions about approval stages (AP-10).

use domain::approval::Verdict;
use serde_json::Value as Json;

use super::{DecodeError, root, text};

/// Reads a decision: the verdict and the reason for it.
pub fn decide(body: &Json) -> Result<(Verdict, Option<String>), DecodeError> {
    let root = root(body)?;
    let result = root.member("reviewResult");
    let word = result.required_text()?;
    let verdict = Verdict::decision(word)
        .ok_or_else(|| result.invalid(format!("must be Approve or Deny, not `{word}`")))?;
    Ok((verdict, text(&root.member("justification"))?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_decision_is_approve_or_deny_in_any_spelling() {
        for (word, verdict) in [
            ("Approve", Verdict::Approved),
            ("approved", Verdict::Approved),
            ("Deny", Verdict::Denied),
            ("DENIED", Verdict::Denied),
        ] {
            let body = json!({"reviewResult": word, "justification": "checked"});
            assert_eq!(
                decide(&body).unwrap(),
                (verdict, Some("checked".to_owned())),
                "AP-10"
            );
        }
        for body in [
            json!({}),
            json!({"reviewResult": "NotReviewed"}),
            json!({"reviewResult": 5}),
        ] {
            assert_eq!(decide(&body).unwrap_err().target, "reviewResult");
        }
    }
}
