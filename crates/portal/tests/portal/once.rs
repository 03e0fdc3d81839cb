//! A form that is sent twice, as by a double click without scripts, is done once, and both answers lead to what was made.

use testkit::{Plan, TestApp};

/// The fields of a form with these typed in.
fn typed(mut form: Vec<(String, String)>, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    for (name, value) in fields {
        form.retain(|(own, _)| own != name);
        form.push(((*name).to_owned(), (*value).to_owned()));
    }
    form
}

#[tokio::test]
async fn a_catalog_that_is_made_by_two_clicks_is_one_catalog() {
    TestApp::on_both(async |app| {
        let admin = app.browser_of("admin").await;
        let new = "/manage/catalogs/new";
        let form = admin.get(new).await.with_status(200).form(new);
        let fields = typed(form, &[("name", "Farm")]);

        let (first, second) = tokio::join!(admin.post(new, &fields), admin.post(new, &fields));
        let third = admin.post(new, &fields).await.with_status(303);

        assert_eq!(
            first.with_status(303).location(),
            second.with_status(303).location()
        );
        let all = admin.get("/manage/catalogs?q=Farm").await.with_status(200);
        assert_eq!(all.text.matches(">Farm</a>").count(), 1, "{}", all.words());
        let made = admin.get(third.location()).await.with_status(200);
        assert!(made.says("Farm"), "{}", made.words());
        // What says something else is another form, and so is one that is drawn anew.
        let other = typed(fields.clone(), &[("name", "Barn")]);
        let other = admin.post(new, &other).await.with_status(303);
        assert_ne!(other.location(), third.location());
        let fresh = typed(admin.get(new).await.form(new), &[("name", "Farm")]);
        let fresh = admin.post(new, &fresh).await.with_status(303);
        assert_ne!(fresh.location(), third.location());
    })
    .await;
}

#[tokio::test]
async fn a_form_that_was_refused_may_be_sent_again_and_nobody_sends_that_of_another() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let admin = app.browser_of("admin").await;
    let new = "/manage/catalogs/new";
    let form = admin.get(new).await.form(new);

    for _ in 0..2 {
        let wrong = typed(form.clone(), &[("name", "")]);
        admin.post(new, &wrong).await.with_status(422);
    }
    let right = typed(form.clone(), &[("name", "Farm")]);
    admin.post(new, &right).await.with_status(303);
    // Whose session it is not gets nothing of the answer.
    let alice = app.browser_of("alice").await;
    alice.post(new, &right).await.with_status(403);
    let own = typed(
        right,
        &alice
            .get("/")
            .await
            .form("/sign-out")
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect::<Vec<_>>(),
    );
    alice.post(new, &own).await.with_status(403);

    let path = format!("/packages/{}", package.id);
    let form = alice.get(&path).await.with_status(200).form(&path);
    let first = alice.post(&path, &form).await.with_status(303);
    let second = alice.post(&path, &form).await.with_status(303);
    assert!(first.location().starts_with("/requests/"));
    assert_eq!(first.location(), second.location());
    app.deliver().await;
}

#[tokio::test]
async fn the_clock_is_moved_once_by_two_clicks() {
    TestApp::on_both_in_development(async |app| {
        let admin = app.browser_of("admin").await;
        let (page, clock) = ("/manage/dev", "/manage/dev/clock");
        let form = admin.get(page).await.with_status(200).form(clock);
        let fields = typed(form, &[("advance", "1"), ("unit", "3600")]);
        let before = app.now();

        let (first, second) = tokio::join!(admin.post(clock, &fields), admin.post(clock, &fields));

        first.with_status(303);
        second.with_status(303);
        let moved = app.now().micros() - before.micros();
        assert_eq!(moved, 3_600_000_000);
    })
    .await;
}
