//! Each way to come by tokens.
//!
//! **Invariant:** a token says what the directory says when it is issued, however long ago the user signed in.

use auth::issuer::{
    Client, IdToken, Issuance, OAuthRefusal, ScopeRequest, Subject, Tokens, access_token_claims,
    client_info, id_token_claims,
};
use auth::principal::{Permission, PermissionSet};
use domain::time::Timestamp;
use service::sign_in::{self, Granted, Redemption};
use service::tenant;

use super::Issuer;
use super::failure::Failure;
use super::token::Credentials;
use crate::app::App;
use crate::form::Form;

/// A token request.
pub(super) struct Request<'a> {
    pub(super) app: &'a App,
    pub(super) issuer: &'a Issuer,
    pub(super) credentials: &'a Credentials,
    pub(super) form: &'a Form,
    pub(super) now: Timestamp,
}

impl Request<'_> {
    /// An application for itself.
    pub(super) async fn for_application(&self) -> Result<Tokens, Failure> {
        let scope = ScopeRequest::parse(self.form.get("scope").unwrap_or(".default"))?;
        let secret = self
            .credentials
            .secret
            .as_deref()
            .ok_or(OAuthRefusal::MissingParameter("client_secret"))?;
        let client = tenant::verify_client(self.app.service(), &self.credentials.client_id, secret)
            .await?
            .ok_or(OAuthRefusal::WrongSecret)?;
        let subject = Subject::Application {
            object: client.object,
            roles: scope.asked.of(client.permissions),
            directory_roles: &[],
        };
        Ok(Tokens {
            access_token: self.access_token(&client.display_name, subject)?,
            ..Tokens::default()
        })
    }

    /// A user whose password the program took itself.
    pub(super) async fn by_password(&self) -> Result<Tokens, Failure> {
        let text = self.form.get("scope").unwrap_or(".default");
        let scope = ScopeRequest::parse(text)?;
        let (name, password) = (self.field("username")?, self.field("password")?);
        // Programs on people's machines keep no secret; one that sends a secret has to send the right one.
        let asking = self.credentials.asking(self.app).await?;
        let client = self.client().await?;
        if !client.is_public && !asking.has_shown_secret {
            return Err(OAuthRefusal::SecretRequired.into());
        }
        let guesses = &self.issuer.guesses;
        if guesses.attempt(name, self.now).is_none() {
            return Err(OAuthRefusal::TooManyGuesses.into());
        }
        let Some(user) = tenant::verify_password(self.app.service(), name, password).await? else {
            return Err(OAuthRefusal::WrongPassword.into());
        };
        guesses.succeeded(name);
        let refresh_token = sign_in::begin_refreshing(
            self.app.service(),
            asking.client,
            user.id,
            text,
            asking.has_shown_secret,
            self.now,
        )
        .await?;
        let granted = Granted {
            user,
            scope: scope.clone(),
            signed_in_at: self.now,
            nonce: None,
            refresh_token,
        };
        self.for_user(&granted, &scope).await
    }

    /// A user who signed in with a browser.
    pub(super) async fn by_code(&self) -> Result<Tokens, Failure> {
        let redemption = Redemption {
            asking: self.credentials.asking(self.app).await?,
            code: self.field("code")?.to_owned(),
            redirect_uri: self.field("redirect_uri")?.to_owned(),
            verifier: self.form.get("code_verifier").map(str::to_owned),
        };
        let asked = self.asked()?;
        let granted = sign_in::redeem_code(self.app.service(), redemption, self.now).await?;
        let scope = asked.map_or_else(
            || granted.scope.clone(),
            |asked| asked.within(&granted.scope),
        );
        self.for_user(&granted, &scope).await
    }

    /// A user who signed in before. A client may ask for other permissions than then: whoever signs in to a development
    /// tenant has consented to everything.
    pub(super) async fn by_refresh_token(&self) -> Result<Tokens, Failure> {
        let asking = self.credentials.asking(self.app).await?;
        let token = self.field("refresh_token")?;
        let asked = self.asked()?;
        let granted = sign_in::refresh(self.app.service(), asking, token, self.now).await?;
        let scope = asked.unwrap_or_else(|| granted.scope.clone());
        self.for_user(&granted, &scope).await
    }

    /// A user who let a device act.
    pub(super) async fn by_device_code(&self) -> Result<Tokens, Failure> {
        let asking = self.credentials.asking(self.app).await?;
        // Some clients send what they got under its earlier name.
        let code = self.form.get("device_code").or(self.form.get("code"));
        let code = code.ok_or(OAuthRefusal::MissingParameter("device_code"))?;
        let granted = sign_in::poll_device(self.app.service(), asking, code, self.now).await?;
        let scope = granted.scope.clone();
        self.for_user(&granted, &scope).await
    }

    async fn client(&self) -> Result<Client, Failure> {
        let found = sign_in::find_client(self.app.service(), &self.credentials.client_id).await?;
        Ok(found.ok_or(OAuthRefusal::UnknownClient)?)
    }

    fn field(&self, name: &'static str) -> Result<&str, OAuthRefusal> {
        self.form
            .get(name)
            .ok_or(OAuthRefusal::MissingParameter(name))
    }

    fn asked(&self) -> Result<Option<ScopeRequest>, Failure> {
        let scope = self.form.get("scope").map(ScopeRequest::parse);
        Ok(scope.transpose()?)
    }

    async fn for_user(&self, granted: &Granted, scope: &ScopeRequest) -> Result<Tokens, Failure> {
        let client = self.client().await?;
        let user = &granted.user;
        let consented = PermissionSet::of(Permission::ALL);
        let subject = Subject::User {
            object: user.id,
            principal_name: &user.user_principal_name,
            display_name: &user.display_name,
            scopes: scope.asked.of(consented),
            directory_roles: &user.directory_roles,
        };
        let id_token = scope.openid.then(|| self.id_token(granted, scope));
        let wants_info = self.form.get("client_info") == Some("1");
        Ok(Tokens {
            access_token: self.access_token(&client.display_name, subject)?,
            scope: Some(scope.granted(consented)),
            id_token: id_token.transpose()?,
            refresh_token: granted.refresh_token.clone(),
            client_info: wants_info.then(|| client_info(user.id, &self.issuer.tenant)),
        })
    }

    fn access_token(&self, client_name: &str, subject: Subject<'_>) -> Result<String, Failure> {
        let issuance = Issuance {
            issuer: &self.issuer.url(),
            tenant: &self.issuer.tenant,
            audience: &self.issuer.audience,
            token_id: &self.token_id(),
            client_id: &self.credentials.client_id,
            client_name,
            subject,
        };
        let claims = access_token_claims(&issuance, self.now);
        Ok(self.issuer.keys.sign(&claims)?)
    }

    fn id_token(&self, granted: &Granted, scope: &ScopeRequest) -> Result<String, Failure> {
        let user = &granted.user;
        let profile = |text| scope.profile.then_some(text);
        let token = IdToken {
            issuer: &self.issuer.url(),
            tenant: &self.issuer.tenant,
            token_id: &self.token_id(),
            client_id: &self.credentials.client_id,
            object: user.id,
            principal_name: profile(user.user_principal_name.as_str()),
            display_name: profile(user.display_name.as_str()),
            mail: user.mail.as_deref().filter(|_| scope.email),
            nonce: granted.nonce.as_deref(),
            signed_in_at: granted.signed_in_at,
        };
        Ok(self.issuer.keys.sign(&id_token_claims(&token, self.now))?)
    }

    fn token_id(&self) -> String {
        self.app.service().ids.next(self.now).to_string()
    }
}
