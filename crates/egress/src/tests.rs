use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;

use proptest::prelude::*;
use reqwest::dns::{Name, Resolve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::resolver::{Found, Guard};

/// Answers one after the other, the last one again and again: a name server that changes its mind.
#[derive(Debug)]
struct Fickle(Mutex<Vec<IpAddr>>);

impl Fickle {
    fn new(answers: &[&str]) -> Arc<Self> {
        let answers = answers.iter().rev().map(|text| text.parse().unwrap());
        Arc::new(Self(Mutex::new(answers.collect())))
    }
}

impl Lookup for Fickle {
    fn lookup(&self, _host: String) -> Found {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.pop().unwrap()
        } else {
            answers[0]
        };
        Box::pin(async move { Ok(vec![answer]) })
    }
}

fn name() -> Name {
    Name::from_str("hooks.example.com").unwrap()
}

#[tokio::test]
async fn cx_5_a_name_that_leads_elsewhere_the_second_time_is_not_followed() {
    let guard = Guard::new(
        Reach::Internet,
        Fickle::new(&["93.184.215.14", "169.254.169.254", "127.0.0.1"]),
    );

    let first: Vec<_> = guard.resolve(name()).await.unwrap().collect();
    let second = guard.resolve(name()).await;
    let third = guard.resolve(name()).await;

    assert_eq!(first.len(), 1, "and this very answer is connected to");
    assert!(second.is_err());
    assert!(third.is_err());
}

/// Serves one answer to each connection and counts them.
async fn receiver(answer: &'static str) -> (u16, tokio::sync::watch::Receiver<usize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (count, counted) = tokio::sync::watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.send_modify(|count| *count += 1);
            let mut buffer = [0; 1024];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, counted)
}

#[tokio::test]
async fn cx_5_what_a_client_named_is_not_connected_to_inside_and_what_the_operator_named_is() {
    let (port, counted) =
        receiver("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let url = format!("http://hooks.example.com:{port}/");
    let call = |reach| {
        let client = builder_with(reach, Fickle::new(&["127.0.0.1"]))
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        client.get(&url).send()
    };

    let from_outside = call(Reach::Internet).await;
    let seen_before = *counted.borrow();
    let configured = call(Reach::Configured).await;

    assert!(from_outside.is_err());
    assert_eq!(seen_before, 0, "not even a connection was made");
    assert_eq!(configured.unwrap().status(), 200);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let (inside, counted) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{inside}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (port, _) = receiver(redirect.leak()).await;
    let client = builder(Reach::Configured).build().unwrap();

    let answer = client
        .get(format!("http://127.0.0.1:{port}/"))
        .send()
        .await
        .unwrap();

    assert_eq!(answer.status(), 302);
    assert_eq!(*counted.borrow(), 0);
}

#[test]
fn the_text_of_a_url_is_judged_however_an_address_is_written() {
    for inside in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00:ec2::254]/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://①②⑦.0.0.1/",
    ] {
        let refused = check(inside, Reach::Internet);
        assert!(
            matches!(refused, Err(Refused::Address(_))),
            "{inside}: {refused:?}"
        );
    }
    for metadata in [
        "http://169.254.169.254/latest/meta-data",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://[2002:a9fe:a9fe::]/",
        "http://168.63.129.16/",
        "http://100.100.100.200/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://224.0.0.1/",
    ] {
        let refused = check(metadata, Reach::Configured);
        assert!(
            matches!(refused, Err(Refused::Address(_))),
            "{metadata}: {refused:?}"
        );
    }
    for (wrong, why) in [
        ("ldap://10.0.0.1/", Refused::Scheme),
        ("file:///etc/passwd", Refused::Scheme),
        ("https://u@example.com/", Refused::UserInfo),
        ("https://:p@example.com/", Refused::UserInfo),
        ("https://example.com:0/", Refused::Port),
        ("example.com", Refused::Malformed),
        ("https://", Refused::Malformed),
    ] {
        assert_eq!(check(wrong, Reach::Configured), Err(why), "{wrong}");
    }
    for fine in [
        "http://10.0.0.1:8080/scim",
        "http://localhost:1/",
        "https://[fd12::1]/",
    ] {
        assert!(check(fine, Reach::Configured).is_ok(), "{fine}");
    }
    assert!(check("https://bücher.example/", Reach::Internet).is_ok());
}

proptest! {
    #[test]
    fn every_way_to_write_an_address_of_the_older_kind_is_judged_like_the_plain_one(
        bits in any::<u32>(),
    ) {
        let address = Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = address.octets();
        let plain = check(&format!("https://{address}/"), Reach::Internet).is_ok();
        for text in [
            format!("https://{bits}/"),
            format!("https://{bits:#x}/"),
            format!("https://0{a:o}.0{b:o}.0{c:o}.0{d:o}/"),
            format!("https://{a}.{}/", bits & 0x00ff_ffff),
            format!("https://[::ffff:{address}]/"),
        ] {
            prop_assert_eq!(check(&text, Reach::Internet).is_ok(), plain, "{}", text);
        }
        // Networks that translate lead to the same place, so they are open at most where it is.
        for wrapped in [
            Ipv6Addr::from_bits((0x0064_ff9b_u128 << 96) | u128::from(bits)),
            Ipv6Addr::from_bits((0x2002_u128 << 112) | (u128::from(bits) << 80)),
        ] {
            let open = check(&format!("https://[{wrapped}]/"), Reach::Internet).is_ok();
            prop_assert!(plain || !open, "{}", wrapped);
        }
    }

    #[test]
    fn what_is_open_to_clients_is_open_to_the_operator(bits in any::<u128>(), v4 in any::<u32>()) {
        for address in [IpAddr::V6(Ipv6Addr::from_bits(bits)), IpAddr::V4(Ipv4Addr::from_bits(v4))] {
            let internet = domain::network::may_reach(address, Reach::Internet);
            let configured = domain::network::may_reach(address, Reach::Configured);
            prop_assert!(configured || !internet, "{}", address);
        }
    }

    #[test]
    fn checking_never_fails_otherwise(text in "\\PC{0,60}") {
        let _ = check(&text, Reach::Internet);
        let _ = check(&format!("https://{text}"), Reach::Configured);
    }
}
