//! What a column means, and one row as an account.

use super::cells;
use crate::{passwords::known_hash, people::check_user, runner::ports::set_attributes};
use csv::StringRecord;
use lockgate_model::UserType;
use serde_json::{Map, Value};

/// The columns that are known by one name.
pub(super) const KNOWN: [&str; 9] =
    ["username", "email", "name", "path", "type", "active", "groups", "attributes", "password_hash"];

/// What stands between the names of groups.
pub(super) const BETWEEN_GROUPS: char = ';';

/// What a column says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    Username,
    Email,
    Name,
    Path,
    Type,
    Active,
    Groups,
    /// All attributes, as a JSON object.
    Attributes,
    /// One attribute, by its way through the objects.
    Attribute(Vec<String>),
    PasswordHash,
}

/// The columns that a header names.
pub(super) fn read(names: &StringRecord) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for name in names {
        // Spreadsheets begin a file with a mark of its encoding.
        let name = name.trim_start_matches('\u{feff}').trim().to_lowercase();
        let column = column(&name)
            .ok_or_else(|| format!("\"{name}\" is no column: {} and attributes.NAME are", KNOWN.join(", ")))?;
        if columns.contains(&column) {
            return Err(format!("the column \"{name}\" is there twice"));
        }
        columns.push(column);
    }
    if columns.contains(&Column::Username) { Ok(columns) } else { Err("there is no column \"username\"".to_owned()) }
}

fn column(name: &str) -> Option<Column> {
    Some(match name {
        "username" => Column::Username,
        "email" => Column::Email,
        "name" => Column::Name,
        "path" => Column::Path,
        "type" => Column::Type,
        "active" => Column::Active,
        "groups" => Column::Groups,
        "attributes" => Column::Attributes,
        "password_hash" => Column::PasswordHash,
        _ => {
            let way: Vec<String> = name.strip_prefix("attributes.")?.split('.').map(str::to_owned).collect();
            way.iter().all(|part| !part.is_empty()).then_some(Column::Attribute(way))?
        }
    })
}

/// A row: what it says of an account. What its columns do not say is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Row {
    pub(super) username: String,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) path: Option<String>,
    pub(super) user_type: Option<UserType>,
    pub(super) active: Option<bool>,
    /// Names.
    pub(super) groups: Vec<String>,
    pub(super) attributes: Map<String, Value>,
    pub(super) password_hash: Option<String>,
}

impl Row {
    /// Reads a record; an empty field says nothing.
    ///
    /// # Errors
    /// What is wrong with it, each in a sentence.
    pub(super) fn read(columns: &[Column], record: &StringRecord) -> Result<Self, Vec<String>> {
        let mut row = Self::default();
        let mut wrong = Vec::new();
        for (column, field) in columns.iter().zip(record) {
            let field = cells::read(field.trim());
            if field.is_empty() {
                continue;
            }
            if let Err(complaint) = row.take(column, field) {
                wrong.push(complaint);
            }
        }
        if let Err(error) = check_user(Some(&row.username), row.email.as_deref(), row.path.as_deref()) {
            wrong.push(error.to_string());
        }
        if wrong.is_empty() { Ok(row) } else { Err(wrong) }
    }

    fn take(&mut self, column: &Column, field: &str) -> Result<(), String> {
        match column {
            Column::Username => field.clone_into(&mut self.username),
            Column::Email => self.email = Some(field.to_owned()),
            Column::Name => self.name = Some(field.to_owned()),
            Column::Path => self.path = Some(field.to_owned()),
            Column::Type => {
                let known = UserType::parse(field).filter(|known| *known != UserType::InternalServiceAccount);
                self.user_type = Some(known.ok_or_else(|| {
                    format!("type: \"{field}\" is no sort of account: internal, external and service_account are")
                })?);
            }
            Column::Active => {
                self.active = Some(match field.to_lowercase().as_str() {
                    "true" | "yes" | "1" => true,
                    "false" | "no" | "0" => false,
                    _ => return Err(format!("active: \"{field}\" is neither true nor false")),
                });
            }
            Column::Groups => {
                let names = field.split(BETWEEN_GROUPS).map(str::trim).filter(|name| !name.is_empty());
                self.groups = names.map(str::to_owned).collect();
            }
            Column::Attributes => match serde_json::from_str(field) {
                Ok(Value::Object(map)) => self.attributes.extend(map),
                _ => return Err("attributes: this is no JSON object".to_owned()),
            },
            Column::Attribute(way) => set_attributes(&mut self.attributes, vec![(way.clone(), field.into())]),
            Column::PasswordHash => {
                let known = known_hash(field).ok_or(
                    "password_hash: this is no hash of argon2, pbkdf2_sha256, bcrypt or scrypt, or it costs too much",
                )?;
                self.password_hash = Some(known);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(fields: &[&str]) -> StringRecord {
        StringRecord::from(fields.to_vec())
    }

    #[test]
    fn a_header_says_what_the_columns_are() {
        let columns = read(&record(&["\u{feff}Username", " groups", "attributes.office.floor"])).expect("columns");
        let floor = Column::Attribute(vec!["office".to_owned(), "floor".to_owned()]);
        assert_eq!(columns, [Column::Username, Column::Groups, floor]);
        for (names, complaint) in [
            (&["email"][..], "there is no column"),
            (&["username", "mail"], "\"mail\" is no column"),
            (&["username", "name", "Name"], "there twice"),
            (&["username", "attributes."], "is no column"),
        ] {
            let error = read(&record(names)).expect_err(complaint);
            assert!(error.contains(complaint), "{error}");
        }
    }

    #[test]
    fn a_row_is_read_or_told_what_is_wrong_with_it() {
        let names = ["username", "email", "active", "groups", "attributes", "attributes.a.b", "type"];
        let columns = read(&record(&names)).expect("columns");
        let row =
            Row::read(&columns, &record(&["ada", "a@example.com", "no", "A; B ;", r#"{"c":1}"#, "x", "external"]));
        let row = row.expect("a row");
        assert_eq!((row.username.as_str(), row.active, row.groups.len()), ("ada", Some(false), 2));
        assert_eq!(Value::Object(row.attributes), json!({"c": 1, "a": {"b": "x"}}));
        assert_eq!(row.user_type, Some(UserType::External));
        let marked =
            Row::read(&columns, &record(&["'=ada", "", "'yes", "'-A; B", "", "'+1", ""])).expect_err("no boolean");
        assert_eq!(marked, ["active: \"'yes\" is neither true nor false"]);
        let marked = Row::read(&columns, &record(&["'=ada", "", "", "'-A; B", "", "'+1", ""])).expect("a row");
        assert_eq!((marked.username.as_str(), &marked.groups[..]), ("=ada", &["-A".to_owned(), "B".to_owned()][..]));
        assert_eq!(Value::Object(marked.attributes), json!({"a": {"b": "+1"}}));
        let wrong = Row::read(&columns, &record(&["", "nowhere", "maybe", "", "[]", "", "robot"])).expect_err("wrong");
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        let hash = read(&record(&["username", "password_hash"])).expect("columns");
        assert!(Row::read(&hash, &record(&["ada", "secret"])).is_err());
    }
}
