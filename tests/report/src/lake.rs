//! A data lake that devices' messages flow into: what was published, and what became of each message.

use serde::{Deserialize, Serialize};

use crate::scale::{clock, number};
use crate::text::visible;

/// Everything that was published up to a moment, and what the lake held then. The state after has the state before in
/// it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Lake {
    /// In the order in which they were published.
    pub messages: Vec<Message>,
    /// The objects in the lake's bucket.
    pub objects: Vec<Object>,
    /// Lines in the lake that are of no message here: there should be none.
    #[serde(default)]
    pub strays: Vec<Reading>,
}

/// A message as a device published it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its time, in milliseconds since 1970: the device's, or when it was published if it has none.
    pub at_ms: i64,
    /// What the sensor measured; none if the message has no such number.
    pub value: Option<f64>,
    /// The message itself.
    pub text: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", content = "with", rename_all = "kebab-case")]
pub enum Fate {
    /// It is in the lake: its lines as they were read back, more than one if it is there more than once.
    InLake(Vec<Reading>),
    /// It is in quarantine, for this reason.
    Quarantined(String),
    /// It waits in the queue or the stream to be tried again.
    GivenBack,
    /// It is in the dead-letter queue.
    DeadLetter,
    /// It is nowhere.
    #[default]
    Lost,
}

/// A line of the lake, as it was read back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// By which readers know duplicates.
    pub id: String,
    /// Its time, in milliseconds since 1970.
    pub at_ms: Option<i64>,
    /// Its sensor value.
    pub value: Option<f64>,
}

/// An object in the lake's bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its size as stored.
    pub bytes: u64,
    /// The lines in it.
    pub records: usize,
}

/// A fate in one word, as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    InLake,
    Quarantined,
    GivenBack,
    DeadLetter,
    Lost,
}

/// Quarantined messages of one reason.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bad<'a> {
    pub(crate) reason: &'a str,
    pub(crate) count: usize,
    /// The first of them.
    pub(crate) example: &'a str,
}

impl Message {
    /// A message that has just been published: lost until it is found somewhere.
    #[must_use]
    pub fn published(at_ms: i64, value: Option<f64>, text: impl Into<String>) -> Self {
        Self { at_ms, value, text: text.into(), fate: Fate::Lost }
    }

    /// Its lines in the lake.
    #[must_use]
    pub fn lines(&self) -> &[Reading] {
        if let Fate::InLake(lines) = &self.fate { lines } else { &[] }
    }

    pub(crate) fn kind(&self) -> Kind {
        match &self.fate {
            // What has no line is not in the lake, whatever was meant by it.
            Fate::InLake(lines) if lines.is_empty() => Kind::Lost,
            Fate::InLake(_) => Kind::InLake,
            Fate::Quarantined(_) => Kind::Quarantined,
            Fate::GivenBack => Kind::GivenBack,
            Fate::DeadLetter => Kind::DeadLetter,
            Fate::Lost => Kind::Lost,
        }
    }

    /// What there is to say beyond the kind: the value read back, or the reason.
    pub(crate) fn detail(&self) -> String {
        match &self.fate {
            Fate::InLake(lines) => lines.iter().map(Reading::words).collect::<Vec<_>>().join(" and again "),
            Fate::Quarantined(reason) => visible(reason),
            Fate::GivenBack => "it will be tried again".to_owned(),
            Fate::DeadLetter | Fate::Lost => String::new(),
        }
    }
}

impl Reading {
    /// Such as `456 at 14:02:03.250`.
    pub(crate) fn words(&self) -> String {
        let value = self.value.map_or_else(|| "no value".to_owned(), number);
        let time = self.at_ms.map_or_else(|| "no time".to_owned(), clock);
        format!("{value} at {time}")
    }
}

impl Kind {
    /// All but what is in the lake: the ways to be missing from it.
    pub(crate) const MISSING: [Self; 4] = [Self::Quarantined, Self::GivenBack, Self::DeadLetter, Self::Lost];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::InLake => "in the lake",
            Self::Quarantined => "quarantined",
            Self::GivenBack => "given back",
            Self::DeadLetter => "dead letter",
            Self::Lost => "lost",
        }
    }

    /// What it looks like where there are only characters.
    pub(crate) fn sign(self) -> char {
        match self {
            Self::InLake => '●',
            Self::Quarantined => '×',
            Self::GivenBack => '←',
            Self::DeadLetter => '■',
            Self::Lost => '○',
        }
    }
}

impl Lake {
    /// So few messages that each can be told of; of more there is a picture.
    pub(crate) fn few(&self) -> bool {
        self.messages.len() <= 12
    }

    /// The quarantined messages by reason, the most frequent first.
    pub(crate) fn bad(&self) -> Vec<Bad<'_>> {
        let mut all: Vec<Bad<'_>> = Vec::new();
        for message in &self.messages {
            let Fate::Quarantined(reason) = &message.fate else { continue };
            match all.iter_mut().find(|bad| bad.reason == reason) {
                Some(bad) => bad.count += 1,
                None => all.push(Bad { reason, count: 1, example: &message.text }),
            }
        }
        all.sort_by_key(|bad| std::cmp::Reverse(bad.count));
        all
    }

    /// Whether nothing has happened yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.objects.is_empty() && self.strays.is_empty()
    }
}
