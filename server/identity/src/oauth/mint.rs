//! Making tokens: claims, signatures and the rows that make them findable. What is made here counts
//! only once it is stored.

use super::{Contents, GrantFacts, OAuth, OFFLINE_ACCESS, contents::Made};
use crate::{
    config::{Client, Snapshot},
    journal::{Action, Entry},
    keys::{ACCESS_TOKEN, KeyError},
    system::{alphanumeric, drawn_from},
};
use chrono::{DateTime, Utc};
use lockgate_policies::MappingError;
use lockgate_store::{NewOAuthToken, StoreError, TokenKind, hash_secret};
use serde_json::{Map, Value, json};
use thiserror::Error;
use uuid::Uuid;

/// Characters of a refresh token, and of what names an access token.
const LENGTH: usize = 43;

/// Letters of a user code: 34 bits, which the limit on tries makes enough (RFC 8628, section 5.1).
const USER_CODE: usize = 8;

/// Why no token was made.
#[derive(Debug, Error)]
pub enum MintError {
    /// A mapping failed; the token is not made without its claims.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A key failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MintError {
    /// The event that says why.
    #[must_use]
    pub fn event(&self, client: &Client) -> Entry {
        let action = match self {
            Self::Mapping(_) => Action::PropertyMappingException,
            Self::Key(_) | Self::Store(_) => Action::SystemException,
        };
        Entry::new(action, "lockgate.oauth2").with("message", self.to_string()).with("application", &*client.app_slug)
    }
}

/// Which tokens are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Want<'a> {
    /// An access token.
    pub access: bool,
    /// An ID token.
    pub id: bool,
    /// A refresh token.
    pub refresh: bool,
    /// Scopes of the refresh token, where they are not those of the others.
    pub refresh_scopes: Option<&'a [String]>,
    /// The code that the ID token comes with, for its hash.
    pub code: Option<&'a str>,
}

/// Tokens that were made, and their rows.
#[derive(Debug, Clone, Default)]
pub struct Minted {
    /// The access token.
    pub access: Option<String>,
    /// The ID token.
    pub id: Option<String>,
    /// The refresh token.
    pub refresh: Option<String>,
    /// To be stored before anybody is given the tokens.
    pub rows: Vec<NewOAuthToken>,
}

impl OAuth {
    /// Makes tokens of a family. The refresh token, and tokens of a grant with offline access, outlive
    /// the browser session; the others end with it.
    ///
    /// # Errors
    /// [`MintError`]; nothing is made then.
    pub async fn mint(
        &self,
        snapshot: &Snapshot,
        contents: Contents<'_>,
        grant: Uuid,
        want: Want<'_>,
    ) -> Result<Minted, MintError> {
        let now = self.clock.now();
        // A refresh token says nothing.
        let made = if want.access || want.id { contents.made(snapshot, now)? } else { Made::default() };
        self.publish(contents.client, now).await?;
        let mut minted = Minted::default();
        if want.access {
            let jti = alphanumeric(&*self.random, LENGTH);
            let claims = contents.access_token(&made, now, &jti);
            let token = contents.client.signing.sign_typed(ACCESS_TOKEN, &claims)?;
            minted.rows.push(row(&contents, grant, TokenKind::Access, &token, Value::Object(claims), now));
            minted.access = Some(token);
        }
        if want.refresh {
            let token = alphanumeric(&*self.random, LENGTH);
            let kept = Contents { scopes: want.refresh_scopes.unwrap_or(contents.scopes), ..contents };
            minted.rows.push(row(&kept, grant, TokenKind::Refresh, &token, Value::Null, now));
            minted.refresh = Some(token);
        }
        if want.id {
            minted.id = Some(self.id_token(contents, &made, want, minted.access.as_deref(), now)?);
        }
        Ok(minted)
    }

    fn id_token(
        &self,
        contents: Contents<'_>,
        made: &Made<'_>,
        want: Want<'_>,
        access: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<String, KeyError> {
        let lone = access.is_none() && want.code.is_none();
        let mut claims = if lone { contents.lone_id_token(made, now) } else { contents.id_token(made, now) };
        let key = &contents.client.signing;
        let mut hash = |name: &str, text: Option<&str>| {
            if let Some(text) = text {
                claims.insert(name.to_owned(), json!(key.half_hash(text)));
            }
        };
        hash("at_hash", access);
        hash("c_hash", want.code);
        claims.insert("jti".to_owned(), json!(alphanumeric(&*self.random, 22)));
        let signed = key.sign(&claims)?;
        match &contents.client.encryption {
            Some(key) => key.encrypt(&signed, &*self.random),
            None => Ok(signed),
        }
    }

    /// A code, a device code: what names a grant until it is redeemed.
    #[must_use]
    pub fn secret(&self) -> String {
        alphanumeric(&*self.random, LENGTH)
    }

    /// What a person types to approve a device, as it is compared: no vowels, so that it forms no words,
    /// and nothing that looks alike (RFC 8628, section 6.1).
    #[must_use]
    pub fn user_code(&self) -> String {
        drawn_from(&*self.random, b"BCDFGHJKLMNPQRSTVWXZ", USER_CODE)
    }

    /// The identifier of a new family.
    #[must_use]
    pub fn new_grant(&self) -> Uuid {
        crate::system::random_uuid(&*self.random)
    }
}

fn row(
    contents: &Contents<'_>,
    grant: Uuid,
    kind: TokenKind,
    token: &str,
    claims: Value,
    now: DateTime<Utc>,
) -> NewOAuthToken {
    let Contents { client, who, scopes, facts } = contents;
    let life = match kind {
        TokenKind::Access => client.access_life,
        TokenKind::Refresh => client.refresh_life,
    };
    let mut data = Map::new();
    data.insert("facts".to_owned(), serde_json::to_value(facts).unwrap_or_default());
    if !claims.is_null() {
        data.insert("claims".to_owned(), claims);
    }
    NewOAuthToken {
        token_hash: hash_secret(token),
        kind,
        grant,
        provider: client.id,
        user_pk: who.user.pk,
        session: ends_with(facts, scopes),
        scope: scopes.join(" "),
        data: Value::Object(data),
        created: now,
        expires: facts.expires(now, life),
    }
}

/// The browser session that tokens end with; none where the person agreed to access without it.
fn ends_with(facts: &GrantFacts, scopes: &[String]) -> Option<Uuid> {
    facts.session.filter(|_| !scopes.iter().any(|scope| scope == OFFLINE_ACCESS))
}
