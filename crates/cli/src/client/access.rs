//! `reeve request|grant|revoke|extend|cancel`: access is asked for, given, changed and taken by assignment requests.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::graph::{Graph, encoded, literal};
use super::lists::{self, REQUEST};
use super::names::{self, needed, text_at};
use super::{ENTITLEMENTS, connect};
use crate::args::access::{
    CancelArgs, Dates, End, ExtendArgs, GrantArgs, Held, RequestArgs, RevokeArgs,
};
use crate::args::connect::ClientArgs;
use crate::output::progress::Progress;
use crate::output::rows::{self, Column, Rows, column};
use crate::output::{Ending, Misunderstood, Refused};

/// How often a state is looked at while waiting: at first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LAST_LOOK: Duration = Duration::from_secs(3);

/// What is told of a request that was withdrawn.
const CANCELED: &[Column] = &[
    column("id", &["/id"]),
    column("canceled", &["/canceled"]),
    column("refused", &["/refused"]),
];

/// Runs `reeve request`.
pub(crate) async fn request(args: &RequestArgs) -> anyhow::Result<Ending> {
    let graph = connect(&args.client.connect)?;
    let package = names::requestable_package(&graph, &args.package).await?;
    let path = format!(
        "{ENTITLEMENTS}/accessPackages/{}/getApplicablePolicyRequirements",
        encoded(&package)
    );
    let found = graph.post(&path, &json!({})).await?;
    let mut policies: Vec<Value> = Vec::new();
    for known in found
        .get("value")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let mut policy = known.clone();
        if let Some(members) = policy.as_object_mut() {
            members.insert("id".to_owned(), json!(text_at(known, "/policyId")));
            members.insert(
                "displayName".to_owned(),
                json!(text_at(known, "/policyDisplayName")),
            );
        }
        policies.push(policy);
    }
    let policy = names::policy(&args.package, args.policy.as_deref(), &policies)?;
    let is_meant = |known: &&Value| text_at(known, "/id") == Some(policy.as_str());
    let questions = policies
        .iter()
        .find(is_meant)
        .and_then(|policy| policy.get("questions"))
        .and_then(Value::as_array);
    let questions = questions.map(Vec::as_slice).unwrap_or_default();
    let answers = answers(&args.answers, questions)?;
    let mut body = json!({
        "requestType": "userAdd",
        "assignment": { "accessPackageId": package, "assignmentPolicyId": policy },
    });
    insert(
        &mut body,
        "answers",
        (!answers.is_empty()).then(|| json!(answers)),
    );
    insert(
        &mut body,
        "justification",
        args.justification.as_ref().map(|text| json!(text)),
    );
    insert(&mut body, "schedule", schedule(&args.dates));
    submit(&graph, &args.client, &body, args.wait).await
}

/// The answers as Graph has them; a question is called by its text or its id.
fn answers(said: &[(String, String)], questions: &[Value]) -> anyhow::Result<Vec<Value>> {
    let mut answers = Vec::new();
    for (name, value) in said {
        let is_meant = |question: &&Value| {
            ["/id", "/text"].iter().any(|place| {
                text_at(question, place).is_some_and(|text| text.eq_ignore_ascii_case(name))
            })
        };
        let Some(question) = questions.iter().find(is_meant) else {
            let known: Vec<String> = questions
                .iter()
                .filter_map(|question| text_at(question, "/text"))
                .map(|text| format!("  {}", rows::shown(text)))
                .collect();
            return Err(Refused(format!(
                "the policy has no question `{name}`; it has {}\n{}",
                known.len(),
                known.join("\n")
            ))
            .into());
        };
        answers.push(json!({
            "@odata.type": "#microsoft.graph.accessPackageAnswerString",
            "value": value,
            "displayValue": value,
            "answeredQuestion": {
                "@odata.type": text_at(question, "/@odata.type"),
                "id": text_at(question, "/id"),
            },
        }));
    }
    Ok(answers)
}

/// Runs `reeve grant`.
pub(crate) async fn grant(args: &GrantArgs) -> anyhow::Result<Ending> {
    let graph = connect(&args.client.connect)?;
    let package = names::package(&graph, &args.package).await?;
    let person = names::person(&graph, &args.to).await?;
    let path = format!(
        "{ENTITLEMENTS}/assignmentPolicies?$select=id,displayName,description&$filter={}",
        encoded(&format!("accessPackage/id eq {}", literal(&package)))
    );
    let policies = graph.list(&path).await?;
    let policy = names::policy(&args.package, args.policy.as_deref(), &policies)?;
    let mut body = json!({
        "requestType": "adminAdd",
        "assignment": {
            "targetId": person,
            "accessPackageId": package,
            "assignmentPolicyId": policy,
        },
    });
    insert(
        &mut body,
        "justification",
        args.justification.as_ref().map(|text| json!(text)),
    );
    insert(&mut body, "schedule", schedule(&args.dates));
    submit(&graph, &args.client, &body, args.wait).await
}

/// Runs `reeve revoke`.
pub(crate) async fn revoke(args: &RevokeArgs) -> anyhow::Result<Ending> {
    let graph = connect(&args.client.connect)?;
    let held = held(&graph, &args.held).await?;
    let kind = if args.held.mine {
        "userRemove"
    } else {
        "adminRemove"
    };
    let mut body = json!({ "requestType": kind, "assignment": { "id": held } });
    insert(
        &mut body,
        "justification",
        args.justification.as_ref().map(|text| json!(text)),
    );
    submit(&graph, &args.client, &body, args.wait).await
}

/// Runs `reeve extend`.
pub(crate) async fn extend(args: &ExtendArgs) -> anyhow::Result<Ending> {
    let graph = connect(&args.client.connect)?;
    let held = held(&graph, &args.held).await?;
    let kind = if args.held.mine {
        "userExtend"
    } else {
        "adminUpdate"
    };
    let mut body = json!({ "requestType": kind, "assignment": { "id": held } });
    insert(
        &mut body,
        "justification",
        args.justification.as_ref().map(|text| json!(text)),
    );
    let dates = Dates {
        from: None,
        end: args.end.clone(),
    };
    insert(&mut body, "schedule", schedule(&dates));
    submit(&graph, &args.client, &body, args.wait).await
}

/// Runs `reeve cancel`.
pub(crate) async fn cancel(args: &CancelArgs) -> anyhow::Result<Ending> {
    let graph = connect(&args.client.connect)?;
    let mut rows = Rows::new(args.client.told.output, CANCELED);
    let mut refused = 0;
    for id in &args.ids {
        let path = format!("{ENTITLEMENTS}/assignmentRequests/{}/cancel", encoded(id));
        let answer = graph.send_patiently(Method::POST, &path, None).await?;
        let refusal = (!answer.is_success()).then(|| answer.reason());
        refused += usize::from(refusal.is_some());
        rows.add(&json!({ "id": id, "canceled": refusal.is_none(), "refused": refusal }));
    }
    rows.end();
    Ok(Ending::counted(args.ids.len(), refused))
}

fn insert(body: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(members), Some(value)) = (body.as_object_mut(), value) {
        members.insert(name.to_owned(), value);
    }
}

/// The schedule as Graph has it; nothing, if the command line says nothing of it.
fn schedule(dates: &Dates) -> Option<Value> {
    let Dates {
        from,
        end: End { until, duration },
    } = dates;
    if from.is_none() && until.is_none() && duration.is_none() {
        return None;
    }
    let mut schedule = Map::new();
    if let Some(from) = from {
        schedule.insert("startDateTime".to_owned(), json!(from));
    }
    if let Some(until) = until {
        let end = json!({ "type": "afterDateTime", "endDateTime": until });
        schedule.insert("expiration".to_owned(), end);
    } else if let Some(duration) = duration {
        let end = json!({ "type": "afterDuration", "duration": duration });
        schedule.insert("expiration".to_owned(), end);
    }
    Some(Value::Object(schedule))
}

/// The id of the assignment that is meant.
async fn held(graph: &Graph, held: &Held) -> anyhow::Result<String> {
    if let Some(id) = &held.id {
        return Ok(id.clone());
    }
    let Some(name) = &held.package else {
        let told = "name an assignment by its id, or by `--package` and `--person` or `--mine`";
        return Err(Misunderstood(told.to_owned()).into());
    };
    let mut parts = vec!["state ne 'expired'".to_owned()];
    let way = if held.mine {
        let member = if names::is_id(name) {
            "id"
        } else {
            "displayName"
        };
        parts.push(format!("accessPackage/{member} eq {}", literal(name)));
        "/assignments/filterByCurrentUser(on='target')"
    } else {
        let Some(person) = &held.person else {
            let told = "say whose it is with `--person`, or `--mine`";
            return Err(Misunderstood(told.to_owned()).into());
        };
        let package = names::package(graph, name).await?;
        let person = names::person(graph, person).await?;
        parts.push(format!("accessPackage/id eq {}", literal(&package)));
        parts.push(format!("target/objectId eq {}", literal(&person)));
        "/assignments"
    };
    let path = format!(
        "{ENTITLEMENTS}{way}?$expand=accessPackage&$filter={}",
        encoded(&parts.join(" and "))
    );
    let found = graph.list(&path).await?;
    match found.as_slice() {
        [one] => Ok(needed(one, "/id")?.to_owned()),
        [] => Err(Refused(format!(
            "there is no assignment of `{name}` that is not over"
        ))
        .into()),
        several => {
            let ids = several.iter().filter_map(|one| text_at(one, "/id"));
            let ids: Vec<String> = ids.map(|id| format!("  {id}")).collect();
            Err(Refused(format!(
                "there are {} such assignments; name one by its id:\n{}",
                several.len(),
                ids.join("\n")
            ))
            .into())
        }
    }
}

/// Submits a request, waits for it where that is wanted, and tells of it.
async fn submit(
    graph: &Graph,
    client: &ClientArgs,
    body: &Value,
    waits: bool,
) -> anyhow::Result<Ending> {
    let made = graph
        .post(&format!("{ENTITLEMENTS}/assignmentRequests"), body)
        .await?;
    let path = format!(
        "{ENTITLEMENTS}/assignmentRequests/{}?$expand=accessPackage,requestor,assignment($expand=target)",
        encoded(needed(&made, "/id")?)
    );
    let mut request = if waits {
        settled(graph, &path).await?
    } else {
        graph.get(&path).await?
    };
    lists::add_targets(graph, std::slice::from_mut(&mut request)).await?;
    let mut rows = Rows::new(client.told.output, REQUEST);
    rows.add(&request);
    rows.end();
    let state = text_at(&request, "/state").unwrap_or_default();
    Ok(Ending::from(!matches!(
        state,
        "denied" | "canceled" | "deliveryFailed" | "partiallyDelivered"
    )))
}

/// The request, once nothing moves it on by itself.
async fn settled(graph: &Graph, path: &str) -> anyhow::Result<Value> {
    let mut progress = Progress::new();
    let mut pause = FIRST_LOOK;
    loop {
        let request = graph.get(path).await?;
        let state = text_at(&request, "/state").unwrap_or_default();
        if !matches!(state, "submitted" | "delivering") {
            return Ok(request);
        }
        progress.words(&format!(
            "{}: {state} …",
            text_at(&request, "/accessPackage/displayName").unwrap_or("request")
        ));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_says_what_the_command_line_says_and_nothing_else() {
        let dates = |from: Option<&str>, until: Option<&str>, duration: Option<&str>| Dates {
            from: from.map(str::to_owned),
            end: End {
                until: until.map(str::to_owned),
                duration: duration.map(str::to_owned),
            },
        };

        assert_eq!(schedule(&dates(None, None, None)), None);
        assert_eq!(
            schedule(&dates(Some("a"), Some("b"), None)),
            Some(json!({
                "startDateTime": "a",
                "expiration": { "type": "afterDateTime", "endDateTime": "b" },
            }))
        );
        assert_eq!(
            schedule(&dates(None, None, Some("P7D"))),
            Some(json!({ "expiration": { "type": "afterDuration", "duration": "P7D" } }))
        );
    }

    #[test]
    fn a_question_is_called_by_its_text_and_others_are_refused_with_those_there_are() {
        let questions = [json!({
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "id": "7", "text": "Which door?",
        })];
        let said = |question: &str| vec![(question.to_owned(), "left".to_owned())];

        let known = answers(&said("which door?"), &questions).unwrap();
        let unknown = answers(&said("Which gate?"), &questions).unwrap_err();

        assert_eq!(known[0]["answeredQuestion"]["id"], "7");
        assert_eq!(known[0]["value"], "left");
        assert!(unknown.to_string().contains("Which door?"));
    }
}
