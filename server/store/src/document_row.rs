//! Between a document and its row: secrets are sealed on the way in and opened on the way out.

use lockgate_model::{Document, Origin, Source};
use sea_orm::ActiveValue::Set;
use serde_json::Value;
use uuid::Uuid;

use crate::entity::document::{ActiveModel, Model};
use crate::text::{BODY, TEXT, fits, from_json, micros, to_json};
use crate::{SealKey, StoreError};

/// The row of a document whose values at these pointers (RFC 6901) are secrets.
pub(crate) fn to_row(document: Document, secrets: &[String], key: &SealKey) -> Result<ActiveModel, StoreError> {
    fits("kind", &document.kind, 100)?;
    fits("name", &document.name, 255)?;
    fits("managed", document.managed.as_deref().unwrap_or_default(), 255)?;
    let mut body = document.body;
    let sealed = seal(document.id, &mut body, secrets, key)?;
    let (source_file, source_line) = source_columns(document.source)?;
    Ok(ActiveModel {
        id: Set(document.id),
        number: Set(document.number),
        kind: Set(document.kind),
        name: Set(document.name),
        origin: Set(document.origin.as_str().to_owned()),
        source_file: Set(source_file),
        source_line: Set(source_line),
        managed: Set(document.managed),
        body: Set(to_json("body", &body, BODY)?),
        sealed: Set(to_json("body", &sealed, BODY)?),
        version: Set(document.version),
        created: Set(micros(document.created)),
        updated: Set(micros(document.updated)),
    })
}

/// The document of a row, with its secrets opened.
pub(crate) fn from_row(row: Model, key: &SealKey) -> Result<Document, StoreError> {
    let mut body: Value = from_json("documents.body", &row.body)?;
    let sealed: Vec<String> = from_json("documents.sealed", &row.sealed)?;
    open(row.id, &mut body, &sealed, key)?;
    Ok(Document {
        id: row.id,
        number: row.number,
        kind: row.kind,
        name: row.name,
        origin: origin("documents.origin", &row.origin)?,
        source: source(row.source_file, row.source_line),
        managed: row.managed,
        body,
        version: row.version,
        created: row.created,
        updated: row.updated,
    })
}

/// Replaces secrets by their sealed text; answers where that was done. What is absent, null or empty
/// has nothing to hide.
fn seal(id: Uuid, body: &mut Value, secrets: &[String], key: &SealKey) -> Result<Vec<String>, StoreError> {
    let mut done = Vec::new();
    for pointer in secrets {
        let Some(value) = body.pointer_mut(pointer) else { continue };
        if value.is_null() || value.as_str() == Some("") || done.contains(pointer) {
            continue;
        }
        let plain = to_json("body", value, BODY)?;
        *value = Value::String(key.seal(&place(id, pointer), plain.as_bytes())?);
        done.push(pointer.clone());
    }
    Ok(done)
}

fn open(id: Uuid, body: &mut Value, sealed: &[String], key: &SealKey) -> Result<(), StoreError> {
    // Sealed outside in, so opened inside out, should one pointer lie within another.
    for pointer in sealed.iter().rev() {
        let failed = || StoreError::Seal { what: place(id, pointer) };
        let value = body.pointer_mut(pointer).ok_or_else(failed)?;
        let text = value.as_str().ok_or_else(failed)?;
        let plain = key.open(&place(id, pointer), text)?;
        *value = serde_json::from_slice(&plain).map_err(|_| failed())?;
    }
    Ok(())
}

/// The body with its secrets sealed by the first key; `None` if they all are.
pub(crate) fn resealed(
    id: Uuid,
    mut body: Value,
    sealed: &[String],
    key: &SealKey,
) -> Result<Option<Value>, StoreError> {
    let before = body.clone();
    open(id, &mut body, sealed, key)?;
    let is_first = |pointer: &String| {
        let text = before.pointer(pointer).and_then(Value::as_str);
        text.is_some_and(|text| matches!(key.resealed(&place(id, pointer), text), Ok(None)))
    };
    if sealed.iter().all(is_first) {
        return Ok(None);
    }
    seal(id, &mut body, sealed, key)?;
    Ok(Some(body))
}

fn place(id: Uuid, pointer: &str) -> String {
    format!("{id}{pointer}")
}

/// Reads a stored origin.
pub(crate) fn origin(what: &str, word: &str) -> Result<Origin, StoreError> {
    Origin::parse(word).ok_or_else(|| StoreError::Corrupt { what: what.to_owned() })
}

/// A place in the folder as two columns.
pub(crate) fn source_columns(source: Option<Source>) -> Result<(Option<String>, Option<i32>), StoreError> {
    let Some(source) = source else { return Ok((None, None)) };
    fits("source", &source.file, TEXT)?;
    Ok((Some(source.file), Some(i32::try_from(source.line).unwrap_or(i32::MAX))))
}

/// A place in the folder from two columns.
pub(crate) fn source(file: Option<String>, line: Option<i32>) -> Option<Source> {
    let line = line.and_then(|line| u32::try_from(line).ok()).unwrap_or_default();
    file.map(|file| Source { file, line })
}
