//! Objects as groups of the target, and changes of their members.

use connector_api::{FailureCode, Object, Operation, Outcome};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Request, segment};
use crate::connector::Call;
use crate::lists::{Search, text};
use crate::reply::Reply;
use crate::users::User;

/// A group of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    id: String,
    etag: Option<String>,
}

/// The answer to a change of members.
pub(crate) struct Patched {
    pub(crate) outcome: Outcome,
    /// Whether one of several members may be to blame, so that halving helps.
    pub(crate) may_be_one: bool,
    /// Whether the target may not know an id any more.
    pub(crate) may_be_ids: bool,
}

impl Patched {
    /// All members alike are concerned.
    pub(crate) fn all(outcome: Outcome) -> Self {
        Self {
            outcome,
            may_be_one: false,
            may_be_ids: false,
        }
    }
}

impl Call<'_> {
    /// The group that the target last said has this object's external id. Where groups have versions it has to be asked
    /// anyway.
    pub(crate) fn known_group(&self, object: &Object) -> Option<Group> {
        if self.features.etag || object.address.is_some() {
            return None;
        }
        let id = self.memory.group(&object.resource_origin_id)?;
        Some(Group { id, etag: None })
    }

    /// The object's group; `None` if it does not exist and may be created.
    pub(crate) async fn find_group(&self, object: &Object) -> Result<Option<Group>, Outcome> {
        if let Some(id) = &object.address {
            return self.group_at(id).await.map(Some);
        }
        let by_id = self
            .search_groups("externalId", &object.resource_origin_id)
            .await?;
        let has_external_id = !by_id.is_empty();
        self.memory.note_group(&object.resource_origin_id, None);
        let candidates = if by_id.is_empty() {
            let mut by_name = self
                .search_groups("displayName", &object.resource_display_name)
                .await?;
            // A group that says it is somebody else's is not this one.
            by_name.retain(|group| text(group, "externalId").is_none_or(str::is_empty));
            by_name
        } else {
            by_id
        };
        match candidates.as_slice() {
            [] if self.config.create_groups => Ok(None),
            [] => Err(not_found(object)),
            [one] => {
                let group = self.group(one, None)?;
                if has_external_id {
                    self.memory
                        .note_group(&object.resource_origin_id, Some(&group.id));
                }
                Ok(Some(group))
            }
            more => Err(Outcome::refused(
                FailureCode::ConnectorError,
                format!("{} groups of the target match this resource", more.len()),
            )),
        }
    }

    pub(crate) async fn create_group(&self, object: &Object) -> Result<Group, Outcome> {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "externalId": object.resource_origin_id,
            "displayName": object.resource_display_name,
        });
        let reply = self
            .client
            .send(Request::with_body(Method::POST, "/Groups", &body))
            .await?;
        match reply.status {
            200..300 => {
                let group = self.group(reply.expect_object()?, reply.etag.clone())?;
                self.memory
                    .note_group(&object.resource_origin_id, Some(&group.id));
                Ok(group)
            }
            409 => self.find_group(object).await?.ok_or_else(|| {
                Outcome::refused(
                    FailureCode::ConnectorError,
                    "the target holds another group with one of this resource's names",
                )
            }),
            _ => Err(reply.failure("the new group")),
        }
    }

    /// Adds or removes in one request.
    pub(crate) async fn patch_members(
        &self,
        group: &Group,
        operation: Operation,
        users: &[&User],
    ) -> Result<Reply, Outcome> {
        let operations: Vec<Value> = match operation {
            Operation::Add => {
                let members: Vec<Value> = users
                    .iter()
                    .map(|user| json!({ "value": user.id }))
                    .collect();
                vec![json!({ "op": "add", "path": "members", "value": members })]
            }
            Operation::Remove => users
                .iter()
                .map(|user| {
                    let id = Value::from(user.id.as_str());
                    json!({ "op": "remove", "path": format!("members[value eq {id}]") })
                })
                .collect(),
        };
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        // Asking for the members makes the answer a proof, where the server follows RFC 7644 section 3.5.2.
        let mut request = Request::with_body(
            Method::PATCH,
            format!("/Groups/{}", segment(&group.id)),
            &body,
        )
        .query("attributes", "members");
        request.if_match = group.etag.as_deref();
        self.client.send(request).await
    }

    /// The entries of the group's `members`.
    pub(crate) async fn members(
        &self,
        group: &Group,
        object: &Object,
    ) -> Result<Vec<Value>, Outcome> {
        let request =
            Request::get(format!("/Groups/{}", segment(&group.id))).query("attributes", "members");
        let reply = self.client.send(request).await?;
        match reply.status {
            200..300 => Ok(members_of(reply.expect_object()?)
                .unwrap_or_default()
                .to_vec()),
            404 | 410 => Err(not_found(object)),
            _ => Err(reply.failure("the reading of the group")),
        }
    }

    async fn group_at(&self, id: &str) -> Result<Group, Outcome> {
        let mut group = Group {
            id: id.to_owned(),
            etag: None,
        };
        // Without versions there is nothing to learn: the write itself says whether the group is there.
        if self.features.etag {
            let request = Request::get(format!("/Groups/{}", segment(id)))
                .query("excludedAttributes", "members");
            let reply = self.client.send(request).await?;
            match reply.status {
                200..300 => group.etag = version(reply.object(), reply.etag.clone()),
                404 | 410 => return Err(not_found_at(id)),
                _ => return Err(reply.failure("the reading of the group")),
            }
        }
        Ok(group)
    }

    fn group(&self, resource: &Value, etag: Option<String>) -> Result<Group, Outcome> {
        let id = text(resource, "id")
            .filter(|id| !id.is_empty())
            .ok_or_else(|| {
                Outcome::retry(
                    FailureCode::ConnectorError,
                    "the target answered with a group without id",
                )
            })?;
        Ok(Group {
            id: id.to_owned(),
            etag: if self.features.etag {
                version(Some(resource), etag)
            } else {
                None
            },
        })
    }

    async fn search_groups(
        &self,
        attribute: &'static str,
        value: &str,
    ) -> Result<Vec<Value>, Outcome> {
        let search = Search {
            client: self.client,
            collection: "/Groups",
            attribute,
            shape: ("excludedAttributes", "members"),
            can_filter: self.features.filter,
            max_in_flight: self.config.max_in_flight,
            scan_cap: self.config.scan_cap,
        };
        let found = search.find(&[value.to_owned()]).await?;
        Ok(found.into_iter().next().unwrap_or_default())
    }
}

/// What a refused change of members means.
pub(crate) fn patch_failure(reply: &Reply, object: &Object) -> Patched {
    match reply.status {
        404 | 410 => Patched {
            may_be_ids: true,
            ..Patched::all(not_found(object))
        },
        403 | 405 | 501 => Patched::all(reply.failure("the change of the group's members")),
        _ => Patched {
            outcome: reply.failure("the change of the group's members"),
            may_be_one: true,
            may_be_ids: matches!(reply.status, 400 | 409 | 422),
        },
    }
}

/// The `members` of a group, if the resource tells them.
pub(crate) fn members_of(group: &Value) -> Option<&[Value]> {
    group.get("members")?.as_array().map(Vec::as_slice)
}

fn version(resource: Option<&Value>, header: Option<String>) -> Option<String> {
    let in_body = resource
        .and_then(|resource| text(resource.get("meta")?, "version"))
        .map(str::to_owned);
    header.or(in_body)
}

fn not_found(object: &Object) -> Outcome {
    match &object.address {
        Some(id) => not_found_at(id),
        None => Outcome::refused(
            FailureCode::ResourceNotFoundInOriginSystem,
            format!(
                "the target has no group `{}` with external id `{}`",
                object.resource_display_name, object.resource_origin_id
            ),
        ),
    }
}

fn not_found_at(id: &str) -> Outcome {
    Outcome::refused(
        FailureCode::ResourceNotFoundInOriginSystem,
        format!("the target has no group with id `{id}`"),
    )
}
