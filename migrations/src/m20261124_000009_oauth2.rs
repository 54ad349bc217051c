//! What the OAuth2 provider keeps: codes, tokens, device codes, pushed requests, identifiers that were
//! used up, keys that stay published, and who is signed in where. Whatever is a secret is found by its
//! SHA-256.
//!
//! Codes and consents get the integer keys that clients of the API expect; the tables of before, whose
//! rows live for minutes or can be asked for again, make room.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, index, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        codes(manager).await?;
        tokens(manager).await?;
        device_codes(manager).await?;
        pushed_requests(manager).await?;
        keys(manager).await?;
        logins(manager).await?;
        consents(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let made = [
            "consents",
            "oauth_logins",
            "oauth_keys",
            "oauth_used",
            "oauth_pushed_requests",
            "oauth_device_codes",
            "oauth_tokens",
            "oauth_codes",
        ];
        drop_tables(manager, &made).await
    }
}

async fn codes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    drop_tables(manager, &["authorization_codes"]).await?;
    manager
        .create_table(
            Table::create()
                .table("oauth_codes")
                .col(big_pk_auto("pk"))
                .col(string_len("code_hash", 64))
                .col(uuid("session"))
                .col(uuid("provider"))
                .col(big_integer("user_pk"))
                .col(uuid("grant_id"))
                .col(text("scope"))
                .col(text("data"))
                .col(timestamp_with_time_zone("created"))
                .col(timestamp_with_time_zone("expires"))
                .col(boolean("used"))
                .foreign_key(&mut cascade(("oauth_codes", "session"), ("sessions", "uuid")))
                .foreign_key(&mut cascade(("oauth_codes", "user_pk"), ("users", "pk")))
                .to_owned(),
        )
        .await?;
    unique(manager, "oauth_codes", &["code_hash"]).await?;
    index(manager, "oauth_codes", &["session"]).await?;
    index(manager, "oauth_codes", &["user_pk"]).await?;
    index(manager, "oauth_codes", &["expires"]).await
}

async fn tokens(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("oauth_tokens")
                .col(big_pk_auto("pk"))
                .col(string_len("token_hash", 64))
                .col(string_len("kind", 10))
                .col(uuid("grant_id"))
                .col(uuid("provider"))
                .col(big_integer("user_pk"))
                // The browser session that it ends with; none for what outlives the login.
                .col(uuid_null("session"))
                .col(text("scope"))
                .col(text("data"))
                .col(timestamp_with_time_zone("created"))
                .col(timestamp_with_time_zone("expires"))
                .col(boolean("revoked"))
                .foreign_key(&mut cascade(("oauth_tokens", "user_pk"), ("users", "pk")))
                .foreign_key(&mut cascade(("oauth_tokens", "session"), ("sessions", "uuid")))
                .to_owned(),
        )
        .await?;
    unique(manager, "oauth_tokens", &["token_hash"]).await?;
    index(manager, "oauth_tokens", &["grant_id"]).await?;
    index(manager, "oauth_tokens", &["user_pk"]).await?;
    index(manager, "oauth_tokens", &["session"]).await?;
    index(manager, "oauth_tokens", &["expires"]).await
}

async fn device_codes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("oauth_device_codes")
                .col(string_len("device_hash", 64).primary_key())
                .col(string_len("user_code_hash", 64))
                .col(uuid("provider"))
                .col(text("scope"))
                .col(string_len("state", 10))
                .col(big_integer_null("user_pk"))
                // Who decided did so in this browser session; what they allowed is void once it has ended.
                .col(uuid_null("session"))
                .col(text("data"))
                .col(integer("poll_seconds"))
                .col(timestamp_with_time_zone_null("polled"))
                .col(timestamp_with_time_zone("expires"))
                .foreign_key(&mut cascade(("oauth_device_codes", "user_pk"), ("users", "pk")))
                .foreign_key(&mut cascade(("oauth_device_codes", "session"), ("sessions", "uuid")))
                .to_owned(),
        )
        .await?;
    unique(manager, "oauth_device_codes", &["user_code_hash"]).await?;
    index(manager, "oauth_device_codes", &["user_pk"]).await?;
    index(manager, "oauth_device_codes", &["session"]).await?;
    index(manager, "oauth_device_codes", &["expires"]).await
}

/// Requests that clients pushed (RFC 9126), and one-time identifiers of assertions and proofs.
async fn pushed_requests(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("oauth_pushed_requests")
                .col(string_len("request_hash", 64).primary_key())
                .col(uuid("provider"))
                .col(text("parameters"))
                .col(timestamp_with_time_zone("expires"))
                .to_owned(),
        )
        .await?;
    index(manager, "oauth_pushed_requests", &["expires"]).await?;
    manager
        .create_table(
            Table::create()
                .table("oauth_used")
                .col(string_len("key_hash", 64).primary_key())
                .col(timestamp_with_time_zone("expires"))
                .to_owned(),
        )
        .await?;
    index(manager, "oauth_used", &["expires"]).await
}

/// Public keys that stay in the key set as long as tokens that they signed live.
async fn keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("oauth_keys")
                .col(uuid("provider"))
                .col(string_len("kid", 100))
                .col(text("jwk"))
                .col(timestamp_with_time_zone("published_until"))
                .primary_key(Index::create().col("provider").col("kid"))
                .to_owned(),
        )
        .await?;
    index(manager, "oauth_keys", &["published_until"]).await
}

/// Which sessions signed in where. No foreign key: a row whose session is gone is how the end of a login
/// is noticed, whatever ended it.
async fn logins(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("oauth_logins")
                .col(uuid("session"))
                .col(uuid("provider"))
                .col(big_integer("user_pk"))
                .col(text("data"))
                .col(timestamp_with_time_zone("created"))
                .primary_key(Index::create().col("session").col("provider"))
                .to_owned(),
        )
        .await
}

async fn consents(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    drop_tables(manager, &["user_consents"]).await?;
    manager
        .create_table(
            Table::create()
                .table("consents")
                .col(big_pk_auto("pk"))
                .col(big_integer("user_pk"))
                .col(uuid("application"))
                .col(text("permissions"))
                .col(timestamp_with_time_zone_null("expires"))
                .foreign_key(&mut cascade(("consents", "user_pk"), ("users", "pk")))
                .to_owned(),
        )
        .await?;
    unique(manager, "consents", &["user_pk", "application"]).await?;
    index(manager, "consents", &["application"]).await?;
    index(manager, "consents", &["expires"]).await
}
