//! What catalog owners do: catalogs with their resources, extensions and roles; packages, their roles, and what excludes
//! them.

use auth::roles::EmRole;
use testkit::{Backend, Browser, CRM, ERP, Package, Page, Plan, Start, TestApp, V1};

/// The mark of somebody's session, with fields that no page drew for them.
async fn fields(browser: &Browser, typed: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = browser.get("/").await.form("/sign-out");
    for (name, value) in typed {
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields
}

/// Every input of a page has a label, and every page one heading of the first order.
#[track_caller]
fn is_labelled(page: &Page) {
    assert_eq!(page.text.matches("<h1>").count(), 1, "{}", page.text);
    for begin in ["<input ", "<textarea ", "<select "] {
        for tag in page.text.split(begin).skip(1) {
            let tag = &tag[..tag.find('>').unwrap()];
            if tag.contains("type=\"hidden\"") {
                continue;
            }
            let id = tag.split(" id=\"").nth(1).or(tag.strip_prefix("id=\""));
            assert!(id.is_some(), "no id: {tag}");
            let id = id.unwrap();
            let id = &id[..id.find('"').unwrap()];
            let label = format!("<label for=\"{id}\"");
            let hidden = format!("<label class=\"unseen\" for=\"{id}\"");
            assert!(
                page.text.contains(&label) || page.text.contains(&hidden),
                "no label for {id}"
            );
        }
    }
    let fieldsets = page.text.matches("<fieldset").count();
    assert_eq!(fieldsets, page.text.matches("<legend").count());
}

/// A browser of somebody who owns the catalog of a package and has no other role.
async fn owner(app: &TestApp, package: &Package) -> Browser {
    app.give_role("carol", EmRole::CatalogOwner, package).await;
    app.browser_of("carol").await
}

#[tokio::test]
async fn az5_who_looks_after_no_catalog_sees_no_link_and_is_refused_everywhere() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Books").member_of("Authors", ERP))
        .await;
    let alice = app.browser_of("alice").await;

    assert!(!alice.get("/").await.text.contains("/manage/catalogs"));
    let (catalog, id) = (&package.catalog, &package.id);
    let paths = [
        "/manage/catalogs".to_owned(),
        "/manage/catalogs/new".to_owned(),
        format!("/manage/catalogs/{catalog}"),
        format!("/manage/catalogs/{catalog}/edit"),
        format!("/manage/catalogs/{catalog}/resources"),
        format!("/manage/catalogs/{catalog}/extensions"),
        format!("/manage/catalogs/{catalog}/extensions/new"),
        format!("/manage/catalogs/{catalog}/holders"),
        format!("/manage/catalogs/{catalog}/packages/new"),
        format!("/manage/packages/{id}"),
        format!("/manage/packages/{id}/edit"),
        format!("/manage/packages/{id}/roles"),
        format!("/manage/packages/{id}/apart"),
    ];
    for path in paths {
        let page = alice.get(&path).await;
        assert_eq!(page.status, 403, "{path}: {}", page.words());
    }
    let sent = fields(&alice, &[("name", "Mine"), ("sure", "yes"), ("find", "x")]).await;
    let unmarked = app.browser_of("admin").await;
    for path in [
        "/manage/catalogs/new".to_owned(),
        format!("/manage/catalogs/{catalog}/edit"),
        format!("/manage/catalogs/{catalog}/delete"),
        format!("/manage/catalogs/{catalog}/packages/new"),
        format!("/manage/packages/{id}/edit"),
        format!("/manage/packages/{id}/delete"),
        format!("/manage/packages/{id}/roles"),
        format!("/manage/packages/{id}/apart"),
    ] {
        let page = alice.post(&path, &sent).await;
        assert_eq!(page.status, 403, "{path}: {}", page.words());
        unmarked.post(&path, &[]).await.with_status(403);
    }
}

#[tokio::test]
async fn a_catalog_is_made_changed_and_deleted() {
    TestApp::on_both(async |app| {
        let admin = app.browser_of("admin").await;
        let form = admin.get("/manage/catalogs/new").await.with_status(200);
        is_labelled(&form);
        let path = "/manage/catalogs/new";
        let wrong = admin
            .submit(&form, path, &[("name", ""), ("unique", "x y")])
            .await;
        assert!(wrong.with_status(422).says("Nothing was saved"));

        let typed = [("name", "Harbour"), ("description", "Ships & cranes")];
        let made = admin.submit(&form, path, &typed).await.with_status(303);
        let page = admin.get(made.location()).await.with_status(200);
        is_labelled(&page);
        assert!(
            page.says("Harbour") && page.says("Ships & cranes"),
            "{}",
            page.words()
        );
        let edit = page
            .link("/manage/catalogs/")
            .replace("/manage/catalogs/", "");
        assert!(!edit.is_empty());
        let base = made.location().split('?').next().unwrap().to_owned();

        let edit = format!("{base}/edit");
        let first = admin.get(&edit).await.with_status(200);
        let second = admin.get(&edit).await;
        is_labelled(&first);
        admin
            .submit(&first, &edit, &[("name", "Port")])
            .await
            .with_status(303);
        // HT-2: somebody else had the page open, and keeps what they typed.
        let late = admin.submit(&second, &edit, &[("name", "Pier")]).await;
        let late = late.with_status(422);
        assert!(late.says("Somebody changed it") && late.text.contains("value=\"Pier\""));
        assert!(admin.get(&base).await.says("Port"));
        assert!(admin.get("/manage/catalogs?q=por").await.says("Port"));
        assert!(!admin.get("/manage/catalogs?q=pier").await.says("Port"));

        let delete = format!("{base}/delete");
        admin.submit(&first, &delete, &[]).await.with_status(422);
        let gone = admin.submit(&first, &delete, &[("sure", "yes")]).await;
        assert!(
            admin
                .get(gone.with_status(303).location())
                .await
                .says("It was deleted.")
        );
        admin.get(&base).await.with_status(404);
        admin.get("/manage/catalogs/x").await.with_status(404);
    })
    .await;
}

#[tokio::test]
async fn az5_an_owner_does_everything_in_the_own_catalog_and_sees_nothing_of_others() {
    let app = TestApp::new().await;
    let own = app
        .package(Plan::new("Own").in_catalog("One").member_of("A", ERP))
        .await;
    let other = app
        .package(Plan::new("Other").in_catalog("Two").member_of("B", ERP))
        .await;
    let carol = owner(&app, &own).await;

    let list = carol.get("/manage/catalogs").await.with_status(200);
    is_labelled(&list);
    assert!(list.says("One") && !list.says("Two"), "{}", list.words());
    assert!(!list.says("Make a catalog"));
    carol.get("/manage/catalogs/new").await.with_status(403);
    for path in [
        "",
        "/edit",
        "/resources",
        "/extensions",
        "/holders",
        "/packages/new",
    ] {
        let page = carol
            .get(&format!("/manage/catalogs/{}{path}", own.catalog))
            .await;
        is_labelled(&page.with_status(200));
        let path = format!("/manage/catalogs/{}{path}", other.catalog);
        let page = carol.get(&path).await;
        assert_eq!(page.status, 404, "{path}");
    }
    for path in ["", "/edit", "/roles", "/apart"] {
        let page = carol
            .get(&format!("/manage/packages/{}{path}", own.id))
            .await;
        is_labelled(&page.with_status(200));
        let path = format!("/manage/packages/{}{path}", other.id);
        assert_eq!(carol.get(&path).await.status, 404, "{path}");
    }

    // A package of the own catalog is made, changed and deleted.
    let new = format!("/manage/catalogs/{}/packages/new", own.catalog);
    let form = carol.get(&new).await;
    carol
        .submit(&form, &new, &[("name", "")])
        .await
        .with_status(422);
    let made = carol
        .submit(&form, &new, &[("name", "Fresh")])
        .await
        .with_status(303);
    let base = made.location().split('?').next().unwrap().to_owned();
    assert!(
        carol
            .get(made.location())
            .await
            .says("The package was made.")
    );
    let edit = format!("{base}/edit");
    let form = carol.get(&edit).await;
    carol
        .submit(&form, &edit, &[("name", "Fresher"), ("hidden", "yes")])
        .await
        .with_status(303);
    assert!(carol.get(&base).await.says("Hidden"));
    let delete = format!("{base}/delete");
    carol.submit(&form, &delete, &[]).await.with_status(422);
    carol
        .submit(&form, &delete, &[("sure", "yes")])
        .await
        .with_status(303);
    carol.get(&base).await.with_status(404);
    let stolen = format!("/manage/catalogs/{}/packages/new", other.catalog);
    let sent = fields(&carol, &[("name", "Stolen")]).await;
    carol.post(&stolen, &sent).await.with_status(404);
}

#[tokio::test]
async fn az10_owners_give_roles_in_their_catalog_and_readers_do_not() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let carol = owner(&app, &package).await;
    let path = format!("/manage/catalogs/{}/holders", package.catalog);

    let page = carol.get(&format!("{path}?find=bo")).await.with_status(200);
    is_labelled(&page);
    assert!(page.says("carol") && page.says("bob"), "{}", page.words());
    carol.submit(&page, &path, &[]).await.with_status(422);
    let (bob, role) = (
        app.id_of("bob").to_string(),
        EmRole::CatalogReader.definition_id().to_string(),
    );
    let typed = [("principal", bob.as_str()), ("role", role.as_str())];
    carol.submit(&page, &path, &typed).await.with_status(303);
    let page = carol.get(&format!("{path}?find=bo")).await;
    let twice = carol.submit(&page, &path, &typed).await.with_status(422);
    assert!(
        twice.says("The principal already holds the role there."),
        "{}",
        twice.words()
    );

    let bob = app.browser_of("bob").await;
    let seen = bob.get(&path).await.with_status(200);
    assert!(
        seen.says("Catalog reader") && !seen.says("Take away"),
        "{}",
        seen.words()
    );
    let nobody = bob.get(&format!("{path}?find=alice")).await;
    assert!(!nobody.says("alice"), "{}", nobody.words());
    bob.post(&path, &fields(&bob, &typed).await)
        .await
        .with_status(403);
    let page = carol.get(&path).await;
    let at = page.text.split(&format!("{path}/")).collect::<Vec<_>>();
    for part in &at[1..] {
        let remove = format!("{path}/{}", &part[..part.find('"').unwrap()]);
        bob.post(&remove, &fields(&bob, &[]).await)
            .await
            .with_status(403);
    }
    let remove = format!("{path}/{}", &at[2][..at[2].find('"').unwrap()]);
    carol
        .post(&remove, &fields(&carol, &[]).await)
        .await
        .with_status(303);
    bob.get(&path).await.with_status(403);
}

#[tokio::test]
async fn dl13_resources_are_added_by_who_owns_them_and_taken_out_while_no_package_gives_them() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Books").member_of("Authors", ERP))
        .await;
    let group = app.group("Printers", Some(CRM)).await;
    let carol = owner(&app, &package).await;
    let path = format!("/manage/catalogs/{}/resources", package.catalog);

    let page = carol
        .get(&format!("{path}?find=print"))
        .await
        .with_status(200);
    is_labelled(&page);
    let origin = format!("AadGroup.{group}");
    let typed = [("origin", origin.as_str())];
    let refused = carol.submit(&page, &path, &typed).await;
    let refused = refused.with_status(422);
    assert!(refused.says("must own the group"), "{}", refused.words());
    let owners = format!("/v1.0/groups/{group}/owners/$ref");
    let link = format!(
        "http://reeve.test/v1.0/directoryObjects/{}",
        app.id_of("carol")
    );
    let link = serde_json::json!({"@odata.id": link});
    app.as_operator()
        .post(&owners, link)
        .await
        .assert_status(204);
    carol.submit(&page, &path, &typed).await.with_status(303);
    let page = carol.get(&format!("{path}?find=print")).await;
    let twice = carol.submit(&page, &path, &typed).await.with_status(422);
    assert!(twice.says("onboarded"), "{}", twice.words());

    let page = carol.get(&path).await;
    assert!(
        page.says("Printers") && page.says("Member"),
        "{}",
        page.words()
    );
    let forms: Vec<&str> = page.text.split(&format!("{path}/")).skip(1).collect();
    let order = |at: usize, order: &str| format!("{path}/{}/{order}", &forms[at][..36]);
    let sent = fields(&carol, &[]).await;
    // By name: Authors, which the package gives, and Printers.
    let kept = carol
        .post(&order(0, "remove"), &sent)
        .await
        .with_status(422);
    assert!(kept.says("use the resource"), "{}", kept.words());
    carol
        .post(&order(2, "refresh"), &sent)
        .await
        .with_status(303);
    carol
        .post(&order(2, "remove"), &sent)
        .await
        .with_status(303);
    assert!(!carol.get(&path).await.says("Printers"));
    carol.post(&order(0, "burn"), &sent).await.with_status(404);
}

#[tokio::test]
async fn po30_extensions_are_made_changed_and_deleted_and_tell_where_they_are_used() {
    let mut start = Start::default();
    start.settings.extensions.hosts.allowed_hosts = vec!["hooks.example.com".to_owned()];
    let app = TestApp::on(Backend::Sqlite, start).await.unwrap();
    let package = app.package(Plan::new("Books")).await;
    let carol = owner(&app, &package).await;
    let list = format!("/manage/catalogs/{}/extensions", package.catalog);
    let new = format!("{list}/new");
    let form = carol.get(&new).await.with_status(200);
    is_labelled(&form);
    let kind = "accessPackageAssignmentRequestWorkflowExtension";
    let wrong = [
        ("kind", kind),
        ("name", "Check"),
        ("url", "nowhere"),
        ("timeout", "soon"),
    ];
    let wrong = carol.submit(&form, &new, &wrong).await.with_status(422);
    assert!(wrong.says("Give a whole number.") && wrong.text.contains("value=\"nowhere\""));
    let typed = [
        ("kind", kind),
        ("name", "Check"),
        ("url", "https://hooks.example.com/check"),
        ("waits", "yes"),
        ("waits_for", "P3D"),
    ];
    let made = carol.submit(&form, &new, &typed).await;
    assert_eq!(made.status, 303, "{}", made.words());
    let page = carol.get(made.location()).await;
    assert!(
        page.says("https://hooks.example.com/check"),
        "{}",
        page.words()
    );
    let one = page.link("/manage/extensions/");

    let form = carol.get(&one).await.with_status(200);
    is_labelled(&form);
    assert!(form.text.contains("value=\"P3D\""), "{}", form.text);
    let keep = [("kind", kind), ("name", "Check twice")];
    carol.submit(&form, &one, &keep).await.with_status(303);
    let id = one.rsplit('/').next().unwrap();
    let path = format!(
        "{V1}/catalogs/{}/customWorkflowExtensions/{id}",
        package.catalog
    );
    let stored = app.as_operator().get(&path).await.assert_status(200);
    assert_eq!(stored.text("displayName"), "Check twice");
    assert_eq!(
        stored.json()["callbackConfiguration"]["timeoutDuration"],
        "P3D"
    );
    let delete = format!("{one}/delete");
    carol.submit(&form, &delete, &[]).await.with_status(422);
    carol
        .submit(&form, &delete, &[("sure", "yes")])
        .await
        .with_status(303);
    carol.get(&one).await.with_status(404);
}

#[tokio::test]
async fn as4_a_change_of_roles_shows_who_gains_and_who_loses_before_it_is_made() {
    TestApp::on_both(async |app| {
        let books = app
            .package(Plan::new("Books").member_of("Authors", ERP))
            .await;
        let more = app
            .package(Plan::new("More").member_of("Authors", ERP))
            .await;
        app.add_role(
            &more,
            "Editors",
            domain::directory::GroupRole::Member,
            Some(CRM),
        )
        .await;
        for name in ["alice", "bob"] {
            app.assign(&books, name).await;
        }
        app.assign(&more, "bob").await;
        app.deliver().await;
        let carol = owner(app, &books).await;
        let path = format!("/manage/packages/{}/roles", books.id);

        let choice = carol.get(&path).await.with_status(200);
        is_labelled(&choice);
        carol.submit(&choice, &path, &[]).await.with_status(422);
        carol
            .submit(&choice, &path, &[("add", "x")])
            .await
            .with_status(404);
        let editors = choice.text.split("value=\"").find(|part| {
            let label = part.split("</label>").next().unwrap();
            label.contains("Editors, Member")
        });
        let editors = editors.unwrap()[..73].to_owned();
        let typed = [
            ("add", editors.as_str()),
            ("remove", &books.role().role_scope),
        ];
        let preview = carol.submit(&choice, &path, &typed).await.with_status(200);
        is_labelled(&preview);
        let told = preview.words();
        assert!(
            told.contains("Comes Editors, Member crm 1 gain it 1 have it"),
            "{told}"
        );
        assert!(
            told.contains("Goes Authors, Member erp 1 lose it 1 have it"),
            "{told}"
        );
        assert!(told.contains("Keeps it, through something else"), "{told}");
        app.deliver().await;
        assert!(app.has(books.role(), "alice").await);

        // Somebody else gets the package meanwhile: the picture is old.
        app.add_user("dora").await;
        app.assign(&books, "dora").await;
        let old = carol.submit(&preview, &path, &[]).await.with_status(409);
        assert!(
            old.says("changed since you looked") && old.says("2 lose it"),
            "{}",
            old.words()
        );
        app.deliver().await;
        assert!(app.has(books.role(), "alice").await);

        let done = carol.submit(&old, &path, &[]).await.with_status(303);
        let page = carol.get(done.location()).await;
        assert!(page.says("The roles were changed.") && page.says("Editors"));
        app.deliver().await;
        assert!(!app.has(books.role(), "alice").await);
        assert!(app.has(books.role(), "bob").await);
    })
    .await;
}

#[tokio::test]
async fn sd1_packages_and_groups_are_kept_apart_and_who_holds_both_is_told() {
    let app = TestApp::new().await;
    let orders = app
        .package(Plan::new("Orders").member_of("Buyers", ERP))
        .await;
    let payments = app
        .package(Plan::new("Payments").member_of("Payers", ERP))
        .await;
    let hidden = app.package(Plan::new("Secret").in_catalog("Two")).await;
    app.assign(&orders, "alice").await;
    app.assign(&payments, "alice").await;
    app.deliver().await;
    let carol = owner(&app, &orders).await;
    let path = format!("/manage/packages/{}/apart", orders.id);

    let page = carol
        .get(&format!("{path}?find=pay"))
        .await
        .with_status(200);
    is_labelled(&page);
    assert!(
        page.says("Payments (package)") && page.says("Payers (group)"),
        "{}",
        page.words()
    );
    carol.submit(&page, &path, &[]).await.with_status(422);
    let other = format!("package.{}", payments.id);
    carol
        .submit(&page, &path, &[("what", &other)])
        .await
        .with_status(303);
    let group = format!("group.{}", payments.role().group);
    carol
        .submit(&page, &path, &[("what", &group)])
        .await
        .with_status(303);
    let own = format!("package.{}", orders.id);
    let own = carol
        .submit(&page, &path, &[("what", &own)])
        .await
        .with_status(422);
    assert!(
        own.says("cannot be incompatible with itself"),
        "{}",
        own.words()
    );
    let unseen = format!("package.{}", hidden.id);
    carol
        .submit(&page, &path, &[("what", &unseen)])
        .await
        .with_status(404);

    let page = carol.get(&path).await;
    assert!(page.says("alice Payments Package"), "{}", page.words());
    let there = carol
        .get(&format!("/manage/packages/{}/apart", payments.id))
        .await;
    assert!(
        there.says("Holders of this package cannot ask for: Orders"),
        "{}",
        there.words()
    );
    let remove = format!("{path}/remove");
    for what in [other, group] {
        let sent = fields(&carol, &[("what", &what)]).await;
        carol.post(&remove, &sent).await.with_status(303);
        carol.post(&remove, &sent).await.with_status(404);
    }
    assert!(
        carol
            .get(&path)
            .await
            .says("It goes together with everything.")
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_by_a_page() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let carol = owner(&app, &package).await;

    let unknown = carol.get("/manage/catalogs/%FF").await.with_status(404);
    assert!(unknown.says("There is no such page"), "{}", unknown.words());
    let edit = format!("/manage/catalogs/{}/edit", package.catalog);
    let long = "x".repeat(300 * 1024);
    let sent = fields(&carol, &[("name", &long)]).await;
    let refused = carol.post(&edit, &sent).await.with_status(413);
    assert!(refused.says("The form is too large"), "{}", refused.words());
}

#[tokio::test]
async fn az10_whoever_takes_their_own_last_role_away_is_led_to_where_they_may_be() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books")).await;
    let carol = owner(&app, &package).await;
    let path = format!("/manage/catalogs/{}/holders", package.catalog);
    let page = carol.get(&path).await.with_status(200);
    let own = page
        .text
        .split("<tr")
        .skip(1)
        .find(|row| row.contains("carol"))
        .unwrap();
    let at = own.split(&format!("{path}/")).nth(1).unwrap();
    let remove = format!("{path}/{}", &at[..at.find('"').unwrap()]);

    let gone = carol.submit(&page, &remove, &[]).await.with_status(303);

    assert_eq!(gone.location(), "/");
    carol.get("/").await.with_status(200);
    carol.get(&path).await.with_status(403);
}

#[tokio::test]
async fn roles_that_are_chosen_on_one_page_stay_chosen_on_the_next() {
    let app = TestApp::new().await;
    let many = (0..55).fold(Plan::new("Shed"), |plan, number| {
        plan.member_here(&format!("Tool {number:02}"))
    });
    app.package(many).await;
    let books = app.package(Plan::new("Books")).await;
    let admin = app.browser_of("admin").await;
    let base = format!("/manage/packages/{}/roles", books.id);
    let box_of = |page: &Page, name: &str| -> String {
        let at = page.text.find(&format!("{name}, Member")).unwrap();
        let rest = &page.text[..at];
        let rest = &rest[rest.rfind("<input ").unwrap()..];
        let rest = &rest[rest.find("value=\"").unwrap() + 7..];
        rest[..rest.find('"').unwrap()].to_owned()
    };
    let button = |page: &Page| -> String {
        let at = page.text.find("Next page of resources").unwrap();
        let rest = &page.text[..at];
        let rest = &rest[rest.rfind("value=\"").unwrap() + 7..];
        rest[..rest.find('"').unwrap()].replace("&amp;", "&")
    };
    let turn = async |page: &Page, fields: &[(&str, &str)]| {
        let mut sent = page.form(&base);
        sent.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        admin.post(&base, &sent).await.with_status(200)
    };

    let first = admin.get(&base).await.with_status(200);
    let one = box_of(&first, "Tool 03");
    let second = turn(&first, &[("add", &one), ("after", &button(&first))]).await;
    assert!(
        second.says("Tool 53") && !second.says("Tool 03"),
        "{}",
        second.words()
    );
    assert!(
        second.says("1 chosen on other pages."),
        "{}",
        second.words()
    );
    let other = box_of(&second, "Tool 53");
    let back = turn(&second, &[("add", &other), ("after", "")]).await;
    let marked = format!("value=\"{one}\" id=\"add-{one}\" checked");
    assert!(back.text.contains(&marked), "{}", back.text);
    let preview = turn(&back, &[]).await;

    assert!(
        preview.says("What the change would mean"),
        "{}",
        preview.words()
    );
    assert!(
        preview.says("Tool 03") && preview.says("Tool 53"),
        "{}",
        preview.words()
    );
}
