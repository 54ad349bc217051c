//! What users agreed to share with applications.

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
                    .table("user_consents")
                    .col(pk_uuid("pk"))
                    .col(big_integer("user_pk"))
                    .col(uuid("application"))
                    .col(text("permissions"))
                    .col(timestamp_with_time_zone_null("expires"))
                    .foreign_key(&mut cascade(("user_consents", "user_pk"), ("users", "pk")))
                    .to_owned(),
            )
            .await?;
        unique(manager, "user_consents", &["user_pk", "application"]).await?;
        index(manager, "user_consents", &["application"]).await?;
        index(manager, "user_consents", &["expires"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["user_consents"]).await
    }
}
