//! Browser sessions, the sessions that protected services derive from them, and the single-use codes
//! by which the one becomes the other. All are found by the hash of a secret that only the browser has.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, index, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        sessions(manager).await?;
        proxy_sessions(manager).await?;
        authorization_codes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["authorization_codes", "proxy_sessions", "sessions"]).await
    }
}

async fn sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("sessions")
                .col(string_len("id_hash", 64).primary_key())
                .col(uuid("uuid"))
                .col(big_integer_null("user_pk"))
                .col(text("data"))
                .col(big_integer("rev"))
                .col(timestamp_with_time_zone("created"))
                .col(timestamp_with_time_zone("last_used"))
                .col(timestamp_with_time_zone("expires"))
                .col(string_len("last_ip", 64))
                .col(text("user_agent"))
                .col(text_null("login_event"))
                .col(text_null("auth"))
                .foreign_key(&mut cascade(("sessions", "user_pk"), ("users", "pk")))
                .to_owned(),
        )
        .await?;
    unique(manager, "sessions", &["uuid"]).await?;
    index(manager, "sessions", &["user_pk"]).await?;
    index(manager, "sessions", &["expires"]).await
}

async fn proxy_sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("proxy_sessions")
                .col(string_len("id_hash", 64).primary_key())
                .col(uuid("session"))
                .col(uuid("provider"))
                .col(big_integer("user_pk"))
                .col(timestamp_with_time_zone("created"))
                .col(timestamp_with_time_zone("expires"))
                .col(text("data"))
                .foreign_key(&mut cascade(("proxy_sessions", "session"), ("sessions", "uuid")))
                .foreign_key(&mut cascade(("proxy_sessions", "user_pk"), ("users", "pk")))
                .to_owned(),
        )
        .await?;
    index(manager, "proxy_sessions", &["session"]).await?;
    index(manager, "proxy_sessions", &["user_pk"]).await?;
    index(manager, "proxy_sessions", &["expires"]).await
}

async fn authorization_codes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table("authorization_codes")
                .col(string_len("code_hash", 64).primary_key())
                .col(uuid("session"))
                .col(uuid("provider"))
                .col(text("data"))
                .col(timestamp_with_time_zone("expires"))
                .col(boolean("used"))
                .foreign_key(&mut cascade(("authorization_codes", "session"), ("sessions", "uuid")))
                .to_owned(),
        )
        .await?;
    index(manager, "authorization_codes", &["session"]).await?;
    index(manager, "authorization_codes", &["expires"]).await
}
