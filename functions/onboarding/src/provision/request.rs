//! The task's event: `{"input": {"User", "UPN", "Service", ...}}`, as workflow.asl.json writes it.
//!
//! Its texts come from the directory's log, where whoever may create an account chooses them: each is bounded, and no error
//! quotes one.

use serde_json::Value;

/// A service that new users get something of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Amazon WorkSpaces: a desktop.
    WorkSpaces,
    /// Amazon Connect: an agent's login.
    Connect,
}

/// What the workflow asks for.
pub struct Request {
    /// Of which service.
    pub service: Service,
    /// For whom.
    pub account: Account,
}

/// A new account. It has no `Debug`: a person's names are not logged.
pub struct Account {
    /// The first part of the UPN.
    pub user: String,
    /// The user principal name, `anna.mueller@corp.example.com`.
    pub upn: String,
    /// The directory's name for the user.
    pub sam_account_name: Option<String>,
    /// The name that people read.
    pub display_name: Option<String>,
    /// The account's security identifier: what logs call it.
    pub sid: Option<String>,
}

/// An event that can't be worked with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// A field is missing, or not set.
    #[error("input.{0} is missing or empty; start the workflow with Username and UPN")]
    Missing(&'static str),
    /// A field is of another type.
    #[error("input.{0} is not a text")]
    NotText(&'static str),
    /// A field is too long.
    #[error("input.{0} has more than {1} characters; look at the account in the directory")]
    TooLong(&'static str, usize),
    /// A field contains control characters.
    #[error("input.{0} contains control characters; look at the account in the directory")]
    Control(&'static str),
    /// The SID is none.
    #[error("input.SID is no security identifier (S-1-...)")]
    NotSid,
    /// The service is none that this function knows.
    #[error("input.Service is neither WorkSpaces nor Connect")]
    UnknownService,
}

impl Service {
    /// As the workflow names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WorkSpaces => "WorkSpaces",
            Self::Connect => "Connect",
        }
    }
}

impl Request {
    /// Reads an event.
    pub fn read(event: &Value) -> Result<Self, InputError> {
        let input = event.get("input").filter(|input| input.is_object()).ok_or(InputError::Missing("*"))?;
        let service = match required(input, "Service", 64)?.as_str() {
            "WorkSpaces" => Service::WorkSpaces,
            "Connect" => Service::Connect,
            _ => return Err(InputError::UnknownService),
        };
        let sid = optional(input, "SID", 184)?; // 15 sub-authorities at most
        if sid.as_deref().is_some_and(|sid| !is_sid(sid)) {
            return Err(InputError::NotSid);
        }
        // The directory's own limits: https://learn.microsoft.com/windows/win32/adschema/a-userprincipalname and others.
        let account = Account {
            user: required(input, "User", 1024)?,
            upn: required(input, "UPN", 1024)?,
            sam_account_name: optional(input, "SamAccountName", 256)?,
            display_name: optional(input, "DisplayName", 256)?,
            sid,
        };
        Ok(Self { service, account })
    }
}

fn required(input: &Value, name: &'static str, longest: usize) -> Result<String, InputError> {
    optional(input, name, longest)?.ok_or(InputError::Missing(name))
}

fn optional(input: &Value, name: &'static str, longest: usize) -> Result<Option<String>, InputError> {
    let text = match input.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(InputError::NotText(name)),
    };
    match text {
        // What the security log has for a value that is not set: "-", and %%1793, "<value not set>".
        "" | "-" | "%%1793" => Ok(None),
        _ if text.chars().count() > longest => Err(InputError::TooLong(name, longest)),
        _ if text.chars().any(char::is_control) => Err(InputError::Control(name)),
        _ => Ok(Some(text.to_owned())),
    }
}

/// <https://learn.microsoft.com/openspecs/windows_protocols/ms-dtyp/c92a27b1-c772-4fa7-a432-15df5f1b66a1>
fn is_sid(text: &str) -> bool {
    text.strip_prefix("S-1-")
        .is_some_and(|rest| rest.split('-').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(more: &Value) -> Result<Request, InputError> {
        let mut input = json!({"User": "anna", "UPN": "anna@corp.example.com", "Service": "Connect"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Request::read(&json!({ "input": input }))
    }

    #[test]
    fn what_is_not_set_is_absent() {
        for unset in [json!(null), json!(""), json!(" "), json!("-"), json!("%%1793")] {
            let account =
                read(&json!({"DisplayName": unset, "SamAccountName": unset, "SID": unset})).ok().unwrap().account;
            assert!(account.display_name.is_none() && account.sam_account_name.is_none() && account.sid.is_none());
        }
        let account =
            read(&json!({"DisplayName": " Anna Müller ", "SID": "S-1-5-21-1-2-3-1104"})).ok().unwrap().account;
        assert_eq!(account.display_name.as_deref(), Some("Anna Müller"));
        assert_eq!(account.sid.as_deref(), Some("S-1-5-21-1-2-3-1104"));
    }

    #[test]
    fn what_is_wrong_is_named_and_not_quoted() {
        for (more, expected) in [
            (json!({"User": ""}), InputError::Missing("User")),
            (json!({"UPN": null}), InputError::Missing("UPN")),
            (json!({"UPN": 7}), InputError::NotText("UPN")),
            (json!({"Service": "connect"}), InputError::UnknownService),
            (json!({"DisplayName": "x".repeat(257)}), InputError::TooLong("DisplayName", 256)),
            (json!({"DisplayName": "hush\u{0}hush"}), InputError::Control("DisplayName")),
            (json!({"SamAccountName": "hush\nhush"}), InputError::Control("SamAccountName")),
            (json!({"SID": "S-1-5-hush"}), InputError::NotSid),
            (json!({"SID": "S-1-5--3"}), InputError::NotSid),
        ] {
            let error = read(&more).err().unwrap();
            assert!(!error.to_string().contains("hush"));
            assert_eq!(error, expected);
        }
        for event in [json!(null), json!([]), json!({}), json!({"input": "x"})] {
            assert_eq!(Request::read(&event).err(), Some(InputError::Missing("*")), "{event}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_bounded(text in ".{0,2000}") {
            if let Ok(request) = read(&json!({"User": text, "UPN": text, "DisplayName": text, "SID": text})) {
                prop_assert!(request.account.upn.chars().count() <= 1024);
                prop_assert!(!request.account.user.chars().any(char::is_control));
            }
        }
    }
}
