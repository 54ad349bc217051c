//! Authenticators: the second factors of users, of every sort in one table.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{cascade, drop_tables, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("authenticators")
                    .col(big_pk_auto("pk"))
                    .col(string_len("kind", 20))
                    .col(big_integer("user_pk"))
                    .col(string_len("name", 200))
                    .col(text("search"))
                    // Without this it is no factor yet.
                    .col(boolean("confirmed"))
                    // What may be shown: an address, a number, a model. Never a secret.
                    .col(text("details"))
                    .col(timestamp_with_time_zone("created"))
                    .col(timestamp_with_time_zone("last_updated"))
                    .col(timestamp_with_time_zone_null("last_used"))
                    .foreign_key(&mut cascade(("authenticators", "user_pk"), ("users", "pk")))
                    .to_owned(),
            )
            .await?;
        index(manager, "authenticators", &["user_pk"]).await?;
        index(manager, "authenticators", &["kind"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["authenticators"]).await
    }
}
