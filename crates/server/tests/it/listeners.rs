//! Listening on plain HTTP and on TLS, and stopping.

use std::net::SocketAddr;

use auth::keys::TlsMaterial;
use server::{Https, Listeners, bind};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::support::Server;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

#[tokio::test]
async fn both_listeners_serve_until_they_are_told_to_stop() {
    let server = Server::new().await;
    let folder = TempDir::new().unwrap();
    let real = service::clock::Clock::system().now();
    let material = TlsMaterial::load_or_create(folder.path(), &[], real).unwrap();
    let bound = bind(Listeners {
        http: Some(ANY),
        https: Some(Https {
            address: ANY,
            certificate: material.certificate.clone(),
            key: material.key.clone(),
        }),
    })
    .await
    .unwrap();
    let (http, https) = (
        bound.http_address().unwrap(),
        bound.https_address().unwrap(),
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let router = server.router.clone();
    let serving = tokio::spawn(async move {
        let stop = async {
            let _ = stopped.await;
        };
        bound.serve(router, &server::Limits::default(), stop).await
    });
    let authority = std::fs::read(&material.authority).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
        .build()
        .unwrap();

    let plain = client
        .get(format!("http://{http}/healthz"))
        .send()
        .await
        .unwrap();
    let path = "/v1.0/identityGovernance/entitlementManagement/catalogs?$top=1";
    server.catalog("Art").await;
    let secure = client
        .get(format!("https://{https}{path}"))
        .bearer_auth(server.admin())
        .send()
        .await
        .unwrap();

    assert_eq!(plain.status(), 200);
    assert_eq!(secure.status(), 200);
    let text = secure.text().await.unwrap();
    assert!(
        text.contains(&format!("\"@odata.nextLink\":\"https://{https}/v1.0/")),
        "{text}"
    );
    assert_ne!(http.port(), 0);
    drop(client);
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_taken_address_is_an_error_that_names_it() {
    let taken = std::net::TcpListener::bind(ANY).unwrap();
    let address = taken.local_addr().unwrap();

    let refused = bind(Listeners {
        http: Some(address),
        https: None,
    })
    .await;

    assert_eq!(
        refused.unwrap_err().to_string(),
        format!("cannot listen on {address}")
    );
}

#[tokio::test]
async fn a_certificate_that_is_none_is_an_error() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.pem");
    std::fs::write(&file, "nothing").unwrap();

    let refused = bind(Listeners {
        http: None,
        https: Some(Https {
            address: ANY,
            certificate: file.clone(),
            key: file,
        }),
    })
    .await;

    assert!(
        refused
            .unwrap_err()
            .to_string()
            .starts_with("cannot use the certificate")
    );
}
