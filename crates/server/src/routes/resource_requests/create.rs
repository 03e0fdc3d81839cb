//! `POST resourceRequests`

use domain::query::Value;
use service::resource_requests;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Adds, updates or removes a resource of a catalog, at once.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::resource_request::create(&request.json()?)?;
    let receipt = resource_requests::submit(request.service(), request.ctx(), wanted).await?;
    if receipt.is_stored {
        return request.created(&receipt.id.to_string()).await;
    }
    request.accepted(&receipt.id.to_string(), |column| match column {
        "id" => Value::Text(receipt.id.to_string()),
        "request_type" => Value::Text(receipt.request_type.to_string()),
        "state" => Value::Text(receipt.state.to_owned()),
        "status" => Value::Text(receipt.status.to_owned()),
        "catalog_id" => Value::Text(receipt.catalog_id.to_string()),
        "created_at" => Value::Int(receipt.created_at.micros()),
        _ => Value::Null,
    })
}
