//! The secret's value: a JSON object with `PublicKey` and `PrivateKey`. It may begin as `{}`, and its other fields,
//! which may be secrets too, are kept byte for byte.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use shared::secret::{ExposeSecret, SecretString};

use crate::keypair::Keypair;

const PUBLIC: &str = "PublicKey";
const PRIVATE: &str = "PrivateKey";

/// The fields in their order, each value as JSON.
pub struct SecretValue(Vec<(String, SecretString)>);

/// The value is no JSON object. The parser's message is not kept: it may quote the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret's value is no JSON object; begin with {{}} (aws secretsmanager put-secret-value)")]
pub struct SecretValueError;

impl SecretValue {
    /// A value without fields.
    #[must_use]
    pub fn empty() -> Self {
        Self(Vec::new())
    }

    /// Reads a value.
    pub fn read(text: &SecretString) -> Result<Self, SecretValueError> {
        serde_json::from_str(text.expose_secret()).map_err(|_| SecretValueError)
    }

    /// The public key, if there is one.
    #[must_use]
    pub fn public_key(&self) -> Option<String> {
        self.text(PUBLIC).filter(|key| !key.is_empty())
    }

    /// The private key, if there is one.
    #[must_use]
    pub fn private_key(&self) -> Option<SecretString> {
        self.text(PRIVATE).filter(|key| !key.is_empty()).map(SecretString::from)
    }

    /// The value with this keypair instead of the one it has.
    #[must_use]
    pub fn with_keypair(mut self, keypair: &Keypair) -> Self {
        self.set(PUBLIC, &keypair.public);
        self.set(PRIVATE, keypair.private.expose_secret());
        self
    }

    /// The value as JSON.
    #[must_use]
    pub fn write(&self) -> SecretString {
        // Enough from the beginning: a string that grows leaves copies of itself behind.
        let length: usize = self.0.iter().map(|(name, json)| 2 * name.len() + json.expose_secret().len() + 16).sum();
        let mut text = String::with_capacity(length + 2);
        for (name, json) in &self.0 {
            text.push(if text.is_empty() { '{' } else { ',' });
            text.push_str(&quoted(name));
            text.push(':');
            text.push_str(json.expose_secret());
        }
        text.push_str(if text.is_empty() { "{}" } else { "}" });
        SecretString::from(text)
    }

    fn text(&self, field: &str) -> Option<String> {
        let (_, json) = self.0.iter().find(|(name, _)| name == field)?;
        serde_json::from_str(json.expose_secret()).ok()
    }

    fn set(&mut self, field: &str, text: &str) {
        let json = SecretString::from(quoted(text));
        match self.0.iter().position(|(name, _)| name == field) {
            None => self.0.push((field.to_owned(), json)),
            Some(first) => {
                let mut at = 0;
                self.0.retain(|(name, _)| {
                    at += 1;
                    at <= first + 1 || name != field // a field given twice is there once afterwards
                });
                if let Some((_, value)) = self.0.get_mut(first) {
                    *value = json;
                }
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<'de> Deserialize<'de> for SecretValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = SecretValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    fields.push((name, SecretString::from(Box::<str>::from(value))));
                }
                Ok(SecretValue(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keypair() -> Keypair {
        Keypair { public: "ssh-ed25519 AAAA c".into(), private: "-----BEGIN\nx\n".into() }
    }

    fn rewritten(text: &str) -> String {
        let value = SecretValue::read(&text.into()).unwrap().with_keypair(&keypair());
        value.write().expose_secret().to_owned()
    }

    #[test]
    fn an_empty_object_becomes_a_keypair() {
        let written = rewritten("{}");
        assert_eq!(written, r#"{"PublicKey":"ssh-ed25519 AAAA c","PrivateKey":"-----BEGIN\nx\n"}"#);
        let read = SecretValue::read(&written.as_str().into()).unwrap();
        assert_eq!(read.public_key(), Some(keypair().public));
        assert_eq!(read.private_key().unwrap().expose_secret(), keypair().private.expose_secret());
    }

    #[test]
    fn other_fields_stay_byte_for_byte_and_in_their_place() {
        let written = rewritten(
            r#" {"id": 9007199254740993, "PrivateKey": "old", "f" : 1.10e0, "q\"ö": {"a": [ 1,2 ]}, "PublicKey":null} "#,
        );
        assert_eq!(
            written,
            r#"{"id":9007199254740993,"PrivateKey":"-----BEGIN\nx\n","f":1.10e0,"q\"ö":{"a": [ 1,2 ]},"PublicKey":"ssh-ed25519 AAAA c"}"#
        );
        assert_eq!(
            rewritten(r#"{"PublicKey":1,"PublicKey":2}"#),
            r#"{"PublicKey":"ssh-ed25519 AAAA c","PrivateKey":"-----BEGIN\nx\n"}"#
        );
    }

    #[test]
    fn no_key_is_found_where_there_is_none() {
        for text in ["{}", r#"{"PublicKey":"","PrivateKey":""}"#, r#"{"PublicKey":7,"PrivateKey":null}"#] {
            let value = SecretValue::read(&text.into()).unwrap();
            assert!(value.public_key().is_none() && value.private_key().is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_an_error_that_does_not_quote_it() {
        for text in ["", "hush", "\"hush\"", "[\"hush\"]", "{\"a\":hush}", "{} hush", "null"] {
            let error = SecretValue::read(&text.into()).err().unwrap();
            assert!(!format!("{error} {error:?}").contains("hush"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic_and_a_good_one_keeps_its_other_fields(
            text in "\\PC*",
            fields in proptest::collection::btree_map("[a-z\"\\\\ö]{1,5}", "\\PC{0,20}", 0..5),
        ) {
            let _ = SecretValue::read(&text.as_str().into());
            let json = serde_json::to_string(&fields).unwrap();
            let after: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&rewritten(&json)).unwrap();
            for (name, value) in &fields {
                prop_assert_eq!(after.get(name).and_then(|v| v.as_str()), Some(value.as_str()));
            }
            prop_assert_eq!(after.len(), fields.len() + 2);
        }
    }
}
