//! `PATCH subjects/{id}` and `subjects(objectId='…')`

use service::subjects;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Says whether the account of a subject is looked after.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    let lifecycle = decode::subject::update(&request.json()?)?;
    subjects::update(request.service(), request.ctx(), id, lifecycle).await?;
    Ok(Reply::no_content())
}
