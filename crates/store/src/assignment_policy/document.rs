//! The settings of a policy as a document, in the v1.0 shape, and how the rules read them.
//!
//! Absent and null mean the same (PO-40). Members that no rule reads are passed over: they are only kept and served.
//!
//! **Invariant:** a document that is refused is refused with the path of the member at fault, so that the same reader
//! serves bodies that somebody wants to store.

use domain::extension::{Stage, StageSetting};
use domain::flaw::Flaw;
use domain::policy::{
    AnswerKind, ApprovalSettings, ApprovalStage, ApproverVisibility, AutomaticSettings,
    DEFAULT_STAGE_TIME, Expiration, PolicySettings, Question, RequestorSettings,
};
use domain::subject_set::{SubjectSet, SubjectSetKind as Kind};
use domain::time::{Duration, Timestamp};
use serde_json::Value as Json;

/// What is wrong with a document: at which member, and why.
pub type DocumentError = Flaw;

/// A member of the document, with the path that leads to it.
struct Member<'d> {
    path: String,
    json: &'d Json,
}

static ABSENT: Json = Json::Null;

impl<'d> Member<'d> {
    fn flaw(&self, expected: &str) -> Flaw {
        Flaw::new(&self.path, format!("`{}` must be {expected}", self.path))
    }

    /// A member of this object; absent is null.
    fn member(&self, name: &str) -> Member<'d> {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.path)
        };
        Member {
            path,
            json: self.json.get(name).unwrap_or(&ABSENT),
        }
    }

    fn is_null(&self) -> bool {
        self.json.is_null()
    }

    /// The object itself, unless it is null.
    fn object(self) -> Result<Option<Self>, Flaw> {
        match self.json {
            Json::Null => Ok(None),
            Json::Object(_) => Ok(Some(self)),
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Err(self.flaw("an object"))
            }
        }
    }

    /// The items of a list; null is none.
    fn items(&self) -> Result<Vec<Member<'d>>, Flaw> {
        match self.json {
            Json::Null => Ok(Vec::new()),
            Json::Array(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(position, json)| Member {
                    path: format!("{}/{position}", self.path),
                    json,
                })
                .collect()),
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
                Err(self.flaw("a list"))
            }
        }
    }

    fn text(&self) -> Result<Option<&'d str>, Flaw> {
        match self.json {
            Json::Null => Ok(None),
            Json::String(text) => Ok(Some(text)),
            Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                Err(self.flaw("a text"))
            }
        }
    }

    fn flag(&self, absent: bool) -> Result<bool, Flaw> {
        match self.json {
            Json::Null => Ok(absent),
            Json::Bool(flag) => Ok(*flag),
            Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => {
                Err(self.flaw("true or false"))
            }
        }
    }

    fn number(&self) -> Result<Option<i64>, Flaw> {
        if self.is_null() {
            return Ok(None);
        }
        self.json
            .as_i64()
            .map(Some)
            .ok_or_else(|| self.flaw("a whole number"))
    }

    fn duration(&self) -> Result<Option<Duration>, Flaw> {
        let Some(text) = self.text()? else {
            return Ok(None);
        };
        let malformed =
            |wrong: domain::time::MalformedTime| Flaw::new(&self.path, wrong.to_string());
        Duration::parse(text).map(Some).map_err(malformed)
    }

    fn instant(&self) -> Result<Option<Timestamp>, Flaw> {
        let Some(text) = self.text()? else {
            return Ok(None);
        };
        let malformed =
            |wrong: domain::time::MalformedTime| Flaw::new(&self.path, wrong.to_string());
        Timestamp::parse(text).map(Some).map_err(malformed)
    }

    fn id<T: std::str::FromStr>(&self) -> Result<T, Flaw> {
        self.text()?
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.flaw("a GUID"))
    }
}

/// Reads the settings of a policy.
pub fn parse(document: &str) -> Result<PolicySettings, DocumentError> {
    let json: Json = serde_json::from_str(document)
        .map_err(|_| Flaw::new("", "the settings must be a JSON object"))?;
    let whole = Member {
        path: String::new(),
        json: &json,
    };
    if !json.is_object() {
        return Err(Flaw::new("", "the settings must be a JSON object"));
    }
    let notifications = whole.member("notificationSettings");
    Ok(PolicySettings {
        targets: subject_sets(&whole.member("specificAllowedTargets"))?,
        expiration: expiration(&whole.member("expiration"))?,
        requestors: requestors(&whole)?,
        approval: approval(whole.member("requestApprovalSettings"))?,
        notifications_disabled: notifications
            .member("isAssignmentNotificationDisabled")
            .flag(false)?,
        questions: questions(&whole.member("questions"))?,
        automatic: automatic(&whole)?,
        extensions: extensions(&whole)?,
        needs_verified_credentials: !whole
            .member("verifiableCredentialSettings")
            .member("credentialTypes")
            .items()?
            .is_empty(),
    })
}

fn subject_sets(list: &Member<'_>) -> Result<Vec<SubjectSet>, Flaw> {
    list.items()?.iter().map(subject_set).collect()
}

fn subject_set(set: &Member<'_>) -> Result<SubjectSet, Flaw> {
    let annotation = set.member("@odata.type");
    let kind = annotation
        .text()?
        .and_then(Kind::from_type_name)
        .ok_or_else(|| {
            Flaw::new(
                &set.path,
                format!(
                    "`{}` must say by `@odata.type` which kind of subject set it is",
                    set.path
                ),
            )
        })?;
    Ok(match kind {
        Kind::SingleUser => SubjectSet::SingleUser(set.member("userId").id()?),
        Kind::GroupMembers => SubjectSet::GroupMembers(set.member("groupId").id()?),
        Kind::RequestorManager => SubjectSet::RequestorManager {
            level: manager_level(set)?,
        },
        Kind::TargetManager => SubjectSet::TargetManager {
            level: manager_level(set)?,
        },
        Kind::ConnectedOrganizationMembers => {
            SubjectSet::ConnectedOrganizationMembers(set.member("connectedOrganizationId").id()?)
        }
        Kind::InternalSponsors => SubjectSet::InternalSponsors,
        Kind::ExternalSponsors => SubjectSet::ExternalSponsors,
        Kind::TargetUserSponsors => SubjectSet::TargetUserSponsors,
        Kind::SingleServicePrincipal => {
            SubjectSet::SingleServicePrincipal(set.member("servicePrincipalId").id()?)
        }
        Kind::TargetApplicationOwners => SubjectSet::TargetApplicationOwners,
        Kind::TargetAgentIdentitySponsorsOrOwners => {
            SubjectSet::TargetAgentIdentitySponsorsOrOwners
        }
        Kind::AttributeRuleMembers => SubjectSet::AttributeRuleMembers {
            rule: set
                .member("membershipRule")
                .text()?
                .unwrap_or_default()
                .to_owned(),
        },
    })
}

/// PO-4: 1 where nothing is said; whether it is in bounds is for the rules to say.
fn manager_level(set: &Member<'_>) -> Result<u8, Flaw> {
    let level = set.member("managerLevel");
    let number = level.number()?.unwrap_or(1);
    u8::try_from(number).map_err(|_| level.flaw("a small positive number"))
}

fn expiration(pattern: &Member<'_>) -> Result<Expiration, Flaw> {
    let kind = pattern.member("type");
    let end = pattern.member("endDateTime");
    let duration = pattern.member("duration");
    if !matches!(pattern.json, Json::Null | Json::Object(_)) {
        return Err(pattern.flaw("an object"));
    }
    let word = kind.text()?.unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        "afterdatetime" => end
            .instant()?
            .map(Expiration::At)
            .ok_or_else(|| end.flaw("the date that `afterDateTime` means")),
        "afterduration" => duration
            .duration()?
            .map(Expiration::After)
            .ok_or_else(|| duration.flaw("the time that `afterDuration` means")),
        "noexpiration" => Ok(Expiration::Never),
        // Without a type, whichever of the two is there says what is meant.
        "" | "notspecified" => match (end.instant()?, duration.duration()?) {
            (Some(_), Some(_)) => Err(pattern.flaw("either a date or a duration")),
            (Some(date), None) => Ok(Expiration::At(date)),
            (None, Some(long)) => Ok(Expiration::After(long)),
            (None, None) => Ok(Expiration::Never),
        },
        _ => {
            Err(kind
                .flaw("one of `notSpecified`, `noExpiration`, `afterDateTime` and `afterDuration`"))
        }
    }
}

fn requestors(whole: &Member<'_>) -> Result<RequestorSettings, Flaw> {
    // Beta alone can switch off direct assignment, by a `false` of its own (RQ-12).
    let direct_assignment = whole.member("beta").member("acceptRequests").flag(true)?;
    let Some(settings) = whole.member("requestorSettings").object()? else {
        return Ok(RequestorSettings {
            direct_assignment,
            ..RequestorSettings::default()
        });
    };
    let flag = |name: &str, absent: bool| settings.member(name).flag(absent);
    Ok(RequestorSettings {
        self_add: flag("enableTargetsToSelfAddAccess", false)?,
        self_remove: flag("enableTargetsToSelfRemoveAccess", true)?,
        custom_schedule: flag("allowCustomAssignmentSchedule", false)?,
        on_behalf_add: flag("enableOnBehalfRequestorsToAddAccess", false)?,
        on_behalf_update: flag("enableOnBehalfRequestorsToUpdateAccess", false)?,
        on_behalf_remove: flag("enableOnBehalfRequestorsToRemoveAccess", false)?,
        on_behalf_requestors: subject_sets(&settings.member("onBehalfRequestors"))?,
        direct_assignment,
    })
}

fn approval(member: Member<'_>) -> Result<ApprovalSettings, Flaw> {
    let Some(settings) = member.object()? else {
        return Ok(ApprovalSettings::default());
    };
    let stages: Result<_, Flaw> = settings
        .member("stages")
        .items()?
        .iter()
        .map(read_approval_stage)
        .collect();
    Ok(ApprovalSettings {
        required_for_add: settings.member("isApprovalRequiredForAdd").flag(false)?,
        required_for_update: settings.member("isApprovalRequiredForUpdate").flag(false)?,
        requestor_justification_required: settings
            .member("isRequestorJustificationRequired")
            .flag(false)?,
        stages: stages?,
    })
}

/// Reads one stage that stands by itself; `path` is where it stands.
pub fn approval_stage(path: &str, json: &Json) -> Result<ApprovalStage, DocumentError> {
    let path = path.to_owned();
    read_approval_stage(&Member { path, json })
}

fn read_approval_stage(stage: &Member<'_>) -> Result<ApprovalStage, Flaw> {
    if !stage.json.is_object() {
        return Err(stage.flaw("an object"));
    }
    let escalates = stage.member("isEscalationEnabled").flag(false)?;
    let escalates_after = stage
        .member("durationBeforeEscalation")
        .duration()?
        .unwrap_or_default();
    Ok(ApprovalStage {
        lasts_for: stage
            .member("durationBeforeAutomaticDenial")
            .duration()?
            .unwrap_or(DEFAULT_STAGE_TIME),
        approver_justification_required: stage
            .member("isApproverJustificationRequired")
            .flag(false)?,
        visibility: visibility(stage)?,
        extension: match stage.member("customExtension").object()? {
            Some(extension) => Some(extension.member("id").id()?),
            None => None,
        },
        escalates_after: escalates.then_some(escalates_after),
        primary: subject_sets(&stage.member("primaryApprovers"))?,
        fallback_primary: subject_sets(&stage.member("fallbackPrimaryApprovers"))?,
        escalation: subject_sets(&stage.member("escalationApprovers"))?,
        fallback_escalation: subject_sets(&stage.member("fallbackEscalationApprovers"))?,
    })
}

/// How the policy assigns by itself (AU-4). Settings that neither ask to add nor come with a rule change nothing: some
/// clients always write them.
fn automatic(whole: &Member<'_>) -> Result<Option<AutomaticSettings>, Flaw> {
    let member = whole.member("automaticRequestSettings");
    let Some(settings) = member.object()? else {
        return Ok(None);
    };
    let grace = settings.member("gracePeriodBeforeAccessRemoval");
    let read = AutomaticSettings {
        adds: settings
            .member("requestAccessForAllowedTargets")
            .flag(false)?,
        removes: settings
            .member("removeAccessWhenTargetLeavesAllowedTargets")
            .flag(true)?,
        grace: grace.duration()?,
    };
    if read.grace.is_some_and(|grace| grace < Duration::default()) {
        return Err(grace.flaw("a duration forward"));
    }
    let targets = subject_sets(&whole.member("specificAllowedTargets"))?;
    let has_rule = targets
        .iter()
        .any(|set| set.kind() == Kind::AttributeRuleMembers);
    Ok((read.adds || has_rule).then_some(read))
}

/// A word that this version does not know shows nothing.
fn visibility(stage: &Member<'_>) -> Result<ApproverVisibility, Flaw> {
    let word = stage.member("approverInformationVisibility").text()?;
    Ok(word.map_or(ApproverVisibility::Default, |word| {
        ApproverVisibility::from_name(word).unwrap_or(ApproverVisibility::NotVisible)
    }))
}

/// Both ways in which a policy says when extensions are called.
fn extensions(whole: &Member<'_>) -> Result<Vec<StageSetting>, Flaw> {
    let settings = whole.member("customExtensionStageSettings");
    let handlers = whole.member("beta").member("customExtensionHandlers");
    let mut read = Vec::new();
    for (list, is_handler) in [(settings, false), (handlers, true)] {
        for mut item in list.items()? {
            if is_handler {
                // Bodies say it without the section that it is stored in.
                item.path = item.path.trim_start_matches("beta/").to_owned();
            }
            read.push(stage_setting(&item, is_handler)?);
        }
    }
    Ok(read)
}

fn stage_setting(item: &Member<'_>, is_handler: bool) -> Result<StageSetting, Flaw> {
    let stage = item.member("stage");
    let id = item.member("id");
    Ok(StageSetting {
        id: match id.text()? {
            None | Some("") => None,
            Some(_) => Some(id.id()?),
        },
        is_handler,
        stage: stage
            .text()?
            .and_then(Stage::from_name)
            .ok_or_else(|| stage.flaw("a stage at which extensions are called"))?,
        extension_id: item.member("customExtension").member("id").id()?,
    })
}

fn questions(list: &Member<'_>) -> Result<Vec<Question>, Flaw> {
    list.items()?
        .iter()
        .enumerate()
        .map(|(position, question)| read_question(position, question))
        .collect()
}

/// Reads one question that stands by itself; `path` is where it stands.
pub fn question(path: &str, json: &Json) -> Result<Question, DocumentError> {
    let path = path.to_owned();
    read_question(0, &Member { path, json })
}

fn read_question(position: usize, question: &Member<'_>) -> Result<Question, Flaw> {
    let id = question.member("id");
    let id = match id.text()? {
        None | Some("") => None,
        Some(_) => Some(id.id()?),
    };
    let in_order = i64::try_from(position).unwrap_or(i64::MAX);
    Ok(Question {
        id,
        text: question
            .member("text")
            .text()?
            .unwrap_or_default()
            .to_owned(),
        is_required: question.member("isRequired").flag(false)?,
        is_answer_editable: question.member("isAnswerEditable").flag(false)?,
        sequence: question.member("sequence").number()?.unwrap_or(in_order),
        answer: answer_kind(question)?,
    })
}

fn answer_kind(question: &Member<'_>) -> Result<AnswerKind, Flaw> {
    let annotation = question.member("@odata.type");
    let name = annotation.text()?.unwrap_or_default();
    let bare = name.rsplit(['.', '#']).next().unwrap_or(name);
    if bare.eq_ignore_ascii_case("accessPackageTextInputQuestion") {
        return Ok(AnswerKind::Text {
            pattern: question
                .member("regexPattern")
                .text()?
                .filter(|pattern| !pattern.is_empty())
                .map(ToOwned::to_owned),
        });
    }
    if bare.eq_ignore_ascii_case("accessPackageMultipleChoiceQuestion") {
        let values: Result<_, Flaw> = question
            .member("choices")
            .items()?
            .iter()
            .map(|choice| {
                let value = choice.member("actualValue").text()?;
                Ok(value.unwrap_or_default().to_owned())
            })
            .collect();
        return Ok(AnswerKind::Choice {
            values: values?,
            multiple: question.member("isMultipleSelectionAllowed").flag(false)?,
        });
    }
    Err(Flaw::new(
        &question.path,
        format!(
            "`{}` must say by `@odata.type` whether it is an `accessPackageTextInputQuestion` or an \
             `accessPackageMultipleChoiceQuestion`",
            question.path
        ),
    ))
}
