//! Answers that become properties of users: those to the questions of resources that say so (QA-6).
//!
//! They are written when access is delivered and taken back when it ends, both in the transaction that says so.
//!
//! **Invariant:** what somebody else wrote to a user since is left alone.

use domain::activity::Activity;
use domain::assignment::{Assignment, State};
use domain::directory::User;
use domain::flaw::LONGEST_LINE;
use domain::id::{AccessPackageId, ObjectId};
use domain::policy::{Policy, Question};
use domain::user_attribute::UserAttribute;
use serde_json::Value as Json;
use store::user_attribute::{self, AskedAttribute, Written};
use store::{ReadTx, WriteTx, directory};

use crate::assignment_requests::answers;
use crate::audit::{self, success};
use crate::ctx::{Ctx, Moment};
use crate::directory::users;
use crate::error::ServiceError;

/// The questions that somebody is asked who is to have a package by this policy: the policy's, then the resources'.
pub(crate) fn questions(
    tx: &mut ReadTx<'_>,
    policy: &Policy,
    target: Option<ObjectId>,
) -> Result<Vec<Question>, ServiceError> {
    let mut questions = policy.settings.questions.clone();
    let asked = asked(tx, policy.access_package_id, target)?;
    questions.extend(asked.into_iter().map(|one| one.question));
    Ok(questions)
}

/// The attributes of the resources of a package that this user is asked for. What is there already and is not to be
/// replaced needs no answer.
pub(crate) fn asked(
    tx: &mut ReadTx<'_>,
    package: AccessPackageId,
    target: Option<ObjectId>,
) -> Result<Vec<AskedAttribute>, ServiceError> {
    let mut asked = user_attribute::of_package(tx, package)?;
    if asked.is_empty() {
        return Ok(asked);
    }
    let user = match target {
        Some(target) => directory::user::find_present(tx, target)?,
        None => None,
    };
    for one in asked.iter_mut().filter(|one| !one.is_editable) {
        let known = one.destination.as_ref().zip(user.as_ref());
        if known.is_some_and(|(place, user)| place.of(user).is_some()) {
            one.question.is_required = false;
        }
    }
    Ok(asked)
}

/// The settings of a policy as a document, with the questions of the resources behind its own.
pub(crate) fn with_questions(
    settings: &str,
    asked: &[AskedAttribute],
) -> Result<String, ServiceError> {
    if asked.is_empty() {
        return Ok(settings.to_owned());
    }
    let mut json: Json = serde_json::from_str(settings).map_err(ServiceError::internal)?;
    let mut questions = match json.get_mut("questions").map(Json::take) {
        Some(Json::Array(questions)) => questions,
        _ => Vec::new(),
    };
    for one in asked {
        let mut question: Json =
            serde_json::from_str(&one.question_json).map_err(ServiceError::internal)?;
        if let Some(members) = question.as_object_mut() {
            members.insert("isRequired".to_owned(), one.question.is_required.into());
            members.insert("sequence".to_owned(), questions.len().into());
        }
        questions.push(question);
    }
    if let Some(members) = json.as_object_mut() {
        members.insert("questions".to_owned(), Json::Array(questions));
    }
    Ok(json.to_string())
}

/// What the state that an assignment has come to means for its user.
pub(crate) fn follow(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    assignment: &Assignment,
) -> Result<(), ServiceError> {
    if !user_attribute::concerns(tx, assignment.id, assignment.access_package_id)? {
        return Ok(());
    }
    match assignment.state {
        State::Delivered => bring(tx, moment, ctx, assignment),
        State::Expired => take_back(tx, moment, ctx, assignment, |_| false),
        State::Delivering | State::PartiallyDelivered | State::DeliveryFailed => Ok(()),
    }
}

/// Writes the answers, again if they were written before (RP-21); takes back what is asked no more.
fn bring(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    assignment: &Assignment,
) -> Result<(), ServiceError> {
    let asked = user_attribute::of_package(tx, assignment.access_package_id)?;
    let wanted: Vec<(UserAttribute, AskedAttribute)> = asked
        .into_iter()
        .filter_map(|one| Some((one.destination.clone()?, one)))
        .collect();
    take_back(tx, moment, ctx, assignment, |place| {
        wanted.iter().any(|(wanted, _)| wanted == place)
    })?;
    if wanted.is_empty() {
        return Ok(());
    }
    let subject = store::subject::find(tx, assignment.target_id)?;
    let Some(user_id) = subject.and_then(|subject| subject.object_id) else {
        return Ok(());
    };
    let given = user_attribute::answers(tx, assignment.id)?;
    let given = answers::stored(given.as_deref().unwrap_or("[]"));
    let before = user_attribute::written_by(tx, assignment.id)?;
    for (place, one) in wanted {
        // An application has none of these, and neither has a user who is deleted.
        let Some(user) = directory::user::find_present(tx, user_id)? else {
            return Ok(());
        };
        let answer = given
            .iter()
            .find(|answer| Some(answer.question_id) == one.question.id);
        // What is too long for a property of a user is cut, for access does not wait for that.
        let value = answer.map(|answer| {
            let whole = answer.values.join(", ");
            whole.chars().take(LONGEST_LINE).collect::<String>()
        });
        let Some(value) = value.filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        let is_own = before.iter().any(|written| written.attribute == place);
        if !one.is_editable && !is_own && place.of(&user).is_some() {
            continue;
        }
        let written = Written {
            assignment_id: assignment.id,
            attribute: place,
            user_id,
            value,
            is_persisted: one.is_persisted,
            written_at: moment.now,
        };
        user_attribute::write(tx, &written)?;
        set(
            tx,
            moment,
            ctx,
            &user,
            &written.attribute,
            Some(&written.value),
            assignment,
        )?;
    }
    Ok(())
}

/// Takes back what an assignment brought, but for what is to outlive it and what is `kept`. What another one brought
/// before is there again.
fn take_back(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    assignment: &Assignment,
    kept: impl Fn(&UserAttribute) -> bool,
) -> Result<(), ServiceError> {
    for written in user_attribute::written_by(tx, assignment.id)? {
        if written.is_persisted || kept(&written.attribute) {
            continue;
        }
        user_attribute::forget(tx, assignment.id, &written.attribute)?;
        let Some(user) = directory::user::find_present(tx, written.user_id)? else {
            continue;
        };
        if written.attribute.of(&user).as_ref() != Some(&written.value) {
            continue;
        }
        let other = user_attribute::written_to(tx, user.id, &written.attribute)?;
        let value = other.map(|other| other.value);
        set(
            tx,
            moment,
            ctx,
            &user,
            &written.attribute,
            value.as_deref(),
            assignment,
        )?;
    }
    Ok(())
}

/// Gives a user a value, unless it is there, and tells the audit why.
fn set(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    user: &User,
    attribute: &UserAttribute,
    value: Option<&str>,
    assignment: &Assignment,
) -> Result<(), ServiceError> {
    if attribute.of(user).as_deref() == value {
        return Ok(());
    }
    let mut changed = user.clone();
    changed
        .change(&attribute.change(value))
        .map_err(ServiceError::internal)?;
    directory::user::update(tx, &changed)?;
    let event = success(
        Activity::UpdateUser,
        users::TYPE,
        user.id,
        Some(user.user_principal_name.clone()),
    )
    .changing(Some(user), Some(&changed))
    .with("accessPackageAssignment", assignment.id)
    .with("attribute", attribute);
    Ok(audit::record(tx, moment, ctx, event)?)
}
