//! A batch: each account once, in whatever order its events come.

use serde_json::json;
use serde_json::value::to_raw_value;

use super::super::account::UpnFallback;
use super::*;

fn message(sid: &str, time: &str) -> String {
    format!(
        "<Event><System><EventID>4720</EventID><TimeCreated SystemTime='{time}'/></System><EventData><Data Name='TargetSid'>{sid}</Data>\
        <Data Name='SamAccountName'>jdoe</Data><Data Name='TargetDomainName'>CORP</Data></EventData></Event>"
    )
}

fn judge_all(events: &[serde_json::Value]) -> Judged {
    let raw: Vec<_> = events.iter().map(|event| to_raw_value(event).unwrap()).collect();
    let borrowed: Vec<&RawValue> = raw.iter().map(AsRef::as_ref).collect();
    let (domain, netbios) = ("corp.example.com".to_owned(), "CORP".to_owned());
    judge(&borrowed, &Directory { domain, netbios, upn_fallback: UpnFallback::SamAccountName })
}

#[test]
fn copies_are_one_account_with_the_same_input_in_any_order() {
    let first = json!({"id": "1", "message": message("S-1-5-21-7", "2026-11-22T05:05:03.999Z")});
    let second = json!({"id": "2", "message": message("S-1-5-21-7", "2026-11-22T05:05:04.001Z")});
    let other = json!({"id": "3", "message": message("S-1-5-21-8", "2026-11-22T05:05:04.001Z")});
    let judged = judge_all(&[first.clone(), second.clone(), other.clone(), first.clone()]);
    assert_eq!(judged.accounts, judge_all(&[second, other, first]).accounts);
    assert_eq!(judged.accounts.keys().collect::<Vec<_>>(), ["S-1-5-21-7", "S-1-5-21-8"]);
    assert_eq!(judged.skipped, vec![("S-1-5-21-7".to_owned(), Skipped::Copy); 2]);
}

#[test]
fn a_bad_event_does_not_touch_its_neighbours() {
    let good = json!({"id": "1", "message": message("S-1-5-21-7", "")});
    let bad = json!({"id": "2", "message": message("S-1-5-21-8", "").replace("</Event>", "")});
    let judged = judge_all(&[json!(7), bad, good, json!({"id": "3"}), json!({"id": "4", "message": "4720"})]);
    assert_eq!((judged.accounts.len(), judged.others), (1, 1));
    let not = |entry| (String::new(), Malformed::NotALogEvent(entry));
    assert_eq!(judged.malformed, [not(0), ("2".to_owned(), Malformed::CutOff), not(3)]);
}
