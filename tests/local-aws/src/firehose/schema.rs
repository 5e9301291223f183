//! The Glue table of a stream that converts, and which JSON values fit its columns, as `OpenXJsonSerDe` reads them.

use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::control;
use crate::error::{Error, Result};

/// Where the columns of a stream's Parquet come from: `SchemaConfiguration`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Schema {
    pub(super) database: String,
    pub(super) table: String,
    /// As it is configured, for the errors of records.
    pub(super) version: String,
}

/// A column, by its name in lower case.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// With its name, which is the same in Parquet's writer, and its bits.
    Integer(&'static str, u32),
    Number(&'static str),
    Boolean,
}

/// The columns, or nothing if there is no such table.
pub(super) async fn columns(account: &Account, schema: &Schema) -> Result<Option<Vec<Column>>> {
    let input = json!({"DatabaseName": schema.database, "Name": schema.table});
    let table = match control::json_to_emulator(account, "glue", "AWSGlue.GetTable", &input).await {
        Ok(answer) => answer.json()?,
        Err(Error::Control { code, .. }) if code == "EntityNotFoundException" => return Ok(None),
        Err(error) => return Err(error),
    };
    let columns = table.pointer("/Table/StorageDescriptor/Columns").and_then(Value::as_array);
    columns.into_iter().flatten().map(column).collect::<Result<_>>().map(Some)
}

fn column(column: &Value) -> Result<Column> {
    let text = |member| column.get(member).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let (name, kind) = (text("Name"), text("Type"));
    let kind = Kind::of(&kind).ok_or_else(|| {
        Error::malformed(format!("the type {kind} of the column {name}"), "the local AWS's Firehose does not write it")
    })?;
    Ok(Column { name, kind })
}

impl Kind {
    fn of(hive: &str) -> Option<Self> {
        let (name, _) = hive.split_once('(').unwrap_or((hive, ""));
        Some(match name {
            "string" | "varchar" | "char" => Self::Text,
            "tinyint" => Self::Integer("tinyint", 8),
            "smallint" => Self::Integer("smallint", 16),
            "int" | "integer" => Self::Integer("int", 32),
            "bigint" => Self::Integer("bigint", 64),
            "float" => Self::Number("float"),
            "double" => Self::Number("double"),
            "boolean" => Self::Boolean,
            _ => return None,
        })
    }

    /// Its name for `parquet.py`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Integer(name, _) | Self::Number(name) => name,
            Self::Boolean => "boolean",
        }
    }

    /// The value as the column holds it, or nothing if it does not fit.
    fn read(self, value: &Value) -> Option<Value> {
        let text = value.as_str();
        Some(match self {
            _ if value.is_null() => Value::Null,
            Self::Text => text.map_or_else(|| value.to_string(), str::to_owned).into(),
            Self::Integer(_, bits) => {
                let number = value.as_i64().or_else(|| text?.parse().ok())?;
                let unused = 64 - bits;
                (number << unused >> unused == number).then_some(number)?.into()
            }
            Self::Number(_) => value.as_f64().or_else(|| text?.trim().parse().ok())?.into(),
            Self::Boolean => value.as_bool().or_else(|| text?.to_lowercase().parse().ok())?.into(),
        })
    }
}

/// Why a record is not converted: code and message.
pub(super) type Failure = (&'static str, &'static str);

pub(super) const NO_TABLE: Failure = (
    "DataFormatConversion.EntityNotFound",
    "The specified table/database could not be found. Please ensure that the table/database exists and that the values \
     provided in the schema configuration are correct, especially with regards to casing.",
);
const EMPTY: Failure = ("DataFormatConversion.MalformedData", "The record was empty or contained only whitespace.");
const MALFORMED: Failure = ("DataFormatConversion.ParseError", "Encountered malformed JSON.");
const MISMATCH: Failure = ("DataFormatConversion.MalformedData", "Data does not match the schema.");

/// The rows of a record, one for each JSON document in it. One that is bad fails the record.
pub(super) fn rows(record: &[u8], columns: &[Column]) -> Result<Vec<Value>, Failure> {
    let documents = serde_json::Deserializer::from_slice(record).into_iter::<Value>();
    let rows: Vec<_> =
        documents.map(|document| row(&document.map_err(|_| MALFORMED)?, columns)).collect::<Result<_, _>>()?;
    if rows.is_empty() { Err(EMPTY) } else { Ok(rows) }
}

/// Names are compared without regard to case; members that are no columns are dropped.
fn row(document: &Value, columns: &[Column]) -> Result<Value, Failure> {
    let members = document.as_object().ok_or(MISMATCH)?;
    let mut row = Map::new();
    for (name, value) in members {
        let name = name.to_lowercase();
        if let Some(column) = columns.iter().find(|column| column.name == name) {
            row.insert(name, column.kind.read(value).ok_or(MISMATCH)?);
        }
    }
    Ok(row.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_columns_or_fail_the_record() {
        let table = [
            ("string", json!(1.5), Some(json!("1.5"))),
            ("varchar(9)", json!({"a": 1}), Some(json!("{\"a\":1}"))),
            ("bigint", json!(9_007_199_254_740_993_i64), Some(json!(9_007_199_254_740_993_i64))),
            ("bigint", json!("12"), Some(json!(12))),
            ("bigint", json!(1.5), None),
            ("bigint", json!("x"), None),
            ("tinyint", json!(-128), Some(json!(-128))),
            ("tinyint", json!(128), None),
            ("double", json!(456), Some(json!(456.0))),
            ("double", json!("1e3"), Some(json!(1000.0))),
            ("double", json!(true), None),
            ("double", json!(null), Some(json!(null))),
            ("boolean", json!("TRUE"), Some(json!(true))),
            ("boolean", json!(1), None),
        ];
        for (kind, value, expected) in table {
            assert_eq!(Kind::of(kind).unwrap().read(&value), expected, "{value} in {kind}");
        }
        assert_eq!(Kind::of("array<string>"), None);
    }

    #[test]
    fn a_record_is_its_documents_one_after_another() {
        let columns = [Column { name: "sensor".to_owned(), kind: Kind::Integer("bigint", 64) }];
        let table: [(&[u8], _); 8] = [
            (b"{\"sensor\":1}\n{\"SENSOR\":2,\"other\":[]}\n", Ok(vec![json!({"sensor": 1}), json!({"sensor": 2})])),
            (b"{\"sensor\":1}{}", Ok(vec![json!({"sensor": 1}), json!({})])),
            (b" \n", Err(EMPTY)),
            (b"{\"sensor\":1}\n{\"sensor\":", Err(MALFORMED)),
            (b"\xff", Err(MALFORMED)),
            (b"[{\"sensor\":1}]", Err(MISMATCH)),
            (b"7", Err(MISMATCH)),
            (b"{\"sensor\":\"x\"}", Err(MISMATCH)),
        ];
        for (record, expected) in table {
            assert_eq!(rows(record, &columns), expected, "{}", String::from_utf8_lossy(record));
        }
    }
}
