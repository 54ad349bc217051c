//! What figures of the installation are counted from: indexes that hold all that is asked for, so that no row is read.

use sea_orm_migration::prelude::*;

use crate::parts::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COUNTED: [(&str, &[&str]); 3] = [
    ("users", &["user_type", "is_active"]),
    ("authenticators", &["user_pk", "confirmed", "kind"]),
    ("decisions", &["allow", "created"]),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, columns) in COUNTED {
            index(manager, table, columns).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, columns) in COUNTED {
            let name = format!("ix_{table}__{}", columns.join("_"));
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        Ok(())
    }
}
