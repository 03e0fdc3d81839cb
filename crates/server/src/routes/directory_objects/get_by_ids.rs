//! `POST directoryObjects/getByIds`

use service::directory::objects;
use wire::decode::reference::ids_and_kinds;

use crate::error::Error;
use crate::graph::{GraphRequest, read};
use crate::reply::Reply;

/// The objects of these ids that the caller may see; unknown ones are left out.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let (ids, kinds) = ids_and_kinds(&request.json()?)?;
    let found = objects::by_ids(request.service(), request.ctx(), ids, kinds).await?;
    let ids: Vec<_> = found.iter().map(|object| object.id).collect();
    read::all(request, &ids).await
}
