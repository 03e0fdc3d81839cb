//! `azuread_user` and `azuread_group`, as resources and as data sources.

use serde_json::{Value, json};
use testkit::{Client, TestApp};

use super::took;

/// How many good answers in a row the provider wants before it believes.
const GOOD_ANSWERS: usize = 5;

/// What the resource reads of a user.
const OF_A_RESOURCE: &str = "ageGroup,businessPhones,consentProvidedForMinor,createdDateTime,creationType,\
    employeeOrgData,externalUserState,id,imAddresses,mailNickname,onPremisesDistinguishedName,\
    onPremisesDomainName,onPremisesImmutableId,onPremisesSamAccountName,onPremisesSecurityIdentifier,\
    onPremisesSyncEnabled,onPremisesUserPrincipalName,otherMails,passwordPolicies,proxyAddresses";

/// What the data source reads of a user.
const OF_A_DATA_SOURCE: &str = "accountEnabled,ageGroup,businessPhones,city,companyName,consentProvidedForMinor,country,\
    createdDateTime,creationType,department,displayName,employeeHireDate,employeeId,employeeOrgData,employeeType,\
    externalUserState,faxNumber,givenName,id,imAddresses,jobTitle,mail,mailNickname,mobilePhone,officeLocation,\
    onPremisesDistinguishedName,onPremisesDomainName,onPremisesImmutableId,onPremisesSamAccountName,\
    onPremisesSecurityIdentifier,onPremisesSyncEnabled,onPremisesUserPrincipalName,otherMails,postalCode,\
    preferredLanguage,proxyAddresses,showInAddressList,state,streetAddress,surname,usageLocation,userPrincipalName";

async fn is_there(client: &Client, path: &str) -> Value {
    let mut last = Value::Null;
    for _ in 0..GOOD_ANSWERS {
        last = client.get(path).await.assert_status(200).json();
    }
    last
}

async fn is_gone(client: &Client, path: &str) {
    for _ in 0..GOOD_ANSWERS {
        client.get(path).await.assert_status(404);
    }
}

fn new_user(name: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.user",
        "accountEnabled": true, "ageGroup": null, "businessPhones": ["+49 1"], "city": null,
        "companyName": null, "consentProvidedForMinor": null, "country": null, "department": "Harvest",
        "displayName": name, "employeeId": "E-7", "employeeOrgData": null, "employeeType": null,
        "faxNumber": null, "givenName": null, "jobTitle": "Reaper", "mail": format!("{name}@reeve.test"),
        "mailNickname": name, "mobilePhone": null, "officeLocation": null, "onPremisesImmutableId": null,
        "otherMails": [], "passwordPolicies": null,
        "passwordProfile": {"forceChangePasswordNextSignIn": false, "password": "Sickle-and-5-sheaves"},
        "postalCode": null, "preferredLanguage": null, "state": null, "streetAddress": null, "surname": null,
        "usageLocation": null, "userPrincipalName": format!("{name}@reeve.test"), "userType": null
    })
}

#[tokio::test]
async fn a_user_is_made_read_led_changed_and_gone_at_once() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        let made = client.post("/v1.0/users", new_user("reaper")).await;
        let id = made.assert_status(201).text("id");
        let (user, beta) = (format!("/v1.0/users/{id}"), format!("/beta/users/{id}"));
        is_there(&client, &user).await;
        let shown = json!({ "@odata.type": "#microsoft.graph.user", "showInAddressList": true });
        took(&client.patch(&beta, shown).await);
        let found = client
            .get(&format!("{beta}?$select=id,showInAddressList"))
            .await;
        assert_eq!(found.assert_status(200).json()["showInAddressList"], true);

        let read = client.get(&format!("{user}?$select={OF_A_RESOURCE}")).await;
        let read = read.assert_status(200).json();
        assert_eq!(read["businessPhones"], json!(["+49 1"]));
        assert_eq!(read["otherMails"], json!([]));
        let manager = format!("{user}/manager");
        client.get(&manager).await.assert_status(404);
        let link = format!("https://reeve.test/v1.0/users/{}", app.id_of("bob"));
        let reference = format!("{manager}/$ref");
        let body = json!({ "@odata.id": link });
        client.put(&reference, body).await.assert_status(204);
        let found = client.get(&manager).await.assert_status(200).text("id");
        assert_eq!(found, app.id_of("bob").to_string());
        client.delete(&reference).await.assert_status(204);
        client.get(&manager).await.assert_status(404);

        let body = json!({ "@odata.type": "#microsoft.graph.user", "jobTitle": null,
            "passwordProfile": null, "department": "Barn" });
        took(&client.patch(&user, body).await);
        let read = client.get(&user).await.assert_status(200).json();
        assert_eq!(read["jobTitle"], Value::Null);
        client.delete(&user).await.assert_status(204);
        is_gone(&client, &user).await;
        client.delete(&user).await.assert_status(404);
    })
    .await;
}

#[tokio::test]
async fn a_user_is_found_by_each_of_four_names_and_read_with_everything() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        let made = client.post("/v1.0/users", new_user("reaper")).await;
        let id = made.assert_status(201).text("id");

        for filter in [
            "userPrincipalName eq 'reaper@reeve.test'",
            "mail eq 'reaper@reeve.test'",
            "mailNickname eq 'reaper'",
            "employeeId eq 'E-7'",
        ] {
            let found = client.get(&format!("/v1.0/users?$filter={filter}")).await;
            let rows = found.assert_status(200).rows();
            assert_eq!(rows.len(), 1, "{filter}");
            assert_eq!(rows[0]["id"], id.as_str());
        }
        let path = format!("/v1.0/users/{id}?$select={OF_A_DATA_SOURCE}");
        let read = client.get(&path).await.assert_status(200).json();
        assert_eq!(read["department"], "Harvest");
        assert_eq!(read["proxyAddresses"], json!([]));
        let none = client
            .get("/v1.0/users?$filter=mail eq 'O''Brien %26 S%C3%B6hne (50%25)'")
            .await;
        assert_eq!(none.assert_status(200).rows(), Vec::<Value>::new());
    })
    .await;
}

#[tokio::test]
async fn a_group_is_made_with_its_owner_renamed_twice_filled_and_gone_at_once() {
    TestApp::on_both(async |app| {
        let client = app.as_operator();
        let (owner, member) = (app.id_of("alice").to_string(), app.id_of("bob").to_string());
        let object = |id: &str| format!("https://reeve.test/beta/directoryObjects/{id}");
        let kind = client.get(&format!("/v1.0/directoryObjects/{owner}")).await;
        let kind = kind.assert_status(200).text("@odata.type");
        assert_eq!(kind, "#microsoft.graph.user");
        let none = client
            .get("/beta/groups?$filter=displayName eq 'Reapers'")
            .await;
        assert_eq!(none.assert_status(200).rows(), Vec::<Value>::new());

        let body = json!({
            "@odata.type": "#microsoft.graph.group", "description": null, "displayName": "Reapers",
            "groupTypes": [], "isAssignableToRole": null, "mailEnabled": false, "mailNickname": "reapers",
            "membershipRule": null, "membershipRuleProcessingState": null,
            "resourceBehaviorOptions": [], "resourceProvisioningOptions": [], "securityEnabled": true,
            "theme": null, "visibility": null, "writebackConfiguration": null,
            "owners@odata.bind": [object(&owner)]
        });
        let made = client.post("/beta/groups", body).await;
        let id = made.assert_status(201).text("id");
        let group = format!("/beta/groups/{id}");
        for name in ["TERRAFORM_UPDATE_5f1c", "Reapers"] {
            let body = json!({ "@odata.type": "#microsoft.graph.group", "displayName": name });
            took(&client.patch(&group, body).await);
        }
        let read = is_there(&client, &group).await;
        assert_eq!(read["displayName"], "Reapers");
        assert!(read.as_object().unwrap().contains_key("membershipRule"));
        assert_eq!(read["membershipRule"], Value::Null);
        assert_eq!(read["description"], Value::Null);
        let owners = client.get(&format!("{group}/owners")).await.rows();
        assert_eq!(owners[0]["id"], owner.as_str());

        for (way, id) in [("members", &member), ("owners", &member)] {
            let links = format!("{group}/{way}");
            let body = json!({ "@odata.id": object(id) });
            let path = format!("{links}/$ref");
            client.post(&path, body.clone()).await.assert_status(204);
            let again = client.post(&path, body).await;
            again.assert_status(400);
            let rows = client.get(&links).await.assert_status(200).rows();
            assert!(rows.iter().any(|row| row["id"] == id.as_str()), "{way}");
            let path = format!("{links}/{id}/$ref");
            client.delete(&path).await.assert_status(204);
            let rows = client.get(&links).await.assert_status(200).rows();
            assert!(!rows.iter().any(|row| row["id"] == id.as_str()), "{way}");
        }
        let in_groups = client.get(&format!("{group}/memberOf")).await;
        assert_eq!(in_groups.assert_status(200).rows(), Vec::<Value>::new());
        let filter = "displayName eq 'Reapers' and securityEnabled eq true";
        let found = client.get(&format!("/beta/groups?$filter={filter}")).await;
        assert_eq!(found.assert_status(200).rows().len(), 1);
        let all = client.get(&format!("{group}/transitiveMembers")).await;
        assert_eq!(all.assert_status(200).rows(), Vec::<Value>::new());

        client.delete(&group).await.assert_status(204);
        is_gone(&client, &group).await;
    })
    .await;
}
