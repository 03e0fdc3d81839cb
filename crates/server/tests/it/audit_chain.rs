//! The chain of the audit log: whatever is done to it past the program is found and named (ADR 16).

use std::sync::Arc;

use auth::keys::{Algorithm, HeadNote, Keys};
use auth::seal::Signer;
use domain::time::Duration;
use serde_json::json;
use service::audit::chain::Break;
use service::audit::proof::{Export, FileCheck, Stretch, Verified, verify};
use service::audit::sealing;
use testkit::TestApp;

use crate::support::V1;

/// Whether a break is the one that was made at that place.
type IsFound = fn(&Break, i64) -> bool;

fn signer() -> Arc<Signer> {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::load_or_create_as(folder.path(), "audit", Algorithm::Es256).unwrap();
    Arc::new(Signer::new(keys))
}

/// Makes some events, and seals everything.
async fn sealed(app: &TestApp, signer: &Arc<Signer>, catalogs: usize) -> i64 {
    let operator = app.as_operator();
    for number in 0..catalogs {
        let catalog = json!({"displayName": format!("Catalog {number} — “quoted”\n")});
        let path = format!("{V1}/catalogs");
        operator.post(&path, catalog).await.assert_status(201);
    }
    sealing::seal_all(app.service(), signer).await.unwrap();
    whole(app, signer).await.last
}

async fn check(
    app: &TestApp,
    signer: &Arc<Signer>,
    noted: Option<(i64, String)>,
) -> Result<Verified, Break> {
    let (store, signer) = (app.service().store.clone(), Arc::clone(signer));
    let found = tokio::task::spawn_blocking(move || verify(&store, &signer, noted)).await;
    found.unwrap().unwrap()
}

async fn whole(app: &TestApp, signer: &Arc<Signer>) -> Verified {
    check(app, signer, None).await.unwrap()
}

async fn export(app: &TestApp, stretch: Stretch) -> Vec<String> {
    let store = app.service().store.clone();
    let text = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        let mut export = Some(Export::new(stretch));
        while let Some(mut going) = export.take() {
            let (more, going) = store
                .read_blocking(move |tx| going.next(tx).map(|more| (more, going)))
                .unwrap();
            if let Some(more) = more {
                text.push_str(&more);
                export = Some(going);
            }
        }
        text
    });
    text.await.unwrap().lines().map(str::to_owned).collect()
}

fn check_lines(lines: &[String], signer: Option<&Signer>) -> Result<Verified, Break> {
    let mut check = FileCheck::new(signer, None);
    for line in lines {
        check.line(line)?;
    }
    check.end()
}

// AL-3: append-only
#[tokio::test]
async fn every_column_of_an_event_is_part_of_the_proof() {
    TestApp::on_both(async |app| {
        let signer = signer();
        let last = sealed(app, &signer, 3).await;
        let middle = last - 2;
        for column in [
            "id",
            "happened_at",
            "activity",
            "category",
            "result",
            "result_reason",
            "initiated_by",
            "target_resources",
            "additional_details",
            "correlation_id",
            "object_id",
            "operation_type",
            "logged_by",
            "hash",
        ] {
            let (change, back) = match column {
                "happened_at" => ("happened_at + 1".to_owned(), "happened_at - 1".to_owned()),
                "result_reason" => ("'because'".to_owned(), "NULL".to_owned()),
                "id" => (
                    "'00000000-0000-4000-8000-000000000001'".to_owned(),
                    String::new(),
                ),
                // It is searched as a document, so the database takes no other.
                "initiated_by" => (
                    "REPLACE(initiated_by, '\"displayName\"', '\"name\"')".to_owned(),
                    "REPLACE(initiated_by, '\"name\"', '\"displayName\"')".to_owned(),
                ),
                other => (format!("'x' || {other}"), format!("SUBSTR({other}, 2)")),
            };
            let set = |value: &str| {
                app.tamper(&format!(
                    "UPDATE audit_event SET {column} = {value} WHERE seq = {middle}"
                ))
            };
            if column == "id" {
                let held = "UPDATE audit_event SET result_reason = id WHERE seq = ";
                app.tamper(&format!("{held}{middle}"));
                assert_eq!(set(&change), 1);
                assert!(
                    matches!(check(app, &signer, None).await, Err(Break::Changed { seq, .. }) if seq == middle)
                );
                set("result_reason");
                app.tamper(&format!(
                    "UPDATE audit_event SET result_reason = NULL WHERE seq = {middle}"
                ));
            } else {
                assert_eq!(set(&change), 1, "{column}");
                let found = check(app, &signer, None).await;
                assert!(
                    matches!(found, Err(Break::Changed { seq, .. }) if seq == middle),
                    "{column}: {found:?}"
                );
                set(&back);
            }
            assert_eq!(whole(app, &signer).await.last, last, "{column}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_taken_out_put_in_or_moved_is_found_and_named() {
    TestApp::on_both(async |app| {
        let signer = signer();
        let last = sealed(app, &signer, 4).await;
        let (one, two) = (last - 3, last - 2);
        let copy = "id, happened_at, activity, category, result, initiated_by, target_resources, \
            additional_details, correlation_id, seq, hash";

        // Moved: two events trade places.
        for (from, to) in [(one, -1), (two, one), (-1, two)] {
            app.tamper(&format!("UPDATE audit_event SET seq = {to} WHERE seq = {from}"));
        }
        let found = check(app, &signer, None).await;
        assert!(matches!(found, Err(Break::Changed { seq, .. }) if seq == one), "{found:?}");
        for (from, to) in [(one, -1), (two, one), (-1, two)] {
            app.tamper(&format!("UPDATE audit_event SET seq = {to} WHERE seq = {from}"));
        }
        whole(app, &signer).await;

        // Put in behind the last one, with a hash that looks right.
        app.tamper(&format!(
            "INSERT INTO audit_event ({copy}) SELECT '00000000-0000-4000-8000-000000000009', happened_at, activity, \
             category, result, initiated_by, target_resources, additional_details, correlation_id, {last} + 1, hash \
             FROM audit_event WHERE seq = {last}"
        ));
        let found = check(app, &signer, None).await;
        assert!(
            matches!(found, Err(Break::Changed { seq, .. } | Break::Added { seq, .. }) if seq == last + 1),
            "{found:?}"
        );
        app.tamper(&format!("DELETE FROM audit_event WHERE seq = {last} + 1"));
        whole(app, &signer).await;

        // The head says less than there is, or lies.
        app.tamper("UPDATE audit_chain SET seq = seq - 1 WHERE place = 'head'");
        let found = check(app, &signer, None).await;
        assert!(matches!(found, Err(Break::Forged { place: "head", .. })), "{found:?}");
        let refused = sealing::seal_all(app.service(), &signer).await;
        assert_eq!(refused.unwrap(), 0, "there is nothing to seal");
        app.tamper("UPDATE audit_chain SET seq = seq + 1 WHERE place = 'head'");

        // Taken out at the end, then in the middle.
        app.tamper(&format!("DELETE FROM audit_event WHERE seq = {last}"));
        assert_eq!(
            check(app, &signer, None).await,
            Err(Break::Missing { from: last, to: last })
        );
        app.tamper(&format!("DELETE FROM audit_event WHERE seq IN ({one}, {two})"));
        assert_eq!(
            check(app, &signer, None).await,
            Err(Break::Missing { from: one, to: two })
        );
        app.tamper("DELETE FROM audit_chain");
        let found = check(app, &signer, None).await;
        assert_eq!(found, Err(Break::Missing { from: one, to: two }));
    })
    .await;
}

#[tokio::test]
async fn a_chain_that_was_made_anew_is_not_the_servers() {
    TestApp::on_both(async |app| {
        let (ours, theirs) = (signer(), signer());
        let last = sealed(app, &ours, 2).await;
        let noted = whole(app, &ours).await.head;

        app.tamper("DELETE FROM audit_chain");
        app.tamper("UPDATE audit_event SET seq = NULL, hash = NULL, result = 'failure'");
        sealing::seal_all(app.service(), &theirs).await.unwrap();

        whole(app, &theirs).await;
        let found = check(app, &ours, None).await;
        assert!(
            matches!(&found, Err(Break::Forged { place: "head", why, .. }) if why.contains("another key")),
            "{found:?}"
        );
        // Whoever noted the head finds it out even if the key was stolen.
        assert_eq!(
            check(app, &theirs, Some((last, noted))).await,
            Err(Break::OtherHash { seq: last })
        );
        // The server does not go on with what it did not sign.
        app.as_operator()
            .post(&format!("{V1}/catalogs"), json!({"displayName": "One more"}))
            .await
            .assert_status(201);
        assert!(sealing::seal_all(app.service(), &ours).await.is_err());
        assert!(sealing::backlog(app.service()).await.unwrap().count > 0);
    })
    .await;
}

// AL-3
#[tokio::test]
async fn old_events_go_and_the_rest_is_proven_from_a_signed_anchor() {
    TestApp::on_both(async |app| {
        let signer = signer();
        let old = sealed(app, &signer, 2).await;
        app.advance(Duration::from_days(200));
        let last = sealed(app, &signer, 2).await;
        assert_eq!(sealing::expire(app.service(), &signer).await.unwrap(), 0);

        app.advance(Duration::from_days(166));
        let removed = sealing::expire(app.service(), &signer).await.unwrap();
        assert_eq!(removed, usize::try_from(old).unwrap());
        let verified = whole(app, &signer).await;
        assert_eq!((verified.first, verified.last), (Some(old + 1), last));

        app.tamper("UPDATE audit_chain SET seq = seq + 1 WHERE place = 'anchor'");
        let found = check(app, &signer, None).await;
        assert!(
            matches!(
                found,
                Err(Break::Forged {
                    place: "anchor",
                    ..
                })
            ),
            "{found:?}"
        );
        app.tamper("DELETE FROM audit_chain WHERE place = 'anchor'");
        assert_eq!(
            check(app, &signer, None).await,
            Err(Break::Missing { from: 1, to: old })
        );
    })
    .await;
}

#[tokio::test]
async fn an_exported_file_proves_itself_and_shows_what_was_done_to_it() {
    TestApp::on_both(async |app| {
        let signer = signer();
        sealed(app, &signer, 3).await;
        app.advance(Duration::from_days(1));
        let since = app.now();
        let last = sealed(app, &signer, 3).await;

        let lines = export(app, Stretch::default()).await;
        assert_eq!(lines.len(), usize::try_from(last).unwrap() + 1);
        assert_eq!(check_lines(&lines, Some(&signer)).unwrap().last, last);
        let later = Stretch {
            since: Some(since),
            until: None,
        };
        let later = export(app, later).await;
        assert!(later.len() < lines.len() && later.len() > 3);
        assert_eq!(check_lines(&later, Some(&signer)).unwrap().last, last);
        let earlier = Stretch {
            since: None,
            until: Some(since),
        };
        let earlier = export(app, earlier).await;
        assert_eq!(earlier.len() + later.len(), lines.len() + 1);
        check_lines(&earlier, Some(&signer)).unwrap();

        let nth = 4;
        let mut changed = lines.clone();
        changed[nth] = changed[nth].replace("success", "failure");
        let mut without = lines.clone();
        without.remove(nth);
        let mut swapped = lines.clone();
        swapped.swap(nth, nth + 1);
        let mut twice = lines.clone();
        twice.insert(nth, lines[nth].clone());
        let mut garbled = lines.clone();
        garbled[nth].truncate(20);
        let cut = lines[..lines.len() - 1].to_vec();
        let seq = i64::try_from(nth).unwrap();
        let cases: [(&str, Vec<String>, IsFound); 6] = [
            (
                "changed",
                changed,
                |found, at| matches!(found, Break::Changed { seq, .. } if *seq == at),
            ),
            ("without", without, |found, at| {
                *found == Break::Missing { from: at, to: at }
            }),
            ("swapped", swapped, |found, at| {
                *found == Break::Missing { from: at, to: at }
            }),
            (
                "twice",
                twice,
                |found, at| matches!(found, Break::Changed { seq, .. } if *seq == at),
            ),
            ("garbled", garbled, |found, at| {
                *found
                    == Break::Unreadable {
                        line: usize::try_from(at).unwrap() + 1,
                    }
            }),
            ("cut", cut, |found, _| {
                matches!(found, Break::Missing { .. })
            }),
        ];
        for (what, file, is_found) in cases {
            let found = check_lines(&file, None).unwrap_err();
            assert!(is_found(&found, seq), "{what}: {found:?}");
        }
        let mut forged = lines.clone();
        forged[0] = forged[0].replace("\"proof\":\"ey", "\"proof\":\"ez");
        assert!(matches!(
            check_lines(&forged, Some(&signer)),
            Err(Break::Forged { .. })
        ));
        assert!(check_lines(&[], None).is_err());
    })
    .await;
}

#[tokio::test]
async fn many_writers_and_two_sealers_make_one_chain_without_gaps() {
    TestApp::on_both(async |app| {
        let signer = signer();
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let operator = app.as_operator();
                tokio::spawn(async move {
                    for number in 0..10 {
                        let catalog = json!({"displayName": format!("{writer}.{number}")});
                        let path = format!("{V1}/catalogs");
                        operator.post(&path, catalog).await.assert_status(201);
                    }
                })
            })
            .collect();
        let sealers: Vec<_> = (0..2)
            .map(|_| {
                let (service, signer) = (app.service().clone(), Arc::clone(&signer));
                tokio::spawn(async move {
                    for _ in 0..20 {
                        sealing::seal_all(&service, &signer).await.unwrap();
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for task in writers.into_iter().chain(sealers) {
            task.await.unwrap();
        }
        // What nobody came to before a stop is sealed by the next start.
        sealing::seal_all(app.service(), &signer).await.unwrap();
        let verified = whole(app, &signer).await;
        assert_eq!(verified.unsealed.count, 0);
        assert_eq!(verified.first, Some(1));
        assert!(verified.count >= 80);
    })
    .await;
}

// AL-3
#[tokio::test]
async fn what_was_only_made_to_look_old_is_not_removed_and_no_anchor_is_signed_for_it() {
    TestApp::on_both(async |app| {
        let signer = signer();
        let last = sealed(app, &signer, 4).await;
        let few = last - 2;
        let aged = app.tamper(&format!(
            "UPDATE audit_event SET happened_at = 1000 WHERE seq <= {few}"
        ));
        assert_eq!(aged, u64::try_from(few).unwrap());

        let refused = sealing::expire(app.service(), &signer).await;
        assert!(refused.is_err(), "{refused:?}");
        let found = check(app, &signer, None).await;
        assert!(
            matches!(found, Err(Break::Changed { seq: 1, .. })),
            "{found:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_member_that_is_there_twice_is_found_in_the_database_and_in_a_file() {
    TestApp::on_both(async |app| {
        let signer = signer();
        let last = sealed(app, &signer, 3).await;
        let lines = export(app, Stretch::default()).await;
        let nth = usize::try_from(last).unwrap();
        let set = |from: &str, to: &str| {
            app.tamper(&format!(
                "UPDATE audit_event SET initiated_by = REPLACE(initiated_by, '{from}', '{to}') WHERE seq = {last}"
            ));
        };
        // The last of two counts, so what is read is the same, and who looks at the text sees somebody else.
        for (from, to) in [
            ("\"user\":", "\"user\":{\"id\":\"alice\"},\"user\":"),
            ("\"user\":", "\"user\" :"),
        ] {
            set(from, to);
            let found = check(app, &signer, None).await;
            assert!(
                matches!(found, Err(Break::Changed { seq, .. }) if seq == last),
                "{to}: {found:?}"
            );
            set(to, from);
            whole(app, &signer).await;

            let mut forged = lines.clone();
            forged[nth] = forged[nth].replacen(from, to, 1);
            assert_ne!(forged[nth], lines[nth]);
            let found = check_lines(&forged, Some(&signer));
            assert!(
                matches!(found, Err(Break::Changed { seq, .. }) if seq == last),
                "{to}: {found:?}"
            );
        }
        let mut forged = lines.clone();
        forged[0] = forged[0].replacen("\"last\":", "\"last\":1,\"last\":", 1);
        let found = check_lines(&forged, Some(&signer));
        assert_eq!(found, Err(Break::Unreadable { line: 1 }));
    })
    .await;
}

fn noting(folder: &std::path::Path) -> Arc<Signer> {
    let keys = Keys::load_or_create_as(folder, "audit", Algorithm::Es256).unwrap();
    Arc::new(Signer::new(keys).noting(HeadNote::in_folder(folder)))
}

#[tokio::test]
async fn a_head_that_was_removed_or_put_back_is_not_gone_on_from() {
    TestApp::on_both(async |app| {
        let folder = tempfile::tempdir().unwrap();
        let signer = noting(folder.path());
        let old = sealed(app, &signer, 2).await;
        app.tamper("INSERT INTO audit_chain (place, seq, hash, proof) SELECT 'kept', seq, hash, proof FROM audit_chain WHERE place = 'head'");
        let last = sealed(app, &signer, 2).await;
        let unseal = |after: i64| {
            app.tamper(&format!(
                "UPDATE audit_event SET seq = NULL, hash = NULL, result = 'failure' WHERE seq > {after}"
            ))
        };

        // An old head, and what came after it is to be sealed again.
        app.tamper("DELETE FROM audit_chain WHERE place = 'head'");
        app.tamper("UPDATE audit_chain SET place = 'head' WHERE place = 'kept'");
        assert_eq!(i64::try_from(unseal(old)).unwrap(), last - old);
        assert!(sealing::seal_all(app.service(), &signer).await.is_err());
        assert_eq!(
            check(app, &signer, None).await,
            Err(Break::Behind { noted: last, head: old })
        );

        // No head, and all is to be sealed again.
        app.tamper("DELETE FROM audit_chain");
        unseal(0);
        assert!(sealing::seal_all(app.service(), &signer).await.is_err());
        assert_eq!(
            check(app, &signer, None).await,
            Err(Break::Behind { noted: last, head: 0 })
        );

        // Whoever put it back on purpose says so.
        let (service, by) = (app.service().clone(), Arc::clone(&signer));
        tokio::task::spawn_blocking(move || sealing::sign_anew(&service, &by))
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        sealing::seal_all(app.service(), &signer).await.unwrap();
        assert_eq!(whole(app, &signer).await.last, last + 1);
        let told = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Sign audit log anew'";
        let told = app.as_operator().get(told).await.assert_status(200).rows();
        assert_eq!(told.len(), 1, "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn a_file_is_proven_only_up_to_a_head_that_the_server_signed() {
    TestApp::on_both(async |app| {
        let signer = signer();
        sealed(app, &signer, 2).await;
        app.advance(Duration::from_days(1));
        let until = Some(app.now());
        sealed(app, &signer, 2).await;
        let lines = export(app, Stretch::default()).await;
        assert!(check_lines(&lines, Some(&signer)).unwrap().is_proven);
        assert!(!check_lines(&lines, None).unwrap().is_proven);
        // Up to an earlier event nothing ties the lines to the head, so anybody could have made them.
        let part = export(app, Stretch { since: None, until }).await;
        assert!(part.len() > 1 && part.len() < lines.len());
        assert!(!check_lines(&part, Some(&signer)).unwrap().is_proven);
    })
    .await;
}
