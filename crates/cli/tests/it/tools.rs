//! `config`, `migrate`, `doctor` and `token`.

use crate::support::{Server, reeve, run, text, write_private};

#[test]
fn the_default_file_can_be_used_as_it_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(&["config"]);
    let config = folder.path().join("reeve.toml");
    std::fs::write(&config, &printed.stdout).unwrap();
    let data = folder.path().join("data");

    let server = Server::start(&data, &["--config", config.to_str().unwrap()]);

    assert!(server.terminate().success());
}

#[test]
fn migrate_makes_the_schema_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();

    let first = run(&["migrate", "--data", data]);
    let second = run(&["migrate", "--data", data]);

    assert!(
        text(&first.stdout).contains("was not there yet"),
        "{first:?}"
    );
    assert!(
        text(&second.stdout).contains("was up to date; applied 0 steps"),
        "{second:?}"
    );
}

#[test]
fn doctor_names_what_is_wrong_and_says_so_in_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(Server::start(&data, &[]).terminate().success());
    let data = data.to_str().unwrap();
    let config = folder.path().join("reeve.toml");
    write_private(
        &config,
        "[[issuer]]\nissuer = \"http://127.0.0.1:9/realm\"\naudiences = [\"a\"]\n\
         [[target]]\nname = \"hr\"\nkind = \"scim\"\nurl = \"http://127.0.0.1:9/scim\"\ntoken = \"x\"\ntimeout = \"PT2S\"\n",
    );

    let well = run(&["doctor", "--data", data]);
    let ill = run(&[
        "doctor",
        "--data",
        data,
        "--config",
        config.to_str().unwrap(),
    ]);

    assert!(well.status.success(), "{}", text(&well.stdout));
    assert!(
        text(&well.stdout).contains("ok    schema: up to date"),
        "{}",
        text(&well.stdout)
    );
    let told = text(&ill.stdout);
    assert!(!ill.status.success(), "{told}");
    assert!(
        told.contains("FAULT issuer http://127.0.0.1:9/realm"),
        "{told}"
    );
    assert!(told.contains("FAULT target hr"), "{told}");
    assert!(told.contains("ok    database"), "{told}");
}

#[test]
fn doctor_of_an_empty_folder_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");

    let told = run(&["doctor", "--data", data.to_str().unwrap()]);

    assert!(told.status.success(), "{}", text(&told.stdout));
    assert!(!data.exists());
}

#[tokio::test]
async fn tokens_are_printed_with_and_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let path = data.to_str().unwrap().to_owned();
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    let token = |who: [&str; 2]| {
        let told = run(&["token", "--data", &path, who[0], who[1]]);
        assert!(told.status.success(), "{}", text(&told.stderr));
        text(&told.stdout).trim().to_owned()
    };

    let asked = [token(["--user", "alice"]), token(["--client", "admin"])];
    assert!(server.terminate().success());
    let signed = [
        token(["--user", "alice@reeve.example"]),
        token(["--client", "admin"]),
    ];

    let server = Server::start(&data, &["--http", &format!("127.0.0.1:{port}")]);
    for [user, client] in [asked, signed] {
        for (token, path, status) in [
            (&user, "/v1.0/me", 200),
            (
                &user,
                "/v1.0/identityGovernance/entitlementManagement/catalogs",
                403,
            ),
            (
                &client,
                "/v1.0/identityGovernance/entitlementManagement/catalogs",
                200,
            ),
        ] {
            let url = format!("{}{path}", server.url);
            let answer = crate::support::http()
                .get(&url)
                .bearer_auth(token)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status().as_u16(), status, "{path}");
        }
    }
}

#[test]
fn a_token_of_nobody_is_refused_with_those_who_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let no_tenant = reeve()
        .args(["token", "--client", "admin", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(Server::start(&data, &[]).terminate().success());

    let stranger = reeve()
        .args(["token", "--user", "mallory", "--data"])
        .arg(&data)
        .output()
        .unwrap();

    assert!(!no_tenant.status.success());
    assert!(
        text(&no_tenant.stderr).contains("reeve serve --dev"),
        "{no_tenant:?}"
    );
    assert!(!stranger.status.success());
    assert!(
        text(&stranger.stderr).contains("alice@reeve.example"),
        "{stranger:?}"
    );
}
