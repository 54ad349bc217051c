//! Tokens of the API, app passwords, recovery and verification links.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, index, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("tokens")
                    .col(pk_uuid("pk"))
                    .col(string_len("identifier", 255))
                    .col(string_len("key_hash", 64))
                    // The key itself, sealed, because the API may be asked to show it again.
                    .col(text("key_sealed"))
                    .col(string_len("intent", 20))
                    .col(big_integer("user_pk"))
                    .col(text("description"))
                    .col(timestamp_with_time_zone_null("expires"))
                    .col(boolean("expiring"))
                    .col(string_len_null("managed", 255))
                    .col(timestamp_with_time_zone("created"))
                    .foreign_key(&mut cascade(("tokens", "user_pk"), ("users", "pk")))
                    .to_owned(),
            )
            .await?;
        unique(manager, "tokens", &["identifier"]).await?;
        unique(manager, "tokens", &["key_hash"]).await?;
        index(manager, "tokens", &["user_pk"]).await?;
        index(manager, "tokens", &["expires"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["tokens"]).await
    }
}
