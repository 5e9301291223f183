//! `TRANSFORM`: which fields a line of the lake has, and where each comes from. The README has examples.
//!
//! ```json
//! {"fields": {"time": {"time": "time"}, "sensor_value": {"from": "sensor_a0"}}, "others": "drop"}
//! ```

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::message::write_value;
use crate::transform::Poison;

/// The mapping, as it is applied.
#[derive(Debug)]
pub struct Mapping {
    /// The line's fields, in order.
    pub fields: Vec<(String, Field)>,
    /// Whether the message's other fields go along.
    pub keep_others: bool,
    /// Paths of the message, in lower case, that don't go along, not inside of other fields either; but what is mapped is mapped.
    pub drop: Vec<Vec<String>>,
}

/// A field of the line.
#[derive(Debug)]
pub enum Field {
    /// An object with fields of its own: `{"where.room": ...}` makes one.
    Object(Vec<(String, Field)>),
    /// A value.
    Value(Source),
}

/// Where a value comes from.
#[derive(Debug)]
pub enum Source {
    /// A field of the message, at a path.
    From {
        /// The path.
        path: Vec<String>,
        /// What stands for a missing one.
        missing: Missing,
        /// What it must be, if it is there.
        of_type: Option<Type>,
    },
    /// Always the same, as JSON on one line.
    Constant(String),
    /// A time, by the function's `TIME_POLICY`.
    Time(Vec<String>),
    /// What the rule or the event knows of the message.
    Metadata(Metadata),
}

/// What stands for a missing value.
#[derive(Debug)]
pub enum Missing {
    /// The line has no such field either.
    Omit,
    /// This, as JSON on one line.
    Default(String),
    /// The message is no good.
    Refuse,
}

/// A type of the table's, by its name in Glue: a value of another one would fail the conversion to Parquet, and the whole
/// record of Firehose's with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// A whole number of 64 bits.
    Bigint,
    /// A number.
    Double,
    /// A text.
    String,
    /// True or false.
    Boolean,
}

impl Type {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bigint => "bigint",
            Self::Double => "double",
            Self::String => "string",
            Self::Boolean => "boolean",
        }
    }

    /// Refuses a value of another type; null is of each.
    pub fn check(self, path: &[String], value: &RawValue) -> Result<(), Poison> {
        let json = value.get();
        let fits = match self {
            Self::Bigint => json.parse::<i64>().is_ok(),
            Self::Double => json.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']),
            Self::String => json.starts_with('"'),
            Self::Boolean => json == "true" || json == "false",
        };
        if fits || json == "null" { Ok(()) } else { Err(Poison::Type(path.join("."), self.name())) }
    }
}

/// What is known of a message beside its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metadata {
    /// The MQTT topic, which the rule puts into the field `_topic`.
    Topic,
    /// The MQTT client, which the rule puts into the field `_client_id`.
    ClientId,
    /// When the message came, by the rule's `_arrival` (milliseconds), else by the queue or the stream.
    Arrival,
}

impl Metadata {
    /// The field that the rule's SQL puts it into.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Topic => "_topic",
            Self::ClientId => "_client_id",
            Self::Arrival => "_arrival",
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Topic, Self::ClientId, Self::Arrival];
}

/// The name of the field that every line has, and that no mapping makes.
pub const ID: &str = "id";
/// The name of the field that keeps a device's uptime where `strict` made a date of it.
pub const UPTIME: &str = "uptime_ms";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    fields: Ordered,
    #[serde(default)]
    others: Others,
    #[serde(default)]
    drop: Vec<Path>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Others {
    #[default]
    Drop,
    Keep,
}

/// One of the four ways, with what goes with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenField {
    from: Option<Path>,
    #[serde(default, deserialize_with = "even_null")]
    constant: Option<Box<RawValue>>,
    time: Option<Path>,
    metadata: Option<Metadata>,
    #[serde(default, deserialize_with = "even_null")]
    default: Option<Box<RawValue>>,
    #[serde(rename = "type")]
    of_type: Option<Type>,
    #[serde(default)]
    required: bool,
}

/// A null that is written down is a value, not a missing one.
fn even_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

/// `"location.room"`, or `["a.b", "c"]` where names have dots.
#[derive(Deserialize)]
#[serde(untagged)]
enum Path {
    Dotted(String),
    Names(Vec<String>),
}

/// Fields in the order in which they were written.
struct Ordered(Vec<(String, WrittenField)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> serde::de::Visitor<'de> for Fields {
            type Value = Ordered;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of fields")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Ordered(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl Mapping {
    /// The original's: `{time, sensor_a0}` to `{time, sensor_value}`.
    pub const DEFAULT: &str = r#"{"fields": {"time": {"time": "time"}, "sensor_value": {"from": "sensor_a0"}}}"#;

    /// Reads a mapping; all that is wrong with it otherwise.
    pub fn read(text: &str) -> Result<Self, String> {
        let written: Written = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut mistakes = Vec::new();
        let mut fields = Vec::new();
        for (name, field) in written.fields.0 {
            match source(field) {
                Ok(source) => {
                    if let Err(why) = insert(&mut fields, &name, source) {
                        mistakes.push(format!("{name}: {why}"));
                    }
                }
                Err(why) => mistakes.push(format!("{name}: {why}")),
            }
        }
        let keep_others = matches!(written.others, Others::Keep);
        if fields.is_empty() && !keep_others && mistakes.is_empty() {
            mistakes.push("fields: a line would have nothing of its message".to_owned());
        }
        let reserved = [(ID, has(&fields, ID, false)), (UPTIME, has(&fields, UPTIME, true))];
        for (name, _) in reserved.into_iter().filter(|(_, is_there)| *is_there) {
            mistakes.push(format!("{name}: the function itself writes this field; give it another name"));
        }
        if times(&fields) > 1 {
            mistakes.push("time: one field only, for a line has one uptime_ms".to_owned());
        }
        let (drop, bad): (Vec<_>, Vec<_>) = written.drop.into_iter().map(names).partition(Result::is_ok);
        mistakes.extend(bad.into_iter().filter_map(Result::err).map(|why| format!("drop: {why}")));
        let lower = |path: Vec<String>| path.iter().map(|name| name.to_lowercase()).collect();
        let drop = drop.into_iter().flatten().map(lower).collect();
        if mistakes.is_empty() { Ok(Self { fields, keep_others, drop }) } else { Err(mistakes.join(", ")) }
    }

    /// The message's fields that don't go along with the others: those that were mapped whole, and metadata.
    #[must_use]
    pub fn consumed(&self) -> BTreeSet<&str> {
        let mut names: BTreeSet<&str> = Metadata::ALL.map(Metadata::field).into();
        names.extend(paths(&self.fields).filter(|path| path.len() == 1).flatten().map(String::as_str));
        names
    }

    /// The names that a line has already, in lower case: readers of the lake don't regard it.
    #[must_use]
    pub fn taken(&self) -> BTreeSet<String> {
        let own = [ID, UPTIME].into_iter().chain(Metadata::ALL.map(Metadata::field));
        own.chain(self.fields.iter().map(|(name, _)| name.as_str())).map(str::to_lowercase).collect()
    }
}

/// The paths that fields are taken from.
fn paths(fields: &[(String, Field)]) -> Box<dyn Iterator<Item = &Vec<String>> + '_> {
    Box::new(fields.iter().flat_map(|(_, field)| match field {
        Field::Object(fields) => paths(fields),
        Field::Value(Source::From { path, .. } | Source::Time(path)) => Box::new(std::iter::once(path)),
        Field::Value(_) => Box::new(std::iter::empty()),
    }))
}

/// Whether a field has this name, without regard to case; inside of objects, too.
fn has(fields: &[(String, Field)], wanted: &str, inside: bool) -> bool {
    fields.iter().any(|(name, field)| {
        name.to_lowercase() == wanted || matches!(field, Field::Object(fields) if inside && has(fields, wanted, inside))
    })
}

fn times(fields: &[(String, Field)]) -> usize {
    let of = |field: &Field| match field {
        Field::Object(fields) => times(fields),
        Field::Value(source) => usize::from(matches!(source, Source::Time(_))),
    };
    fields.iter().map(|(_, field)| of(field)).sum()
}

fn source(field: WrittenField) -> Result<Source, String> {
    let given = [field.from.is_some(), field.constant.is_some(), field.time.is_some(), field.metadata.is_some()];
    if given.iter().filter(|given| **given).count() != 1 {
        return Err("needs one of from, constant, time, metadata".to_owned());
    }
    if field.from.is_none() && (field.default.is_some() || field.required || field.of_type.is_some()) {
        return Err("default, required and type go with from".to_owned());
    }
    if let Some(value) = field.constant {
        return Ok(Source::Constant(on_one_line(&value)?));
    }
    if let Some(metadata) = field.metadata {
        return Ok(Source::Metadata(metadata));
    }
    if let Some(time) = field.time {
        return Ok(Source::Time(names(time)?));
    }
    let path = names(field.from.ok_or("needs from")?)?;
    let missing = match (field.default, field.required) {
        (Some(_), true) => return Err("default and required exclude each other".to_owned()),
        (Some(value), false) => {
            field
                .of_type
                .map_or(Ok(()), |of_type| of_type.check(&path, &value))
                .map_err(|why| format!("default: {why}"))?;
            Missing::Default(on_one_line(&value)?)
        }
        (None, true) => Missing::Refuse,
        (None, false) => Missing::Omit,
    };
    Ok(Source::From { path, missing, of_type: field.of_type })
}

fn on_one_line(value: &RawValue) -> Result<String, String> {
    let mut json = String::new();
    write_value(value, &[], &mut json).map_err(|why| why.to_string()).map(|()| json)
}

fn names(path: Path) -> Result<Vec<String>, String> {
    let names = match path {
        Path::Dotted(text) => text.split('.').map(str::to_owned).collect(),
        Path::Names(names) => names,
    };
    let bad = names.is_empty() || names.iter().any(String::is_empty);
    if bad { Err("has an empty name in its path".to_owned()) } else { Ok(names) }
}

/// Puts a value at a dotted name, into the objects that it needs.
fn insert(fields: &mut Vec<(String, Field)>, name: &str, source: Source) -> Result<(), String> {
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    if first.is_empty() {
        return Err("has an empty name".to_owned());
    }
    let same = |known: &str| known.to_lowercase() == first.to_lowercase();
    let known = fields.iter_mut().find(|(known, _)| same(known));
    match (known, rest) {
        (None, None) => fields.push((first.to_owned(), Field::Value(source))),
        (None, Some(rest)) => {
            let mut inner = Vec::new();
            insert(&mut inner, rest, source)?;
            fields.push((first.to_owned(), Field::Object(inner)));
        }
        (Some((known, Field::Object(inner))), Some(rest)) if known == first => insert(inner, rest, source)?,
        (Some((known, _)), _) => {
            return Err(format!("{known} is there already; readers of the lake don't regard case"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
