//! Who is in a group, as the target tells it.
//!
//! SCIM has no pages for the members of a group: they come in one answer. They are recognised by the id of the user, or,
//! as some servers write them, by the user's name.

use connector_api::{
    BoxFuture, FailureCode, Keys, Lister, Listing, Member, Object, Order, Outcome, Subject,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::StatusCode;
use serde_json::Value;

use crate::client::{Request, segment};
use crate::connector::{Call, ScimConnector};
use crate::lists::text;
use crate::users::Resolved;

impl Lister for ScimConnector {
    fn order(&self) -> Order {
        Order::Any
    }

    fn list<'a>(
        &'a self,
        object: &'a Object,
        _from: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Listing, Outcome>> {
        Box::pin(async move { self.call().await?.listing(object).await })
    }

    fn keys<'a>(
        &'a self,
        _object: &'a Object,
        subjects: &'a [Subject],
    ) -> BoxFuture<'a, Result<Vec<Keys>, Outcome>> {
        Box::pin(async move {
            let found = self.call().await?.find_users(subjects).await?;
            found.into_iter().map(keys).collect()
        })
    }

    fn clues<'a>(
        &'a self,
        members: &'a [Member],
    ) -> BoxFuture<'a, Result<Vec<Vec<String>>, Outcome>> {
        Box::pin(async move {
            let call = self.call().await?;
            let calls: Vec<_> = members.iter().map(|member| call.names_of(member)).collect();
            stream::iter(calls)
                .buffered(call.config.max_in_flight)
                .try_collect()
                .await
        })
    }
}

/// What is said of one subject that cannot be told apart is said of it alone; what may pass holds the whole answer up.
fn keys(resolved: Resolved) -> Result<Keys, Outcome> {
    match resolved {
        Resolved::User(user) => Ok(Keys::Known(user.member_keys())),
        Resolved::Missing => Ok(Keys::Known(Vec::new())),
        Resolved::Failed(Outcome::Refused { .. }) => Ok(Keys::Unclear),
        Resolved::Failed(outcome) => Err(outcome),
    }
}

impl Call<'_> {
    async fn listing(&self, object: &Object) -> Result<Listing, Outcome> {
        let Some(group) = self.find_group(object).await? else {
            return Ok(Listing::default());
        };
        let members = self.members(&group, object).await?;
        let members: Option<Vec<Member>> = members.iter().map(member).collect();
        Ok(Listing {
            members: members.ok_or_else(|| {
                Outcome::retry(
                    FailureCode::ConnectorError,
                    "the target answered with a member of the group that has no value",
                )
            })?,
            next: None,
        })
    }

    /// The names of the user that a member is; its own texts, if there is no such user.
    async fn names_of(&self, member: &Member) -> Result<Vec<String>, Outcome> {
        let mut names = vec![member.label.clone()];
        let Some(id) = member.keys.first() else {
            return Ok(names);
        };
        let request = Request::get(format!("/Users/{}", segment(id)))
            .query("attributes", "userName,externalId,emails");
        let reply = self.client.send(request).await?;
        match StatusCode::from_u16(reply.status) {
            Ok(status) if status.is_success() => {
                let user = reply.expect_object()?;
                let mails = user.get("emails").and_then(Value::as_array);
                names.extend(text(user, "externalId").map(str::to_owned));
                names.extend(text(user, "userName").map(str::to_owned));
                names.extend(
                    mails
                        .into_iter()
                        .flatten()
                        .filter_map(|mail| text(mail, "value").map(str::to_owned)),
                );
                Ok(names)
            }
            // A group within the group, or a user that is gone.
            Ok(StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::BAD_REQUEST) => Ok(names),
            _ => Err(reply.failure("the reading of a user")),
        }
    }
}

fn member(entry: &Value) -> Option<Member> {
    let by_reference = text(entry, "$ref").and_then(|reference| reference.rsplit('/').next());
    let shown = text(entry, "value").or(by_reference)?;
    let mut keys = vec![shown.to_owned()];
    keys.extend(by_reference.filter(|id| *id != shown).map(str::to_owned));
    keys.push(crate::users::name_key(shown));
    Some(Member {
        keys,
        label: text(entry, "display").unwrap_or(shown).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_is_known_by_id_reference_and_name() {
        let entry = json!({ "value": "Ann@Example.com", "$ref": "http://x/Users/17" });

        let member = member(&entry).unwrap();

        assert_eq!(
            member.keys,
            ["Ann@Example.com", "17", "name:ann@example.com"]
        );
    }

    #[test]
    fn a_member_without_value_is_no_member() {
        assert_eq!(member(&json!({ "display": "Ann" })), None);
    }
}
