//! Pieces that most migrations need: indexes with the names that the store relies on, and cascading
//! foreign keys.

use sea_orm_migration::prelude::*;

/// Makes a unique index whose name ends in the column that a violation is reported for.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn unique(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let reported = columns.last().copied().unwrap_or_default();
    let mut index = Index::create();
    index.unique().name(format!("uq_{table}__{reported}")).table(table);
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}

/// Makes an ordinary index.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(format!("ix_{table}__{}", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}

/// A foreign key whose rows go when the row they point at goes.
pub(crate) fn cascade(
    (from, from_column): (&'static str, &'static str),
    (to, to_column): (&'static str, &'static str),
) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name(format!("fk_{from}__{from_column}"))
        .from(from, from_column)
        .to(to, to_column)
        .on_delete(ForeignKeyAction::Cascade)
        // Session and token rows keep their children when an identifier is renamed.
        .on_update(ForeignKeyAction::Cascade);
    key
}

/// Drops tables, the dependent ones first.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(*table).to_owned()).await?;
    }
    Ok(())
}
