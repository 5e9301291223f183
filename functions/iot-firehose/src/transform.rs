//! A message to a line, by the mapping. A pure function.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::js_date::Moment;
use crate::mapping::{Field, ID, Mapping, Metadata, Missing, Source, UPTIME};
use crate::message::{Object, below, write_name, write_number, write_text, write_value};
use crate::pack::RECORD;
use crate::time::{Time, TimePolicy, Unplaced};

/// What is known of a message beside its content.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The line's id.
    pub id: &'a str,
    /// When the message came.
    pub arrival: Moment,
}

/// A message that gives no line. Says why, never what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Poison {
    /// Its bytes are not base64.
    #[error("it is not base64")]
    NotBase64,
    /// Its bytes are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It is not JSON; NaN and Infinity are none.
    #[error("it is not JSON")]
    NotJson,
    /// It is JSON, but no object.
    #[error("it is no JSON object")]
    NotAnObject,
    /// A name in it can't be decoded: it has half of a surrogate pair.
    #[error("a name in it is no Unicode text")]
    Name,
    /// It nests deeper than readers of the lake may bear.
    #[error("it nests deeper than {} levels", crate::message::DEPTH)]
    TooDeep,
    /// Readers would choke on a number in it.
    #[error("a number in it has more than 400 characters, or an exponent of more than 4 digits")]
    Number,
    /// It has only what the rule adds: of a payload that the rule can't read, that is all it hands on.
    #[error("it has only what the rule added, which could not read the rest")]
    OnlyMetadata,
    /// A field is missing that the mapping requires.
    #[error("it lacks the field {0}")]
    Lacks(String),
    /// A field is of another type than the mapping says.
    #[error("its field {0} is no {1}")]
    Type(String, &'static str),
    /// Its time can't be placed.
    #[error(transparent)]
    Time(#[from] Unplaced),
    /// The line would be larger than a record may be.
    #[error("its line has more than the {RECORD} bytes of a record")]
    TooLarge,
}

/// Applies a mapping.
pub struct Transform {
    mapping: Mapping,
    /// The message's fields that don't go along with the others.
    consumed: BTreeSet<String>,
    /// Their names may not be these, in lower case.
    taken: BTreeSet<String>,
    policy: TimePolicy,
}

impl Transform {
    /// By this mapping and policy.
    #[must_use]
    pub fn new(mapping: Mapping, policy: TimePolicy) -> Self {
        let consumed = mapping.consumed().into_iter().map(str::to_owned).collect();
        let taken = mapping.taken();
        Self { mapping, consumed, taken, policy }
    }

    /// Appends the message's line, with its line feed, to `to`; nothing if it gives none.
    pub fn append(&self, message: &str, envelope: Envelope<'_>, to: &mut String) -> Result<(), Poison> {
        let start = to.len();
        let appended = self.line(message, envelope, to).and_then(|()| match to.len() - start {
            length if length > RECORD => Err(Poison::TooLarge),
            _ => Ok(()),
        });
        if appended.is_err() {
            to.truncate(start);
        }
        appended
    }

    fn line(&self, text: &str, envelope: Envelope<'_>, to: &mut String) -> Result<(), Poison> {
        let message = Object::read(text)?;
        if only_metadata(&message) {
            return Err(Poison::OnlyMetadata);
        }
        let envelope = Envelope { arrival: arrival(&message).unwrap_or(envelope.arrival), ..envelope };
        to.push('{');
        self.write(&self.mapping.fields, &message, envelope, to)?;
        if self.mapping.keep_others {
            self.write_others(&message, to)?;
        }
        write_name(ID, to);
        write_text(envelope.id, to);
        to.push_str("}\n");
        Ok(())
    }

    fn write(
        &self,
        fields: &[(String, Field)],
        message: &Object<'_>,
        envelope: Envelope<'_>,
        to: &mut String,
    ) -> Result<(), Poison> {
        for (field, value) in fields {
            match value {
                Field::Object(inner) => {
                    let before = to.len();
                    write_name(field, to);
                    to.push('{');
                    let empty = to.len();
                    self.write(inner, message, envelope, to)?;
                    // An object of which nothing was there is not there either.
                    if to.len() == empty { to.truncate(before) } else { to.push('}') }
                }
                Field::Value(source) => self.write_field(field, source, message, envelope, to)?,
            }
        }
        Ok(())
    }

    fn write_field(
        &self,
        field: &str,
        source: &Source,
        message: &Object<'_>,
        envelope: Envelope<'_>,
        to: &mut String,
    ) -> Result<(), Poison> {
        match source {
            Source::Constant(constant) => write_constant(field, constant, to),
            Source::From { path, missing, of_type } => match (message.at(path), missing) {
                (Some(found), _) => {
                    of_type.map_or(Ok(()), |of_type| of_type.check(path, found))?;
                    let dropped = self.mapping.drop.iter().filter_map(|dropped| inside(dropped, path));
                    copy(field, found, &dropped.collect::<Vec<_>>(), to)?;
                }
                (None, Missing::Default(default)) => write_constant(field, default, to),
                (None, Missing::Omit) => (),
                (None, Missing::Refuse) => return Err(Poison::Lacks(path.join("."))),
            },
            Source::Metadata(Metadata::Arrival) => {
                write_name(field, to);
                date(Some(envelope.arrival), to);
            }
            Source::Metadata(metadata) => {
                if let Some(found) = message.get(metadata.field()) {
                    copy(field, found, &[], to)?;
                }
            }
            Source::Time(path) => self.write_time(field, message.at(path), envelope.arrival, to)?,
        }
        Ok(())
    }

    fn write_time(
        &self,
        field: &str,
        value: Option<&RawValue>,
        arrival: Moment,
        to: &mut String,
    ) -> Result<(), Poison> {
        match self.policy.read(value, arrival)? {
            Time::Date(moment) => {
                write_name(field, to);
                date(moment, to);
            }
            Time::Uptime(moment, raw) => {
                write_name(field, to);
                date(Some(moment), to);
                write_name(UPTIME, to);
                write_number(raw, to)?;
            }
        }
        Ok(())
    }

    fn write_others(&self, message: &Object<'_>, to: &mut String) -> Result<(), Poison> {
        let dropped: Vec<&[String]> = self.mapping.drop.iter().map(Vec::as_slice).collect();
        let goes_along = |name: &str, lower: &str| {
            let free = !self.consumed.contains(name) && !self.taken.contains(lower);
            if free { below(&dropped, lower) } else { None }
        };
        for (field, value, dropped) in message.distinct(goes_along) {
            copy(field, value, &dropped, to)?;
        }
        Ok(())
    }
}

/// What of a dropped path lies inside the value at `path`.
fn inside<'p>(dropped: &'p [String], path: &[String]) -> Option<&'p [String]> {
    let (above, inside) = dropped.split_at_checked(path.len())?;
    above.iter().zip(path).all(|(dropped, name)| *dropped == name.to_lowercase()).then_some(inside)
}

fn write_constant(field: &str, json: &str, to: &mut String) {
    write_name(field, to);
    to.push_str(json);
}

fn copy(field: &str, value: &RawValue, dropped: &[&[String]], to: &mut String) -> Result<(), Poison> {
    write_name(field, to);
    write_value(value, dropped, to)
}

fn date(moment: Option<Moment>, to: &mut String) {
    match moment {
        None => to.push_str("null"),
        Some(moment) => {
            to.push('"');
            moment.write(to);
            to.push('"');
        }
    }
}

fn only_metadata(message: &Object<'_>) -> bool {
    let known = |name: &str| Metadata::ALL.iter().any(|metadata| metadata.field() == name);
    !message.0.is_empty() && message.0.iter().all(|(name, _)| known(name))
}

/// When the rule says that the message came.
fn arrival(message: &Object<'_>) -> Option<Moment> {
    Moment::of_number(message.get(Metadata::Arrival.field())?.get().parse().ok()?)
}

#[cfg(test)]
mod tests;
