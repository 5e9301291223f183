//! First and last name, of which Connect wants both.
//!
//! | from | first | last |
//! | --- | --- | --- |
//! | display name `Anna Maria Müller` | `Anna` | `Maria Müller` |
//! | display name `Müller, Anna` | `Anna` | `Müller` |
//! | display name `Anna` | `Anna` | `Anna` |
//! | user name `a.b.c`, delimiter `.` | `a` | `b.c` |
//! | user name `anna`, `.anna`, `anna.` | the whole | the whole |

use unicode_normalization::UnicodeNormalization as _;

use super::config::{ConnectConfig, IdentityManagement};
use super::request::Account;

/// A person's names.
#[derive(Debug, PartialEq, Eq)]
pub struct Names {
    /// The first name.
    pub first: String,
    /// The last name: all the rest.
    pub last: String,
}

/// A name is too long.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {which} name has more than {longest} characters, Connect's limit; shorten DisplayName in the directory")]
pub struct NameError {
    which: &'static str,
    longest: usize,
}

/// The names of a new user, in NFC: "Text containing characters in a non-NFC form … are not accepted".
/// <https://docs.aws.amazon.com/connect/latest/APIReference/API_UserIdentityInfo.html>
pub fn names(account: &Account, config: &ConnectConfig) -> Result<Names, NameError> {
    let (first, last) = match &account.display_name {
        Some(name) => of_display_name(name),
        None => of_user_name(&account.user, &config.delimiter),
    };
    let longest_last = if config.identity == IdentityManagement::Saml { 300 } else { 256 };
    let bounded = |which, name: &str, longest| {
        let name: String = name.nfc().collect();
        let length = name.encode_utf16().count(); // it is not documented what Connect counts: this is the most
        if length > longest { Err(NameError { which, longest }) } else { Ok(name) }
    };
    Ok(Names { first: bounded("first", &first, 255)?, last: bounded("last", &last, longest_last)? })
}

fn of_display_name(name: &str) -> (String, String) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let halves = |(first, last): (&str, &str)| Some((words(first), words(last))).filter(both);
    let by_comma = name.split_once(',').and_then(|(last, first)| halves((first, last)));
    by_comma
        .or_else(|| name.trim().split_once(char::is_whitespace).and_then(halves))
        .unwrap_or_else(|| twice(&words(name)))
}

fn of_user_name(name: &str, delimiter: &str) -> (String, String) {
    let parts = name.split_once(delimiter).map(|(first, rest)| (first.to_owned(), rest.to_owned()));
    parts.filter(both).unwrap_or_else(|| twice(name))
}

fn both((first, last): &(String, String)) -> bool {
    !first.is_empty() && !last.is_empty()
}

fn twice(name: &str) -> (String, String) {
    (name.to_owned(), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::config::tests::config;
    use super::*;
    use proptest::prelude::*;

    fn account(user: &str, display_name: Option<&str>) -> Account {
        Account {
            user: user.to_owned(),
            upn: format!("{user}@corp.example.com"),
            sam_account_name: None,
            display_name: display_name.map(str::to_owned),
            sid: None,
        }
    }

    fn of(user: &str, display_name: Option<&str>, delimiter: &str) -> Result<(String, String), NameError> {
        let config = ConnectConfig { delimiter: delimiter.to_owned(), ..config("SAML").connect };
        names(&account(user, display_name), &config).map(|names| (names.first, names.last))
    }

    #[test]
    fn display_names_are_split_as_people_write_them() {
        for (name, first, last) in [
            ("Anna Müller", "Anna", "Müller"),
            ("Anna Maria  Müller", "Anna", "Maria Müller"),
            ("Müller, Anna", "Anna", "Müller"),
            ("Müller, Anna Maria", "Anna Maria", "Müller"),
            ("de la Cruz,Ana", "Ana", "de la Cruz"),
            ("King, Martin Luther, Jr.", "Martin Luther, Jr.", "King"),
            ("Anna", "Anna", "Anna"),
            ("Anna,", "Anna,", "Anna,"),
            (", Anna", ",", "Anna"),
            (",", ",", ","),
            ("山田 太郎", "山田", "太郎"),
            ("Anna\u{a0}Müller", "Anna", "Müller"),
            ("Anna Mu\u{308}ller", "Anna", "Müller"), // u and its dots, composed
        ] {
            assert_eq!(of("x.y", Some(name), ".").unwrap(), (first.to_owned(), last.to_owned()), "{name}");
        }
    }

    #[test]
    fn nothing_of_a_user_name_is_lost() {
        for (name, delimiter, first, last) in [
            ("anna.mueller", ".", "anna", "mueller"),
            ("a.b.c", ".", "a", "b.c"),
            ("a..c", ".", "a", ".c"),
            ("anna", ".", "anna", "anna"),
            (".anna", ".", ".anna", ".anna"),
            ("anna.", ".", "anna.", "anna."),
            ("anna.mueller", "_", "anna.mueller", "anna.mueller"),
            ("anna--mueller-x", "--", "anna", "mueller-x"),
        ] {
            assert_eq!(of(name, None, delimiter).unwrap(), (first.to_owned(), last.to_owned()), "{name}");
        }
    }

    #[test]
    fn names_end_where_connect_ends_them() {
        let of = |name: &str, identity| names(&account("x", Some(name)), &config(identity).connect);
        let last = |length| format!("A {}", "ü".repeat(length));
        assert!(of(&last(300), "SAML").is_ok() && of(&last(256), "CONNECT_MANAGED").is_ok());
        assert_eq!(of(&last(301), "SAML"), Err(NameError { which: "last", longest: 300 }));
        assert_eq!(of(&last(257), "EXISTING_DIRECTORY"), Err(NameError { which: "last", longest: 256 }));
        let first = format!("{} B", "𝕏".repeat(128));
        assert_eq!(of(&first, "SAML"), Err(NameError { which: "first", longest: 255 }));
    }

    proptest! {
        #[test]
        fn no_character_of_a_name_is_lost(name in "[ -~]{1,100}", user in "[a-z.]{1,60}", delimiter in "[.a]{1,2}") {
            let sorted = |text: &str| {
                let mut all: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
                all.sort_unstable();
                all
            };
            if let Ok((first, last)) = of(&user, None, &delimiter) {
                let together = format!("{first}{delimiter}{last}");
                prop_assert!(together == user || (first == user && last == user));
                prop_assert!(!first.is_empty() && !last.is_empty());
            }
            if let Ok((first, last)) = of("x", Some(&name), ".") {
                let whole = sorted(&name);
                let kept = [first.clone(), format!("{first}{last}"), format!("{first}{last},")];
                prop_assert!(kept.iter().any(|kept| sorted(kept) == whole), "{:?}: {:?} {:?}", name, first, last);
            }
        }

        #[test]
        fn names_are_in_nfc_and_no_input_panics(name in ".{1,200}") {
            if let Ok((first, last)) = of("x", Some(&name), ".") {
                prop_assert!(unicode_normalization::is_nfc(&first) && unicode_normalization::is_nfc(&last));
            }
        }
    }
}
