//! The name by which a user logs in to Connect, and Connect's rules for it.
//!
//! With SAML it is the UPN, as in the original: the identity provider's `RoleSessionName` has to be the same. Otherwise it is
//! the directory's own name for the user, for a UPN seldom fits into 20 characters, and a directory-managed instance looks
//! the user up by it.

use super::config::IdentityManagement;
use super::request::Account;

/// A username outside Connect's rules.
/// <https://docs.aws.amazon.com/connect/latest/APIReference/API_CreateUser.html>
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// It is too long.
    #[error("{of} has more than {longest} characters, Connect's limit for a username; shorten it in the directory")]
    TooLong {
        /// What it is made of.
        of: &'static str,
        /// The limit.
        longest: usize,
    },
    /// It has other characters.
    #[error("{0} has characters other than a-z A-Z 0-9 _ - . @, which no Connect username may have")]
    Characters(&'static str),
    /// It has an @, but is no mail address.
    #[error("{0} has an @ but not the form of a mail address (name@example.com), which Connect wants then")]
    NoAddress(&'static str),
}

/// The username of a new user.
pub fn username(account: &Account, identity: IdentityManagement) -> Result<&str, UsernameError> {
    let own =
        || account.sam_account_name.as_deref().map_or(("User", account.user.as_str()), |sam| ("SamAccountName", sam));
    let ((of, name), longest) = match identity {
        IdentityManagement::Saml => (("UPN", account.upn.as_str()), 64),
        IdentityManagement::ConnectManaged | IdentityManagement::ExistingDirectory => (own(), 20),
    };
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    if !name.chars().all(known) {
        Err(UsernameError::Characters(of))
    } else if name.len() > longest {
        Err(UsernameError::TooLong { of, longest })
    } else if name.contains('@') && !is_address(name) {
        Err(UsernameError::NoAddress(of))
    } else {
        Ok(name)
    }
}

/// Whether a text has the form that Connect wants of a mail address:
/// `(?=^.{0,265}$)[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,63}`
#[must_use]
pub fn is_address(text: &str) -> bool {
    let good = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let Some((local, domain)) = text.split_once('@') else { return false };
    let Some((host, top)) = domain.rsplit_once('.') else { return false };
    let top_good = (2..=63).contains(&top.len()) && top.chars().all(|c| c.is_ascii_alphabetic());
    text.len() <= 265 && good(local, "._%+-") && good(host, ".-") && top_good
}

#[cfg(test)]
mod tests {
    use super::IdentityManagement::{ConnectManaged, ExistingDirectory, Saml};
    use super::*;
    use proptest::prelude::*;

    fn account(user: &str, upn: &str, sam: Option<&str>) -> Account {
        Account {
            user: user.to_owned(),
            upn: upn.to_owned(),
            sam_account_name: sam.map(str::to_owned),
            display_name: None,
            sid: None,
        }
    }

    #[test]
    fn each_identity_management_has_its_own_name() {
        let anna = account("anna.mueller", "anna.mueller@corp.example.com", Some("amueller"));
        for (identity, expected) in
            [(Saml, "anna.mueller@corp.example.com"), (ConnectManaged, "amueller"), (ExistingDirectory, "amueller")]
        {
            assert_eq!(username(&anna, identity), Ok(expected));
        }
        let anna = account("anna.mueller", "anna.mueller@corp.example.com", None);
        assert_eq!(username(&anna, ConnectManaged), Ok("anna.mueller"));
    }

    #[test]
    fn what_connect_refuses_is_refused_before_the_call() {
        let long = |length: usize| format!("{}@example.com", "a".repeat(length - 12));
        for (upn, expected) in [
            (long(64), Ok(())),
            (long(65), Err(UsernameError::TooLong { of: "UPN", longest: 64 })),
            ("anna@corp".to_owned(), Err(UsernameError::NoAddress("UPN"))),
            ("anna@@corp.de".to_owned(), Err(UsernameError::NoAddress("UPN"))),
            ("@corp.de".to_owned(), Err(UsernameError::NoAddress("UPN"))),
            ("anna@corp.d".to_owned(), Err(UsernameError::NoAddress("UPN"))),
            ("müller@corp.de".to_owned(), Err(UsernameError::Characters("UPN"))),
            ("a b@corp.de".to_owned(), Err(UsernameError::Characters("UPN"))),
            ("anna+x@corp.de".to_owned(), Err(UsernameError::Characters("UPN"))),
            ("anna_b-c@x.corp-1.de".to_owned(), Ok(())),
            ("anna".to_owned(), Ok(())),
        ] {
            assert_eq!(username(&account("u", &upn, None), Saml).map(drop), expected, "{upn}");
        }
        let twenty_one = "a".repeat(21);
        let error = username(&account("u", "u@x.de", Some(&twenty_one)), ConnectManaged).unwrap_err();
        assert_eq!(error, UsernameError::TooLong { of: "SamAccountName", longest: 20 });
        assert!(username(&account("u", "u@x.de", Some(&"a".repeat(20))), ExistingDirectory).is_ok());
    }

    proptest! {
        #[test]
        fn no_input_panics_and_what_passes_is_within_the_rules(upn in ".{1,80}") {
            if let Ok(name) = username(&account("u", &upn, None), Saml) {
                prop_assert!(name.len() <= 64 && name.is_ascii());
            }
            let _ = is_address(&upn);
        }
    }
}
