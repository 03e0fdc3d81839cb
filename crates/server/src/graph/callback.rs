//! A receiver that answers with the secret of its callout (RS-6).
//!
//! **Invariant:** such a secret opens `resume` and nothing else, and who shows it is told of nothing before it is known.

use http::Method;
use service::callouts;
use service::ctx::{Actor, Ctx};
use wire::version::Version;

use super::{asked, calls, locate, resolve};
use crate::app::App;
use crate::body;
use crate::call::Call;
use crate::error::Error;
use crate::reply::Reply;
use crate::routes::assignment_requests::resume;

/// Answers a call that shows such a secret.
pub(super) async fn answer(
    app: &App,
    version: Version,
    call: &Call,
    token: &str,
) -> Result<Reply, Error> {
    callouts::holder(app.service(), token).await?;
    let ctx = Ctx {
        actor: Actor::System,
        request_id: call.ids.request,
        client_request_id: None,
    };
    let address = resolve(app, version, &ctx, &asked::segments(call)?)?;
    if call.method != Method::POST || !calls(&address, "resume") {
        return Err(callouts::only_for_resume().into());
    }
    let (id, of_assignment) = locate::ids_in(&address)?;
    let reply = resume::read(&body::object(&call.headers, &call.body)?)?;
    callouts::resume_by_token(app.service(), &ctx, token, id, of_assignment, reply).await?;
    Ok(Reply::no_content())
}
