//! Creating users and keeping `active` in step.

use connector_api::{FailureCode, Outcome, Subject};
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Request, segment};
use crate::connector::Call;
use crate::discovery::BulkLimits;
use crate::lists::text;
use crate::users::{Resolved, User, key, resource};

/// Room for what stands around the operations of a bulk request.
const BULK_ENVELOPE: usize = 200;

impl Call<'_> {
    /// Creates the missing ones, in one bulk request where the target takes it.
    pub(crate) async fn create_missing(
        &self,
        subjects: &[Subject],
        users: &mut [Resolved],
    ) -> Result<(), Outcome> {
        let missing: Vec<(usize, &Subject)> = subjects
            .iter()
            .enumerate()
            .filter(|(index, _)| users.get(*index) == Some(&Resolved::Missing))
            .collect();
        let created = match self.features.bulk {
            Some(limits) if missing.len() > 1 => self.create_in_bulk(&missing, limits).await?,
            _ => self.create_singly(&missing).await,
        };
        for ((index, subject), resolved) in missing.into_iter().zip(created) {
            if let Resolved::User(user) = &resolved {
                self.memory
                    .note_user(&key(self.config.match_by, subject), Some(user));
            }
            if let Some(user) = users.get_mut(index) {
                *user = resolved;
            }
        }
        Ok(())
    }

    /// Brings `active` of the users to what the directory says; answers whether one of them was not there any more.
    pub(crate) async fn keep_active_in_step(
        &self,
        subjects: &[Subject],
        users: &mut [Resolved],
    ) -> bool {
        let mut has_vanished = false;
        let mut failures = Failures::default();
        let mut stopped = None;
        for (subject, resolved) in subjects.iter().zip(users) {
            let Resolved::User(user) = resolved else {
                continue;
            };
            if user.active.is_none_or(|active| active == subject.enabled) {
                continue;
            }
            if let Some(outcome) = &stopped {
                *resolved = Resolved::Failed(Outcome::clone(outcome));
                continue;
            }
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "path": "active", "value": subject.enabled }],
            });
            let path = format!("/Users/{}", segment(&user.id));
            let sent = self
                .client
                .send(Request::with_body(Method::PATCH, path, &body))
                .await;
            stopped = failures.count(&sent);
            match sent {
                Ok(reply) if reply.is_success() => {
                    let user = user.clone().with_active(subject.enabled);
                    let key = key(self.config.match_by, subject);
                    self.memory.note_user(&key, Some(&user));
                }
                // Gone since it was found: the next attempt will create it again.
                Ok(reply) if reply.status == 404 => {
                    has_vanished = true;
                    self.memory
                        .note_user(&key(self.config.match_by, subject), None);
                    *resolved = Resolved::Failed(Outcome::retry(
                        FailureCode::TargetNotFound,
                        "the user vanished from the target during the change",
                    ));
                }
                Ok(reply) => *resolved = Resolved::Failed(reply.failure("the change of `active`")),
                Err(outcome) => *resolved = Resolved::Failed(outcome),
            }
        }
        has_vanished
    }

    async fn create_singly(&self, missing: &[(usize, &Subject)]) -> Vec<Resolved> {
        let calls: Vec<_> = missing
            .iter()
            .map(|(_, subject)| self.create(subject))
            .collect();
        let mut answers = stream::iter(calls).buffered(self.config.max_in_flight);
        let mut created = Vec::new();
        let mut failures = Failures::default();
        while let Some(answer) = answers.next().await {
            if let Some(outcome) = failures.count(&answer) {
                created.resize(missing.len(), Resolved::Failed(outcome));
                break;
            }
            created.push(answer.unwrap_or_else(Resolved::Failed));
        }
        created
    }

    async fn create(&self, subject: &Subject) -> Result<Resolved, Outcome> {
        let body = resource(subject);
        let reply = self
            .client
            .send(Request::with_body(Method::POST, "/Users", &body))
            .await?;
        match reply.status {
            200..300 => {
                let id = text(reply.expect_object()?, "id").unwrap_or_default();
                if id.is_empty() {
                    return self
                        .find_again(subject, "the target created a user without telling its id")
                        .await;
                }
                Ok(Resolved::User(User::created(id.to_owned(), subject)))
            }
            409 => {
                self.find_again(
                    subject,
                    "the target holds another user with one of this subject's names",
                )
                .await
            }
            _ => Ok(Resolved::Failed(reply.failure("the new user"))),
        }
    }

    /// Somebody else was faster, or the user is there under another key.
    async fn find_again(&self, subject: &Subject, otherwise: &str) -> Result<Resolved, Outcome> {
        let found = self.find_users(std::slice::from_ref(subject)).await?;
        Ok(match found.into_iter().next() {
            Some(Resolved::Missing) | None => {
                Resolved::Failed(Outcome::refused(FailureCode::ConnectorError, otherwise))
            }
            Some(other) => other,
        })
    }

    async fn create_in_bulk(
        &self,
        missing: &[(usize, &Subject)],
        limits: BulkLimits,
    ) -> Result<Vec<Resolved>, Outcome> {
        let operations: Vec<Value> = missing
            .iter()
            .map(|(index, subject)| {
                json!({
                    "method": "POST",
                    "path": "/Users",
                    "bulkId": format!("user{index}"),
                    "data": resource(subject),
                })
            })
            .collect();
        let mut resolved = Vec::new();
        let mut rest = operations.as_slice();
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(fitting(rest, limits));
            let subjects = missing.get(resolved.len()..).unwrap_or_default();
            resolved.extend(self.bulk(chunk, subjects).await?);
            rest = after;
        }
        Ok(resolved)
    }

    async fn bulk(
        &self,
        operations: &[Value],
        missing: &[(usize, &Subject)],
    ) -> Result<Vec<Resolved>, Outcome> {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": operations,
        });
        let reply = self
            .client
            .send(Request::with_body(Method::POST, "/Bulk", &body))
            .await?;
        let subjects = missing.get(..operations.len()).unwrap_or(missing);
        if !reply.is_success() {
            // Announced and yet refused: one by one still works.
            return Ok(self.create_singly(subjects).await);
        }
        let results = reply
            .expect_object()?
            .get("Operations")
            .and_then(Value::as_array);
        let mut resolved = Vec::new();
        for (operation, (_, subject)) in operations.iter().zip(subjects) {
            let result = results
                .into_iter()
                .flatten()
                .find(|result| result.get("bulkId") == operation.get("bulkId"));
            resolved.push(match result.and_then(created_id) {
                Some(id) => Resolved::User(User::created(id, subject)),
                // Refused, conflicting or not answered: asking singly tells which, with the right words.
                None => self.create(subject).await?,
            });
        }
        Ok(resolved)
    }
}

/// Failures of the target in a row. One may be about one user, whom the others shall not wait for; two are the target's,
/// and asking for the rest would only add up timeouts.
#[derive(Debug, Default)]
struct Failures {
    in_a_row: usize,
}

impl Failures {
    /// The failure to stop at, if this answer is one failure too many.
    fn count<T>(&mut self, answer: &Result<T, Outcome>) -> Option<Outcome> {
        let Err(outcome) = answer else {
            self.in_a_row = 0;
            return None;
        };
        self.in_a_row += 1;
        let is_final = matches!(outcome, Outcome::CredentialsRejected { .. });
        (is_final || self.in_a_row > 1).then(|| outcome.clone())
    }
}

/// How many of the operations one request may carry; at least one, for the target to refuse.
fn fitting(operations: &[Value], limits: BulkLimits) -> usize {
    let mut size = BULK_ENVELOPE;
    let mut count = 0;
    for operation in operations.iter().take(limits.max_operations) {
        size += operation.to_string().len() + 1;
        if size > limits.max_payload {
            break;
        }
        count += 1;
    }
    count.max(1)
}

/// The id at the end of `location`, if the operation created something.
fn created_id(result: &Value) -> Option<String> {
    let status = match result.get("status")? {
        Value::String(text) => text.parse().ok()?,
        number => number.as_u64()?,
    };
    if !(200..300).contains(&status) {
        return None;
    }
    let encoded = text(result, "location")?
        .trim_end_matches('/')
        .rsplit('/')
        .next()?;
    let id = percent_encoding::percent_decode_str(encoded)
        .decode_utf8()
        .ok()?;
    (!id.is_empty()).then(|| id.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bulk_request_keeps_within_both_limits() {
        let operations = vec![json!("0123456789"); 10];
        let limits = |max_operations, max_payload| BulkLimits {
            max_operations,
            max_payload,
        };

        assert_eq!(fitting(&operations, limits(3, 10_000)), 3);
        assert_eq!(fitting(&operations, limits(100, BULK_ENVELOPE + 4 * 13)), 4);
        assert_eq!(fitting(&operations, limits(100, 1)), 1);
    }

    #[test]
    fn the_id_of_a_created_user_is_the_end_of_its_location() {
        let created =
            json!({ "status": "201", "location": "https://idm.example.com/v2/Users/a%20b" });
        let refused = json!({ "status": "409", "location": "https://idm.example.com/v2/Users/a" });

        assert_eq!(created_id(&created), Some("a b".to_owned()));
        assert_eq!(created_id(&refused), None);
    }
}
