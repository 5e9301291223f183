//! What is read back: the lake, the quarantine, and which published message each of their lines is of.

use aws_sdk_ec2::primitives::{DateTime, DateTimeFormat};
use e2e::Result;
use e2e::iot::{Iot, Line};
use report::{Fate, Lake, Message, Object, Reading};
use serde_json::Value;

/// A message that went on its way.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) message: Message,
    /// What its source calls it, where the demo itself is the source: a sequence number.
    pub(crate) name: Option<String>,
}

/// What is read back at a moment.
#[derive(Default)]
pub(crate) struct Back {
    /// With each message's fate.
    pub(crate) lake: Lake,
    /// Every line of the lake.
    pub(crate) lines: Vec<Line>,
    /// Every line of the quarantine.
    pub(crate) quarantine: Vec<Line>,
}

impl From<Message> for Sent {
    fn from(message: Message) -> Self {
        Self { message, name: None }
    }
}

impl Sent {
    /// Whether a line of the lake is this message's: by its name, or by its time and value, which no two share.
    fn gave(&self, line: &Line) -> bool {
        match &self.name {
            Some(name) => line.id().ends_with(name),
            None => at_ms(line) == Some(self.message.at_ms) && value(line) == self.message.value,
        }
    }

    /// The same of a line of the quarantine, which has the message as it came.
    fn was_kept(&self, line: &Line) -> bool {
        match &self.name {
            Some(name) => line.id().ends_with(name),
            None => line.json.get("message").and_then(Value::as_str) == Some(&self.message.text),
        }
    }

    fn fate(&self, lines: &[Line], quarantine: &[Line]) -> Fate {
        let readings: Vec<_> = lines.iter().filter(|line| self.gave(line)).map(reading).collect();
        match quarantine.iter().find(|line| self.was_kept(line)) {
            _ if !readings.is_empty() => Fate::InLake(readings),
            Some(line) => Fate::Quarantined(reason(line).to_owned()),
            None => Fate::Lost,
        }
    }
}

/// Lets Firehose deliver what it has, and reads.
pub(crate) async fn read(iot: &Iot, sent: &[Sent]) -> Result<Back> {
    let lines = iot.lake().await?;
    let quarantine = iot.quarantined().await?;
    let lake = Lake { objects: objects(iot).await?, ..assigned(sent, &lines, &quarantine) };
    Ok(Back { lake, lines, quarantine })
}

/// Each message with its fate, and the lines that are of none.
fn assigned(sent: &[Sent], lines: &[Line], quarantine: &[Line]) -> Lake {
    let told = |sent: &Sent| Message { fate: sent.fate(lines, quarantine), ..sent.message.clone() };
    let strays = lines.iter().filter(|line| !sent.iter().any(|sent| sent.gave(line))).map(reading).collect();
    Lake { messages: sent.iter().map(told).collect(), strays, ..Lake::default() }
}

/// The lake's objects, as they are stored.
async fn objects(iot: &Iot) -> Result<Vec<Object>> {
    let bucket = iot.stack.output("LakeBucket")?;
    let list = format!("/{bucket}?list-type=2&prefix=readings/");
    let list = iot.account.control_rest("s3", "GET", &list, "").await?;
    let sizes: Vec<(String, String)> = list.texts("Key")?.into_iter().zip(list.texts("Size")?).collect();
    let mut objects = Vec::new();
    for object in iot.objects().await? {
        let size = sizes.iter().find(|(key, _)| *key == object.key).map(|(_, size)| size.parse());
        let bytes = size.ok_or("an object without a size")??;
        objects.push(Object { bytes, records: object.text().lines().count(), key: object.key });
    }
    Ok(objects)
}

fn reading(line: &Line) -> Reading {
    Reading { id: line.id().to_owned(), at_ms: at_ms(line), value: value(line) }
}

fn at_ms(line: &Line) -> Option<i64> {
    let time = line.json.get("time")?.as_str()?;
    DateTime::from_str(time, DateTimeFormat::DateTime).ok()?.to_millis().ok()
}

fn value(line: &Line) -> Option<f64> {
    line.json.get("sensor_value")?.as_f64()
}

/// Why a line is in quarantine.
pub(crate) fn reason(line: &Line) -> &str {
    line.json.get("reason").and_then(Value::as_str).unwrap_or_default()
}

impl Back {
    /// Whether every message is where it belongs: `good` ones in the lake, each once, and all others in quarantine with a
    /// reason.
    pub(crate) fn all_there(&self, good: usize) -> bool {
        let counts = self.lake.counts();
        counts.in_lake == good && counts.duplicates == 0 && self.nothing_missing()
    }

    /// Whether each message is in the lake or in quarantine, and nothing else is.
    pub(crate) fn nothing_missing(&self) -> bool {
        let counts = self.lake.counts();
        let kept = counts.quarantined == self.quarantine.len();
        counts.in_lake + counts.quarantined == counts.published && counts.strays == 0 && kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { text: text.to_owned(), json: serde_json::from_str(text).unwrap() }
    }

    fn back(sent: &[Sent], lines: &[&str], quarantine: &[&str]) -> Back {
        let lines: Vec<_> = lines.iter().map(|text| line(text)).collect();
        let quarantine: Vec<_> = quarantine.iter().map(|text| line(text)).collect();
        Back { lake: assigned(sent, &lines, &quarantine), lines, quarantine }
    }

    #[test]
    fn what_is_not_as_it_was_published_is_lost_and_a_stray() {
        let sent = [Sent::from(Message::published(1_716_286_530_083, Some(456.0), "good"))];
        let as_published = r#"{"time":"2024-05-21T10:15:30.083Z","sensor_value":456,"id":"a"}"#;
        assert!(back(&sent, &[as_published], &[]).all_there(1));
        for other in [as_published.replace("456", "457"), as_published.replace("083Z", "084Z")] {
            let back = back(&sent, &[&other], &[]);
            assert_eq!((back.lake.counts().lost, back.lake.counts().strays), (1, 1));
            assert!(!back.nothing_missing());
        }
        assert!(!back(&sent, &[as_published, as_published], &[]).all_there(1), "twice");
        assert!(!back(&sent, &[], &[]).nothing_missing(), "nowhere");
    }

    #[test]
    fn what_is_in_quarantine_is_known_by_what_it_was_or_by_its_name() {
        let by_text = Sent::from(Message::published(0, None, "NaN"));
        let by_name = Sent { name: Some("49".to_owned()), ..by_text.clone() };
        let kept = r#"{"id":"shard:49","reason":"it is not JSON","message":"NaN"}"#;
        for sent in [by_text, by_name] {
            let back = back(&[sent], &[], &[kept]);
            assert_eq!(back.lake.counts().quarantined, 1);
            assert!(back.nothing_missing());
        }
        let other = Sent::from(Message::published(0, None, "{"));
        assert!(!back(&[other], &[], &[kept]).nothing_missing());
    }
}
