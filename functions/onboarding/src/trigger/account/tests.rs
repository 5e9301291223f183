//! What becomes of an account.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use super::*;

fn directory(upn_fallback: UpnFallback) -> Directory {
    Directory { domain: "corp.example.com".to_owned(), netbios: "CORP".to_owned(), upn_fallback }
}

fn created() -> Created<'static> {
    let value = |text| Some(Cow::Borrowed(text));
    Created {
        system_time: value("2026-11-22T05:05:03.1234567Z"),
        target_sid: value("S-1-5-21-1-2-3-1104"),
        target_user_name: value("JDoe"),
        target_domain_name: value("CORP"),
        subject_user_sid: value("S-1-5-21-1-2-3-500"),
        subject_user_name: value("Admin"),
        subject_domain_name: value("CORP"),
        sam_account_name: value("JDoe"),
        display_name: value("John Doe"),
        user_principal_name: value("John.Doe@Example.com"),
        ..Created::default()
    }
}

fn with(change: impl FnOnce(&mut Created<'static>)) -> Result<Verdict, Malformed> {
    let mut created = created();
    change(&mut created);
    Verdict::on(&created, &directory(UpnFallback::SamAccountName))
}

fn input(verdict: Result<Verdict, Malformed>) -> Json {
    let Ok(Verdict::Start(account)) = verdict else { panic!("{verdict:?}") };
    serde_json::to_value(account).unwrap()
}

#[test]
fn the_workflow_gets_what_the_original_gave_it_and_all_that_the_event_knows() {
    assert_eq!(
        input(with(|_| ())),
        json!({
            "Username": "John.Doe",
            "UPN": "John.Doe@Example.com",
            "DomainName": "example.com",
            "SID": "S-1-5-21-1-2-3-1104",
            "SamAccountName": "JDoe",
            "DisplayName": "John Doe",
            "CreatedBy": {"SID": "S-1-5-21-1-2-3-500", "Username": "Admin", "DomainName": "CORP"},
            "CreatedAt": "2026-11-22T05:05:03Z",
        })
    );
}

#[test]
fn without_a_principal_name_the_account_name_and_the_domain_serve_unless_told_otherwise() {
    for unset in [None, Some(""), Some("-"), Some("%%1793"), Some("jdoe"), Some("@corp.example.com"), Some("jdoe@")] {
        let mut created = created();
        created.user_principal_name = unset.map(Cow::Borrowed);
        let input = input(Verdict::on(&created, &directory(UpnFallback::SamAccountName)));
        assert_eq!((&input["UPN"], &input["Username"]), (&json!("JDoe@corp.example.com"), &json!("JDoe")), "{unset:?}");
        let skipped = Verdict::Skip { sid: "S-1-5-21-1-2-3-1104".to_owned(), why: Skipped::NoUserPrincipalName };
        assert_eq!(Verdict::on(&created, &directory(UpnFallback::Skip)), Ok(skipped), "{unset:?}");
    }
}

#[test]
fn what_the_event_does_not_know_is_null() {
    let verdict = with(|created| {
        created.display_name = Some("%%1793".into());
        (created.subject_user_sid, created.subject_user_name, created.subject_domain_name) =
            (None, Some("-".into()), None);
        created.system_time = None;
    });
    let input = input(verdict);
    assert_eq!(input["DisplayName"], Json::Null);
    assert_eq!(input["CreatedBy"], json!({"SID": null, "Username": null, "DomainName": null}));
    assert_eq!(input["CreatedAt"], Json::Null);
}

#[test]
fn machines_and_other_domains_are_skipped() {
    type Change = fn(&mut Created<'static>);
    let cases: [(Change, Option<Skipped>); 8] = [
        (|c| c.sam_account_name = Some("WS01$".into()), Some(Skipped::MachineAccount)),
        (|c| c.target_user_name = Some("WS01$".into()), Some(Skipped::MachineAccount)),
        (|c| c.sam_account_name = Some("US$R".into()), None),
        (|c| c.target_domain_name = Some("IP-C6130256".into()), Some(Skipped::LocalAccount)),
        (|c| c.target_domain_name = Some("example.com".into()), Some(Skipped::LocalAccount)),
        (|c| c.target_domain_name = Some("corp".into()), None),
        (|c| c.target_domain_name = Some("Corp.Example.Com".into()), None),
        (|c| c.sam_account_name = None, None),
    ];
    for (number, (change, expected)) in cases.into_iter().enumerate() {
        let why = match with(change).unwrap() {
            Verdict::Skip { why, .. } => Some(why),
            Verdict::Start(_) => None,
        };
        assert_eq!(why, expected, "case {number}");
    }
}

#[test]
fn an_event_that_does_not_say_whose_account_it_is_is_malformed() {
    assert_eq!(with(|c| c.target_sid = Some("-".into())), Err(Malformed::Missing("TargetSid")));
    assert_eq!(with(|c| c.target_domain_name = None), Err(Malformed::Missing("TargetDomainName")));
    let nameless = with(|c| (c.sam_account_name, c.target_user_name) = (None, Some("-".into())));
    assert_eq!(nameless, Err(Malformed::Missing("SamAccountName")));
}

#[test]
fn a_sid_is_a_name_that_step_functions_takes() {
    let long = format!("S-1-5-21-{}", "1".repeat(71));
    for (sid, good) in [
        ("S-1-5-21-3457937927-2839227994-823803824-6609", true),
        ("S-1-5-21-1-0-2", true),
        ("S-1-5-18", false), // of no domain
        ("S-1-0-0", false),
        ("S-1-5-21-1-01104", false),
        (&long, true),
        (&format!("{long}1"), false),
        ("S-1-5", false),
        ("S-1-5-", false),
        ("S-1--5-21", false),
        ("s-1-5-21-1", false),
        ("S-1-5-21-1 ", false),
        ("S-1-5-21-\u{661}", false),
        ("../../x", false),
        ("CORP\\jdoe", false),
    ] {
        assert_eq!(is_sid(sid), good, "{sid}");
    }
}

#[test]
fn the_time_is_the_events_to_the_second() {
    for (time, expected) in [
        ("2015-08-20T16:22:02.759912000Z", Some("2015-08-20T16:22:02Z")),
        ("2015-08-20T16:22:02Z", Some("2015-08-20T16:22:02Z")),
        ("2026-05-11T09:22:10.000000+00:00", Some("2026-05-11T09:22:10Z")),
        ("2026-05-11T09:22:10.000000+02:00", None),
        ("2026-05-11 09:22:10Z", None),
        ("11/22/2026 5:05:03 AM", None),
        ("2026-05-11T09:22:1\u{661}Z", None),
        ("", None),
    ] {
        assert_eq!(whole_second(time).as_deref(), expected, "{time}");
    }
}

#[test]
fn the_input_keeps_within_what_step_functions_takes() {
    let longest = "\"".repeat(3 * 1024); // the longest value, of what JSON doubles
    let value = || Some(Cow::Owned(longest.clone()));
    let created = Created {
        target_sid: Some("S-1-5-21-1".into()),
        target_domain_name: Some("CORP".into()),
        user_principal_name: Some(Cow::Owned(format!("{longest}@{longest}"))),
        sam_account_name: value(),
        display_name: value(),
        subject_user_sid: value(),
        subject_user_name: value(),
        subject_domain_name: value(),
        ..Created::default()
    };
    let input = input(Verdict::on(&created, &directory(UpnFallback::Skip))).to_string();
    assert!(input.len() < 262_144, "{}", input.len());
}
