//! `GET …/Search()` of beta: the collection itself, under another name (OD-1).

use service::reads;
use wire::address::Tail;

use crate::error::Error;
use crate::graph::{GraphRequest, nothing, read};
use crate::reply::Reply;

/// What the collection holds; `$search` and the other options say which of it.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let Tail::Call(call) = &request.address().tail else {
        return Err(nothing());
    };
    read::called(request, call.count, |query| {
        reads::list(request.service(), request.ctx(), query)
    })
    .await
}
