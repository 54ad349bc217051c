//! Numbers that are given out and never twice: keys that the database counts, and counters.

use super::catalogue::Table;
use super::{Side, TransferError};
use crate::Backend;

/// From now on the target gives out keys above those that either side has ever given out.
pub(super) async fn advance(source: &Side<'_>, target: &Side<'_>, table: &Table) -> Result<(), TransferError> {
    let most = last(source, table).await?.max(last(target, table).await?);
    match target.store.backend() {
        Backend::Sqlite => {
            let name = || table.name.clone().into();
            let sql = "INSERT INTO sqlite_sequence (name, seq) SELECT $1, 0 \
                       WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)";
            target.run(sql, [name()]).await?;
            let sql = "UPDATE sqlite_sequence SET seq = max(seq, $2) WHERE name = $1";
            target.run(sql, [name(), most.into()]).await
        }
        Backend::Postgres => {
            let sql = format!("SELECT setval({}, greatest($1, 1), $1 > 0)", sequence(table));
            target.number(&sql, [most.into()]).await.map(drop)
        }
    }
}

/// The last number that was given out, or was in use.
async fn last(side: &Side<'_>, table: &Table) -> Result<i64, TransferError> {
    let key = table.columns[table.key[0]].quoted();
    let used = side.number(&format!("SELECT max({key}) FROM {}", table.quoted()), []).await?;
    let given = match side.store.backend() {
        Backend::Sqlite => {
            side.number("SELECT max(seq) FROM sqlite_sequence WHERE name = $1", [table.name.clone().into()]).await?
        }
        Backend::Postgres => side.number(&format!("SELECT pg_sequence_last_value({})", sequence(table)), []).await?,
    };
    Ok(used.max(given))
}

fn sequence(table: &Table) -> String {
    let key = &table.columns[table.key[0]].name;
    let text = |text: &str| text.replace('\'', "''");
    format!("pg_get_serial_sequence('{}', '{}')::regclass", text(&table.quoted()), text(key))
}
