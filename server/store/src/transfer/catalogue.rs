//! What there is to copy, asked of an empty database that this program's migrations have made.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, QueryResult};

use super::LEFT;
use crate::{SealKey, Store, StoreError};

/// How the values of a column are read, written and compared on both databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Number,
    Flag,
    Text,
    Time,
    Id,
}

impl Sort {
    /// By the type that the column was declared with, as SQLite keeps it.
    fn of(declared: &str) -> Option<Self> {
        let name = declared.split('(').next().unwrap_or_default().to_lowercase();
        match name.as_str() {
            "integer" | "bigint" | "smallint" => Some(Self::Number),
            "boolean" => Some(Self::Flag),
            "varchar" | "text" => Some(Self::Text),
            "timestamp_with_timezone_text" => Some(Self::Time),
            "uuid_text" => Some(Self::Id),
            _ => None,
        }
    }
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) sort: Sort,
}

impl Column {
    pub(super) fn quoted(&self) -> String {
        quoted(&self.name)
    }
}

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// Places of the primary key's columns among the columns.
    pub(super) key: Vec<usize>,
    /// Whether the database gives out the keys.
    pub(super) numbered: bool,
    parents: BTreeSet<String>,
}

impl Table {
    pub(super) fn quoted(&self) -> String {
        quoted(&self.name)
    }
}

/// A name that may be a word of SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The tables that are copied, those that others refer to first.
pub(super) async fn tables() -> Result<Vec<Table>, StoreError> {
    let store = Store::in_memory(SealKey::derive(b"nothing is sealed here")?).await?;
    let found = all(&store).await?;
    store.close().await?;
    in_order(found.into_iter().filter(|table| !LEFT.iter().any(|(left, _)| *left == table.name)).collect())
}

/// Every table of the schema; none of those that a full-text index keeps for itself.
async fn all(store: &Store) -> Result<Vec<Table>, StoreError> {
    let names = "SELECT t.name, coalesce(s.sql, '') FROM pragma_table_list t \
                 JOIN sqlite_master s ON s.type = 'table' AND s.name = t.name \
                 WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name";
    let mut tables = Vec::new();
    for row in store.reader().query_all_raw(store.statement(names, [])).await? {
        let (name, sql): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        tables.push(described(store, name, sql.to_uppercase().contains("AUTOINCREMENT")).await?);
    }
    Ok(tables)
}

async fn described(store: &Store, name: String, numbered: bool) -> Result<Table, StoreError> {
    let ask = async |sql: &str| store.reader().query_all_raw(store.statement(sql, [name.clone().into()])).await;
    let (mut columns, mut key) = (Vec::new(), Vec::new());
    for row in ask("SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid").await? {
        let (column, declared, place) = column_of(&row)?;
        let unknown = || StoreError::Corrupt { what: format!("{name}.{column}: the type {declared}") };
        let sort = Sort::of(&declared).ok_or_else(unknown)?;
        if place > 0 {
            key.push((place, columns.len()));
        }
        columns.push(Column { name: column, sort });
    }
    if key.is_empty() {
        return Err(StoreError::Corrupt { what: format!("{name}: it has no primary key") });
    }
    key.sort_unstable();
    let mut parents = BTreeSet::new();
    for row in ask("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list($1)").await? {
        parents.insert(row.try_get_by_index(0)?);
    }
    Ok(Table { name, columns, key: key.into_iter().map(|(_, at)| at).collect(), numbered, parents })
}

fn column_of(row: &QueryResult) -> Result<(String, String, i64), StoreError> {
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?))
}

/// Each table after those that it refers to.
fn in_order(mut waiting: Vec<Table>) -> Result<Vec<Table>, StoreError> {
    let mut done: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let known: BTreeSet<&str> = done.iter().map(|table| table.name.as_str()).collect();
        let free = |table: &Table| table.parents.iter().all(|p| *p == table.name || known.contains(p.as_str()));
        let (ready, rest): (Vec<Table>, Vec<Table>) = waiting.into_iter().partition(free);
        if ready.is_empty() {
            let names: Vec<String> = rest.into_iter().map(|table| table.name).collect();
            return Err(StoreError::Corrupt { what: format!("{}: they refer to each other", names.join(", ")) });
        }
        done.extend(ready);
        waiting = rest;
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_table_is_copied_after_those_it_refers_to_or_left_by_name() -> Result<(), StoreError> {
        let store = Store::in_memory(SealKey::derive(b"test")?).await?;
        let mut every: Vec<String> = all(&store).await?.into_iter().map(|table| table.name).collect();
        let tables = tables().await?;
        for (at, table) in tables.iter().enumerate() {
            for parent in table.parents.iter().filter(|parent| **parent != table.name) {
                assert!(tables[..at].iter().any(|earlier| earlier.name == *parent), "{} before {parent}", table.name);
            }
        }
        let mut known: Vec<String> = tables.into_iter().map(|table| table.name).collect();
        known.extend(LEFT.map(|(name, _)| name.to_owned()));
        every.sort();
        known.sort();
        assert_eq!(every, known);
        Ok(())
    }

    #[test]
    fn tables_that_refer_to_each_other_are_refused() {
        let table = |name: &str, parent: &str| Table {
            name: name.to_owned(),
            columns: Vec::new(),
            key: Vec::new(),
            numbered: false,
            parents: BTreeSet::from([parent.to_owned()]),
        };
        assert!(in_order(vec![table("a", "b"), table("b", "a")]).is_err());
        assert!(in_order(vec![table("a", "a")]).is_ok());
    }
}
