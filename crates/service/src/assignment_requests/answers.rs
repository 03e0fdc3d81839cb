//! The answers of a request: whole for one that adds (QA-2), a change of the earlier ones for an update (QA-3).

use domain::id::{AccessPackageId, SubjectId};
use domain::policy::Question;
use domain::submission::{Answer, AnswerFault, Submission, check_answers, check_changed_answers};
use serde_json::Value as Json;
use store::ReadTx;

use crate::error::{Code, ServiceError};

/// The questions of the policy and of the resources are answered (QA-2, QA-6, RQ-13).
pub(super) fn complete(
    questions: &[Question],
    submission: &Submission,
) -> Result<(), ServiceError> {
    check_answers(questions, &submission.answers, matches).map_err(fault)
}

/// Only answers that may be changed are changed. Answers all of them, as a document: a new one is in the place of the
/// earlier one, and what is not given anew stays as it was.
pub(super) fn changed(
    tx: &mut ReadTx<'_>,
    questions: &[Question],
    submission: &Submission,
    target: SubjectId,
    package: AccessPackageId,
) -> Result<String, ServiceError> {
    if submission.answers.is_empty() {
        return Ok(submission.answers_document.clone());
    }
    let earlier = store::offer::answers(tx, target, package)?;
    let earlier = documents(earlier.as_deref().unwrap_or("[]"));
    let known: Vec<Answer> = earlier.iter().filter_map(read).collect();
    check_changed_answers(questions, &submission.answers, &known, matches).map_err(fault)?;

    let is_given = |document: &Json| {
        let given = submission.answers.iter().map(|answer| answer.question_id);
        read(document).is_some_and(|old| given.into_iter().any(|id| id == old.question_id))
    };
    let mut all: Vec<Json> = earlier.into_iter().filter(|old| !is_given(old)).collect();
    all.extend(documents(&submission.answers_document));
    Ok(Json::Array(all).to_string())
}

/// The answers of a stored document.
pub(crate) fn stored(text: &str) -> Vec<Answer> {
    documents(text).iter().filter_map(read).collect()
}

fn documents(text: &str) -> Vec<Json> {
    serde_json::from_str(text).unwrap_or_default()
}

/// An answer as it was stored.
fn read(document: &Json) -> Option<Answer> {
    let id = document.pointer("/answeredQuestion/id")?.as_str()?;
    let value = ["value", "displayValue"]
        .iter()
        .find_map(|name| document.get(name)?.as_str());
    Some(Answer {
        question_id: id.parse().ok()?,
        values: value
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect(),
    })
}

fn matches(pattern: &str, text: &str) -> bool {
    super::whole_pattern(pattern).is_some_and(|pattern| pattern.is_match(text))
}

fn fault(fault: AnswerFault) -> ServiceError {
    let code = match fault {
        AnswerFault::Missing(_) => Code::RequiredAnswerMissing,
        AnswerFault::Unknown(_) => Code::UnknownQuestion,
        AnswerFault::NotEditable(_) => Code::AnswerNotEditable,
        AnswerFault::NotOffered(_) | AnswerFault::Malformed(_) => Code::InvalidModel,
    };
    ServiceError::invalid(code, "answers", fault.to_string())
}
