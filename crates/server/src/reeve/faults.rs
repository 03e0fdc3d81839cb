//! `GET`, `POST` and `DELETE /dev/faults`, `PUT` and `DELETE /dev/faults/{name}`: what a development tenant does wrong on
//! purpose (ADR 30).

use domain::fault::{Fault, Injected, Place, ROUTES, Route, WHOLE, WORDS};
use domain::time::Timestamp;
use http::StatusCode;
use serde_json::{Value as Json, json};
use service::faults::{self, NewFault};
use service::targets::may_switch;

use super::{OwnRequest, members, targets};
use crate::error::Error;
use crate::reply::Reply;

/// The longest text of a fault or a route, in characters.
const LONGEST: usize = 1_000;
/// Numbers that JSON carries exactly everywhere.
const LARGEST: i64 = (1 << 53) - 1;

/// Lists what stands.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let standing = faults::list(request.service(), request.ctx()).await?;
    let value: Vec<Json> = standing
        .iter()
        .map(|(injected, since, met)| shown(injected, *since, *met))
        .collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "value": value })))
}

/// Injects one more.
pub(super) async fn create(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    may_switch(request.ctx())?;
    let body = request.json()?;
    let known = ["target", "route", "fault", "calls", "share", "seed"];
    members::known(&body, "", &known)?;
    let new = NewFault {
        place: place(request, &body)?,
        fault: fault(&body)?.ok_or_else(no_fault)?,
        calls: whole(&body, "calls", 1)?,
        share: share(&body)?,
        seed: whole(&body, "seed", 0)?.unwrap_or(0),
    };
    if matches!(new.place, Place::Route(_)) && !new.fault.is_for_routes() {
        let message = "`fail` and `stale` are for targets alone".to_owned();
        return Err(members::invalid("fault", message));
    }
    let (injected, since) = faults::inject(request.service(), request.ctx(), new).await?;
    Ok(Reply::json(
        StatusCode::CREATED,
        &shown(&injected, since, 0),
    ))
}

/// Takes all back.
pub(super) async fn remove_all(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    faults::take_all_back(request.service(), request.ctx()).await?;
    Ok(Reply::no_content())
}

/// Makes a target misbehave in one way alone, or behave with `null`.
pub(super) async fn set(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    may_switch(request.ctx())?;
    let target = targets::known(request, request.argument("name"))?;
    let body = request.json()?;
    members::known(&body, "", &["fault"])?;
    if body.get("fault").is_none() {
        return Err(no_fault());
    }
    let fault = fault(&body)?;
    faults::set_of_target(request.service(), request.ctx(), target, fault).await?;
    Ok(Reply::no_content())
}

/// Takes one back, or all of a target.
pub(super) async fn remove(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    may_switch(request.ctx())?;
    let name = request.argument("name");
    let of_target = targets::known(request, name).ok();
    let name = of_target.unwrap_or(name);
    let was_there = faults::take_back(request.service(), request.ctx(), name).await?;
    if was_there || of_target.is_some() {
        return Ok(Reply::no_content());
    }
    Err(Error::NotFound(format!("fault `{name}` does not exist")))
}

fn place(request: &OwnRequest<'_>, body: &Json) -> Result<Place, Error> {
    let target = members::text(body, "target", LONGEST)?;
    let route = members::text(body, "route", LONGEST)?;
    match (target, route) {
        (Some(target), None) => targets::known(request, &target)
            .map(|target| Place::Target(target.to_owned()))
            .map_err(|_| members::invalid("target", format!("target `{target}` does not exist"))),
        (None, Some(route)) => Route::parse(&route).map(Place::Route).ok_or_else(|| {
            let message = format!(
                "`route` must be a method or `*`, a space and a path below {}, in which `*` stands for anything; what is \
                 below /reeve/v1/dev never misbehaves",
                ROUTES.join(", ")
            );
            members::invalid("route", message)
        }),
        (Some(_), Some(_)) | (None, None) => Err(members::invalid(
            "target",
            "either `target` or `route` must be given",
        )),
    }
}

fn fault(body: &Json) -> Result<Option<Fault>, Error> {
    let Some(text) = members::text(body, "fault", LONGEST)? else {
        return Ok(None);
    };
    Fault::parse(&text).map(Some).ok_or_else(no_fault)
}

fn no_fault() -> Error {
    members::invalid("fault", format!("`fault` must be one of {WORDS}"))
}

fn whole(body: &Json, name: &str, least: i64) -> Result<Option<i64>, Error> {
    let Some(value) = members::set(body, name) else {
        return Ok(None);
    };
    let number = value.as_i64();
    let number = number.filter(|number| (least..=LARGEST).contains(number));
    number.map(Some).ok_or_else(|| {
        let message = format!("`{name}` must be a whole number from {least} to {LARGEST}");
        members::invalid(name, message)
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a share of a million"
)]
fn share(body: &Json) -> Result<Option<i64>, Error> {
    let Some(value) = members::set(body, "share") else {
        return Ok(None);
    };
    let share = value.as_f64().map(|share| (share * WHOLE as f64) as i64);
    let share = share.filter(|share| (1..=WHOLE).contains(share));
    share.map(Some).ok_or_else(|| {
        let message = "`share` must be a number above 0, at least a millionth, and at most 1";
        members::invalid("share", message)
    })
}

#[expect(clippy::cast_precision_loss, reason = "a share of a million")]
fn shown(injected: &Injected, since: Timestamp, met: u64) -> Json {
    let (target, route) = match &injected.place {
        Place::Target(target) => (Some(target.clone()), None),
        Place::Route(route) => (None, Some(route.to_string())),
    };
    json!({
        "id": injected.id,
        "target": target,
        "route": route,
        "fault": injected.fault.to_string(),
        "calls": injected.calls,
        "share": injected.share.map(|share| share as f64 / WHOLE as f64),
        "seed": injected.seed,
        "met": met,
        "createdDateTime": since.to_string(),
    })
}
