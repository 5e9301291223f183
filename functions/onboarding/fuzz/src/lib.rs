//! The pure part of onboarding-trigger, from the same files, and what must be true of whatever it reads.

#![allow(dead_code, reason = "the function uses all of it, fuzzing some")]

#[path = "../../src/trigger/account.rs"]
pub mod account;
#[path = "../../src/trigger/batch.rs"]
pub mod batch;
#[path = "../../src/trigger/created.rs"]
pub mod created;
#[path = "../../src/trigger/judge.rs"]
pub mod judge;
#[path = "../../src/trigger/payload.rs"]
pub mod payload;
#[path = "../../src/trigger/xml.rs"]
pub mod xml;

use account::{Account, Directory, UpnFallback, Verdict};

/// `StartExecution`'s own bounds.
const LONGEST_NAME: usize = 80;
const LONGEST_INPUT: usize = 262_144;

pub fn directory() -> Directory {
    let (domain, netbios) = ("corp.example.com".to_owned(), "CORP".to_owned());
    Directory { domain, netbios, upn_fallback: UpnFallback::SamAccountName }
}

/// A log message of any kind: no panic; what is started can be started; what follows the XML does not matter.
pub fn judge_message(message: &str) {
    let verdict = judge::judge_message(message, &directory());
    if let Ok(Some(Verdict::Start(account))) = &verdict {
        check(account);
        let with_the_end_that_windows_writes = format!("{message}\0\r\n");
        assert_eq!(judge::judge_message(&with_the_end_that_windows_writes, &directory()), verdict);
    }
}

/// A batch of any kind.
pub fn judge_batch(text: &str) {
    if let Ok(batch::Batch::Data(events)) = batch::Batch::read(text) {
        let judged = judge::judge(&events, &directory());
        judged.accounts.values().for_each(check);
        let all = judged.accounts.len() + judged.skipped.len() + judged.others + judged.malformed.len();
        assert_eq!(all, events.len(), "every event comes to something");
    }
}

fn check(account: &Account) {
    assert!(account.sid.len() <= LONGEST_NAME && account.sid.bytes().all(|b| b.is_ascii_digit() || b"S-".contains(&b)));
    let input = serde_json::to_string(account).expect("text is JSON");
    assert!(input.len() <= LONGEST_INPUT && !input.contains(char::is_control));
    let input: serde_json::Value = serde_json::from_str(&input).expect("it is JSON");
    let text = |key: &str| input[key].as_str().expect("it is text").to_owned();
    assert_eq!(text("UPN").to_lowercase(), format!("{}@{}", text("Username"), text("DomainName")).to_lowercase());
}
