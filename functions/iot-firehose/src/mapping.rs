//! `TRANSFORM`: which fields a line of the lake has, and where each comes from. The README has examples.
//!
//! ```json
//! {"fields": {"time": {"time": "time"}, "sensor_value": {"from": "sensor_a0"}}, "others": "drop"}
//! ```

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The mapping, as it is applied.
#[derive(Debug)]
pub struct Mapping {
    /// The line's fields, in order.
    pub fields: Vec<(String, Field)>,
    /// Whether the message's other fields go along.
    pub keep_others: bool,
    /// Fields of the message that never go along.
    pub drop: Vec<String>,
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
    },
    /// Always the same, as JSON.
    Constant(Box<RawValue>),
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
    /// This, as JSON.
    Default(Box<RawValue>),
    /// The message is no good.
    Refuse,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    fields: Ordered,
    #[serde(default)]
    others: Others,
    #[serde(default)]
    drop: Vec<String>,
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
    constant: Option<Box<RawValue>>,
    time: Option<Path>,
    metadata: Option<Metadata>,
    default: Option<Box<RawValue>>,
    #[serde(default)]
    required: bool,
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
        if fields.iter().any(|(name, _)| name == ID) {
            mistakes.push("id: every line's own id has this name; give the message's another one".to_owned());
        }
        if mistakes.is_empty() {
            let keep_others = matches!(written.others, Others::Keep);
            Ok(Self { fields, keep_others, drop: written.drop })
        } else {
            Err(mistakes.join(", "))
        }
    }

    /// The message's fields that don't go along with the others: those that were mapped, dropped, or are metadata.
    #[must_use]
    pub fn consumed(&self) -> BTreeSet<&str> {
        let mut names: BTreeSet<&str> = self.drop.iter().map(String::as_str).collect();
        names.extend(Metadata::ALL.map(Metadata::field));
        names.insert(ID);
        collect(&self.fields, &mut names);
        names
    }
}

fn collect<'a>(fields: &'a [(String, Field)], names: &mut BTreeSet<&'a str>) {
    for (name, field) in fields {
        names.insert(name); // the mapped field takes the name
        match field {
            Field::Object(fields) => collect(fields, names),
            Field::Value(Source::From { path, .. } | Source::Time(path)) if path.len() == 1 => {
                names.extend(path.first().map(String::as_str));
            }
            Field::Value(_) => (),
        }
    }
}

fn source(field: WrittenField) -> Result<Source, String> {
    let given = [field.from.is_some(), field.constant.is_some(), field.time.is_some(), field.metadata.is_some()];
    if given.iter().filter(|given| **given).count() != 1 {
        return Err("needs one of from, constant, time, metadata".to_owned());
    }
    if field.from.is_none() && (field.default.is_some() || field.required) {
        return Err("default and required go with from".to_owned());
    }
    if let Some(value) = field.constant {
        return Ok(Source::Constant(value));
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
        (Some(value), false) => Missing::Default(value),
        (None, true) => Missing::Refuse,
        (None, false) => Missing::Omit,
    };
    Ok(Source::From { path, missing })
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
    let Some((first, rest)) = name.split_once('.') else {
        if name.is_empty() {
            return Err("is no name".to_owned());
        }
        if fields.iter().any(|(known, _)| known == name) {
            return Err("is there twice".to_owned());
        }
        fields.push((name.to_owned(), Field::Value(source)));
        return Ok(());
    };
    let at = fields.iter().position(|(known, _)| known == first).unwrap_or_else(|| {
        fields.push((first.to_owned(), Field::Object(Vec::new())));
        fields.len() - 1
    });
    match fields.get_mut(at) {
        Some((_, Field::Object(inner))) => insert(inner, rest, source),
        _ => Err(format!("{first} is a value and can't have fields")),
    }
}
