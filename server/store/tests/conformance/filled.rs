//! A row in every table, whatever tables there are: made from the schema, so that a table that is added has one, too.

use std::collections::BTreeMap;
use std::error::Error;

use lockgate_migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

use crate::bench::id;

/// The time in every row, as the program writes it on SQLite.
pub(crate) const TIME: &str = "2027-01-15T08:00:00.123456+00:00";

/// Numbers in every row that says no other.
pub(crate) const NUMBER: i64 = 41;

/// Tables that are made by triggers, and that of migrations.
const NOT_OURS: [&str; 3] = ["seaql_migrations", "user_search", "user_counts"];

/// The tables that the first `migrations` make, with what fills each of them.
pub(crate) struct Filling {
    tables: Vec<Table>,
}

struct Table {
    name: String,
    /// Name and declared type.
    columns: Vec<(String, String)>,
    /// Column to table and column.
    refers: BTreeMap<String, (String, String)>,
}

impl Filling {
    /// # Errors
    /// Whatever the database answers.
    pub(crate) async fn after(migrations: u32) -> Result<Self, Box<dyn Error>> {
        let db = opened("sqlite::memory:").await?;
        Migrator::up(&db, Some(migrations)).await?;
        let names = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
                     AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let mut tables = Vec::new();
        for name in texts(&db, names).await? {
            if NOT_OURS.contains(&name.as_str()) {
                continue;
            }
            let found = rows(&db, &format!("SELECT name, type FROM pragma_table_info('{name}')")).await?;
            let columns = found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
            let columns = columns.collect::<Result<_, sea_orm::DbErr>>()?;
            let sql = format!("SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list('{name}')");
            let found = rows(&db, &sql).await?;
            let refers = found
                .iter()
                .map(|row| Ok((row.try_get_by_index(0)?, (row.try_get_by_index(1)?, row.try_get_by_index(2)?))));
            tables.push(Table { columns, refers: refers.collect::<Result<_, sea_orm::DbErr>>()?, name });
        }
        Ok(Self { tables })
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.tables.iter().map(|table| table.name.as_str()).collect()
    }

    /// Puts a row into each table.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub(crate) async fn fill(&self, db: &DatabaseConnection) -> Result<(), Box<dyn Error>> {
        let mut waiting: Vec<String> =
            self.tables.iter().map(|table| self.insert(table, db.get_database_backend())).collect();
        while !waiting.is_empty() {
            let (mut later, mut why) = (Vec::new(), String::new());
            let before = waiting.len();
            for sql in waiting {
                if let Err(error) = db.execute_unprepared(&sql).await {
                    why = format!("{sql}: {error}");
                    later.push(sql);
                }
            }
            if later.len() == before {
                return Err(why.into());
            }
            waiting = later;
        }
        Ok(())
    }

    fn insert(&self, table: &Table, backend: DbBackend) -> String {
        let names: Vec<String> = table.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let values: Vec<String> = table.columns.iter().map(|(name, _)| self.value(table, name, backend)).collect();
        format!("INSERT INTO \"{}\" ({}) VALUES ({})", table.name, names.join(", "), values.join(", "))
    }

    /// The value of a column in the row of a table, which is that of the row that it refers to.
    fn value(&self, table: &Table, column: &str, backend: DbBackend) -> String {
        if let Some((other, key)) = table.refers.get(column)
            && let Some(other) = self.tables.iter().find(|table| table.name == *other)
            && (other.name != table.name || key != column)
        {
            return self.value(other, key, backend);
        }
        let declared =
            table.columns.iter().find(|(name, _)| name == column).map(|(_, declared)| declared.to_lowercase());
        let declared = declared.unwrap_or_default();
        let (kind, rest) = declared.split_once('(').unwrap_or((&declared, ""));
        match (kind, backend) {
            ("boolean", _) => "TRUE".to_owned(),
            ("integer" | "bigint" | "smallint", _) => NUMBER.to_string(),
            ("timestamp_with_timezone_text", _) => format!("'{TIME}'"),
            ("uuid_text", DbBackend::Postgres) => format!("'{}'::uuid", id(&table.name)),
            ("uuid_text", _) => format!("x'{}'", id(&table.name).simple()),
            _ => {
                let most = rest.trim_end_matches(')').parse().unwrap_or(usize::MAX);
                let text: String = format!("{column} ’ü of {}", table.name).chars().take(most).collect();
                format!("'{text}'")
            }
        }
    }
}

/// Opens a database past the store.
///
/// # Errors
/// Whatever the driver answers.
pub(crate) async fn opened(url: &str) -> Result<DatabaseConnection, sea_orm::DbErr> {
    Box::pin(Database::connect(url)).await
}

async fn rows(db: &DatabaseConnection, sql: &str) -> Result<Vec<sea_orm::QueryResult>, sea_orm::DbErr> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await
}

/// The first column of every row.
///
/// # Errors
/// Whatever the database answers.
pub(crate) async fn texts(db: &DatabaseConnection, sql: &str) -> Result<Vec<String>, sea_orm::DbErr> {
    rows(db, sql).await?.iter().map(|row| row.try_get_by_index(0)).collect()
}
