//! Approval settings and their stages (semantics 2.7, 6.1 and 6.5).

use domain::time::Duration;
use serde_json::{Map, Value as Json, json};

use super::expiration::in_days;
use super::subject_set;
use crate::body::{InvalidField, Node};
use crate::version::Version;
use crate::words::APPROVER_VISIBILITY;

const MAX_STAGES: usize = 3;
const MINUTE: i64 = 60_000_000;

/// The lists of approvers of a stage, in v1.0: those asked first, their fallback, and the same again after escalation.
const LISTS: [&str; 4] = [
    "primaryApprovers",
    "fallbackPrimaryApprovers",
    "escalationApprovers",
    "fallbackEscalationApprovers",
];

/// Reads the settings; stages that beta writes back as it read them keep their stored form.
pub(super) fn read(
    version: Version,
    node: &Node<'_>,
    stored: Option<&Json>,
) -> Result<Json, InvalidField> {
    node.object()?;
    let (for_add, for_update, list) = match version {
        Version::V1 => (
            "isApprovalRequiredForAdd",
            "isApprovalRequiredForUpdate",
            "stages",
        ),
        Version::Beta => (
            "isApprovalRequired",
            "isApprovalRequiredForExtension",
            "approvalStages",
        ),
    };
    let needed_to_add = node.member(for_add).flag()?.unwrap_or(false);
    let needed_to_update = node.member(for_update).flag()?.unwrap_or(false);
    let stages_node = node.member(list);
    let items = stages_node.items()?;
    let known = stored
        .and_then(|stored| stored.get("stages"))
        .and_then(Json::as_array);
    let mut stages = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let known = known.and_then(|known| known.get(index));
        stages.push(read_stage(version, item, known)?);
    }
    if version == Version::Beta && is_parallel(node)? {
        if stages.len() > 1 && stages.iter().any(is_dynamic) {
            let mode = node.member("approvalMode");
            return Err(mode.invalid("a stage whose approvers an extension names stands by itself"));
        }
        stages = merged(stages).into_iter().collect();
    }
    if needed_to_add || needed_to_update {
        if !(1..=MAX_STAGES).contains(&stages.len()) {
            return Err(stages_node.invalid(format!(
                "must have 1 to {MAX_STAGES} stages where approval is required"
            )));
        }
        for (stage, item) in stages.iter().zip(&items) {
            check_stage(version, stage, item)?;
        }
    }
    Ok(json!({
        "isApprovalRequiredForAdd": needed_to_add,
        "isApprovalRequiredForUpdate": needed_to_update,
        "isRequestorJustificationRequired":
            node.member("isRequestorJustificationRequired").flag()?.unwrap_or(false),
        "stages": stages,
    }))
}

fn is_parallel(node: &Node<'_>) -> Result<bool, InvalidField> {
    Ok(node
        .member("approvalMode")
        .text()?
        .is_some_and(|mode| mode.eq_ignore_ascii_case("Parallel")))
}

/// Parallel stages are one stage with all their approvers (AP-2).
fn merged(stages: Vec<Json>) -> Option<Json> {
    stages.into_iter().reduce(|mut first, second| {
        for list in LISTS {
            let more = second
                .get(list)
                .and_then(Json::as_array)
                .cloned()
                .unwrap_or_default();
            if let Some(approvers) = first.get_mut(list).and_then(Json::as_array_mut) {
                approvers.extend(more);
            }
        }
        first
    })
}

fn read_stage(
    version: Version,
    node: &Node<'_>,
    stored: Option<&Json>,
) -> Result<Json, InvalidField> {
    if node.object()?.is_none() {
        return Err(node.invalid("must be an object"));
    }
    let extension = read_extension(version, node, stored)?;
    let (denial, escalation, lists) = match version {
        Version::V1 => {
            let [first, fallback, escalated, escalated_fallback] =
                LISTS.map(|list| subject_set::read_all(&node.member(list)));
            (
                positive(&node.member("durationBeforeAutomaticDenial"))?,
                node.member("durationBeforeEscalation").duration()?,
                [first?, fallback?, escalated?, escalated_fallback?],
            )
        }
        Version::Beta => {
            let days_node = node.member("approvalStageTimeOutInDays");
            let days = days_node.int()?;
            if days.is_some_and(|days| !(1..=36_500).contains(&days)) {
                return Err(days_node.invalid("must be from 1 to 36500"));
            }
            let minutes_node = node.member("escalationTimeInMinutes");
            let minutes = minutes_node.int()?;
            if minutes.is_some_and(|minutes| !(0..=52_560_000).contains(&minutes)) {
                return Err(minutes_node.invalid("must be from 0 to 52560000"));
            }
            let (first, fallback) = subject_set::read_by_backup(&node.member("primaryApprovers"))?;
            let (escalated, escalated_fallback) =
                subject_set::read_by_backup(&node.member("escalationApprovers"))?;
            (
                days.map(Duration::from_days),
                minutes.map(Duration::from_minutes),
                [first, fallback, escalated, escalated_fallback],
            )
        }
    };
    let mut stage = Map::new();
    let denial = denial.unwrap_or(Duration::from_days(14));
    stage.insert(
        "durationBeforeAutomaticDenial".to_owned(),
        json!(denial.to_string()),
    );
    for name in ["isApproverJustificationRequired", "isEscalationEnabled"] {
        stage.insert(
            name.to_owned(),
            json!(node.member(name).flag()?.unwrap_or(false)),
        );
    }
    let escalation = escalation.unwrap_or_default();
    stage.insert(
        "durationBeforeEscalation".to_owned(),
        json!(escalation.to_string()),
    );
    let visibility = node
        .member("approverInformationVisibility")
        .word(&APPROVER_VISIBILITY)?;
    stage.insert(
        "approverInformationVisibility".to_owned(),
        json!(visibility.unwrap_or("default")),
    );
    for (list, sets) in LISTS.into_iter().zip(lists) {
        let known = stored
            .and_then(|stored| stored.get(list))
            .unwrap_or(&Json::Null);
        stage.insert(list.to_owned(), subject_set::kept(sets, known));
    }
    if let Some(extension) = extension {
        stage.insert(EXTENSION.to_owned(), extension);
    }
    keep_lengths(version, &mut stage, stored);
    Ok(Json::Object(stage))
}

const EXTENSION: &str = "customExtension";
const TYPE: &str = "@odata.type";
const DYNAMIC: &str = "#microsoft.graph.accessPackageDynamicApprovalStage";

/// Whether an extension says who decides in a stored stage.
fn is_dynamic(stage: &Json) -> bool {
    stage.get(EXTENSION).is_some_and(Json::is_object)
}

/// The extension of a stage that has one (AP-15). Only beta names it; a stage that comes back where it stood, without what
/// its version does not show, keeps it (OM-2). Taken for a plain stage, it would ask people whom the extension would not
/// have asked, so that whatever is not clear is refused.
fn read_extension(
    version: Version,
    node: &Node<'_>,
    stored: Option<&Json>,
) -> Result<Option<Json>, InvalidField> {
    let kind = node.member(TYPE);
    let name = kind.text()?;
    let is_said = name.is_some_and(|name| name.ends_with("DynamicApprovalStage"));
    let extension = node.member(EXTENSION);
    let link = node.member("customExtension@odata.bind");
    for named in [&extension, &link] {
        if named.is_null() {
            continue;
        }
        if version == Version::V1 {
            return Err(named.invalid("only beta names the extension of a stage"));
        }
        if name.is_some() && !is_said {
            let reason = "must be `accessPackageDynamicApprovalStage` where an extension is named";
            return Err(kind.invalid(reason));
        }
    }
    if let Some(text) = link.text()? {
        let id = crate::decode::custom_extension::id_in_link(text);
        return Ok(Some(json!({ "id": id })));
    }
    if extension.object()?.is_some() {
        let id_node = extension.member("id");
        let id = id_node.required_text()?;
        return Ok(Some(json!({ "id": id })));
    }
    if !is_said {
        return Ok(None);
    }
    let kept = stored.and_then(|stored| stored.get(EXTENSION));
    match kept.filter(|kept| kept.is_object()) {
        Some(kept) => Ok(Some(kept.clone())),
        None if version == Version::V1 => Err(kind.invalid(
            "only beta names the extension of a stage, and the stage at this place has none",
        )),
        None => Err(extension.invalid("is required")),
    }
}

/// The stage that an extension answers with, as it is stored (AP-15). It has the shape of v1.0 in both versions.
pub fn answered(node: &Node<'_>) -> Result<Option<Json>, InvalidField> {
    if node.object()?.is_none() {
        return Ok(None);
    }
    let stage = read_stage(Version::V1, node, None)?;
    check_stage(Version::V1, &stage, node)?;
    Ok(Some(stage))
}

/// Beta counts days and minutes: a stored length that it shows as the same number stays as it is.
fn keep_lengths(version: Version, stage: &mut Map<String, Json>, stored: Option<&Json>) {
    let (Version::Beta, Some(stored)) = (version, stored) else {
        return;
    };
    let counts = [
        (
            "durationBeforeAutomaticDenial",
            in_days as fn(Duration) -> i64,
        ),
        ("durationBeforeEscalation", in_minutes),
    ];
    for (name, count) in counts {
        let same = stage.get(name).map(|value| count(length(value)))
            == stored.get(name).map(|value| count(length(value)));
        if let (true, Some(value)) = (same, stored.get(name)) {
            stage.insert(name.to_owned(), value.clone());
        }
    }
}

fn in_minutes(length: Duration) -> i64 {
    length.micros().div_euclid(MINUTE)
}

fn length(value: &Json) -> Duration {
    value
        .as_str()
        .and_then(|text| Duration::parse(text).ok())
        .unwrap_or_default()
}

fn positive(node: &Node<'_>) -> Result<Option<Duration>, InvalidField> {
    match node.duration()? {
        Some(length) if length.micros() <= 0 => Err(node.invalid("must be longer than nothing")),
        other => Ok(other),
    }
}

/// A stage that will be used needs somebody to decide, and time to escalate (AP-6, §6.5).
fn check_stage(version: Version, stage: &Json, node: &Node<'_>) -> Result<(), InvalidField> {
    if is_dynamic(stage) {
        // The answer of the extension is checked instead.
        return Ok(());
    }
    let is_empty = |list: &str| {
        stage
            .get(list)
            .and_then(Json::as_array)
            .is_none_or(Vec::is_empty)
    };
    if is_empty("primaryApprovers") && is_empty("fallbackPrimaryApprovers") {
        return Err(node
            .member("primaryApprovers")
            .invalid("must name an approver"));
    }
    if stage.get("isEscalationEnabled") != Some(&json!(true)) {
        return Ok(());
    }
    let (escalation, denial) = match version {
        Version::V1 => ("durationBeforeEscalation", "durationBeforeAutomaticDenial"),
        Version::Beta => ("escalationTimeInMinutes", "approvalStageTimeOutInDays"),
    };
    let at = |name: &str| stage.get(name).map(length).unwrap_or_default();
    if at("durationBeforeEscalation") < Duration::from_days(1) {
        return Err(node
            .member(escalation)
            .invalid("must be at least one day where escalation is enabled"));
    }
    if at("durationBeforeAutomaticDenial") < Duration::from_days(4) {
        return Err(node
            .member(denial)
            .invalid("must be at least four days where escalation is enabled"));
    }
    Ok(())
}

/// As v1.0 shows them: every list is an array.
pub(super) fn to_v1(stored: &Json) -> Json {
    let stages = stored
        .get("stages")
        .and_then(Json::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let stages: Vec<Json> = stages
        .iter()
        .map(|stage| {
            let mut shown = Map::new();
            if is_dynamic(stage) {
                shown.insert(TYPE.to_owned(), json!(DYNAMIC));
            }
            for name in [
                "durationBeforeAutomaticDenial",
                "isApproverJustificationRequired",
                "isEscalationEnabled",
                "durationBeforeEscalation",
            ] {
                shown.insert(
                    name.to_owned(),
                    stage.get(name).cloned().unwrap_or_default(),
                );
            }
            shown.insert(VISIBILITY.to_owned(), visibility(stage));
            for list in LISTS {
                let sets = stage.get(list).unwrap_or(&Json::Null);
                shown.insert(
                    list.to_owned(),
                    subject_set::show_all(Version::V1, sets, None),
                );
            }
            Json::Object(shown)
        })
        .collect();
    let flag = |name: &str| stored.get(name).and_then(Json::as_bool).unwrap_or(false);
    json!({
        "isApprovalRequiredForAdd": flag("isApprovalRequiredForAdd"),
        "isApprovalRequiredForUpdate": flag("isApprovalRequiredForUpdate"),
        "isRequestorJustificationRequired": flag("isRequestorJustificationRequired"),
        "stages": stages,
    })
}

/// As beta shows them: an array of stages even where there is none, for some clients fall over its absence.
pub(super) fn to_beta(stored: &Json) -> Json {
    let stages = stored
        .get("stages")
        .and_then(Json::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mode = match stages.len() {
        0 => "NoApproval",
        1 => "SingleStage",
        _ => "Serial",
    };
    let flag = |name: &str| stored.get(name).and_then(Json::as_bool).unwrap_or(false);
    let stages: Vec<Json> = stages
        .iter()
        .map(|stage| {
            let both = |first: &str, backup: &str| {
                let sets = |list: &str| stage.get(list).unwrap_or(&Json::Null);
                subject_set::show_both(sets(first), sets(backup))
            };
            let at = |name: &str| stage.get(name).map(length).unwrap_or_default();
            let mut shown = json!({
                "approvalStageTimeOutInDays": in_days(at("durationBeforeAutomaticDenial")),
                "isApproverJustificationRequired": stage.get("isApproverJustificationRequired"),
                "isEscalationEnabled": stage.get("isEscalationEnabled"),
                "escalationTimeInMinutes": in_minutes(at("durationBeforeEscalation")),
                VISIBILITY: visibility(stage),
                "primaryApprovers": both("primaryApprovers", "fallbackPrimaryApprovers"),
                "escalationApprovers": both("escalationApprovers", "fallbackEscalationApprovers"),
            });
            if let (true, Some(members)) = (is_dynamic(stage), shown.as_object_mut()) {
                let id = stage.pointer("/customExtension/id");
                members.insert(TYPE.to_owned(), json!(DYNAMIC));
                members.insert(
                    EXTENSION.to_owned(),
                    json!({TYPE: EXTENSION_TYPE, "id": id}),
                );
            }
            shown
        })
        .collect();
    json!({
        "isApprovalRequired": flag("isApprovalRequiredForAdd"),
        "isApprovalRequiredForExtension": flag("isApprovalRequiredForUpdate"),
        "isRequestorJustificationRequired": flag("isRequestorJustificationRequired"),
        "approvalMode": mode,
        "approvalStages": stages,
    })
}

/// What such an extension is: no other type can answer (PO-31).
const EXTENSION_TYPE: &str = "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension";

const VISIBILITY: &str = "approverInformationVisibility";

/// What a stage tells requestors of its approvers; never null, also where it was stored without.
fn visibility(stage: &Json) -> Json {
    match stage.get(VISIBILITY) {
        None | Some(Json::Null) => json!("default"),
        Some(known) => known.clone(),
    }
}
