use fhir_model::json::Json;
use fhir_model::patch::Patch;

use super::update::Target;
use super::*;
use crate::http::negotiate::Conditions;
use crate::store::{Body, Method};

fn version(id: &str, number: u64, body: Body) -> Version {
    let key = Key::new("Patient", id);
    Version {
        key,
        number,
        updated: 1_700_000_000_123,
        method: Method::Put,
        body,
        transaction: None,
        commit: String::new(),
        stamp: String::new(),
    }
}

fn live(id: &str, number: u64) -> Version {
    version(id, number, Body::Object("o".to_owned()))
}

/// None, a version that is there, or a deletion.
fn base(current: Option<(u64, bool)>) -> Base {
    let current =
        current.map(|(number, deleted)| if deleted { version("1", number, Body::Deleted) } else { live("1", number) });
    Base { current, ..Base::default() }
}

fn conditions(if_match: Option<&str>, if_none_match: Option<&str>) -> Conditions {
    Conditions::of_entry(if_match, if_none_match, None, None).unwrap()
}

/// The status of what is to be written, of an answer without a write (as 1000 and more), or of an error.
fn status(plan: Result<Plan<'_>, Error>) -> u16 {
    match plan {
        Ok(Plan::Write { status, .. }) => status,
        Ok(Plan::Done(answer)) => 1000 + answer.status,
        Err(error) => error.status(),
    }
}

#[test]
fn what_is_written_depends_on_what_is_there_and_on_the_conditions() {
    let key = Key::new("Patient", "1");
    let json = br#"{"resourceType":"Patient","id":"1"}"#;
    let change = Patch::json_patch(&Json::parse(br#"[{"op":"add","path":"/active","value":true}]"#).unwrap()).unwrap();
    let tag = Some("W/\"2\"");
    for (current, if_match, if_none_match, update, patch, delete) in [
        (None, None, None, 201, 404, 1204),
        (None, tag, None, 412, 404, 412),
        (None, None, Some("*"), 201, 404, 1204),
        (Some((2, false)), None, None, 200, 200, 204),
        (Some((2, false)), tag, None, 200, 200, 204),
        (Some((3, false)), tag, None, 412, 412, 412),
        (Some((2, false)), None, Some("*"), 412, 412, 412),
        (Some((2, true)), None, None, 201, 410, 1204),
        (Some((2, true)), tag, None, 412, 410, 412),
        (Some((2, true)), None, Some("*"), 201, 410, 1204),
    ] {
        let conditions = conditions(if_match, if_none_match);
        let what = format!("{current:?} {conditions:?}");
        let body = || Json::parse(json).unwrap();
        let stored = current.filter(|(_, deleted)| !deleted).map(|_| json.as_slice());
        assert_eq!(status(update::plan(&key, base(current), body(), &conditions)), update, "update {what}");
        assert_eq!(status(patch::plan(&key, base(current), stored, &change, &conditions)), patch, "patch {what}");
        assert_eq!(status(delete::plan(&key, base(current), &conditions)), delete, "delete {what}");
    }
}

#[test]
fn a_conditional_interaction_acts_upon_the_one_that_matches() {
    let found = |count: usize| -> Vec<Version> { ["a", "b"].iter().take(count).map(|id| live(id, 1)).collect() };
    let new = |id: Option<&str>| Ok(Target::New(id.map(|id| Key::new("Patient", id))));
    for (count, id, expected) in [
        (0, None, new(None)),
        (0, Some("x"), new(Some("x"))),
        (0, Some(".."), Err(400)),
        (1, None, Ok(Target::Found(live("a", 1)))),
        (1, Some("a"), Ok(Target::Found(live("a", 1)))),
        (1, Some("x"), Err(400)),
        (2, None, Err(412)),
        (2, Some("a"), Err(412)),
    ] {
        let target = update::target("Patient", found(count), id).map_err(|error| error.status());
        assert_eq!(target, expected, "{count} {id:?}");
    }
    assert!(create::among(found(0)).unwrap().is_none());
    assert_eq!(create::among(found(1)).unwrap().unwrap().status, 200);
    assert_eq!(create::among(found(2)).unwrap_err().status(), 412);
    assert_eq!(delete::target(found(0)).unwrap(), None);
    assert_eq!(delete::target(found(2)).unwrap_err().status(), 412);
    assert_eq!(patch::target(found(0), "Patient").unwrap_err().status(), 404);
    assert_eq!(patch::target(found(2), "Patient").unwrap_err().status(), 412);
}

#[test]
fn only_what_was_written_and_is_there_has_a_location() {
    let deleted = version("1", 3, Body::Deleted);
    for (answer, location, outcome) in [
        (Answer::written(201, live("1", 1)), Some("Patient/1/_history/1"), "created: Patient/1, version 1"),
        (Answer::written(200, live("1", 2)), Some("Patient/1/_history/2"), "stored: Patient/1, version 2"),
        (Answer::written(204, deleted), None, "deleted: Patient/1, version 3"),
        (Answer { status: 204, version: None, content: Content::Preferred }, None, "there was nothing to delete"),
        (Answer::resource(live("1", 1)), None, "stored: Patient/1, version 1"),
    ] {
        assert_eq!(answer.location().as_deref(), location);
        assert_eq!(answer.outcome(), crate::outcome::Outcome::information(outcome));
    }
}

#[tokio::test]
async fn what_conflicts_is_done_again_and_what_fails_is_not() {
    for (errors, attempts) in [
        (vec![], 1),
        (vec![Error::Conflict(String::new()), Error::Conflict(String::new())], 3),
        (vec![Error::Precondition(String::new())], 1),
        (vec![Error::Conflict(String::new()), Error::Busy], 2),
    ] {
        let mut errors = errors.into_iter();
        let mut made = 0;
        let done = again(async || {
            made += 1;
            errors.next().map_or(Ok(()), Err)
        });
        let _ = done.await;
        assert_eq!(made, attempts);
    }
}
