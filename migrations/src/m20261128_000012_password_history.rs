//! Hashes of passwords that were replaced, for policies that want new ones.

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
                    .table("password_history")
                    .col(big_pk_auto("pk"))
                    .col(big_integer("user_pk"))
                    .col(text("hash"))
                    .col(timestamp_with_time_zone("replaced"))
                    .foreign_key(&mut cascade(("password_history", "user_pk"), ("users", "pk")))
                    .to_owned(),
            )
            .await?;
        index(manager, "password_history", &["user_pk"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["password_history"]).await
    }
}
