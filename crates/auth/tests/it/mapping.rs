//! Who a token means, by the claims that the issuer writes.

use auth::principal::{
    DirectoryRole, Kind, Lookup, Permission, PermissionSet, TokenFacts, Unbound, UserAttribute,
    Verified,
};
use auth::token::{Algorithm, ApplicationSign, IssuerConfig, TokenError, Verifier};
use serde_json::{Value, json};

use crate::support::{
    APP, CLIENT, TENANT, USER, config, keys, now, object, principal, user_claims, verify, with,
};

/// What an issuer of this configuration is understood to say.
fn says(configure: impl Fn(&mut IssuerConfig), claims: &Value) -> Result<Verified, TokenError> {
    let keys = keys(Algorithm::Es256);
    let mut config = config(&keys);
    configure(&mut config);
    let verifier = Verifier::new(vec![config]).unwrap();
    verify(&verifier, &keys.sign(claims).unwrap(), now())
}

/// The claims of an issuer that knows nothing of Entra's.
fn plain_claims() -> Value {
    let mut claims = user_claims();
    for name in ["oid", "tid", "scp", "azp", "uti"] {
        claims = with(claims, name, Value::Null);
    }
    with(claims, "sub", json!("alice"))
}

fn by_name(config: &mut IssuerConfig) {
    config.user.claim = "sub".to_owned();
    config.user.by = UserAttribute::UserPrincipalName;
}

fn unbound(found: Result<Verified, TokenError>) -> Unbound {
    match found.unwrap() {
        Verified::Unbound(unbound) => (*unbound).clone(),
        Verified::Principal(principal) => panic!("bound already: {principal:?}"),
    }
}

fn facts(found: Verified) -> TokenFacts {
    match found {
        Verified::Unbound(unbound) => unbound.token.clone(),
        Verified::Principal(principal) => principal.token.clone(),
    }
}

fn permissions(found: Result<Verified, TokenError>) -> Vec<Permission> {
    facts(found.unwrap()).scopes.iter().collect()
}

#[test]
fn a_user_may_be_told_by_any_claim_and_any_attribute() {
    for by in UserAttribute::ALL.iter().copied() {
        let value = if by == UserAttribute::ObjectId {
            USER
        } else {
            "alice@example.com"
        };
        let claims = with(plain_claims(), "email", json!(value));
        let configure = |config: &mut IssuerConfig| {
            config.user.claim = "email".to_owned();
            config.user.by = by;
        };

        let found = says(configure, &claims);

        if by == UserAttribute::ObjectId {
            assert_eq!(principal(found.unwrap()).as_user(), Some(object(USER)));
        } else {
            let caller = unbound(found);
            assert_eq!(
                caller.lookup,
                Lookup::User {
                    by,
                    value: value.to_owned()
                }
            );
            assert_eq!(caller.claim, "email");
            assert_eq!(caller.resolved(object(USER)).as_user(), Some(object(USER)));
        }
        for absent in [Value::Null, json!("")] {
            assert_eq!(
                says(configure, &with(claims.clone(), "email", absent)),
                Err(TokenError::MissingClaim {
                    name: "email".to_owned()
                })
            );
        }
    }
}

#[test]
fn scopes_are_read_from_scp_or_scope_as_text_or_as_list() {
    let read = [Permission::EntitlementManagementReadAll];
    for (name, value) in [
        ("scp", json!("openid EntitlementManagement.Read.All")),
        ("scope", json!("openid EntitlementManagement.Read.All")),
        ("scope", json!(["openid", "EntitlementManagement.Read.All"])),
        (
            "scp",
            json!(["openid EntitlementManagement.Read.All", "profile"]),
        ),
    ] {
        let claims = with(plain_claims(), name, value);
        assert_eq!(permissions(says(by_name, &claims)), read, "{claims}");
    }
    // `scp` is the one that counts where both are.
    let both = with(plain_claims(), "scp", json!("User.Read"));
    let both = with(both, "scope", json!("EntitlementManagement.ReadWrite.All"));
    assert_eq!(permissions(says(by_name, &both)), [Permission::UserRead]);
    // Another claim is the only one then.
    let own = |config: &mut IssuerConfig| {
        by_name(config);
        config.scopes_claim = Some("reeve.scopes".to_owned());
    };
    let nested = json!({ "scopes": ["EntitlementManagement.Read.All"] });
    let claims = with(both, "reeve", nested);
    assert_eq!(permissions(says(own, &claims)), read);
    assert!(permissions(says(own, &with(claims, "reeve", Value::Null))).is_empty());
}

#[test]
fn implied_permissions_count_only_where_the_token_names_none_of_ours() {
    let configure = |config: &mut IssuerConfig| {
        by_name(config);
        config.implied_scopes = PermissionSet::of(&[Permission::EntitlementManagementReadAll]);
        config.implied_roles = PermissionSet::of(&[Permission::DirectoryReadAll]);
        config.application.sign = ApplicationSign::NoUser;
    };
    let with_scope = |scope: Value| with(plain_claims(), "scope", scope);

    for silent in [plain_claims(), with_scope(json!("openid profile"))] {
        assert_eq!(
            permissions(says(configure, &silent)),
            [Permission::EntitlementManagementReadAll]
        );
    }
    assert_eq!(
        permissions(says(configure, &with_scope(json!("openid User.Read")))),
        [Permission::UserRead]
    );
    let application = with(plain_claims(), "sub", Value::Null);
    let application = with(application, "client_id", json!(CLIENT));
    assert_eq!(
        permissions(says(configure, &application)),
        [Permission::DirectoryReadAll]
    );
    let named = with(application, "roles", json!("User.Read.All"));
    assert_eq!(
        permissions(says(configure, &named)),
        [Permission::UserReadAll]
    );
}

#[test]
fn an_application_is_told_as_the_issuer_tells_it() {
    let service = with(plain_claims(), "client_id", json!(CLIENT));
    let subject = with(service.clone(), "sub", json!(CLIENT));
    let nobody = with(service.clone(), "sub", Value::Null);
    let marked = with(service.clone(), "gty", json!("client-credentials"));
    let entra = with(service.clone(), "idtyp", json!("app"));
    let mark = |value: Option<&str>| ApplicationSign::Claim {
        name: "gty".to_owned(),
        value: value.map(str::to_owned),
    };
    for (sign, is_application, is_none) in [
        (ApplicationSign::SubjectIsClient, &subject, &service),
        (ApplicationSign::NoUser, &nobody, &service),
        (mark(None), &marked, &service),
        (mark(Some("client-credentials")), &marked, &service),
        (ApplicationSign::Never, &entra, &marked),
        (ApplicationSign::SubjectIsObject, &entra, &service),
        (mark(Some("password")), &entra, &marked),
    ] {
        let configure = |config: &mut IssuerConfig| {
            by_name(config);
            config.application.sign = sign.clone();
        };

        let application = unbound(says(configure, is_application));
        let user = unbound(says(configure, is_none));

        assert_eq!(
            application.lookup,
            Lookup::Application {
                app_id: CLIENT.parse().unwrap()
            },
            "{sign:?}"
        );
        assert_eq!(
            application.resolved(object(APP)).kind,
            Kind::Application {
                object: object(APP),
                client_id: CLIENT.to_owned()
            }
        );
        assert!(
            matches!(user.lookup, Lookup::User { .. }),
            "{sign:?}: {user:?}"
        );
    }
}

#[test]
fn a_client_id_that_is_no_app_id_needs_to_be_bound() {
    let configure = |config: &mut IssuerConfig| {
        by_name(config);
        config.application.sign = ApplicationSign::NoUser;
        config.application.claim = Some("client_id".to_owned());
        config
            .application
            .known
            .insert("payroll".to_owned(), CLIENT.parse().unwrap());
    };
    let claims = with(plain_claims(), "sub", Value::Null);
    let of = |client: Value| says(configure, &with(claims.clone(), "client_id", client));

    assert_eq!(
        unbound(of(json!("payroll"))).lookup,
        Lookup::Application {
            app_id: CLIENT.parse().unwrap()
        }
    );
    assert_eq!(
        of(json!("stranger")),
        Err(TokenError::UnknownClient {
            name: "client_id".to_owned()
        })
    );
    for absent in [Value::Null, json!("")] {
        assert_eq!(
            of(absent),
            Err(TokenError::MissingClaim {
                name: "client_id".to_owned()
            })
        );
    }
}

#[test]
fn groups_of_the_issuer_stand_for_directory_roles_as_configured() {
    let configure = |config: &mut IssuerConfig| {
        by_name(config);
        config.groups_claim = "realm_access.roles".to_owned();
        config.group_roles = [
            (
                "admins".to_owned(),
                vec![DirectoryRole::GlobalAdministrator],
            ),
            (
                "auditors".to_owned(),
                vec![DirectoryRole::GlobalReader, DirectoryRole::SecurityReader],
            ),
        ]
        .into();
    };
    let roles = |claim: Value| {
        let claims = with(plain_claims(), "realm_access", json!({ "roles": claim }));
        says(configure, &claims).map(|found| facts(found).directory_roles)
    };

    assert_eq!(
        roles(json!(["auditors", "people", "auditors"])),
        Ok(vec![
            DirectoryRole::GlobalReader,
            DirectoryRole::SecurityReader
        ])
    );
    assert_eq!(
        roles(json!("admins")),
        Ok(vec![DirectoryRole::GlobalAdministrator])
    );
    for nothing in [json!([]), json!(["Admins"]), Value::Null] {
        assert_eq!(roles(nothing), Ok(Vec::new()));
    }
    assert_eq!(
        roles(json!([{ "name": "admins" }])),
        Err(TokenError::MalformedClaim {
            name: "realm_access.roles".to_owned()
        })
    );
    // Without a configuration groups stand for nothing.
    let claims = with(plain_claims(), "groups", json!(["admins"]));
    assert_eq!(
        facts(says(by_name, &claims).unwrap()).directory_roles,
        Vec::new()
    );
}

#[test]
fn a_name_with_dots_is_a_claim_before_it_is_a_path() {
    let configure = |config: &mut IssuerConfig| {
        config.user.claim = "https://example.com/login.name".to_owned();
        config.user.by = UserAttribute::UserPrincipalName;
    };
    let claims = with(
        plain_claims(),
        "https://example.com/login.name",
        json!("alice"),
    );

    let found = unbound(says(configure, &claims));

    assert_eq!(
        found.lookup,
        Lookup::User {
            by: UserAttribute::UserPrincipalName,
            value: "alice".to_owned()
        }
    );
}

#[test]
fn an_issuer_of_many_tenants_counts_for_one_of_them() {
    let own = "https://login.example/{tenantid}/v2.0";
    let configure = |config: &mut IssuerConfig| {
        config.issuer = own.to_owned();
        config.tenant = Some(TENANT.to_owned());
    };
    let of = |tenant: &str| {
        let claims = with(
            user_claims(),
            "iss",
            json!(own.replace("{tenantid}", tenant)),
        );
        says(configure, &with(claims, "tid", json!(tenant))).map(|_| ())
    };

    assert_eq!(of(TENANT), Ok(()));
    assert_eq!(of(USER), Err(TokenError::UnknownIssuer));
    assert_eq!(of("{tenantid}"), Err(TokenError::UnknownIssuer));
}

#[test]
fn an_issuer_without_one_tenant_of_its_own_is_refused() {
    let keys = keys(Algorithm::Es256);
    let refused = |issuer: &str, tenant: Option<&str>| {
        let mut config = config(&keys);
        config.issuer = issuer.to_owned();
        config.tenant = tenant.map(str::to_owned);
        Verifier::new(vec![config]).is_err()
    };

    assert!(refused("https://login.example/{tenantid}/v2.0", None));
    assert!(refused("https://login.example/{other}/v2.0", Some(TENANT)));
    for none in [
        "common",
        "organizations",
        "Consumers",
        "",
        "9188040D-6C67-4C5B-B112-36A304B66DAD",
    ] {
        assert!(
            refused("https://login.example/x/v2.0", Some(none)),
            "{none}"
        );
    }
    assert!(!refused("https://login.example/x/v2.0", Some(TENANT)));
}

#[test]
fn personal_accounts_get_in_at_no_issuer_az_1() {
    let claims = with(
        plain_claims(),
        "tid",
        json!("9188040d-6c67-4c5b-b112-36a304b66dad"),
    );

    assert_eq!(says(by_name, &claims), Err(TokenError::PersonalAccount));
}
