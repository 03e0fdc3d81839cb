//! Memberships that lead through other groups: `transitiveMemberOf`, `transitiveMembers`, `getMemberGroups` and
//! `checkMemberGroups`.

use auth::directory::DirectoryAction;
use domain::id::ObjectId;
use domain::query::{Path, Predicate, Value};
use http::StatusCode;
use serde_json::json;
use service::{authorize, callers};
use wire::address::Tail;
use wire::tables;

use crate::error::Error;
use crate::graph::{GraphRequest, read};
use crate::reply::Reply;

/// `GET users/{id}/transitiveMemberOf`: the groups that the object is in.
pub(crate) async fn transitive_member_of(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let groups = groups(request).await?;
    listed(request, &groups).await
}

/// `GET groups/{id}/transitiveMembers`: who is in the group. Both is told here: what is in a group, and who they are.
pub(crate) async fn transitive_members(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    authorize::in_directory(request.ctx(), DirectoryAction::ReadGroups)?;
    authorize::in_directory(request.ctx(), DirectoryAction::ReadUsers)?;
    let group = request.object_id().await?;
    let members = callers::members_of(request.service(), group).await?;
    listed(request, &members).await
}

/// `POST users/{id}/getMemberGroups`: the ids of the groups that the object is in.
pub(crate) async fn get_member_groups(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let groups = groups(request).await?;
    Ok(ids(request, &groups))
}

/// `POST users/{id}/checkMemberGroups`: those of the named groups that the object is in.
pub(crate) async fn check_member_groups(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let body = request.json()?;
    let asked = body.get("groupIds").and_then(|ids| ids.as_array());
    let asked = asked.ok_or_else(|| Error::InvalidModel {
        target: "groupIds".to_owned(),
        message: "`groupIds` must be a list of ids".to_owned(),
    })?;
    let is_asked = |group: &ObjectId| {
        let id = group.to_string();
        asked
            .iter()
            .filter_map(|one| one.as_str())
            .any(|one| one.eq_ignore_ascii_case(&id))
    };
    let mut groups = groups(request).await?;
    groups.retain(is_asked);
    Ok(ids(request, &groups))
}

async fn groups(request: &GraphRequest<'_>) -> Result<Vec<ObjectId>, Error> {
    authorize::in_directory(request.ctx(), DirectoryAction::ReadGroups)?;
    let object = request.object_id().await?;
    Ok(callers::groups_of(request.service(), object).await?)
}

fn ids(request: &GraphRequest<'_>, ids: &[ObjectId]) -> Reply {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let document = json!({
        "@odata.context": format!("{}/$metadata#Collection(Edm.String)", request.root()),
        "value": ids,
    });
    request.document(StatusCode::OK, document.to_string().into_bytes())
}

/// The objects of these ids as a list of directory objects, with the options of any list.
async fn listed(request: &GraphRequest<'_>, ids: &[ObjectId]) -> Result<Reply, Error> {
    let of = &tables::DIRECTORY_OBJECT;
    let filter = of
        .entity
        .key()
        .map_or(Predicate::False, |key| Predicate::In {
            path: Path::of(key),
            values: ids.iter().map(|id| Value::Text(id.to_string())).collect(),
        });
    let count = matches!(&request.address().tail, Tail::Call(call) if call.count);
    read::objects(request, of, filter, count).await
}
