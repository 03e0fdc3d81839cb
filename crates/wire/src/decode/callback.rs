//! `resume`: what a receiver answers (RS-1).

use domain::extension::{Answer, Stage};
use domain::id::CalloutId;
use serde_json::Value as Json;

use super::{DecodeError, required_id, root, text};
use crate::body::Node;
use crate::policy::answered_stage;

/// What a receiver says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackBody {
    /// Who it says it is.
    pub source: Option<String>,
    /// The stage that its type names, if it has one.
    pub type_stage: Option<String>,
    /// The stage that it answers for.
    pub stage: String,
    /// The callout that it answers.
    pub instance_id: CalloutId,
    /// What it has to tell.
    pub detail: Option<String>,
    /// What is to become of the request.
    pub answer: Answer,
    /// The stage of approval that it names, as a document (AP-15).
    pub approval_stage: Option<Json>,
}

/// Longest text of a receiver that is kept.
const LONGEST_DETAIL: usize = 4096;

/// Reads the body of `resume`.
pub fn resume(body: &Json) -> Result<CallbackBody, DecodeError> {
    let root = root(body)?;
    let data = root.member("data");
    if data.object()?.is_none() {
        return Err(data.invalid("is required").into());
    }
    let type_node = root.member("type");
    let type_name = type_node.text()?.filter(|name| !name.is_empty());
    let stage = data.member("stage");
    let detail_node = data.member("customExtensionStageInstanceDetail");
    let detail = text(&detail_node)?;
    if detail
        .as_ref()
        .is_some_and(|text| text.chars().count() > LONGEST_DETAIL)
    {
        let reason = format!("must not be longer than {LONGEST_DETAIL} characters");
        return Err(detail_node.invalid(reason).into());
    }
    Ok(CallbackBody {
        source: text(&root.member("source"))?,
        type_stage: type_name.and_then(named_stage),
        stage: stage.required_text()?.to_owned(),
        instance_id: required_id(&data.member("customExtensionStageInstanceId"))?,
        detail,
        answer: answer(&data.member("state"))?,
        approval_stage: answered_stage(&data.member("approvalStage"))?,
    })
}

/// The stage at the end of a type's name; a type that ends in none, such as that of the data, says nothing about it.
fn named_stage(name: &str) -> Option<String> {
    let last = name.rsplit(['.', '#']).next().unwrap_or_default();
    let is_stage = Stage::from_name(last).is_some()
        || name.to_ascii_lowercase().contains("customextensionstage.");
    is_stage.then(|| last.to_owned())
}

/// RS-3: only the two words that end a request mean anything else than to go on.
fn answer(node: &Node<'_>) -> Result<Answer, DecodeError> {
    let Some(word) = node.text()?.filter(|word| !word.is_empty()) else {
        return Ok(Answer::Resume);
    };
    match word.to_ascii_lowercase().as_str() {
        "denied" => Ok(Answer::Deny),
        "canceled" => Ok(Answer::Cancel),
        _ => Err(node
            .invalid(format!("must be `Denied` or `Canceled`, not `{word}`"))
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body() -> Json {
        json!({
            "source": "Contoso.Ticket",
            "type": "microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestCreated",
            "data": {
                "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
                "stage": "assignmentRequestCreated",
                "customExtensionStageInstanceId": "ae79f266-94d4-4dab-b730-feca7e132178",
                "customExtensionStageInstanceDetail": "Ticket 17",
            },
        })
    }

    #[test]
    fn rs_1_an_answer_names_stage_and_instance() {
        let read = resume(&body()).unwrap();

        assert_eq!(read.type_stage.as_deref(), Some("assignmentRequestCreated"));
        assert_eq!(read.stage, "assignmentRequestCreated");
        assert_eq!(read.detail.as_deref(), Some("Ticket 17"));
        assert_eq!(read.answer, Answer::Resume);
    }

    #[test]
    fn rs_3_two_words_end_a_request_in_any_case() {
        for (word, answer) in [
            ("Denied", Answer::Deny),
            ("canceled", Answer::Cancel),
            ("", Answer::Resume),
        ] {
            let mut said = body();
            said["data"]["state"] = json!(word);
            assert_eq!(resume(&said).unwrap().answer, answer, "{word}");
        }
        let mut odd = body();
        odd["data"]["state"] = json!("Approved");
        assert_eq!(resume(&odd).unwrap_err().target, "data/state");
    }

    #[test]
    fn flaws_name_the_member() {
        for (member, target) in [
            ("stage", "data/stage"),
            (
                "customExtensionStageInstanceId",
                "data/customExtensionStageInstanceId",
            ),
        ] {
            let mut wrong = body();
            wrong["data"][member] = json!(null);
            assert_eq!(resume(&wrong).unwrap_err().target, target);
        }
        assert_eq!(resume(&json!({"source": "x"})).unwrap_err().target, "data");
    }
}
