//! What somebody may ask for, for themselves or for somebody else, and why not for the rest.
//!
//! **Invariant:** whoever may not ask for somebody learns nothing about who is there; a package that is hidden, or in a catalog
//! that is not published, is found by nobody who could not ask for it.

use auth::decide::Access;
use domain::id::{AccessPackageId, ObjectId, PolicyId};
use domain::model;
use domain::policy::{Expiration, Policy, Question, applicable};
use domain::query::{Predicate, TextMatch};
use domain::submission::Answer;
use serde_json::Value as Json;
use store::assignment_policy::{self, AssignmentPolicy};
use store::{ReadTx, WriteTx};

use super::rows::{Row, equals, is_one_of, query, with, with_fields};
use super::{Listing, PAGE};
use crate::assignment_requests::{answers, on_behalf, target_facts};
use crate::authorize;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::explain::request::{self as explanation, Outcome};
use crate::overview::ByName;
use crate::reads::{self, Own, scope};
use crate::user_attributes;

/// A package as a line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: AccessPackageId,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// The name of its catalog.
    pub catalog: String,
    /// Whether the caller has it, or has asked for it.
    pub is_held: bool,
}

/// A package that cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The package.
    pub line: Line,
    /// The code of the first refusal.
    pub code: Option<Code>,
    /// Why, in one sentence.
    pub reason: String,
}

/// A role that a package gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The resource's name.
    pub resource: String,
    /// What the resource is.
    pub kind: String,
    /// The role's name.
    pub role: String,
}

/// A value that a question offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What is shown.
    pub text: String,
}

/// A question with what is shown of its choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// What it offers; empty where the answer is a text.
    pub choices: Vec<Choice>,
}

/// A policy by which somebody may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The policy.
    pub policy: PolicyId,
    /// Its name.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// How many stages of approval there are; none: it is given at once.
    pub stages: usize,
    /// Whether whoever asks has to say why.
    pub needs_reason: bool,
    /// Whether whoever asks may name other dates.
    pub custom_schedule: bool,
    /// How long it lasts.
    pub expiration: Expiration,
    /// What is asked, in order.
    pub questions: Vec<Asked>,
}

/// Somebody whom a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user.
    pub id: ObjectId,
    /// Their name.
    pub display_name: String,
    /// The address or sign-in name that finds them.
    pub address: String,
}

/// A package with all that somebody needs to know to ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What a list says of it.
    pub line: Line,
    /// What it gives; none, if its owner does not show that.
    pub contents: Option<Vec<Content>>,
    /// Whom the request would be for, if that is not the caller.
    pub target: Option<Person>,
    /// The policies to ask by.
    pub ways: Vec<Way>,
    /// Why the caller cannot ask, where there is a reason that no request could change: code and sentence.
    pub in_the_way: Option<(Option<Code>, String)>,
    /// The answers that were given before.
    pub earlier: Vec<Answer>,
    /// Whether a policy lets some ask for others.
    pub is_for_others_too: bool,
    /// The people who report to the caller.
    pub reports: Vec<Person>,
}

/// Packages that the caller may ask for, with this text in name or description.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    search: &str,
    page: u64,
) -> Result<Listing<Line>, ServiceError> {
    let mut wanted = lines()?;
    wanted.filter = matching(search)?;
    wanted.skip = page.saturating_mul(PAGE);
    wanted.limit = Some(PAGE + 1);
    let found = reads::own(service, ctx, wanted.clone(), Own::Requestable).await?;
    let user = authorize::as_requestor(ctx, Access::Read)?;
    let held = service
        .store
        .read(move |tx| store::offer::held(tx, user))
        .await?;
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let rows = found.rows.iter().take(most).map(|record| {
        let line = line(Row::new(&wanted, record))?;
        Ok(Line {
            is_held: held.contains(&line.id),
            ..line
        })
    });
    Ok(Listing {
        rows: rows.collect::<Result<_, ServiceError>>()?,
        has_more: found.rows.len() > most,
    })
}

/// How many packages that cannot be asked for are told at a time.
const MOST_REFUSED: usize = 10;
/// How many are looked at for them.
const MOST_LOOKED_AT: u64 = 60;

/// Packages with this text that the caller cannot ask for, and why not, behind one of them: only those that anybody may know
/// of. A part may have no rows although there are more behind it: some were looked at.
pub async fn refused(
    service: &Service,
    ctx: &Ctx,
    search: &str,
    after: Option<ByName>,
) -> Result<(Vec<Refused>, Option<ByName>), ServiceError> {
    let user = authorize::as_requestor(ctx, Access::Read)?;
    let mut wanted = lines()?;
    wanted.filter = matching(search)?.and(open_to_everybody()?);
    wanted.after = after.map(ByName::values);
    wanted.limit = Some(MOST_LOOKED_AT);
    let (looked_at, mut next) = {
        let wanted = wanted.clone();
        service
            .store
            .read(move |tx| -> Result<_, ServiceError> {
                let person = store::directory::user::find_present(tx, user)?;
                let is_member =
                    person.is_some_and(|one| one.user_type.eq_ignore_ascii_case("Member"));
                // Guests are not told what there is besides what they may have.
                if !is_member {
                    return Ok((Vec::new(), None));
                }
                let found = store::list::list(tx, &wanted)?;
                let rows = found.rows.iter();
                let lines = rows
                    .map(|record| line(Row::new(&wanted, record)))
                    .collect::<Result<Vec<Line>, ServiceError>>()?;
                Ok((lines, found.next.as_deref().and_then(ByName::of)))
            })
            .await?
    };
    let mut refused = Vec::new();
    let last = looked_at.last().map(|line| line.id);
    for line in looked_at {
        let (id, place) = (line.id, ByName::new(&line.display_name, line.id));
        let explained = explain(service, ctx, line.id).await?;
        // What somebody has is among what they hold, and among what they may ask for.
        let is_held = |code: &Option<Code>| {
            matches!(
                code,
                Some(Code::ExistingAssignment | Code::ExistingOpenRequest)
            )
        };
        if let Some((code, reason)) = explained.filter(|(code, _)| !is_held(code)) {
            refused.push(Refused { line, code, reason });
        }
        if refused.len() >= MOST_REFUSED {
            if last != Some(id) {
                next = Some(place);
            }
            break;
        }
    }
    Ok((refused, next))
}

/// Why the caller cannot ask for a package, whatever they say.
async fn explain(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
) -> Result<Option<(Option<Code>, String)>, ServiceError> {
    let question = explanation::Question {
        principal: None,
        package,
    };
    let explained = explanation::explain(service, ctx, question).await?;
    if explained.is_allowed {
        return Ok(None);
    }
    let failed = explained
        .steps
        .iter()
        .find(|step| step.outcome == Outcome::Failed);
    Ok(failed.map(|step| {
        let reason = step.reason.clone();
        (
            step.code,
            reason.unwrap_or_else(|| "a rule of the package is in the way".to_owned()),
        )
    }))
}

fn lines() -> Result<domain::query::Query, ServiceError> {
    let wanted = query(
        &model::ACCESS_PACKAGE,
        &["id", "display_name", "description"],
    )?;
    with_fields(wanted, "catalog", &["display_name"])
}

fn line(row: Row<'_>) -> Result<Line, ServiceError> {
    Ok(Line {
        id: row.parsed("id")?,
        display_name: row.string("display_name"),
        description: row.string("description"),
        catalog: row.of("catalog", "display_name").unwrap_or_default(),
        is_held: false,
    })
}

fn matching(search: &str) -> Result<Predicate, ServiceError> {
    let search = search.trim();
    if search.is_empty() {
        return Ok(Predicate::True);
    }
    let contains = |field| -> Result<Predicate, ServiceError> {
        Ok(Predicate::Text {
            path: scope::path(&model::ACCESS_PACKAGE, &[], field)?,
            matching: TextMatch::Contains,
            text: search.to_owned(),
        })
    };
    Ok(contains("display_name")?.or(contains("description")?))
}

/// Neither hidden nor in a catalog that is not published.
fn open_to_everybody() -> Result<Predicate, ServiceError> {
    let hidden = Predicate::Compare {
        path: scope::path(&model::ACCESS_PACKAGE, &[], "is_hidden")?,
        comparison: domain::query::Comparison::Eq,
        value: domain::query::Value::Bool(false),
    };
    Ok(hidden.and(equals(
        &model::ACCESS_PACKAGE,
        &["catalog"],
        "state",
        "published",
    )?))
}

/// A package that the caller may know of, and how to ask for it, for the caller or for whoever has this address.
pub async fn get(
    service: &Service,
    ctx: &Ctx,
    package: AccessPackageId,
    for_whom: Option<&str>,
) -> Result<Offer, ServiceError> {
    let user = authorize::as_requestor(ctx, Access::Read)?;
    // This refuses a package that the caller is not to know of.
    let in_the_way = explain(service, ctx, package).await?;
    let (moment, for_whom) = (service.moment(), for_whom.map(str::to_owned));
    let Some(address) = for_whom else {
        return service
            .store
            .read(move |tx| offer(tx, user, package, None, in_the_way.clone()))
            .await;
    };
    service
        .store
        .write(move |tx| {
            let target = somebody(tx, &moment, user, package, &address)?;
            offer(tx, user, package, Some(target), in_the_way.clone())
        })
        .await
}

fn offer(
    tx: &mut ReadTx<'_>,
    user: ObjectId,
    package: AccessPackageId,
    target: Option<Person>,
    in_the_way: Option<(Option<Code>, String)>,
) -> Result<Offer, ServiceError> {
    let unknown = || ServiceError::not_found("access package", package);
    let mut wanted = lines()?;
    wanted
        .fields
        .push(scope::path(&model::ACCESS_PACKAGE, &[], "is_role_scopes_visible")?.field);
    wanted.filter = equals(&model::ACCESS_PACKAGE, &[], "id", package.to_string())?;
    let found = store::list::first(tx, &wanted)?.ok_or_else(unknown)?;
    let row = Row::new(&wanted, &found);
    let whose = target.as_ref().map_or(user, |person| person.id);
    let stored = assignment_policy::stored_of_package(tx, package)?;
    let is_for_others_too = policies(&stored)?
        .iter()
        .any(|policy| policy.settings.requestors.on_behalf_add);
    let subject = store::subject::find_by_object(tx, whose)?;
    let earlier = match (&subject, &target) {
        // What somebody else answered is theirs.
        (Some(subject), None) => store::offer::answers(tx, subject.id, package)?,
        _ => None,
    };
    Ok(Offer {
        line: line(row)?,
        contents: if row.flag("is_role_scopes_visible") {
            Some(contents(tx, package)?)
        } else {
            None
        },
        ways: match &target {
            None if in_the_way.is_some() => Vec::new(),
            _ => ways(tx, user, whose, &stored)?,
        },
        in_the_way: in_the_way.filter(|_| target.is_none()),
        earlier: answers::stored(earlier.as_deref().unwrap_or("[]")),
        is_for_others_too,
        reports: if is_for_others_too {
            reports(tx, user)?
        } else {
            Vec::new()
        },
        target,
    })
}

fn policies(stored: &[AssignmentPolicy]) -> Result<Vec<Policy>, ServiceError> {
    let policies: Result<Vec<Policy>, store::Error> =
        stored.iter().map(AssignmentPolicy::to_policy).collect();
    Ok(policies?)
}

/// The policies by which `user` may ask for `whose`.
fn ways(
    tx: &mut ReadTx<'_>,
    user: ObjectId,
    whose: ObjectId,
    stored: &[AssignmentPolicy],
) -> Result<Vec<Way>, ServiceError> {
    let Some(facts) = target_facts(tx, whose)? else {
        return Ok(Vec::new());
    };
    let mut policies = policies(stored)?;
    if user != whose
        && let Some(subject) = store::subject::find_by_object(tx, whose)?
    {
        policies = on_behalf::all_as_seen_by(tx, policies, user, &subject)?;
    }
    let mut ways = Vec::new();
    for policy in applicable(&policies, &facts) {
        let Some(row) = stored.iter().find(|row| row.id == policy.id) else {
            continue;
        };
        let mut questions = user_attributes::questions(tx, policy, Some(whose))?;
        questions.sort_by_key(|question| question.sequence);
        let asked = user_attributes::asked(tx, policy.access_package_id, Some(whose))?;
        let document = user_attributes::with_questions(&row.settings, &asked)?;
        let approval = &policy.settings.approval;
        ways.push(Way {
            policy: policy.id,
            display_name: row.display_name.clone(),
            description: row.description.clone().unwrap_or_default(),
            stages: if approval.required_for_add {
                approval.stages.len()
            } else {
                0
            },
            needs_reason: approval.requestor_justification_required,
            custom_schedule: policy.settings.requestors.custom_schedule,
            expiration: policy.settings.expiration,
            questions: shown(questions, &document),
        });
    }
    Ok(ways)
}

/// The questions with the texts of their choices, which only the document has.
pub(super) fn shown(questions: Vec<Question>, settings: &str) -> Vec<Asked> {
    let document: Json = serde_json::from_str(settings).unwrap_or_default();
    let documents = document.get("questions").and_then(Json::as_array);
    let of = |question: &Question| -> Vec<Choice> {
        let id = question.id.map(|id| id.to_string()).unwrap_or_default();
        let own = documents
            .into_iter()
            .flatten()
            .find(|one| one.get("id").and_then(Json::as_str) == Some(id.as_str()));
        let choices = own.and_then(|one| one.get("choices")?.as_array());
        choices
            .into_iter()
            .flatten()
            .map(|choice| {
                let text = |name: &str| choice.get(name).and_then(Json::as_str);
                let value = text("actualValue").unwrap_or_default();
                Choice {
                    value: value.to_owned(),
                    text: text("text")
                        .filter(|text| !text.is_empty())
                        .unwrap_or(value)
                        .to_owned(),
                }
            })
            .collect()
    };
    questions
        .into_iter()
        .map(|question| Asked {
            choices: of(&question),
            question,
        })
        .collect()
}

fn contents(tx: &mut ReadTx<'_>, package: AccessPackageId) -> Result<Vec<Content>, ServiceError> {
    let role = with_fields(
        query(&model::RESOURCE_ROLE, &["display_name"])?,
        "resource",
        &["display_name", "origin_system"],
    )?;
    let entity = &model::RESOURCE_ROLE_SCOPE;
    let mut wanted = with(query(entity, &["id"])?, "role", role)?;
    wanted.filter = equals(entity, &[], "access_package_id", package.to_string())?;
    let mut contents: Vec<Content> = store::list::list(tx, &wanted)?
        .rows
        .iter()
        .filter_map(|record| Row::new(&wanted, record).one("role"))
        .map(|role| Content {
            resource: role.of("resource", "display_name").unwrap_or_default(),
            kind: role.of("resource", "origin_system").unwrap_or_default(),
            role: role.string("display_name"),
        })
        .collect();
    contents.sort_by(|one, other| (&one.resource, &one.role).cmp(&(&other.resource, &other.role)));
    Ok(contents)
}

/// Whoever has this address or sign-in name, if a policy lets the caller ask for them; to somebody who may not, nobody has it.
fn somebody(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    user: ObjectId,
    package: AccessPackageId,
    address: &str,
) -> Result<Person, ServiceError> {
    let refused = || {
        ServiceError::invalid(
            Code::PolicyRequirementsNotMet,
            "assignment/target",
            "no policy lets you ask for somebody with this address",
        )
    };
    let object = store::subject::user_by_address(tx, address.trim())?.ok_or_else(refused)?;
    let fresh = moment.id(domain::id::SubjectId::new);
    let subject = store::subject::ensure(tx, object, fresh, moment.now)?.ok_or_else(refused)?;
    let policies = assignment_policy::of_package(tx, package)?;
    let seen = on_behalf::all_as_seen_by(tx, policies, user, &subject)?;
    let lets = |policy: &Policy| policy.settings.requestors.self_add;
    if object != user && !seen.iter().any(lets) {
        return Err(refused());
    }
    let found = store::directory::user::find_present(tx, object)?.ok_or_else(refused)?;
    Ok(Person {
        id: object,
        display_name: found.display_name,
        address: found.user_principal_name,
    })
}

/// How many people who report to somebody are offered to pick from.
const MOST_REPORTS: u64 = 100;

fn reports(tx: &mut ReadTx<'_>, user: ObjectId) -> Result<Vec<Person>, ServiceError> {
    let entity = &model::USER;
    let mut wanted = query(
        entity,
        &["id", "display_name", "user_principal_name", "deleted_at"],
    )?;
    wanted.filter = is_one_of(entity, &[], "manager_id", [user.to_string()])?;
    wanted.limit = Some(MOST_REPORTS);
    let found = store::list::list(tx, &wanted)?;
    let rows = found.rows.iter().map(|record| Row::new(&wanted, record));
    rows.filter(|row| row.int("deleted_at").is_none())
        .map(|row| {
            Ok(Person {
                id: row.parsed("id")?,
                display_name: row.string("display_name"),
                address: row.string("user_principal_name"),
            })
        })
        .collect()
}
