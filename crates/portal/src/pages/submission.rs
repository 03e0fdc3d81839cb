//! From a form to a submission, and from its refusal to the fields at fault.

use domain::assignment_request::RequestType;
use domain::policy::{RequestedExpiration, RequestedSchedule};
use domain::submission::{Answer, Submission};
use domain::time::Timestamp;
use serde_json::json;
use service::{Code, ServiceError};

use crate::problem::Problem;
use crate::words;

/// A submission that says nothing yet.
pub(crate) fn empty(request_type: RequestType) -> Submission {
    Submission {
        request_type,
        is_extension: false,
        access_package_id: None,
        assignment_policy_id: None,
        assignment_id: None,
        target: None,
        schedule: RequestedSchedule::default(),
        schedule_document: "null".to_owned(),
        answers: Vec::new(),
        answers_document: "[]".to_owned(),
        justification: None,
        bypass_approval: None,
        is_validation_only: false,
    }
}

/// From when until when; what is not said is as the policy says.
pub(crate) fn with_dates(
    mut submission: Submission,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
) -> Submission {
    if starts_at.is_none() && ends_at.is_none() {
        return submission;
    }
    submission.schedule = RequestedSchedule {
        starts_at,
        expiration: ends_at.map_or(RequestedExpiration::NotSpecified, RequestedExpiration::At),
    };
    let kind = if ends_at.is_some() {
        "afterDateTime"
    } else {
        "notSpecified"
    };
    let document = json!({
        "v": 1,
        "startDateTime": starts_at.map(|at| at.to_string()),
        "expiration": {
            "type": kind,
            "endDateTime": ends_at.map(|at| at.to_string()),
            "duration": null,
        },
    });
    submission.schedule_document = document.to_string();
    submission
}

/// These answers, and the document that shows them again. Several values of one question stand on lines of their own (QA-2).
pub(crate) fn with_answers(mut submission: Submission, answers: Vec<Answer>) -> Submission {
    let documents: Vec<_> = answers
        .iter()
        .map(|answer| {
            json!({
                "@odata.type": "#microsoft.graph.accessPackageAnswerString",
                "value": answer.values.join("\n"),
                "displayValue": answer.values.join("\n"),
                "answeredQuestion": {"id": answer.question_id.to_string()},
            })
        })
        .collect();
    submission.answers_document = json!(documents).to_string();
    submission.answers = answers;
    submission
}

/// What is wrong with a form, field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// With the form as a whole.
    pub(crate) whole: Option<String>,
    /// With the field of this name.
    fields: Vec<(String, String)>,
}

impl Faults {
    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(own, _)| own == field);
        found.map(|(_, text)| text.as_str())
    }

    pub(crate) fn add(&mut self, field: &str, text: &str) {
        self.fields.push((field.to_owned(), text.to_owned()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.whole.is_none() && self.fields.is_empty()
    }

    /// The words above a form that has faults.
    pub(crate) fn summary(&self) -> Option<String> {
        match (&self.whole, self.fields.len()) {
            (Some(whole), _) => Some(whole.clone()),
            (None, 0) => None,
            (None, _) => Some("Nothing was sent yet: see the fields below.".to_owned()),
        }
    }

    /// The words above a form whose content was to be saved.
    pub(crate) fn unsaved(&self) -> Option<String> {
        match (&self.whole, self.fields.len()) {
            (Some(whole), _) => Some(whole.clone()),
            (None, 0) => None,
            (None, _) => Some("Nothing was saved: see the fields below.".to_owned()),
        }
    }

    /// The refusal of a change, at the field that its target leads to: `fields` has beginnings of targets, each with a
    /// field. Anything but a refusal is no fault of the form, nor is one that hides what it is about.
    pub(crate) fn of_change(error: ServiceError, fields: &[(&str, &str)]) -> Result<Self, Problem> {
        let ServiceError::Refused {
            code,
            message,
            target,
        } = error
        else {
            return Err(error.into());
        };
        let mut faults = Self::default();
        if code == Code::PreconditionFailed {
            faults.whole = Some(
                "Somebody changed it since you opened this page, so nothing was saved. Look at how it is now; if you \
                 send what stands here, it takes the place of that."
                    .to_owned(),
            );
            return Ok(faults);
        }
        let field = target.as_deref().and_then(|target| {
            let fits = fields.iter().filter(|(begin, _)| target.starts_with(begin));
            fits.max_by_key(|(begin, _)| begin.len())
        });
        match field {
            Some((_, field)) => faults.add(field, &words::sentence(&message)),
            None if matches!(code, Code::ResourceNotFound | Code::AccessDenied) => {
                return Err(ServiceError::refused(code, message).into());
            }
            None => faults.whole = Some(words::sentence(&message)),
        }
        Ok(faults)
    }

    /// The refusal of a submission, at the field that it is about; anything but a refusal is no fault of the form.
    pub(crate) fn of_refusal(error: ServiceError) -> Result<Self, Problem> {
        let ServiceError::Refused {
            code,
            message,
            target,
        } = error
        else {
            return Err(error.into());
        };
        if matches!(code, Code::ResourceNotFound | Code::AccessDenied) {
            return Err(ServiceError::refused(code, message).into());
        }
        let target = target.unwrap_or_default();
        let mut faults = Self::default();
        match code {
            Code::RequiredAnswerMissing => {
                faults.add(&question(&message), "Answer this question.");
            }
            Code::AnswerNotEditable | Code::UnknownQuestion => {
                faults.add(&question(&message), &words::sentence(&message));
            }
            Code::JustificationRequired => faults.add("reason", "Say why."),
            _ if target.starts_with("answers") || message.contains("question `") => {
                let text = "The answer does not have the form that the question wants.";
                faults.add(&question(&message), text);
            }
            Code::InvalidSchedule => faults.add("ends", &words::sentence(&message)),
            _ if target.starts_with("schedule") => {
                let field = if target.contains("start") {
                    "starts"
                } else {
                    "ends"
                };
                faults.add(field, &words::sentence(&message));
            }
            _ if target.contains("target") => faults.add("for", &words::sentence(&message)),
            _ if target == "justification" => faults.add("reason", &words::sentence(&message)),
            other => faults.whole = Some(words::in_the_way(Some(other), &message)),
        }
        Ok(faults)
    }
}

/// The field of the question that a message names.
fn question(message: &str) -> String {
    let id = message.split('`').nth(1).unwrap_or_default();
    format!("q-{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(code: Code, target: Option<&str>, message: &str) -> Faults {
        let error = ServiceError::Refused {
            code,
            message: message.to_owned(),
            target: target.map(str::to_owned),
        };
        Faults::of_refusal(error).unwrap()
    }

    #[test]
    fn a_refusal_stands_beside_the_field_that_it_is_about() {
        let answer = faults(
            Code::RequiredAnswerMissing,
            Some("answers"),
            "question `1-2` must be answered",
        );
        assert_eq!(answer.of("q-1-2"), Some("Answer this question."));
        let dates = faults(
            Code::InvalidSchedule,
            Some("schedule"),
            "the end is too early",
        );
        assert_eq!(dates.of("ends"), Some("The end is too early."));
        let whom = faults(
            Code::PolicyRequirementsNotMet,
            Some("assignment/targetId"),
            "no",
        );
        assert_eq!(whom.of("for"), Some("No."));
        let held = faults(Code::ExistingAssignment, None, "the target has it");
        assert_eq!(held.whole.as_deref(), Some("You hold it already."));
        assert!(held.summary().is_some() && !held.is_empty());
    }

    #[test]
    fn what_the_reader_may_not_know_is_no_fault_of_the_form() {
        let error = ServiceError::not_found("access package", "x");
        assert!(matches!(Faults::of_refusal(error), Err(Problem::NotFound)));
    }
}
