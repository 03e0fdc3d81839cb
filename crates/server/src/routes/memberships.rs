//! Memberships that lead through other groups: `transitiveMemberOf`, `transitiveMembers`, `getMemberGroups` and
//! `checkMemberGroups`.

use domain::id::ObjectId;
use service::directory::memberships;
use wire::address::Tail;

use crate::error::Error;
use crate::graph::{GraphRequest, read};
use crate::reply::Reply;

/// `GET users/{id}/transitiveMemberOf`: the groups that the object is in.
pub(crate) async fn transitive_member_of(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let groups = groups(request).await?;
    listed(request, &groups).await
}

/// `GET groups/{id}/transitiveMembers`: who is in the group.
pub(crate) async fn transitive_members(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let group = request.object_id().await?;
    let members = memberships::members_of(request.service(), request.ctx(), group).await?;
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
    let object = request.object_id().await?;
    Ok(memberships::groups_of(request.service(), request.ctx(), object).await?)
}

fn ids(request: &GraphRequest<'_>, ids: &[ObjectId]) -> Reply {
    let ids = ids.iter().map(|id| id.to_string().into()).collect();
    request.values("Edm.String", ids)
}

/// The objects of these ids as a list of directory objects, with the options of any list.
async fn listed(request: &GraphRequest<'_>, ids: &[ObjectId]) -> Result<Reply, Error> {
    let count = matches!(&request.address().tail, Tail::Call(call) if call.count);
    read::objects(request, ids, count).await
}
