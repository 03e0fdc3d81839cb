//! Users, groups and applications.

use reqwest::Method;
use serde_json::{Value, json};

use super::super::{Application, Document, Group, Person};
use super::{Kind, Outcome, Sower, merged, quoted, refused, text};
use crate::client::graph::encoded;
use crate::output::Refused;

impl Sower<'_> {
    /// First everything by itself, then who belongs to whom.
    pub(super) async fn directory(&mut self, document: &Document) -> anyhow::Result<()> {
        for user in &document.users {
            let done = self.user(user).await;
            self.settle("users", &user.user_principal_name, done)?;
        }
        for group in &document.groups {
            let done = self.group(group).await;
            self.settle("groups", &group.display_name, done)?;
        }
        for application in &document.applications {
            let done = self.application(application).await;
            self.settle("servicePrincipals", &application.display_name, done)?;
        }
        for user in &document.users {
            let name = &user.user_principal_name;
            if let (Some(manager), true) = (&user.manager, self.names.knows(Kind::User, name)) {
                let done = self.led_by(name, manager).await;
                self.settle("manager", name, done)?;
            }
        }
        for group in &document.groups {
            let name = &group.display_name;
            if !self.names.knows(Kind::Group, name) {
                // Refused before, and told.
                continue;
            }
            let path = format!("/v1.0/groups/{}", self.names.id(Kind::Group, name)?);
            self.filled(&path, "members", name, &group.members).await?;
            self.filled(&path, "owners", name, &group.owners).await?;
        }
        Ok(())
    }

    async fn user(&mut self, user: &Person) -> anyhow::Result<()> {
        let name = &user.user_principal_name;
        if self.names.knows(Kind::User, name) {
            let said = json!({ "displayName": user.display_name });
            return self
                .there("/v1.0/users", Kind::User, name, merged(said, &user.members))
                .await;
        }
        let nickname = name.split('@').next().unwrap_or_default();
        let password = match &user.password {
            Some(password) => password.clone(),
            None => auth::issuer::random_secret()?,
        };
        let body = merged(
            json!({
                "accountEnabled": true,
                "displayName": user.display_name,
                "userPrincipalName": name,
                "mail": name,
                "mailNickname": nickname,
                "passwordProfile": { "forceChangePasswordNextSignIn": false, "password": password },
            }),
            &user.members,
        );
        let id = match self.make("/v1.0/users", name, &body).await {
            Ok(id) => id,
            Err(error) => self.made_meanwhile(user, error).await?,
        };
        self.names.learn(Kind::User, name, &id);
        Ok(())
    }

    /// Somebody who could not be made because they are there by now: the last call of a run that was broken off may be done
    /// after this run has read who is there. If they are not, the error stands.
    async fn made_meanwhile(
        &mut self,
        user: &Person,
        error: anyhow::Error,
    ) -> anyhow::Result<String> {
        if !error.chain().any(<dyn std::error::Error>::is::<Refused>) {
            return Err(error);
        }
        let name = &user.user_principal_name;
        let said = merged(json!({ "displayName": user.display_name }), &user.members);
        let said = said.as_object().cloned().unwrap_or_default();
        let members: Vec<&str> = said.keys().map(String::as_str).collect();
        let filter = format!("userPrincipalName eq '{}'", quoted(name));
        let path = format!(
            "/v1.0/users?$filter={}&$select=id,{}",
            encoded(&filter),
            members.join(",")
        );
        let Some(now) = self.list(&path).await?.pop() else {
            return Err(error);
        };
        let id = text(&now, "id").unwrap_or_default().to_owned();
        let path = format!("/v1.0/users/{id}");
        self.hold_against("users", name, &said, &now, &path).await?;
        Ok(id)
    }

    /// Something of the directory that is there.
    async fn there(
        &mut self,
        collection: &str,
        kind: Kind,
        name: &str,
        said: Value,
    ) -> anyhow::Result<()> {
        let id = self.names.id(kind, name)?.to_owned();
        let there = self.there;
        let (Some(now), Some(said)) = (there.object(&id), said.as_object()) else {
            self.note(super::last(collection), name, Outcome::There, None);
            return Ok(());
        };
        let path = format!("{collection}/{id}");
        self.hold_against(super::last(collection), name, said, now, &path)
            .await
    }

    async fn group(&mut self, group: &Group) -> anyhow::Result<()> {
        let name = &group.display_name;
        let target = group.target.as_deref();
        if self.names.knows(Kind::Group, name) {
            let said = Value::Object(group.properties.clone());
            self.there("/v1.0/groups", Kind::Group, name, said).await?;
            return self.bound(Kind::Group, name, target).await;
        }
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        let nickname = letters.collect::<String>().to_lowercase();
        let body = merged(
            json!({
                "displayName": name,
                "mailEnabled": false,
                "mailNickname": if nickname.is_empty() { "group" } else { &nickname },
                "securityEnabled": true,
            }),
            &group.properties,
        );
        let id = self.make("/v1.0/groups", name, &body).await?;
        self.names.learn(Kind::Group, name, &id);
        self.bound(Kind::Group, name, target).await
    }

    async fn application(&mut self, application: &Application) -> anyhow::Result<()> {
        let name = &application.display_name;
        let target = application.target.as_deref();
        if self.names.knows(Kind::Application, name) {
            let said = Value::Object(application.members.clone());
            let kind = Kind::Application;
            self.there("/v1.0/servicePrincipals", kind, name, said)
                .await?;
            self.app_roles(application).await?;
            return self.bound(kind, name, target).await;
        }
        let roles = application.roles.iter().map(|role| self.app_role(role));
        let roles: Vec<Value> = roles.collect::<Result<_, _>>()?;
        let body = merged(
            json!({ "appId": self.new_id(), "displayName": name, "appRoles": roles }),
            &application.members,
        );
        let id = self.make("/v1.0/servicePrincipals", name, &body).await?;
        self.names.learn(Kind::Application, name, &id);
        for role in roles.iter().filter_map(|role| text(role, "displayName")) {
            self.learn(&format!("roles of {id}"), role, role);
        }
        self.bound(Kind::Application, name, target).await
    }

    /// The roles of an application that is there: those that it lacks are added.
    async fn app_roles(&mut self, application: &Application) -> anyhow::Result<()> {
        let name = &application.display_name;
        let id = self.names.id(Kind::Application, name)?.to_owned();
        let there = self.there;
        let now = there.object(&id).and_then(|now| now.get("appRoles"));
        let mut all = now.and_then(Value::as_array).cloned().unwrap_or_default();
        let (mut added, mut changed) = (Vec::new(), Vec::new());
        for role in &application.roles {
            let new = self.app_role(role)?;
            let called = text(&new, "displayName").unwrap_or_default().to_owned();
            let is_it = |one: &&mut Value| text(one, "displayName") == Some(&called);
            let Some(now) = all.iter_mut().find(is_it) else {
                all.push(new);
                added.push(called);
                continue;
            };
            let Some(said) = role.as_object() else {
                continue;
            };
            for (_, told) in super::differences(said, now) {
                changed.push(format!("{called}: {told}"));
            }
            if let (true, Some(members)) = (self.manner.updates, now.as_object_mut()) {
                members.extend(said.clone());
            }
        }
        let is_written = !added.is_empty() || (self.manner.updates && !changed.is_empty());
        if is_written {
            for role in &mut all {
                if let Some(members) = role.as_object_mut() {
                    members.remove("origin");
                }
            }
            let path = format!("/v1.0/servicePrincipals/{id}");
            self.send(Method::PATCH, &path, &json!({ "appRoles": all }))
                .await?;
        }
        for role in added {
            self.learn(&format!("roles of {id}"), &role, &role);
            self.note("appRoles", &format!("{name}: {role}"), Outcome::Made, None);
        }
        if !changed.is_empty() {
            let outcome = if self.manner.updates {
                Outcome::Updated
            } else {
                Outcome::Differs
            };
            self.note("appRoles", name, outcome, Some(changed.join("; ")));
        }
        Ok(())
    }

    /// A role of an application: what is not said of it follows from its name.
    fn app_role(&self, role: &Value) -> anyhow::Result<Value> {
        let name = role.as_str().or_else(|| text(role, "displayName"));
        let name = name.ok_or_else(|| {
            refused("a role of an application is a name, or has a `displayName`".to_owned())
        })?;
        let whole = json!({
            "id": self.new_id(),
            "displayName": name,
            "description": name,
            "value": name,
            "isEnabled": true,
            "allowedMemberTypes": ["User"],
        });
        Ok(match role.as_object() {
            Some(said) => merged(whole, said),
            None => whole,
        })
    }

    async fn led_by(&mut self, user: &str, manager: &str) -> anyhow::Result<()> {
        let id = self.names.id(Kind::User, user)?.to_owned();
        let wanted = self.names.id(Kind::User, manager)?.to_owned();
        let there = self.there;
        let now = there.object(&id).and_then(|now| now.pointer("/manager/id"));
        let now = now.and_then(Value::as_str);
        if now == Some(wanted.as_str()) {
            self.note("manager", user, Outcome::There, None);
            return Ok(());
        }
        let told = now.map(|now| format!("it is {}, not {manager}", self.in_words(now)));
        if told.is_some() && !self.manner.updates {
            self.note("manager", user, Outcome::Differs, told);
            return Ok(());
        }
        let path = format!("/v1.0/users/{id}/manager/$ref");
        self.send(Method::PUT, &path, &self.link(&wanted)).await?;
        let outcome = if told.is_some() {
            Outcome::Updated
        } else {
            Outcome::Made
        };
        self.note("manager", user, outcome, told);
        Ok(())
    }

    /// Has an object delivered to a target, if it is to none.
    async fn bound(&mut self, kind: Kind, name: &str, target: Option<&str>) -> anyhow::Result<()> {
        let Some(target) = target else {
            return Ok(());
        };
        let id = self.names.id(kind, name)?.to_owned();
        let there = self.there;
        let now = there.targets.get(&id);
        if now.is_some_and(|now| now == target) {
            self.note("target", name, Outcome::There, None);
            return Ok(());
        }
        let told = now.map(|now| format!("it is {now}, not {target}"));
        if told.is_some() && !self.manner.updates {
            self.note("target", name, Outcome::Differs, told);
            return Ok(());
        }
        if !self.manner.is_rehearsal {
            self.graph.bind_target(&id, target).await?;
        }
        let outcome = if told.is_some() {
            Outcome::Updated
        } else {
            Outcome::Made
        };
        self.note("target", name, outcome, told);
        Ok(())
    }
}
