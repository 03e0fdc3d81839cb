//! Policies are made, changed and deleted, and their path is drawn.

use auth::roles::EmRole;
use serde_json::{Value, json};
use testkit::{Backend, Browser, ERP, Package, Plan, Start, TestApp, V1};

/// The policy as the API tells of it.
async fn stored(app: &TestApp, id: &str) -> Value {
    let path = format!("{V1}/assignmentPolicies/{id}");
    app.as_operator()
        .get(&path)
        .await
        .assert_status(200)
        .json()
        .clone()
}

async fn owner(app: &TestApp, package: &Package) -> Browser {
    app.give_role("carol", EmRole::CatalogOwner, package).await;
    app.browser_of("carol").await
}

/// Everything that the form of a page would send: inputs, lists and texts.
fn whole(text: &str, action: &str, page: &testkit::Page) -> Vec<(String, String)> {
    let mut fields = page.form(action);
    let at = text.find(&format!("action=\"{action}\"")).unwrap();
    let form = &text[at..at + text[at..].find("</form>").unwrap()];
    for part in form.split("<textarea ").skip(1) {
        let name = part.split("name=\"").nth(1).unwrap();
        let name = &name[..name.find('"').unwrap()];
        let value = &part[part.find('>').unwrap() + 1..part.find("</textarea>").unwrap()];
        // Browsers send lines with a carriage return.
        let value = value.replace("&#39;", "'").replace('\n', "\r\n");
        fields.push((name.to_owned(), value));
    }
    for part in form.split("<select ").skip(1) {
        let part = &part[..part.find("</select>").unwrap()];
        let name = part.split("name=\"").nth(1).unwrap();
        let name = &name[..name.find('"').unwrap()];
        let options: Vec<&str> = part.split("<option ").skip(1).collect();
        let chosen = options.iter().find(|one| {
            let tag = &one[..one.find('>').unwrap()];
            tag.ends_with(" selected")
        });
        let one = chosen.unwrap_or(&options[0]);
        let value = one.strip_prefix("value=\"").unwrap();
        fields.push((
            name.to_owned(),
            value[..value.find('"').unwrap()].to_owned(),
        ));
    }
    fields
}

/// The same with other values.
fn with(mut fields: Vec<(String, String)>, typed: &[(&str, &str)]) -> Vec<(String, String)> {
    for (name, value) in typed {
        fields.retain(|(own, _)| own != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields
}

#[tokio::test]
async fn po40_a_policy_that_the_form_cannot_say_whole_keeps_what_it_does_not_show() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Books").member_of("Authors", ERP)).await;
        let carol = owner(app, &package).await;
        let group = app.group("Editors", None).await;
        let alice = app.id_of("alice").to_string();
        let path = format!("{V1}/assignmentPolicies/{}", package.policy);
        let body = json!({
            "displayName": "Rich",
            "description": "All that there is.",
            "allowedTargetScope": "specificDirectoryUsers",
            "specificAllowedTargets": [
                {"@odata.type": "#microsoft.graph.groupMembers", "groupId": group.to_string()},
                {"@odata.type": "#microsoft.graph.singleUser", "userId": alice},
            ],
            "expiration": {"type": "afterDuration", "duration": "PT36H"},
            "requestorSettings": {
                "enableTargetsToSelfAddAccess": true,
                "enableTargetsToSelfRemoveAccess": true,
                "enableOnBehalfRequestorsToAddAccess": true,
                "onBehalfRequestors": [{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 2}],
            },
            "requestApprovalSettings": {
                "isApprovalRequiredForAdd": true,
                "isRequestorJustificationRequired": true,
                "stages": [{
                    "durationBeforeAutomaticDenial": "P6DT12H",
                    "isApproverJustificationRequired": true,
                    "approverInformationVisibility": "visible",
                    "isEscalationEnabled": true,
                    "durationBeforeEscalation": "P2D",
                    "primaryApprovers": [{"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 3}],
                    "fallbackPrimaryApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": alice}],
                    "escalationApprovers": [{"@odata.type": "#microsoft.graph.groupMembers", "groupId": group.to_string()}],
                    "fallbackEscalationApprovers": [{"@odata.type": "#microsoft.graph.internalSponsors"}],
                }],
            },
            "notificationSettings": {"isAssignmentNotificationDisabled": true},
            "questions": [
                {
                    "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                    "text": "Why?", "isRequired": true, "sequence": 4, "regexPattern": "[a-z ]+",
                    "isSingleLineQuestion": true,
                    "localizations": [{"languageCode": "de", "text": "Warum?"}],
                },
                {
                    "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
                    "text": "Where?", "isMultipleSelectionAllowed": true, "sequence": 7,
                    "choices": [{
                        "actualValue": "eu", "text": "Europe",
                        "localizations": [{"languageCode": "de", "text": "Europa"}],
                    }],
                },
            ],
            "reviewSettings": {
                "isEnabled": true, "expirationBehavior": "removeAccess", "isRecommendationEnabled": false,
                "isReviewerJustificationRequired": true, "isSelfReview": false,
                "schedule": {
                    "startDateTime": "2030-01-01T00:00:00Z",
                    "expiration": {"type": "afterDuration", "duration": "P14D"},
                    "recurrence": {"pattern": {"type": "absoluteMonthly", "interval": 3},
                                   "range": {"type": "noEnd", "startDate": "2030-01-01"}},
                },
                "primaryReviewers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": alice}],
            },
            "accessPackage": {"id": package.id},
        });
        app.as_operator().put(&path, body).await.assert_status(200);
        let before = stored(app, &package.policy).await;

        let edit = format!("/manage/policies/{}/edit", package.policy);
        let form = carol.get(&edit).await.with_status(200);
        let fields = whole(&form.text, &edit, &form);
        let sent = carol.post(&edit, &fields).await;
        assert_eq!(sent.status, 303, "{}", sent.words());
        let mut after = stored(app, &package.policy).await;
        let mut same = before.clone();
        for changed in ["modifiedDateTime", "modifiedBy", "@odata.etag"] {
            after.as_object_mut().unwrap().remove(changed);
            same.as_object_mut().unwrap().remove(changed);
        }
        assert_eq!(after, same);

        // One thing is changed, and only that.
        let form = carol.get(&edit).await;
        let typed = [("name", "Richer"), ("s0_lasts", "8"), ("q0_text", "What for?")];
        let fields = with(whole(&form.text, &edit, &form), &typed);
        carol.post(&edit, &fields).await.with_status(303);
        let after = stored(app, &package.policy).await;
        let stage = &after["requestApprovalSettings"]["stages"][0];
        assert_eq!(after["displayName"], "Richer");
        assert_eq!(stage["durationBeforeAutomaticDenial"], "P8D");
        assert_eq!(stage["primaryApprovers"], before["requestApprovalSettings"]["stages"][0]["primaryApprovers"]);
        assert_eq!(after["questions"][0]["text"], "What for?");
        assert_eq!(after["questions"][0]["id"], before["questions"][0]["id"]);
        assert_eq!(after["reviewSettings"], before["reviewSettings"]);
    })
    .await;
}

#[tokio::test]
async fn the_schedule_of_reviews_is_read_changed_and_taken_away() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let carol = owner(&app, &package).await;
    let path = format!("{V1}/assignmentPolicies/{}", package.policy);
    let body = json!({
        "displayName": "Reviewed", "description": "", "allowedTargetScope": "allMemberUsers",
        "expiration": {"type": "noExpiration"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true},
        "reviewSettings": {
            "isEnabled": true, "expirationBehavior": "removeAccess",
            "schedule": {
                "startDateTime": "2030-01-01T00:00:00Z",
                "expiration": {"type": "afterDuration", "duration": "P14D"},
                "recurrence": {"pattern": {"type": "absoluteMonthly", "interval": 3, "dayOfMonth": 5},
                               "range": {"type": "noEnd", "startDate": "2030-01-01"}},
            },
        },
        "accessPackage": {"id": package.id},
    });
    app.as_operator().put(&path, body).await.assert_status(200);
    let edit = format!("/manage/policies/{}/edit", package.policy);
    let change = async |typed: &[(&str, &str)]| {
        let form = carol.get(&edit).await;
        let fields = with(whole(&form.text, &edit, &form), typed);
        carol.post(&edit, &fields).await
    };
    let schedule = async || {
        let stored = stored(&app, &package.policy).await;
        stored["reviewSettings"]["schedule"].clone()
    };

    // What is not named stays, but for the day on which the first begins.
    change(&[("review_starts", "2031-02-01")])
        .await
        .with_status(303);
    let moved = schedule().await;
    assert_eq!(moved["startDateTime"], "2031-02-01T00:00:00Z");
    assert_eq!(moved["expiration"]["duration"], "P14D");
    assert_eq!(moved["recurrence"]["pattern"]["dayOfMonth"], 5);
    assert_eq!(moved["recurrence"]["range"]["startDate"], "2031-02-01");
    change(&[("review_every", "annual"), ("review_days", "7")])
        .await
        .with_status(303);
    let yearly = schedule().await;
    assert_eq!(
        yearly["recurrence"]["pattern"]["type"], "absoluteYearly",
        "{yearly}"
    );
    assert_eq!(yearly["expiration"]["duration"], "P7D");
    for wrong in [("review_starts", "soon"), ("review_days", "long")] {
        change(&[wrong]).await.with_status(422);
    }
    assert_eq!(schedule().await, yearly);
    let nothing = [
        ("review_starts", ""),
        ("review_every", ""),
        ("review_days", ""),
    ];
    change(&nothing).await.with_status(303);
    assert!(schedule().await.is_null());
}

/// The form for a new policy with two stages and a question, filled in: where it goes, and what it sends.
async fn filled(
    app: &TestApp,
    browser: &Browser,
    package: &Package,
) -> (String, Vec<(String, String)>) {
    app.group("Editors", None).await;
    let new = format!("/manage/packages/{}/policies/new", package.id);
    let form = browser.get(&new).await.with_status(200);
    let fields = whole(&form.text, &new, &form);
    let typed = [
        ("name", "With approval"),
        ("expires_after", "30"),
        ("approve_add", "yes"),
        ("reason", "yes"),
        ("s0_first", "requestor's manager\r\ngroup: Editors"),
        ("s0_fallback", "bob@reeve.test"),
        ("s0_escalates", "yes"),
        ("s0_after", "2"),
        ("s0_later", "bob"),
        ("s1_first", "bob@reeve.test"),
        ("q0_text", "What for?"),
        ("q0_kind", "one"),
        ("q0_choices", "work = For work\r\nplay"),
    ];
    (new.clone(), with(fields, &typed))
}

#[tokio::test]
async fn ap2_the_path_of_a_policy_is_drawn_before_it_is_saved_and_faults_stand_at_their_fields() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Books").member_of("Authors", ERP))
        .await;
    let carol = owner(&app, &package).await;
    let (new, wanted) = filled(&app, &carol, &package).await;

    let find = with(wanted.clone(), &[("do", "find"), ("find", "edit")]);
    let found = carol.post(&new, &find).await.with_status(200);
    assert!(found.says("Editors group: Editors"), "{}", found.words());
    assert!(found.says("Nothing was saved yet.") && found.text.contains("value=\"With approval\""));
    let look = with(wanted.clone(), &[("do", "look")]);
    let look = carol.post(&new, &look).await.with_status(200);
    assert!(
        look.text.contains("<svg class=\"path\" role=\"img\""),
        "{}",
        look.text
    );
    let told = look.words();
    assert!(told.contains("Nothing was saved yet."), "{told}");
    assert!(
        told.contains(
            "any of these decides within 14 days: requestor's manager, members of Editors."
        ),
        "{told}"
    );
    assert!(
        told.contains("After 2 days these are asked as well: bob."),
        "{told}"
    );
    assert!(look.text.contains("value=\"With approval\""));
    assert!(!look.text.contains("style=\""));

    for (name, value, field, wrong) in [
        (
            "s0_first",
            "nobody@reeve.test",
            "s0_first",
            "is not in the directory",
        ),
        ("s0_first", "", "s0_first", "primary or fallback approvers"),
        ("s0_after", "20", "s0_after", "before it ends"),
        (
            "s1_first",
            "the gardener",
            "s1_first",
            "is not in the directory",
        ),
        ("s1_first", "colour: red", "s1_first", "names nobody"),
        ("expires_after", "soon", "expires_after", "Give days"),
        ("q0_choices", "", "q0_choices", "at least one choice"),
        ("name", "", "name", "name"),
        ("scope", "everybody", "scope", "Choose for whom it is."),
        ("targets", "bob", "targets", "does not go with the scope"),
    ] {
        let mut typed = vec![(name, value)];
        if wrong.starts_with("primary") {
            typed.push(("s0_fallback", ""));
        }
        let answer = carol.post(&new, &with(wanted.clone(), &typed)).await;
        assert_eq!(answer.status, 422, "{name}: {}", answer.words());
        assert!(answer.says(wrong), "{name}: {}", answer.words());
        if name != "scope" {
            let id = format!("id=\"{field}-error\"");
            assert!(answer.text.contains(&id), "{name}: {}", answer.text);
        }
        assert!(answer.says("requestor's manager") || name == "s0_first");
    }
}

#[tokio::test]
async fn po43_a_policy_made_by_the_page_works_and_is_deleted_by_who_may() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Books").member_of("Authors", ERP))
        .await;
    let other = app.package(Plan::new("Other").in_catalog("Two")).await;
    let carol = owner(&app, &package).await;
    let (new, wanted) = filled(&app, &carol, &package).await;

    let made = carol.post(&new, &wanted).await;
    assert_eq!(made.status, 303, "{}", made.words());
    let page = carol.get(made.location()).await.with_status(200);
    assert!(
        page.says("The policy was made.") && page.text.contains("<svg"),
        "{}",
        page.words()
    );
    let id = made
        .location()
        .rsplit('/')
        .next()
        .unwrap()
        .split('?')
        .next()
        .unwrap()
        .to_owned();
    let policy = stored(&app, &id).await;
    let stages = policy["requestApprovalSettings"]["stages"]
        .as_array()
        .unwrap();
    assert_eq!(stages.len(), 2);
    assert_eq!(stages[0]["durationBeforeEscalation"], "P2D");
    assert_eq!(policy["expiration"]["duration"], "P30D");
    assert_eq!(policy["questions"][0]["choices"][0]["actualValue"], "work");
    // What was made by the page works: alice asks, and is asked.
    let alice = app.browser_of("alice").await;
    let ask = format!("/packages/{}?policy={id}", package.id);
    assert!(alice.get(&ask).await.says("What for?"));

    // It goes, once somebody means it; and nobody comes to the policies of other catalogs.
    let edit = format!("/manage/policies/{id}/edit");
    let form = carol.get(&edit).await;
    let delete = format!("/manage/policies/{id}/delete");
    carol.submit(&form, &delete, &[]).await.with_status(422);
    carol
        .submit(&form, &delete, &[("sure", "yes")])
        .await
        .with_status(303);
    carol.get(&edit).await.with_status(404);
    for path in [
        format!("/manage/policies/{}", other.policy),
        format!("/manage/policies/{}/edit", other.policy),
        format!("/manage/packages/{}/policies/new", other.id),
    ] {
        assert_eq!(carol.get(&path).await.status, 404, "{path}");
        if path.ends_with('w') || path.ends_with('t') {
            assert_eq!(carol.post(&path, &wanted).await.status, 404, "{path}");
        }
    }
}

/// A group of this name, made by whoever may.
async fn group(app: &TestApp, name: &str, nick: &str) -> String {
    let body = json!({
        "displayName": name, "mailEnabled": false, "securityEnabled": true, "mailNickname": nick,
    });
    let made = app.as_operator().post("/v1.0/groups", body).await;
    made.assert_status(201).text("id")
}

#[tokio::test]
async fn po40_a_new_policy_lasts_as_long_as_its_form_was_drawn() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let carol = owner(&app, &package).await;
    let new = format!("/manage/packages/{}/policies/new", package.id);
    let form = carol.get(&new).await.with_status(200);
    assert!(form.text.contains("value=\"365\""), "{}", form.text);

    let sent = with(whole(&form.text, &new, &form), &[("name", "As drawn")]);
    let made = carol.post(&new, &sent).await.with_status(303);

    let id = made.location().rsplit('/').next().unwrap();
    let policy = stored(&app, id.split('?').next().unwrap()).await;
    assert_eq!(policy["expiration"]["type"], "afterDuration");
    assert_eq!(policy["expiration"]["duration"], "P365D");
}

#[tokio::test]
async fn po40_a_line_keeps_its_group_whatever_that_is_called_then_and_later() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Books")).await;
        let carol = owner(app, &package).await;
        let alice = "Sales\ngroup: Staff\nalice@reeve.test";
        let mut groups = vec![
            group(app, alice, "broken").await,
            group(app, "Sales", "sales").await,
            group(app, "Twins", "twin-1").await,
            group(app, "Twins", "twin-2").await,
            group(app, "Bell\u{7}", "bell").await,
            group(app, "ae79f266-94d4-4dab-b730-feca7e132178", "number").await,
        ];
        groups.push(group(app, "Two  spaces", "spaces").await);
        let path = format!("{V1}/assignmentPolicies/{}", package.policy);
        let sets: Vec<Value> = groups
            .iter()
            .map(|id| json!({"@odata.type": "#microsoft.graph.groupMembers", "groupId": id}))
            .collect();
        let body = json!({
            "displayName": "Named", "description": "",
            "allowedTargetScope": "specificDirectoryUsers",
            "specificAllowedTargets": sets,
            "expiration": {"type": "noExpiration"},
            "requestorSettings": {"enableTargetsToSelfAddAccess": true},
            "accessPackage": {"id": package.id},
        });
        app.as_operator().put(&path, body).await.assert_status(200);
        let before = stored(app, &package.policy).await["specificAllowedTargets"].clone();
        let edit = format!("/manage/policies/{}/edit", package.policy);
        let form = carol.get(&edit).await.with_status(200);
        let fields = whole(&form.text, &edit, &form);
        let lines = fields.iter().rfind(|(name, _)| name == "targets").unwrap();
        let drawn = format!(
            "group: {}\r\ngroup: Sales\r\ngroup: {}\r\ngroup: {}\r\ngroup: {}\r\ngroup: {}\r\ngroup: {}",
            groups[0], groups[2], groups[3], groups[4], groups[5], groups[6]
        );
        assert_eq!(lines.1, drawn);
        // Those who look for a group are told the line that means it alone.
        let find = with(fields.clone(), &[("do", "find"), ("find", "twin")]);
        let found = carol.post(&edit, &find).await.with_status(200);
        for twin in &groups[2..4] {
            assert!(found.says(&format!("Twins group: {twin}")), "{}", found.words());
        }

        // Somebody gives another group the name that stands in the form, while it is open.
        let renamed = json!({"displayName": "Former sales"});
        let sales = format!("/v1.0/groups/{}", groups[1]);
        app.as_operator().patch(&sales, renamed).await.assert_status(204);
        group(app, "Sales", "new-sales").await;
        // A refusal in between changes nothing of that.
        let wrong = with(fields, &[("expires", "after"), ("expires_after", "soon")]);
        let again = carol.post(&edit, &wrong).await.with_status(422);
        let again = with(whole(&again.text, &edit, &again), &[("expires", "never")]);
        let line = format!("{drawn}\r\nalice@reeve.test");
        let saved = carol.post(&edit, &with(again, &[("targets", &line)])).await;

        assert_eq!(saved.status, 303, "{}", saved.words());
        let after = stored(app, &package.policy).await["specificAllowedTargets"].clone();
        let (before, after) = (before.as_array().unwrap(), after.as_array().unwrap());
        assert_eq!(&after[..before.len()], &before[..]);
        assert_eq!(after.len(), before.len() + 1);
    })
    .await;
}

#[tokio::test]
async fn qa2_questions_that_were_not_touched_stay_as_they_are_stored() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let carol = owner(&app, &package).await;
    let path = format!("{V1}/assignmentPolicies/{}", package.policy);
    let body = json!({
        "displayName": "Asks", "description": "",
        "allowedTargetScope": "allMemberUsers",
        "expiration": {"type": "noExpiration"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true},
        "questions": [
            {
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                "text": "  Why,\nthen? ", "sequence": 0, "regexPattern": " [a-z]+ ",
            },
            {
                "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
                "text": "Where?", "sequence": 1,
                "choices": [
                    {"actualValue": " eu ", "text": "Old\nEurope"},
                    {"actualValue": "a = b", "text": "Both"},
                ],
            },
        ],
        "accessPackage": {"id": package.id},
    });
    app.as_operator().put(&path, body).await.assert_status(200);
    let before = stored(&app, &package.policy).await["questions"].clone();
    assert_eq!(before[0]["text"], "  Why,\nthen? ");
    let edit = format!("/manage/policies/{}/edit", package.policy);
    let form = carol.get(&edit).await.with_status(200);
    let mut fields = whole(&form.text, &edit, &form);
    for (name, value) in &mut fields {
        // A browser leaves breaks out of what it draws on one line.
        if name == "q0_text" {
            *value = value.replace('\n', "");
        }
    }

    let saved = carol
        .post(&edit, &with(fields.clone(), &[("name", "Asked")]))
        .await;
    assert_eq!(saved.status, 303, "{}", saved.words());
    let after = stored(&app, &package.policy).await;
    assert_eq!(after["displayName"], "Asked");
    assert_eq!(after["questions"], before);

    // What is written anew is read.
    let form = carol.get(&edit).await;
    let typed = [("q0_text", "Why?"), ("q1_choices", "us = America")];
    let fields = with(whole(&form.text, &edit, &form), &typed);
    carol.post(&edit, &fields).await.with_status(303);
    let after = stored(&app, &package.policy).await;
    assert_eq!(after["questions"][0]["text"], "Why?");
    assert_eq!(
        after["questions"][1]["choices"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn az5_a_rule_of_whoever_may_write_none_is_a_fault_at_its_field() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let carol = owner(&app, &package).await;
    let new = format!("/manage/packages/{}/policies/new", package.id);
    let form = carol.get(&new).await.with_status(200);
    assert!(!form.text.contains("rule: …"), "{}", form.text);
    let typed = [
        ("name", "By a rule"),
        ("scope", "specificDirectoryUsers"),
        ("targets", "rule: user.department -eq \"Sales\""),
    ];
    let fields = whole(&form.text, &new, &form);

    let refused = carol.post(&new, &with(fields.clone(), &typed)).await;

    assert_eq!(refused.status, 422, "{}", refused.words());
    assert!(
        refused.text.contains("id=\"targets-error\""),
        "{}",
        refused.text
    );
    assert!(refused.text.contains("value=\"By a rule\""));
    let admin = app.browser_of("admin").await;
    let form = admin.get(&new).await.with_status(200);
    assert!(form.text.contains("rule: …"));
    let fields = with(whole(&form.text, &new, &form), &typed);
    let made = admin.post(&new, &fields).await;
    assert_eq!(made.status, 303, "{}", made.words());

    // Some keyboards write an apostrophe of their own.
    let typed = [
        ("name", "By hand"),
        ("approve_add", "yes"),
        ("s0_first", "Requestor\u{2019}s manager"),
        ("s0_fallback", "bob"),
    ];
    let form = carol.get(&new).await;
    let fields = with(whole(&form.text, &new, &form), &typed);
    let made = carol.post(&new, &fields).await;
    assert_eq!(made.status, 303, "{}", made.words());
}

#[tokio::test]
async fn ht2_a_policy_that_somebody_else_changed_is_not_replaced_unseen() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books").approval_by(&["bob"])).await;
    let carol = owner(&app, &package).await;
    let edit = format!("/manage/policies/{}/edit", package.policy);
    let form = carol.get(&edit).await.with_status(200);
    let fields = whole(&form.text, &edit, &form);
    carol
        .post(&edit, &with(fields.clone(), &[("name", "First")]))
        .await
        .with_status(303);

    let late = carol
        .post(&edit, &with(fields, &[("name", "Second")]))
        .await
        .with_status(422);

    assert!(late.says("Somebody changed it") && late.text.contains("value=\"Second\""));
    assert_eq!(stored(&app, &package.policy).await["displayName"], "First");
    let again = whole(&late.text, &edit, &late);
    carol.post(&edit, &again).await.with_status(303);
    assert_eq!(stored(&app, &package.policy).await["displayName"], "Second");

    // AZ-5: whoever only reads is shown the policy and no form; whoever looks after nothing is refused.
    app.give_role("bob", EmRole::CatalogReader, &package).await;
    let bob = app.browser_of("bob").await;
    let page = format!("/manage/policies/{}", package.policy);
    let shown = bob.get(&page).await.with_status(200);
    assert!(
        shown.says("any of these decides") && !shown.says("Change the policy"),
        "{}",
        shown.words()
    );
    let alice = app.browser_of("alice").await;
    for browser in [&bob, &alice] {
        assert_eq!(browser.get(&edit).await.status, 403);
        let mark = browser.get("/").await.form("/sign-out");
        for path in [
            edit.clone(),
            format!("{page}/delete"),
            format!("{page}/calls"),
        ] {
            let answer = browser.post(&path, &mark).await;
            assert_eq!(answer.status, 403, "{path}: {}", answer.words());
        }
    }
    assert_eq!(alice.get(&page).await.status, 403);
}

#[tokio::test]
async fn po31_extensions_are_called_at_stages_until_they_are_not() {
    let mut start = Start::default();
    start.settings.extensions.hosts.allowed_hosts = vec!["hooks.example.com".to_owned()];
    let app = TestApp::on(Backend::Sqlite, start).await.unwrap();
    let package = app.package(Plan::new("Books")).await;
    let carol = owner(&app, &package).await;
    let new = format!("/manage/catalogs/{}/extensions/new", package.catalog);
    let form = carol.get(&new).await;
    let typed = [
        ("kind", "accessPackageAssignmentRequestWorkflowExtension"),
        ("name", "Check"),
        ("url", "https://hooks.example.com/check"),
    ];
    carol.submit(&form, &new, &typed).await.with_status(303);
    let list = carol
        .get(&format!("/manage/catalogs/{}/extensions", package.catalog))
        .await;
    let extension = list
        .link("/manage/extensions/")
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();

    let page = format!("/manage/policies/{}", package.policy);
    let calls = format!("{page}/calls");
    let shown = carol.get(&page).await.with_status(200);
    carol.submit(&shown, &calls, &[]).await.with_status(422);
    let late = [
        ("extension", extension.as_str()),
        ("stage", "assignmentOneDayBeforeExpiration"),
    ];
    carol.submit(&shown, &calls, &late).await.with_status(400);
    let typed = [
        ("extension", extension.as_str()),
        ("stage", "assignmentRequestCreated"),
    ];
    carol.submit(&shown, &calls, &typed).await.with_status(303);

    let shown = carol.get(&page).await;
    assert!(
        shown.says("Check is called when somebody has asked"),
        "{}",
        shown.words()
    );
    let one = carol.get(&format!("/manage/extensions/{extension}")).await;
    assert!(
        one.says("of Books: when somebody has asked"),
        "{}",
        one.words()
    );
    let delete = format!("/manage/extensions/{extension}/delete");
    carol
        .submit(&one, &delete, &[("sure", "yes")])
        .await
        .with_status(400);
    let at = shown
        .text
        .split(&format!("{calls}/setting/"))
        .nth(1)
        .unwrap();
    let uncall = format!("{calls}/setting/{}", &at[..36]);
    carol.submit(&shown, &uncall, &[]).await.with_status(303);
    assert!(carol.get(&page).await.says("No extension is called."));
    let mark = carol.get("/").await.form("/sign-out");
    carol.post(&uncall, &mark).await.with_status(404);
}
