//! Mail servers that are slow, down, or gone in the middle; processes that end in the middle.

use domain::time::Duration;
use notice::{Encryption, Smtp};
use peers::policy::started_or_skipped;
use peers::smtp_server::{Answer, NAME, Protection, SmtpServer};
use peers::tls::Identity;
use serde_json::json;
use service::notices::{self, LEASE};
use testkit::TestApp;

use crate::support::{FROM, Post, plain, sender};

/// Alice gets access, so there is one mail to send.
async fn one_mail(post: &Post) {
    let package = post.package("Package", None, json!([])).await;
    post.app.ask(&package, "alice").await;
    post.app.deliver().await;
}

#[tokio::test]
async fn a_server_that_says_later_is_asked_again_later() {
    let Some(post) = Post::open().await else {
        return;
    };
    post.server.answers(Answer::Later).unwrap();
    one_mail(&post).await;

    assert_eq!(post.settle().await, 1);
    assert_eq!(post.settle().await, 0, "not before its time");
    assert!(post.arrived().is_empty());
    post.server.answers(Answer::Taken).unwrap();
    post.app.advance(Duration::from_minutes(1));
    assert_eq!(post.settle().await, 1);

    assert_eq!(post.arrived().len(), 1);
    assert_eq!(post.sent().await.len(), 1);
}

#[tokio::test]
async fn a_server_that_never_answers_well_is_given_up() {
    let Some(post) = Post::open().await else {
        return;
    };
    post.server.answers(Answer::Later).unwrap();
    one_mail(&post).await;
    let mut attempts = 0;
    while post.notices("failed").await.is_empty() {
        attempts += post.settle().await;
        post.app.advance(Duration::from_days(1));
        assert!(attempts < 20, "attempts never end");
    }

    assert_eq!(
        i64::try_from(attempts).unwrap(),
        domain::notice::MOST_ATTEMPTS
    );
    let failed = post.notices("failed").await;
    let failure = failed[0].failure.as_deref().unwrap();
    assert!(
        failure.contains("given up") && failure.contains("try again later"),
        "{failure}"
    );
}

#[tokio::test]
async fn an_address_that_is_refused_is_not_tried_again_by_itself() {
    let Some(post) = Post::open().await else {
        return;
    };
    post.server.answers(Answer::Refused).unwrap();
    one_mail(&post).await;
    post.settle().await;
    post.server.answers(Answer::Taken).unwrap();
    post.app.advance(Duration::from_days(2));
    assert_eq!(post.settle().await, 0);
    let failed = post.notices("failed").await;
    assert!(
        failed[0]
            .failure
            .as_deref()
            .unwrap()
            .contains("nobody here")
    );

    // An operator has it sent again, once the address is mended.
    let (service, ctx) = (post.app.service(), post.app.service().system());
    notices::retry(service, &ctx, failed[0].id).await.unwrap();
    post.settle().await;

    assert_eq!(post.arrived().len(), 1);
    let again = notices::retry(service, &ctx, failed[0].id)
        .await
        .unwrap_err();
    assert!(
        again.to_string().contains("nothing to send again"),
        "{again}"
    );
}

#[tokio::test]
async fn a_lost_answer_leaves_it_open_and_the_mail_is_not_sent_twice() {
    let Some(post) = Post::open().await else {
        return;
    };
    post.server.answers(Answer::Vanished).unwrap();
    one_mail(&post).await;
    post.settle().await;
    post.server.answers(Answer::Taken).unwrap();
    post.app.advance(Duration::from_days(2));

    assert_eq!(post.settle().await, 0);
    assert_eq!(post.notices("uncertain").await.len(), 1);
    assert_eq!(post.arrived().len(), 1, "NO-3");
}

#[tokio::test]
async fn a_server_that_is_down_loses_nothing() {
    let Some(post) = Post::open().await else {
        return;
    };
    one_mail(&post).await;
    let gone = SmtpServer::start(None).unwrap().unwrap();
    let nowhere = sender(&post.app, plain(&gone));
    drop(gone);

    assert_eq!(nowhere.pass().await.unwrap(), 1);
    assert_eq!(post.notices("queued").await.len(), 1);
    post.app.advance(Duration::from_minutes(1));
    post.settle().await;

    assert_eq!(post.arrived().len(), 1);
}

#[tokio::test]
async fn a_process_that_ends_while_it_sends_leaves_it_open() {
    let Some(post) = Post::open().await else {
        return;
    };
    one_mail(&post).await;
    let claimed = notices::claim(post.app.service(), "gone", 16)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 1);

    assert_eq!(post.settle().await, 0, "it is another one's");
    post.app.advance(LEASE);
    post.settle().await;

    assert_eq!(post.notices("uncertain").await.len(), 1);
    assert!(post.arrived().is_empty());
}

#[tokio::test]
async fn a_reminder_is_void_once_somebody_decided() {
    let Some(post) = Post::open().await else {
        return;
    };
    let stages = json!([post.stage(&["bob"], &[])]);
    let package = post.package("Void", None, stages).await;
    let request = post.app.ask(&package, "alice").await;
    post.app
        .decide(&request, "bob", "Approve")
        .await
        .assert_status(204);
    post.app.advance(Duration::from_days(8));
    post.settle().await;

    let sent: Vec<_> = post
        .sent()
        .await
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(
        sent,
        [7, 7, 18],
        "both what was asked and the reminder are void"
    );
    assert_eq!(post.notices("dropped").await.len(), 2);
}

#[tokio::test]
async fn mails_go_over_tls_to_whom_the_server_lets_in_and_say_what_they_are() {
    let identity = Identity::for_loopback().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (
        folder.path().join("cert.pem"),
        folder.path().join("key.pem"),
    );
    std::fs::write(&certificate, &identity.certificate_pem).unwrap();
    std::fs::write(&key, &identity.key_pem).unwrap();
    let protection = Protection {
        certificate,
        key,
        name: "reeve".to_owned(),
        password: "correct horse".to_owned(),
    };
    let Some(server) = started_or_skipped(NAME, SmtpServer::start(Some(&protection))) else {
        return;
    };
    let app = TestApp::new().await;
    let options = |password: &str| Smtp {
        host: "localhost".to_owned(),
        port: server.address().port(),
        encryption: Encryption::StartTls,
        credentials: Some(("reeve".to_owned(), password.into())),
        ca_pem: Some(identity.ca_pem.clone().into_bytes()),
        from: FROM.to_owned(),
    };
    let package = app
        .package(testkit::Plan::new("Safe").member_here("Safe"))
        .await;
    app.ask(&package, "alice").await;
    app.deliver().await;

    let wrong = sender(&app, options("wrong"));
    wrong.pass().await.unwrap();
    assert!(server.mails().unwrap().is_empty());
    let counts = app.service().store.read(store::notice::counts);
    let waiting = [(domain::notice::NoticeState::Queued, 1)];
    assert_eq!(counts.await.unwrap(), waiting, "the mail is not to blame");
    let bob = app.ask(&package, "bob").await;
    app.deliver().await;
    sender(&app, options("correct horse")).pass().await.unwrap();

    let mails = server.mails().unwrap();
    assert_eq!(mails.len(), 1);
    let head = mails[0].split("\r\n\r\n").next().unwrap();
    for line in [
        "X-Envelope-To: bob@reeve.test",
        "From: Access <access@reeve.test>",
        "Auto-Submitted: auto-generated",
        "Message-ID: <",
        "Date: ",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    assert_eq!(
        app.request(&bob).await["status"],
        "FulfilledNotificationTriggered"
    );
}

#[tokio::test]
async fn a_name_with_a_line_break_is_a_name_and_nothing_more() {
    let Some(post) = Post::open().await else {
        return;
    };
    let alice = post.app.id_of("alice");
    let path = format!("/v1.0/users/{alice}");
    let name = json!({"displayName": "Alice\r\nBcc: everybody@reeve.test"});
    let operator = post.app.as_operator();
    operator.patch(&path, name).await.assert_status(204);
    one_mail(&post).await;
    post.settle().await;

    let mails = post.server.mails().unwrap();
    assert_eq!(mails.len(), 1);
    let head = mails[0].split("\r\n\r\n").next().unwrap();
    assert!(!head.contains("\nBcc:"), "{head}");
    assert_eq!(post.sent().await.len(), 1);
}
