//! `POST directoryObjects/getByIds`

use domain::query::{Path, Predicate, Value};
use service::directory::objects;
use wire::decode::reference::ids_and_kinds;

use crate::error::Error;
use crate::graph::{GraphRequest, read};
use crate::reply::Reply;

/// The objects of these ids that the caller may see; unknown ones are left out.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let (ids, kinds) = ids_and_kinds(&request.json()?)?;
    let found = objects::by_ids(request.service(), request.ctx(), ids, kinds).await?;
    let values = found
        .iter()
        .map(|object| Value::Text(object.id.to_string()))
        .collect();
    let key = request.address().target().entity.key();
    let filter = key.map_or(Predicate::False, |key| Predicate::In {
        path: Path::of(key),
        values,
    });
    read::all(request, filter).await
}
