//! What a caller may not know shows through no option of a query either: whatever a filter, an expansion, an order, a number,
//! a search or a part of a batch asks about an object of others is answered as for one that is not there (RP-5, AZ-21). And
//! a link to a next page shows whoever follows it what they may see, whoever it was made for.

use std::collections::BTreeSet;

use auth::roles::EmRole;
use domain::query::Relation;
use serde_json::{Value, json};
use testkit::{Client, Reply};
use wire::Version;
use wire::sets::{ENTITY_SETS, EntitySet};
use wire::table::Navigation;

use crate::walk_unknown::{PERMISSIONS, told};
use crate::walk_world::{Pick, Who, World, absent};

/// How many rows of a list are looked at for what they lead to.
const ROWS: usize = 3;

/// A collection at the root that somebody can read.
struct List {
    set: &'static EntitySet,
    version: Version,
    path: String,
}

/// Every collection of both versions.
fn lists() -> Vec<List> {
    let mut lists = Vec::new();
    for version in Version::ALL {
        for set in ENTITY_SETS {
            if set.name(version).is_some() && !set.is_single {
                let path = format!("/{version}/{}", set.path(version));
                lists.push(List { set, version, path });
            }
        }
    }
    lists
}

/// Whoever must not learn what is there: a user and an application without any role, and the same as owners of one catalog.
async fn strangers(world: &World) -> Vec<Who> {
    world.app.add_application("stranger").await;
    world.app.add_application("owner").await;
    world
        .app
        .give_role("owner", EmRole::CatalogOwner, &world.elsewhere)
        .await;
    let user = |name| Who {
        name,
        client: world.app.as_user_with(name, PERMISSIONS),
    };
    let application = |name| Who {
        name,
        client: world.app.as_application(name, &[]),
    };
    vec![
        user("mallory"),
        user("erin"),
        application("stranger"),
        application("owner"),
    ]
}

/// An address with a hole for an id, and a word of the client's beside it.
type Question = (String, bool);

/// What can be asked of a list about one of its own objects.
fn about_a_row(list: &List) -> Vec<Question> {
    let path = &list.path;
    let mut all = vec![
        (format!("{path}?$filter=id eq '{{}}'"), false),
        (format!("{path}?$filter=id in ('{{}}')&$count=true"), true),
        (format!("{path}/$count?$filter=id eq '{{}}'"), true),
        (
            format!("{path}?$filter=id eq '{{}}'&$orderby=id desc&$top=1"),
            false,
        ),
        (format!("{path}?$filter=not(id ne '{{}}')"), true),
        (format!("{path}/{{}}"), false),
        (format!("{path}/{{}}/$ref"), false),
        (format!("{path}/{{}}?$select=id"), false),
    ];
    for way in list.set.of.navigations {
        if let Some(name) = way.name(list.version) {
            all.push((format!("{path}?$filter=id eq '{{}}'&$expand={name}"), false));
            all.push((format!("{path}/{{}}?$expand={name}"), false));
            all.push((format!("{path}/{{}}/{name}"), false));
            all.push((format!("{path}/{{}}/{name}/$count"), true));
        }
    }
    all
}

/// What can be asked of a list about an object that its rows lead to.
fn about_what_is_near(list: &List, way: &Navigation, name: &str) -> Vec<Question> {
    let path = &list.path;
    let relation = list.set.of.entity.relation(way.relation);
    let is_one = way.first_only || relation.is_some_and(Relation::is_to_one);
    if is_one {
        return vec![
            (format!("{path}?$filter={name}/id eq '{{}}'"), false),
            (format!("{path}/$count?$filter={name}/id eq '{{}}'"), true),
            (
                format!("{path}?$filter={name}/id ne '{{}}'&$count=true"),
                true,
            ),
        ];
    }
    vec![
        (
            format!("{path}?$filter={name}/any(a:a/id eq '{{}}')"),
            false,
        ),
        (
            format!("{path}?$filter={name}/all(a:a/id ne '{{}}')&$count=true"),
            true,
        ),
        (
            format!("{path}/$count?$filter={name}/any(a:a/id eq '{{}}')"),
            true,
        ),
        (
            format!("{path}?$expand={name}($filter=id eq '{{}}';$count=true)"),
            true,
        ),
    ]
}

fn eager(client: &Client, is_advanced: bool) -> Client {
    let client = client.clone();
    if is_advanced {
        client.with_header("consistencylevel", "eventual")
    } else {
        client
    }
}

/// What two questions that differ in an id alone were answered, where that differs.
async fn difference(who: &Who, question: &Question, id: &str) -> Option<String> {
    let (text, is_advanced) = question;
    let client = eager(&who.client, *is_advanced);
    let there = client.get(&text.replace("{}", id)).await;
    let nowhere = client.get(&text.replace("{}", &absent(id))).await;
    let named = [id.to_owned()];
    let (one, two) = (told(&there, &named), told(&nowhere, &named));
    (one != two).then(|| format!("{}: {text} {id}\n  {one:.300}\n  {two:.300}", who.name))
}

/// The ids in an answer, wherever they stand.
fn ids_of(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| ids_of(item, ids)),
        Value::Object(members) => {
            if let Some(id) = members.get("id").and_then(Value::as_str) {
                ids.insert(id.to_owned());
            }
            members.values().for_each(|item| ids_of(item, ids));
        }
        _ => {}
    }
}

/// What the rows of a list lead to by one navigation, as somebody sees it.
async fn near(list: &List, name: &str, client: &Client) -> BTreeSet<String> {
    let reply = client.get(&format!("{}?$expand={name}", list.path)).await;
    let mut ids = BTreeSet::new();
    if reply.status == 200 {
        for row in reply.rows() {
            ids_of(&row[name], &mut ids);
        }
    }
    ids
}

/// Whether somebody can see an object in one of the lists, or by its id.
async fn is_known(world: &World, lists: &[List], of: &str, id: &str, who: &Who) -> bool {
    for list in lists.iter().filter(|list| list.set.of.entity.name == of) {
        if world.knows(&list.path, id, who).await {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn rp_5_no_option_of_a_query_tells_what_is_there_from_what_is_not() {
    let world = World::new().await;
    let lists = lists();
    let operator = world.operator();
    let (mut leaks, mut asked) = (Vec::new(), 0);
    // How many questions tell something to somebody who may know.
    let mut telling = 0;
    for who in strangers(&world).await {
        for list in &lists {
            if let Some(id) = world.one_of(&list.path, Pick::Foreign, &who).await {
                for question in about_a_row(list) {
                    leaks.extend(difference(&who, &question, &id).await);
                    asked += 1;
                }
            }
            for way in list.set.of.navigations {
                let Some(name) = way.name(list.version) else {
                    continue;
                };
                let seen = near(list, name, &who.client).await;
                let hidden = near(list, name, &operator.client).await;
                let mut hidden: Vec<&String> = hidden.difference(&seen).collect();
                hidden.truncate(ROWS);
                for id in hidden {
                    if is_known(&world, &lists, way.target.entity.name, id, &who).await {
                        continue;
                    }
                    for question in about_what_is_near(list, way, name) {
                        let is_first = who.name == "mallory";
                        if is_first && difference(&operator, &question, id).await.is_some() {
                            telling += 1;
                        }
                        leaks.extend(difference(&who, &question, id).await);
                        asked += 1;
                    }
                }
            }
        }
    }
    assert!(asked > 1_000, "only {asked} were asked");
    assert!(telling > 100, "only {telling} would tell something");
    assert!(
        leaks.is_empty(),
        "{} leaks\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[tokio::test]
async fn rp_5_no_search_finds_what_somebody_may_not_know() {
    let world = World::new().await;
    let operator = eager(&world.operator().client, true);
    let strangers = strangers(&world).await;
    let mut searched = 0;
    for list in lists() {
        // Some lists cannot be searched, whoever asks.
        let path =
            |word: &str| format!("{}?$search=%22displayName:{word}%22&$count=true", list.path);
        if operator.get(&path("x")).await.status != 200 {
            continue;
        }
        let rows = operator.get(&list.path).await.rows();
        for who in &strangers {
            for row in rows.iter().take(ROWS) {
                let (Some(id), Some(name)) = (row["id"].as_str(), row["displayName"].as_str())
                else {
                    continue;
                };
                if world.knows(&list.path, id, who).await {
                    continue;
                }
                let client = eager(&who.client, true);
                let there = client.get(&path(name)).await;
                let nowhere = client.get(&path("nothing-is-called-so")).await;
                assert_eq!(told(&there, &[]), told(&nowhere, &[]), "{}", who.name);
                searched += 1;
            }
        }
    }
    assert!(searched > 5, "only {searched} were searched");
}

/// The answer of one part, as the same call alone would be answered.
fn part(reply: &Reply, id: &str) -> Value {
    let body = reply.json();
    let responses = body["responses"].as_array().unwrap();
    let mut found = responses
        .iter()
        .find(|one| one["id"] == id)
        .unwrap()
        .clone();
    found.as_object_mut().unwrap().remove("id");
    found["headers"] = Value::Null;
    if let Some(error) = found.pointer_mut("/body/error") {
        error.as_object_mut().unwrap().remove("innerError");
    }
    found
}

#[tokio::test]
async fn rp_5_no_part_of_a_batch_tells_what_is_there_from_what_is_not() {
    let world = World::new().await;
    let (mut leaks, mut asked) = (Vec::new(), 0);
    for who in strangers(&world).await {
        let before = world.content();
        for list in lists() {
            let Some(id) = world.one_of(&list.path, Pick::Foreign, &who).await else {
                continue;
            };
            let root = format!("/{}", list.version);
            let path = list.path.strip_prefix(&root).unwrap();
            let json_body = json!({"Content-Type": "application/json"});
            let of = |key: &str, id: &str| {
                [
                    json!({"id": format!("{key}-get"), "method": "GET", "url": format!("{path}/{id}")}),
                    json!({"id": format!("{key}-filter"), "method": "GET",
                        "url": format!("{path}?$filter=id eq '{id}'&$count=true"),
                        "headers": {"ConsistencyLevel": "eventual"}}),
                    json!({"id": format!("{key}-delete"), "method": "DELETE", "url": format!("{path}/{id}")}),
                    json!({"id": format!("{key}-patch"), "method": "PATCH", "url": format!("{path}/{id}"),
                        "headers": json_body, "body": {"description": "x"}}),
                    json!({"id": format!("{key}-reprocess"), "method": "POST", "url": format!("{path}/{id}/reprocess")}),
                    json!({"id": format!("{key}-after"), "method": "GET", "url": "/me",
                        "dependsOn": [format!("{key}-get")]}),
                ]
            };
            let mut requests = of("there", &id).to_vec();
            requests.extend(of("nowhere", &absent(&id)));
            let batch = json!({ "requests": requests });
            let reply = who.client.post(&format!("{root}/$batch"), batch).await;
            let reply = reply.assert_status(200);
            for kind in ["get", "filter", "delete", "patch", "reprocess", "after"] {
                let hidden = |text: Value| {
                    let text = text.to_string();
                    text.replace(&id, "ID")
                        .replace(&absent(&id), "ID")
                        .replace("nowhere-", "")
                        .replace("there-", "")
                };
                let there = hidden(part(&reply, &format!("there-{kind}")));
                let nowhere = hidden(part(&reply, &format!("nowhere-{kind}")));
                asked += 1;
                if there != nowhere {
                    leaks.push(format!(
                        "{}: {kind} {}\n  {there}\n  {nowhere}",
                        who.name, list.path
                    ));
                }
            }
        }
        let after = world.content();
        let changed: Vec<&String> = after
            .keys()
            .filter(|table| *table != "audit_event" && before[*table] != after[*table])
            .collect();
        assert!(changed.is_empty(), "{}: {changed:?}", who.name);
    }
    assert!(asked > 200, "only {asked} were asked");
    assert!(
        leaks.is_empty(),
        "{} leaks\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

/// The ids of all rows that somebody is shown, from the first page to the last.
async fn whole(client: &Client, path: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let reply = client.get(&path).await;
        if reply.status != 200 {
            break;
        }
        for row in reply.rows() {
            ids.extend(row["id"].as_str().map(str::to_owned));
        }
        next = reply.json()["@odata.nextLink"].as_str().map(path_of);
    }
    ids
}

fn path_of(link: &str) -> String {
    link.strip_prefix("http://reeve.test").unwrap().to_owned()
}

#[tokio::test]
async fn od_7_a_next_link_of_somebody_else_shows_what_the_follower_may_see() {
    let world = World::new().await;
    let operator = world.operator();
    let mut followed = 0;
    for who in strangers(&world).await {
        for list in lists() {
            let first = operator
                .client
                .get(&format!("{}?$top=1&$count=true", list.path))
                .await;
            let Some(link) = (first.status == 200)
                .then(|| first.json()["@odata.nextLink"].as_str().map(path_of))
                .flatten()
            else {
                continue;
            };
            let own = whole(&who.client, &list.path).await;
            let reply = who.client.get(&link).await;
            followed += 1;
            if reply.status == 403 {
                let alone = who.client.get(&list.path).await;
                assert_eq!(told(&reply, &[]), told(&alone, &[]), "{}", who.name);
                continue;
            }
            let body = reply.clone().assert_status(200).json();
            if let Some(count) = body.get("@odata.count") {
                assert_eq!(count, own.len(), "{}: {reply}", who.name);
            }
            let shown = whole(&who.client, &link).await;
            assert!(shown.is_subset(&own), "{}: {reply}", who.name);
        }
    }
    assert!(followed > 40, "only {followed} were followed");
}

#[tokio::test]
async fn ba_1_twenty_lists_in_a_batch_are_narrowed_each_as_if_alone() {
    let world = World::new().await;
    let mut lists = lists();
    lists.retain(|list| list.version == Version::V1);
    let mut compared = 0;
    for who in strangers(&world).await {
        for twenty in lists.chunks(20) {
            let requests: Vec<Value> = twenty
                .iter()
                .enumerate()
                .map(|(place, list)| {
                    let url = list.path.strip_prefix("/v1.0").unwrap();
                    json!({"id": place.to_string(), "method": "GET", "url": url})
                })
                .collect();
            let batch = json!({ "requests": requests });
            let reply = who.client.post("/v1.0/$batch", batch).await;
            let reply = reply.assert_status(200);
            for (place, list) in twenty.iter().enumerate() {
                let alone = who.client.get(&list.path).await;
                let inside = part(&reply, &place.to_string());
                let mut body: Value = alone.json();
                if let Some(error) = body.get_mut("error") {
                    error.as_object_mut().unwrap().remove("innerError");
                }
                assert_eq!(inside["status"], alone.status.as_u16(), "{}", who.name);
                assert_eq!(inside["body"], body, "{}: {}", who.name, list.path);
                compared += 1;
            }
        }
    }
    assert!(compared > 80, "only {compared} were compared");
}
