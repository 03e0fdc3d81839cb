//! Tokens that were made up, changed or meant for somebody else, sent as an attacker would: each is a 401 (ER-1).

use auth::callout::{Sent, Signer};
use auth::issuer::issuer_url;
use auth::keys::Keys;
use auth::token::Algorithm;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::extension::Authentication;
use http::Request;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{AUDIENCE, AUTHORITY, Answer, Server, TENANT, V1, start};

/// A token that must not pass, and what is said about it.
struct Forgery {
    name: &'static str,
    token: String,
    reason: &'static str,
}

/// The claims of a token of the client `admin` that is in order.
fn good_claims(server: &Server) -> Value {
    let seconds = start().micros() / 1_000_000;
    let client = &server.accounts.clients[0];
    json!({
        "iss": issuer_url(AUTHORITY, TENANT),
        "aud": AUDIENCE,
        "iat": seconds,
        "nbf": seconds,
        "exp": seconds + 3_600,
        "idtyp": "app",
        "oid": client.object.to_string(),
        "sub": client.object.to_string(),
        "appid": client.client_id.to_string(),
        "tid": TENANT,
        "roles": ["EntitlementManagement.ReadWrite.All"],
    })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn part(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

/// What the key signs with this header, as no library would.
fn signed(keys: &Keys, header: &Value, claims: &str) -> String {
    let honest = keys.sign(&json!({})).unwrap();
    let signature = honest.rsplit('.').next().unwrap();
    format!("{}.{}.{signature}", part(&header.to_string()), part(claims))
}

/// The table: every way to forge that is known here.
#[expect(clippy::too_many_lines, reason = "a table: one row for each way")]
fn forgeries(server: &Server) -> Vec<Forgery> {
    let own = &server.keys;
    let folder = TempDir::new().unwrap();
    let foreign = Keys::load_or_create(folder.path(), Algorithm::Es256).unwrap();
    let rsa = Keys::load_or_create(folder.path(), Algorithm::Rs256).unwrap();
    let seconds = start().micros() / 1_000_000;
    let claims = good_claims(server);
    let text = claims.to_string();
    let good = own.sign(&claims).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let header = json!({ "typ": "JWT", "alg": "ES256", "kid": own.kid() });
    let headed = |name: &str, value: Value| signed(own, &with(header.clone(), name, value), &text);
    let claimed = |name: &str, value: Value| own.sign(&with(claims.clone(), name, value)).unwrap();
    let by_secret = {
        let public = own.jwks()["keys"][0].to_string();
        let head = part(&json!({ "alg": "HS256", "kid": own.kid() }).to_string());
        let message = format!("{head}.{}", part(&text));
        let key = jsonwebtoken::EncodingKey::from_secret(public.as_bytes());
        let hs256 = jsonwebtoken::Algorithm::HS256;
        let code = jsonwebtoken::crypto::sign(message.as_bytes(), &key, hs256).unwrap();
        format!("{message}.{code}")
    };
    let twice = |json: &str, member: &str| json.replacen('{', &format!("{{{member},"), 1);
    let foreign_under = |kid: &str, name: &str, value: Value| {
        let forged = foreign.sign(&claims).unwrap();
        let rest = forged.split_once('.').unwrap().1.to_owned();
        let header = with(json!({ "alg": "ES256", "kid": kid }), name, value);
        format!("{}.{rest}", part(&header.to_string()))
    };

    let malformed = "the token is not a well-formed JSON Web Token";
    let algorithm = "the signing algorithm of the token is not allowed";
    let key = "the signing key of the token is not known";
    let signature = "the signature of the token is not valid";
    let issuer = "the issuer of the token is not known";
    let audience = "the audience of the token is not this service";
    let tenant = "the tenant of the token is not this one";
    let extension = "the token demands an unknown extension";
    let kind = "the token is not an access token of a supported kind";
    let duplicate = "the token names a claim or header twice";
    [
        ("no algorithm", headed("alg", json!("none")), algorithm),
        (
            "no signature",
            format!("{}.{}.", part(r#"{"alg":"none"}"#), parts[1]),
            algorithm,
        ),
        ("the public key as a secret", by_secret, algorithm),
        (
            "another algorithm",
            headed("alg", json!("ES384")),
            algorithm,
        ),
        (
            "the algorithm of another type of key",
            headed("alg", json!("RS256")),
            algorithm,
        ),
        (
            "a signature of another type of key",
            {
                let forged = rsa.sign(&claims).unwrap();
                let rest = forged.split_once('.').unwrap().1.to_owned();
                format!("{}.{rest}", parts[0])
            },
            signature,
        ),
        (
            "no key",
            headed("kid", Value::Null),
            "the token names no signing key",
        ),
        ("an unknown key", foreign.sign(&claims).unwrap(), key),
        (
            "a foreign signature under a known key",
            foreign_under(own.kid(), "typ", json!("JWT")),
            signature,
        ),
        (
            "a key in the header",
            foreign_under(foreign.kid(), "jwk", foreign.jwks()["keys"][0].clone()),
            key,
        ),
        (
            "an address of keys",
            foreign_under(foreign.kid(), "jku", json!("http://127.0.0.1:1/keys")),
            key,
        ),
        (
            "an address of certificates",
            foreign_under(own.kid(), "x5u", json!("http://127.0.0.1:1/chain")),
            signature,
        ),
        (
            "certificates in the header",
            foreign_under(own.kid(), "x5c", json!(["AAAA"])),
            signature,
        ),
        ("a demand", headed("crit", json!(["exp"])), extension),
        (
            "an unencoded payload",
            headed("b64", json!(false)),
            extension,
        ),
        ("a token in the token", headed("cty", json!("JWT")), kind),
        (
            "a token as the payload",
            signed(own, &header, &good),
            malformed,
        ),
        ("an encrypted token", format!("{good}.AAAA.AAAA"), malformed),
        (
            "something behind the token",
            format!("{good}.AAAA"),
            malformed,
        ),
        (
            "something behind the signature",
            format!("{good}AAAA"),
            signature,
        ),
        ("padding", format!("{good}=="), signature),
        (
            "changed claims",
            format!(
                "{}.{}.{}",
                parts[0],
                part(&with(claims.clone(), "roles", json!(["x"])).to_string()),
                parts[2]
            ),
            signature,
        ),
        (
            "a claim twice",
            signed(own, &header, &twice(&text, r#""oid":"x""#)),
            duplicate,
        ),
        (
            "a claim twice inside another",
            signed(own, &header, &twice(&text, r#""a":{"b":1,"b":2}"#)),
            duplicate,
        ),
        (
            "a header twice",
            format!(
                "{}.{}.{}",
                part(&twice(&header.to_string(), r#""alg":"none""#)),
                parts[1],
                parts[2]
            ),
            duplicate,
        ),
        (
            "another issuer",
            claimed("iss", json!("https://evil.example")),
            issuer,
        ),
        ("no issuer", claimed("iss", Value::Null), issuer),
        (
            "another audience",
            claimed("aud", json!("https://evil.example")),
            audience,
        ),
        ("no audience", claimed("aud", json!([])), audience),
        (
            "expired",
            claimed("exp", json!(seconds - 60)),
            "the token has expired",
        ),
        (
            "without an end",
            claimed("exp", Value::Null),
            "the claim exp is missing",
        ),
        (
            "not yet valid",
            claimed("nbf", json!(seconds + 61)),
            "the token is not valid yet",
        ),
        ("another tenant", claimed("tid", json!(own.kid())), tenant),
        ("no tenant", claimed("tid", Value::Null), tenant),
        (
            "a personal account (AZ-1)",
            claimed("tid", json!("9188040d-6c67-4c5b-b112-36a304b66dad")),
            "personal accounts are not supported",
        ),
        ("an ID token", claimed("nonce", json!("n")), kind),
        (
            "a token of a device",
            claimed("idtyp", json!("device")),
            kind,
        ),
        (
            "an application that is a user, too",
            claimed("scp", json!("User.Read")),
            kind,
        ),
        ("nonsense", "nonsense".to_owned(), malformed),
        ("three dots", "...".to_owned(), malformed),
        (
            "larger than any token",
            "A".repeat(auth::token::MAX_TOKEN_BYTES + 1),
            "the token is too large",
        ),
    ]
    .into_iter()
    .map(|(name, token, reason)| Forgery {
        name,
        token,
        reason,
    })
    .collect()
}

async fn answer(server: &Server, path: &str, token: &str) -> Answer {
    let request = Request::get(path)
        .header("host", "127.0.0.1:8080")
        .header("authorization", format!("Bearer {token}"));
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_forged_token_is_a_401_that_says_why_er_1() {
    let server = Server::new().await;
    let path = format!("{V1}/catalogs");
    let good = server.keys.sign(&good_claims(&server)).unwrap();
    answer(&server, &path, &good).await.expect(200);

    for forgery in forgeries(&server) {
        for path in [
            path.as_str(),
            "/beta/users",
            "/reeve/v1/stuck",
            "/scim/v2/Users",
        ] {
            let answer = answer(&server, path, &forgery.token).await;

            assert_eq!(answer.status, 401, "{}: {path}", forgery.name);
            assert_eq!(
                answer.header("www-authenticate"),
                format!(
                    "Bearer realm=\"\", authorization_uri=\"{AUTHORITY}/{TENANT}/oauth2/v2.0/authorize\", \
                     client_id=\"{AUDIENCE}\", error=\"invalid_token\", error_description=\"{}\"",
                    forgery.reason
                ),
                "{}: {path}",
                forgery.name
            );
        }
    }
}

#[tokio::test]
async fn callers_who_are_not_in_the_directory_are_told_what_to_do_er_1() {
    let server = Server::new().await;
    let path = format!("{V1}/catalogs");
    let claims = good_claims(&server);
    let nobody = json!("ffffffff-0000-4000-8000-000000000000");
    let user = json!({
        "iss": claims["iss"], "aud": claims["aud"], "exp": claims["exp"], "tid": TENANT,
        "oid": nobody, "sub": "x", "scp": "EntitlementManagement.ReadWrite.All",
    });
    let stranger = with(claims.clone(), "oid", nobody.clone());
    let stranger = with(stranger, "appid", nobody.clone());
    // The object of one application with the client id of another is neither of them.
    let mixed = with(claims, "appid", nobody);
    for (claims, told) in [
        (user, "`userClaim`"),
        (stranger, "register the application here"),
        (mixed, "another application"),
    ] {
        let token = server.keys.sign(&claims).unwrap();

        let answer = answer(&server, &path, &token).await.expect(401);

        assert_eq!(answer.code(), "InvalidAuthenticationToken");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(told), "{message}");
        assert!(
            answer.header("www-authenticate").contains(told),
            "{}",
            answer.header("www-authenticate")
        );
    }
}

/// What is told about tokens that are missing, broken, over or for somebody else, wherever they come in: by the message as by the
/// challenge, with nothing of the token in either.
#[tokio::test]
async fn the_message_tells_tokens_apart_on_every_surface_er_1() {
    let server = Server::new().await;
    let claims = good_claims(&server);
    let seconds = start().micros() / 1_000_000;
    let over = with(claims.clone(), "exp", json!(seconds - 3_600));
    let elsewhere = with(claims, "aud", json!("https://secret-service.example"));
    let bearer = |claims: &Value| Some(format!("Bearer {}", server.keys.sign(claims).unwrap()));
    let cases = [
        ("missing", None, "no access token was sent"),
        (
            "no bearer",
            Some("Basic c2VjcmV0OnNlY3JldA==".to_owned()),
            "the authorization header is not of the form Bearer and token",
        ),
        (
            "malformed",
            Some("Bearer secret.secret".to_owned()),
            "the token is not a well-formed JSON Web Token",
        ),
        ("expired", bearer(&over), "the token has expired"),
        (
            "wrong audience",
            bearer(&elsewhere),
            "the audience of the token is not this service",
        ),
    ];
    for (name, header, reason) in &cases {
        for path in [
            &format!("{V1}/catalogs"),
            "/beta/users",
            "/v1.0/$batch",
            "/reeve/v1/stuck",
            "/scim/v2/Users",
        ] {
            let request = Request::get(path).header("host", "127.0.0.1:8080");
            let request = match header {
                Some(header) => request.header("authorization", header),
                None => request,
            };
            let answer = server.send(request.body(Body::empty()).unwrap()).await;

            let answer = answer.expect(401);
            let body = answer.json();
            let told = if path.starts_with("/scim") {
                &body["detail"]
            } else {
                assert_eq!(
                    answer.code(),
                    "InvalidAuthenticationToken",
                    "{name}: {path}"
                );
                &body["error"]["message"]
            };
            assert_eq!(told, reason, "{name}: {path}");
            assert_leaks_nothing(header.as_deref(), &format!("{body} {:?}", answer.headers));
        }
        // A part without a token of its own has that of the batch, so it cannot be missing.
        let Some(header) = header else { continue };
        let batch = json!({"requests": [
            {"id": "1", "method": "GET", "url": "/users", "headers": {"Authorization": header}},
        ]});
        let answer = server.post(&server.admin(), "/v1.0/$batch", &batch).await;
        let answer = answer.expect(200).json();
        let part = &answer["responses"][0];
        assert_eq!(part["status"], 401, "{name}");
        assert_eq!(part["body"]["error"]["message"], *reason, "{name}");
        assert!(part["headers"]["Www-Authenticate"].is_string(), "{name}");
        assert_leaks_nothing(Some(header), &part.to_string());
    }
}

/// Nothing of a token, nor of what is in it, may come back.
fn assert_leaks_nothing(header: Option<&str>, answer: &str) {
    assert!(!answer.contains("secret"), "{answer}");
    let token = header.and_then(|header| header.split_once(' '));
    for part in token.map_or("", |(_, token)| token).split('.') {
        assert!(part.is_empty() || !answer.contains(part), "{answer}");
    }
}

/// Whoever owns a catalog says for which audience its callouts are signed. Though it be that of this API: what a receiver was
/// sent opens nothing here, not even the request that it is to resume.
#[tokio::test]
async fn what_a_callout_is_signed_with_opens_nothing_here_cx_6() {
    let server = Server::new().await;
    let folder = TempDir::new().unwrap();
    let keys = Keys::load_or_create_as(folder.path(), "callout", Algorithm::Es256).unwrap();
    let signer = Signer::new(keys, AUTHORITY);
    let sent = Sent {
        id: "1",
        url: "https://receiver.example/in",
        body: b"{}",
    };
    let bearer = Authentication::Bearer {
        resource_id: AUDIENCE.to_owned(),
    };
    for authentication in [bearer, Authentication::ProofOfPossession] {
        let header = signer.authorization(&authentication, &sent, start());
        let header = header.unwrap();
        for path in [
            &format!("{V1}/assignmentRequests/ffffffff-0000-4000-8000-000000000000/resume"),
            "/v1.0/$batch",
            "/reeve/v1/stuck",
            "/scim/v2/Users",
        ] {
            let request = Request::post(path)
                .header("host", "127.0.0.1:8080")
                .header("content-type", "application/json")
                .header("authorization", &header);
            let answer = server.send(request.body(Body::from("{}")).unwrap()).await;

            assert_eq!(answer.status, 401, "{path}");
        }
    }
}
