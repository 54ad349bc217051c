//! Facts about the installation, counters whose numbers are never given out twice, and the log of
//! changes by which nodes tell each other what to forget.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{drop_tables, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("installation")
                    .col(string_len("key", 100).primary_key())
                    .col(text("value"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("counters")
                    .col(string_len("name", 50).primary_key())
                    .col(big_integer("value"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("changes")
                    .col(big_pk_auto("id"))
                    .col(string_len("topic", 20))
                    .col(string_len("key", 100))
                    .col(timestamp_with_time_zone("created"))
                    .to_owned(),
            )
            .await?;
        index(manager, "changes", &["created"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["changes", "counters", "installation"]).await
    }
}
