//! The answer (RFC 6749, section 4.1.2; OpenID Connect Core, sections 3.2.2.5 and 3.3.2.5).

use super::{
    Stop,
    asked::unknown_request,
    errand::{Errand, pk},
};
use crate::visitor::SignedIn;
use axum::response::Response;
use lockgate_identity::oauth::{CodeGrant, Contents, GrantFacts, Minted, Want, subject};
use lockgate_policies::Decision;
use lockgate_store::{Issue, Issued, Login, StoreError, hash_secret};
use serde_json::{Value, json};
use uuid::Uuid;

impl Errand<'_> {
    /// Makes, stores and sends what was asked for. A pushed request is used up by this.
    pub(super) async fn succeed(&self, signed_in: &SignedIn, decision: &Decision) -> Result<Response, Stop> {
        let identity = self.of.identity;
        if let Some(pushed) = &self.asked.pushed
            && !identity.store.once().take_pushed(pushed).await?
        {
            return Err(unknown_request().into());
        }
        let kind = self.request.response_type;
        let facts = self.facts(signed_in);
        // The code and the tokens of one answer are one family: taken back together.
        let grant = identity.oauth.new_grant();
        let code = kind.code.then(|| identity.oauth.secret());
        let tokens = self.tokens(signed_in, &facts, grant, code.as_deref()).await?;
        if let Some(code) = &code {
            self.store_code(signed_in, &facts, grant, code).await?;
        }
        self.note(signed_in, &facts, decision).await?;
        let life = self.client.access_life.num_seconds().to_string();
        let scope = self.request.scopes.join(" ");
        let mut members = Vec::new();
        members.extend(code.as_deref().map(|code| ("code", code)));
        if let Some(access) = &tokens.access {
            let bound = if facts.jkt.is_some() { "DPoP" } else { "Bearer" };
            members.extend([("access_token", access.as_str()), ("token_type", bound)]);
            members.extend([("expires_in", life.as_str()), ("scope", scope.as_str())]);
        }
        members.extend(tokens.id.as_deref().map(|id| ("id_token", id)));
        Ok(self.of.send(self.client, self.target.answer(&members)))
    }

    fn facts(&self, signed_in: &SignedIn) -> GrantFacts {
        GrantFacts {
            nonce: self.request.nonce.clone(),
            claims: self.request.claims.release.clone(),
            jkt: self.request.jkt.clone(),
            ..GrantFacts::of_session(self.target.issuer.to_owned(), &signed_in.session)
        }
    }

    /// The tokens that travel through the browser; stored before they are sent.
    async fn tokens(
        &self,
        signed_in: &SignedIn,
        facts: &GrantFacts,
        grant: Uuid,
        code: Option<&str>,
    ) -> Result<Minted, Stop> {
        let kind = self.request.response_type;
        if !kind.has_tokens() {
            return Ok(Minted::default());
        }
        let oauth = &self.of.identity.oauth;
        let scopes = &self.request.scopes;
        let contents = Contents { client: self.client, who: signed_in.who.principal(), scopes, facts };
        let want = Want { access: kind.token, id: kind.id_token, code, ..Want::default() };
        let mut minted = oauth.mint(self.of.snapshot, contents, grant, want).await?;
        let rows = std::mem::take(&mut minted.rows);
        if !rows.is_empty() && oauth.issue(Issue::Plain(rows)).await? != Issued::Stored {
            return Err(StoreError::Dangling.into());
        }
        Ok(minted)
    }

    /// The code is bound to everything that its redemption has to fit.
    async fn store_code(
        &self,
        signed_in: &SignedIn,
        facts: &GrantFacts,
        grant: Uuid,
        code: &str,
    ) -> Result<(), StoreError> {
        let request = self.request;
        let data = json!({
            "redirect_uri": self.redirect.uri,
            "redirect_uri_named": self.redirect.named,
            "pkce": request.pkce,
            // The gates of proxied applications compare it; nobody else needs it.
            "state": hash_secret(request.state.as_deref().unwrap_or_default()),
            "facts": facts,
        });
        let of = CodeGrant { client: self.client, session: &signed_in.session, scopes: &request.scopes, grant, data };
        self.of.identity.oauth.store_code(code, of).await
    }

    /// Notes the authorization, and whom to tell when this login ends.
    async fn note(&self, signed_in: &SignedIn, facts: &GrantFacts, decision: &Decision) -> Result<(), StoreError> {
        let identity = self.of.identity;
        let client = self.client;
        let ip = self.of.visitor.client.ip;
        identity.access.record(self.of.snapshot, decision, Some(&signed_in.who), ip, &client.app_slug);
        if client.logout_uri.is_none() {
            return Ok(());
        }
        let sub = subject(client, signed_in.who.principal());
        let data: Value = json!({"iss": facts.iss, "sub": sub, "sid": facts.sid});
        let login = Login {
            session: signed_in.session.uuid,
            provider: client.id,
            user_pk: pk(signed_in),
            data,
            created: self.of.now,
        };
        identity.store.logins().note(&login).await
    }
}
