//! The log of decisions, from which they can be explained and decided again. Rows keep names as they
//! were, so nothing cascades here.

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
                    .table("decisions")
                    .col(pk_uuid("id"))
                    .col(timestamp_with_time_zone("created"))
                    .col(big_integer_null("user_pk"))
                    .col(string_len("username", 255))
                    .col(string_len("action", 64))
                    .col(string_len("resource", 255))
                    .col(string_len("app", 255))
                    .col(boolean("allow"))
                    .col(string_len_null("client_ip", 64))
                    .col(text("record"))
                    .to_owned(),
            )
            .await?;
        index(manager, "decisions", &["created"]).await?;
        index(manager, "decisions", &["user_pk", "created"]).await?;
        index(manager, "decisions", &["app", "created"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["decisions"]).await
    }
}
