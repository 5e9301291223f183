//! Secrets: a type that can't be printed, and that is zeroized when it is dropped.
//!
//! [`secrecy`] does both; this names the one type that the functions use. Reading the value takes a visible
//! `expose_secret()`, which a reviewer can search for.

pub use secrecy::{ExposeSecret, SecretString};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret: SecretString = serde_json::from_str("\"hunter2\"").unwrap();
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(secret.expose_secret(), "hunter2");
    }
}
