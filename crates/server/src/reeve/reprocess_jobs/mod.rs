//! `/reprocessJobs`: bulk reprocess, planned, run, steered and watched.

mod body;
mod schema;
mod show;
mod stream;

use domain::id::ReprocessJobId;
use domain::query::Value;
use domain::time::Timestamp;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value as Json, json};
use service::Actor;
use service::reprocess_jobs::{self, Order, View};

use super::OwnRequest;
use super::answer::Answer;
use crate::error::Error;
use crate::reply::Reply;

pub(super) use schema::schemas;

/// Makes a job.
pub(super) async fn create(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    service::reprocess::admitted(request.ctx())?;
    let new = body::new_job(&request.json()?, request.service().settings.cloud)?;
    let made = reprocess_jobs::create(request.service(), request.ctx(), new).await?;
    let location = request.link(&format!("/reprocessJobs/{}", made.job.id));
    let shown = show::job(&made, request.service().clock.now());
    Ok(Reply::json(StatusCode::CREATED, &shown).with(LOCATION, &location))
}

/// Lists jobs, the newest first.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    service::reprocess::admitted(request.ctx())?;
    let top = request.top()?;
    let after = match request.after()?.as_deref() {
        None => None,
        Some([Value::Int(made), Value::Text(id)]) => {
            let id: ReprocessJobId = id.parse().map_err(|_| foreign_place())?;
            Some((Timestamp::from_micros(*made), id))
        }
        Some(_) => return Err(foreign_place()),
    };
    let wanted = i64::try_from(top).unwrap_or(i64::MAX).saturating_add(1);
    let mut jobs = reprocess_jobs::list(request.service(), request.ctx(), after, wanted).await?;
    let has_more = jobs.len() as u64 > top;
    if has_more {
        jobs.pop();
    }
    let now = request.service().clock.now();
    let shown: Vec<Json> = jobs.iter().map(|view| show::job(view, now)).collect();
    let mut document = json!({ "value": shown });
    if let (true, Some(last), Some(members)) = (has_more, jobs.last(), document.as_object_mut()) {
        let place = [
            Value::Int(last.job.created_at.micros()),
            Value::Text(last.job.id.to_string()),
        ];
        members.insert("nextLink".to_owned(), json!(request.next_link(&place)));
    }
    Ok(Reply::json(StatusCode::OK, &document))
}

fn foreign_place() -> Error {
    Error::bad_parameter("after", "the token belongs to another list")
}

/// One job.
pub(super) async fn get(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let view = view(request).await?;
    Ok(shown(request, &view))
}

/// What the job would do.
pub(super) async fn plan(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let view = view(request).await?;
    Ok(Reply::json(StatusCode::OK, &show::plan(&view)))
}

/// Runs a plan.
pub(super) async fn run(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let known = view(request).await?;
    let thresholds = body::run(&request.json_or_empty()?, known.job.thresholds)?;
    steer(request, Order::Run(thresholds)).await
}

/// Holds a job back.
pub(super) async fn pause(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    steer_plainly(request, Order::Pause).await
}

/// Lets a job go on.
pub(super) async fn resume(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    steer_plainly(request, Order::Resume).await
}

/// Ends a job.
pub(super) async fn cancel(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    steer_plainly(request, Order::Cancel).await
}

/// What came of each item, as lines.
pub(super) async fn results(request: &OwnRequest<'_>) -> Result<Answer, Error> {
    let view = view(request).await?;
    let only_failed = match request.parameter("onlyFailed") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => {
            let message = "`onlyFailed` must be true or false";
            return Err(Error::bad_parameter("onlyFailed", message));
        }
    };
    let wanted = stream::Wanted {
        only_failed,
        after: number(request, "after", 0)?.unwrap_or(0),
        top: number(request, "top", 1)?.unwrap_or(i64::MAX),
    };
    let app = request.app().clone();
    let ctx = request.ctx().clone();
    Ok(Answer::Stream(stream::results(app, ctx, view.job, wanted)))
}

fn number(request: &OwnRequest<'_>, name: &'static str, least: i64) -> Result<Option<i64>, Error> {
    let Some(text) = request.parameter(name) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| *number >= least);
    number.map(Some).ok_or_else(|| {
        let message = format!("`{name}` must be a whole number, at least {least}");
        Error::bad_parameter(name, message)
    })
}

/// How far the job is, as events.
pub(super) async fn events(request: &OwnRequest<'_>) -> Result<Answer, Error> {
    let view = view(request).await?;
    let app = request.app().clone();
    let ctx = request.ctx().clone();
    // Nobody but a caller comes this way; Reeve itself would need no place.
    let place = match &ctx.actor {
        Actor::Caller(caller) => Some(app.gate().watch(&caller.principal)?),
        Actor::System => None,
    };
    Ok(Answer::Stream(stream::events(app, ctx, view.job.id, place)))
}

async fn view(request: &OwnRequest<'_>) -> Result<View, Error> {
    // Who may not reprocess anything learns nothing of ids.
    service::reprocess::admitted(request.ctx())?;
    let id: ReprocessJobId = request.id("id")?;
    Ok(reprocess_jobs::get(request.service(), request.ctx(), id).await?)
}

/// An order that says nothing more.
async fn steer_plainly(request: &OwnRequest<'_>, order: Order) -> Result<Reply, Error> {
    service::reprocess::admitted(request.ctx())?;
    body::nothing(&request.json_or_empty()?)?;
    steer(request, order).await
}

async fn steer(request: &OwnRequest<'_>, order: Order) -> Result<Reply, Error> {
    service::reprocess::admitted(request.ctx())?;
    let id: ReprocessJobId = request.id("id")?;
    let view = reprocess_jobs::steer(request.service(), request.ctx(), id, order).await?;
    Ok(shown(request, &view))
}

fn shown(request: &OwnRequest<'_>, view: &View) -> Reply {
    let now = request.service().clock.now();
    Reply::json(StatusCode::OK, &show::job(view, now))
}
