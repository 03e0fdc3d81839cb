//! What somebody asks for when they submit an assignment request (semantics 2.2), and the answers they give (2.6).

use crate::assignment_request::RequestType;
use crate::id::{AccessPackageId, AssignmentId, ObjectId, PolicyId, QuestionId};
use crate::policy::{AnswerKind, Question, RequestedSchedule};

/// For whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetReference {
    /// A directory object, or a subject (ID-3).
    Id(ObjectId),
    /// Whoever has this mail address (RQ-11).
    Email(Addressee),
}

/// Somebody who is named by their mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// The address, as it was written.
    pub address: String,
    /// Their name, if it was given.
    pub display_name: Option<String>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The question.
    pub question_id: QuestionId,
    /// The values; a text answer has one, a choice may have several.
    pub values: Vec<String>,
}

/// A request as it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// What is asked for.
    pub request_type: RequestType,
    /// It was called `UserExtend` (RQ-3).
    pub is_extension: bool,
    /// The package, for adds.
    pub access_package_id: Option<AccessPackageId>,
    /// The policy, for adds.
    pub assignment_policy_id: Option<PolicyId>,
    /// The assignment, for updates and removals.
    pub assignment_id: Option<AssignmentId>,
    /// For whom; absent means the caller.
    pub target: Option<TargetReference>,
    /// From when until when.
    pub schedule: RequestedSchedule,
    /// The same as a document, to be shown again.
    pub schedule_document: String,
    /// The answers.
    pub answers: Vec<Answer>,
    /// The same as a document, to be shown again.
    pub answers_document: String,
    /// Why.
    pub justification: Option<String>,
    /// Whether approval shall be skipped (AP-12).
    pub bypass_approval: Option<bool>,
    /// Run every check, store nothing.
    pub is_validation_only: bool,
}

impl Submission {
    /// An update that gives answers and no dates leaves the dates as they are.
    pub fn only_answers(&self) -> bool {
        !self.answers.is_empty() && !self.schedule.is_custom()
    }
}

/// What is wrong with the answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// A required question has no answer.
    #[error("question `{0}` must be answered")]
    Missing(QuestionId),
    /// There is no such question.
    #[error("the policy has no question `{0}`")]
    Unknown(QuestionId),
    /// The answer is not one of the choices, or too many are chosen.
    #[error("the answer to question `{0}` is not one that the question offers")]
    NotOffered(QuestionId),
    /// The answer was given for good.
    #[error("the answer to question `{0}` cannot be changed")]
    NotEditable(QuestionId),
    /// The text does not match what the question demands.
    #[error("the answer to question `{0}` does not have the form that the question demands")]
    Malformed(QuestionId),
}

/// Checks the answers to the questions of a policy (QA-2). `matches` says whether a text matches a whole pattern.
pub fn check_answers(
    questions: &[Question],
    answers: &[Answer],
    matches: impl Fn(&str, &str) -> bool,
) -> Result<(), AnswerFault> {
    for answer in answers {
        check_answer(asked(questions, answer)?, answer, &matches)?;
    }
    for question in questions.iter().filter(|question| question.is_required) {
        let Some(id) = question.id else { continue };
        let answered = answers.iter().any(|answer| {
            answer.question_id == id && answer.values.iter().any(|value| !value.trim().is_empty())
        });
        if !answered {
            return Err(AnswerFault::Missing(id));
        }
    }
    Ok(())
}

/// Checks the answers that an update gives (QA-3): those it does not give stay, and only those that may be changed are.
pub fn check_changed_answers(
    questions: &[Question],
    answers: &[Answer],
    earlier: &[Answer],
    matches: impl Fn(&str, &str) -> bool,
) -> Result<(), AnswerFault> {
    for answer in answers {
        let question = asked(questions, answer)?;
        if !question.is_answer_editable && !earlier.contains(answer) {
            return Err(AnswerFault::NotEditable(answer.question_id));
        }
        let is_empty = answer.values.iter().all(|value| value.trim().is_empty());
        if question.is_required && is_empty {
            return Err(AnswerFault::Missing(answer.question_id));
        }
        check_answer(question, answer, &matches)?;
    }
    Ok(())
}

/// The question that an answer is for.
fn asked<'q>(questions: &'q [Question], answer: &Answer) -> Result<&'q Question, AnswerFault> {
    let id = answer.question_id;
    questions
        .iter()
        .find(|question| question.id == Some(id))
        .ok_or(AnswerFault::Unknown(id))
}

fn check_answer(
    question: &Question,
    answer: &Answer,
    matches: &impl Fn(&str, &str) -> bool,
) -> Result<(), AnswerFault> {
    let id = answer.question_id;
    match &question.answer {
        AnswerKind::Text { pattern } => {
            let fits = |value: &String| {
                value.is_empty()
                    || pattern
                        .as_ref()
                        .is_none_or(|pattern| matches(pattern, value))
            };
            if answer.values.iter().all(fits) {
                Ok(())
            } else {
                Err(AnswerFault::Malformed(id))
            }
        }
        AnswerKind::Choice { values, multiple } => {
            let offered = answer.values.iter().all(|value| values.contains(value));
            if offered && (*multiple || answer.values.len() <= 1) {
                Ok(())
            } else {
                Err(AnswerFault::NotOffered(id))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(number: u128, answer: AnswerKind) -> Question {
        Question {
            id: Some(id(number)),
            text: "Why?".to_owned(),
            is_required: true,
            is_answer_editable: false,
            sequence: 0,
            answer,
        }
    }

    fn id(number: u128) -> QuestionId {
        QuestionId::new(uuid::Uuid::from_u128(number))
    }

    fn answer(number: u128, values: &[&str]) -> Answer {
        Answer {
            question_id: id(number),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    #[test]
    fn answers_are_checked_against_their_questions() {
        let text = AnswerKind::Text {
            pattern: Some("digits".to_owned()),
        };
        let one = AnswerKind::Choice {
            values: vec!["a".into(), "b".into()],
            multiple: false,
        };
        let many = AnswerKind::Choice {
            values: vec!["a".into(), "b".into()],
            multiple: true,
        };
        let digits = |_: &str, text: &str| text.chars().all(|one| one.is_ascii_digit());
        let check = |kind: &AnswerKind, given: &[Answer]| {
            check_answers(&[question(1, kind.clone())], given, digits)
        };

        assert_eq!(check(&text, &[answer(1, &["12"])]), Ok(()), "QA-2");
        assert_eq!(
            check(&text, &[answer(1, &["x"])]),
            Err(AnswerFault::Malformed(id(1)))
        );
        assert_eq!(check(&text, &[]), Err(AnswerFault::Missing(id(1))));
        assert_eq!(
            check(&text, &[answer(1, &[" "])]),
            Err(AnswerFault::Malformed(id(1)))
        );
        assert_eq!(
            check(&text, &[answer(2, &["1"])]),
            Err(AnswerFault::Unknown(id(2)))
        );
        assert_eq!(check(&one, &[answer(1, &["a"])]), Ok(()));
        assert_eq!(
            check(&one, &[answer(1, &["c"])]),
            Err(AnswerFault::NotOffered(id(1)))
        );
        assert_eq!(
            check(&one, &[answer(1, &["a", "b"])]),
            Err(AnswerFault::NotOffered(id(1)))
        );
        assert_eq!(check(&many, &[answer(1, &["a", "b"])]), Ok(()));
    }

    #[test]
    fn qa_3_only_answers_that_may_be_changed_are_changed_by_an_update() {
        let text = || AnswerKind::Text { pattern: None };
        let editable = Question {
            is_answer_editable: true,
            ..question(2, text())
        };
        let questions = [question(1, text()), editable];
        let earlier = [answer(1, &["once"]), answer(2, &["now"])];
        let check =
            |given: &[Answer]| check_changed_answers(&questions, given, &earlier, |_, _| true);

        assert_eq!(check(&[]), Ok(()), "what is not given stays");
        assert_eq!(check(&[answer(1, &["once"])]), Ok(()));
        assert_eq!(check(&[answer(2, &["later"])]), Ok(()));
        let fault = check(&[answer(1, &["again"])]);
        assert_eq!(fault, Err(AnswerFault::NotEditable(id(1))));
        assert_eq!(check(&[answer(2, &[""])]), Err(AnswerFault::Missing(id(2))));
        assert_eq!(
            check(&[answer(3, &["x"])]),
            Err(AnswerFault::Unknown(id(3)))
        );
    }
}
