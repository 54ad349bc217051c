//! Scores that sign-ins leave behind, one for each name that was typed at each address.

use sea_orm_migration::{prelude::*, schema::*};

use crate::parts::{drop_tables, index, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("reputation")
                    .col(pk_uuid("pk"))
                    .col(text("identifier"))
                    .col(text("ip"))
                    .col(integer("score"))
                    .col(timestamp_with_time_zone("updated"))
                    .col(timestamp_with_time_zone("expires"))
                    .to_owned(),
            )
            .await?;
        unique(manager, "reputation", &["identifier", "ip"]).await?;
        index(manager, "reputation", &["ip"]).await?;
        index(manager, "reputation", &["expires"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["reputation"]).await
    }
}
