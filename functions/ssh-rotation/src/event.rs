//! The event that Secrets Manager sends.
//!
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html>: `{"Step":
//! "createSecret", "SecretId": ARN, "ClientRequestToken": version id, "RotationToken": token}`; older events come
//! without `RotationToken`.

use std::fmt;

use serde_json::Value;
use shared::secret::SecretString;

/// One step of a rotation.
#[derive(Debug)]
pub struct RotationEvent {
    /// Which step.
    pub step: Step,
    /// The secret, by ARN or name.
    pub secret_id: String,
    /// The id of the version that is being made: 32 to 64 characters.
    pub token: String,
    /// What `PutSecretValue` wants from a function that acts for Secrets Manager across accounts. Sensitive.
    pub rotation_token: Option<SecretString>,
}

/// The steps, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Makes the new version of the secret.
    Create,
    /// Brings its public key to the nodes.
    Set,
    /// Logs in to the nodes with it.
    Test,
    /// Makes it current, and removes what it supersedes.
    Finish,
}

/// An event that is not understood. Says which field is wrong and never what it holds.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event's {field} {why}; this function is for Secrets Manager, which sends Step, SecretId and ClientRequestToken"
)]
pub struct EventError {
    field: &'static str,
    why: &'static str,
}

impl RotationEvent {
    /// Reads an event.
    pub fn read(event: &Value) -> Result<Self, EventError> {
        let step = match text(event, "Step", 1..=64)? {
            "createSecret" | "create_secret" => Step::Create,
            "setSecret" | "set_secret" => Step::Set,
            "testSecret" | "test_secret" => Step::Test,
            "finishSecret" | "finish_secret" => Step::Finish,
            _ => return Err(EventError { field: "Step", why: "is none of the four steps" }),
        };
        let rotation_token = match event.get("RotationToken") {
            None | Some(Value::Null) => None,
            Some(_) => Some(rotation_token(event)?),
        };
        Ok(Self {
            step,
            secret_id: text(event, "SecretId", 1..=2048)?.to_owned(),
            token: text(event, "ClientRequestToken", 32..=64)?.to_owned(),
            rotation_token,
        })
    }
}

/// Of the characters that Secrets Manager takes: its complaint about others would quote it.
fn rotation_token(event: &Value) -> Result<SecretString, EventError> {
    let token = text(event, "RotationToken", 36..=256)?;
    if token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        Ok(SecretString::from(token))
    } else {
        Err(EventError { field: "RotationToken", why: "has a character that no such token has" })
    }
}

fn text<'a>(
    event: &'a Value,
    field: &'static str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<&'a str, EventError> {
    let wrong = |why| EventError { field, why };
    let value = event.get(field).ok_or_else(|| wrong("is missing"))?;
    let value = value.as_str().ok_or_else(|| wrong("is no text"))?;
    if length.contains(&value.chars().count()) { Ok(value) } else { Err(wrong("is too short or too long")) }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "createSecret",
            Self::Set => "setSecret",
            Self::Test => "testSecret",
            Self::Finish => "finishSecret",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use shared::secret::ExposeSecret;

    const TOKEN: &str = "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE";

    #[test]
    fn all_steps_are_understood_in_both_spellings() {
        for (step, spellings) in [
            (Step::Create, ["createSecret", "create_secret"]),
            (Step::Set, ["setSecret", "set_secret"]),
            (Step::Test, ["testSecret", "test_secret"]),
            (Step::Finish, ["finishSecret", "finish_secret"]),
        ] {
            for spelling in spellings {
                let event = json!({"Step": spelling, "SecretId": "s", "ClientRequestToken": TOKEN});
                assert_eq!(RotationEvent::read(&event).unwrap().step, step);
            }
            assert_eq!(step.to_string(), spellings[0]);
        }
    }

    #[test]
    fn every_sample_event_is_understood() {
        let samples = [
            ("create-secret", Step::Create),
            ("create-secret-snake-case", Step::Create),
            ("set-secret", Step::Set),
            ("test-secret", Step::Test),
            ("test-secret-rotate-immediately-false", Step::Test),
            ("finish-secret", Step::Finish),
        ];
        let folder = format!("{}/../../events/ssh-rotation", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), samples.len(), "a sample event is missing here");
        for (name, step) in samples {
            let event = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
            assert_eq!(RotationEvent::read(&serde_json::from_str(&event).unwrap()).unwrap().step, step, "{name}");
        }
    }

    #[test]
    fn a_wrong_event_names_the_field_and_not_its_content() {
        let good =
            json!({"Step": "setSecret", "SecretId": "s", "ClientRequestToken": TOKEN, "RotationToken": "t".repeat(36)});
        for (field, value) in [
            ("Step", json!("dropSecret-hush")),
            ("Step", json!(7)),
            ("SecretId", json!("")),
            ("SecretId", Value::Null),
            ("ClientRequestToken", json!("hush")),
            ("RotationToken", json!("hush")),
            ("RotationToken", json!({"hush": 1})),
            ("RotationToken", json!("hush!".repeat(9))),
        ] {
            let mut event = good.clone();
            event[field] = value;
            let error = RotationEvent::read(&event).unwrap_err().to_string();
            assert!(error.contains(field) && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn the_rotation_token_may_be_absent_and_does_not_print() {
        let mut event = json!({"Step": "setSecret", "SecretId": "s", "ClientRequestToken": TOKEN});
        assert!(RotationEvent::read(&event).unwrap().rotation_token.is_none());
        event["RotationToken"] = json!("hush".repeat(9));
        let event = RotationEvent::read(&event).unwrap();
        assert!(!format!("{event:?}").contains("hush"));
        assert_eq!(event.rotation_token.unwrap().expose_secret(), "hush".repeat(9));
    }

    proptest! {
        #[test]
        fn no_event_makes_it_panic(text in ".*") {
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                let _ = RotationEvent::read(&value);
            }
            let _ = RotationEvent::read(&json!({"Step": text, "SecretId": text, "ClientRequestToken": text}));
        }
    }
}
