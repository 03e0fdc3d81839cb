//! `GET roleDefinitions/{id}/assignedPrincipals(transitive=…,directoryScopeType=…,directoryScopeId=…)`

use service::role_assignments;
use wire::address::{Call, Tail};

use super::{argument, known};
use crate::error::Error;
use crate::graph::{GraphRequest, nothing, read};
use crate::reply::Reply;

/// Who holds the role.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let Tail::Call(call) = &request.address().tail else {
        return Err(nothing());
    };
    known(request).await?;
    let role = request.object_id().await?;
    let is_transitive = match argument::value(request, call, "transitive") {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("true") => true,
        Some(word) if word.eq_ignore_ascii_case("false") => false,
        Some(word) => {
            let message = format!("`{word}` is neither true nor false");
            return Err(Error::bad_parameter("transitive", message));
        }
    };
    let principals = if covers_tenant(request, call) {
        role_assignments::principals(request.service(), request.ctx(), role, is_transitive).await?
    } else {
        Vec::new()
    };
    read::objects(request, &principals, call.count).await
}

/// Roles of entitlement management are assigned in the directory as a whole; no narrower scope of it has any.
fn covers_tenant(request: &GraphRequest<'_>, call: &Call) -> bool {
    let is = |name: &str, whole: &str| {
        argument::value(request, call, name).is_none_or(|scope| scope.eq_ignore_ascii_case(whole))
    };
    is("directoryScopeType", "tenant") && is("directoryScopeId", "/")
}
