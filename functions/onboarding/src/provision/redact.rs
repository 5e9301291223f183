//! Takes a person's data out of what AWS says, which quotes requests now and then.

use unicode_normalization::UnicodeNormalization as _;

use super::request::Account;

/// `text`, in NFC as names are sent, without what the account is called, in any case.
#[must_use]
pub fn redact(text: &str, account: &Account) -> String {
    let whole =
        [Some(&account.user), Some(&account.upn), account.sam_account_name.as_ref(), account.display_name.as_ref()];
    let whole = || whole.into_iter().flatten();
    // Names are sent in parts.
    let whole: Vec<String> = whole().map(|name| name.nfc().collect()).collect();
    let parts = whole.iter().flat_map(|name| name.split(|c: char| !c.is_alphanumeric()));
    let mut names: Vec<Vec<char>> = whole.iter().map(String::as_str).chain(parts).map(folded).collect();
    names.retain(|name| name.len() > 1);
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let characters: Vec<char> = text.nfc().collect();
    let compared = folded(text);
    let mut clean = String::new();
    let mut at = 0;
    while let Some(rest) = compared.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(name) = names.iter().find(|name| rest.starts_with(name)) {
            clean.push_str("***");
            at += name.len();
        } else {
            clean.extend(characters.get(at));
            at += 1;
        }
    }
    clean
}

/// One character for each, so that places stay the same.
fn folded(text: &str) -> Vec<char> {
    text.nfc().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn account() -> Account {
        Account {
            user: "anna.mueller".to_owned(),
            upn: "anna.mueller@corp.example.com".to_owned(),
            sam_account_name: Some("AMueller".to_owned()),
            display_name: Some("Anna Müller X".to_owned()),
            sid: Some("S-1-5-21-1".to_owned()),
        }
    }

    #[test]
    fn names_go_and_the_rest_stays() {
        for (text, expected) in [
            ("The security profile is unknown", "The security profile is unknown"),
            ("User ANNA.MUELLER@corp.example.com exists", "User *** exists"),
            ("amueller: no such user in d-1", "***: no such user in d-1"),
            ("FirstName Anna, LastName MÜLLER X", "FirstName ***, LastName *** X"),
            ("", ""),
        ] {
            assert_eq!(redact(text, &account()), expected);
        }
    }

    #[test]
    fn a_name_goes_however_its_letters_are_composed() {
        let account = Account { display_name: Some("Ju\u{308}rgen Mu\u{308}ller".to_owned()), ..account() };
        for text in ["LastName M\u{fc}ller, FirstName J\u{fc}rgen", "LastName Mu\u{308}ller, FirstName Ju\u{308}rgen"] {
            assert_eq!(redact(text, &account), "LastName ***, FirstName ***");
        }
    }

    proptest! {
        #[test]
        fn no_input_panics(text in ".{0,200}", name in ".{0,50}") {
            let _ = redact(&text, &Account { display_name: Some(name), ..account() });
        }
    }
}
