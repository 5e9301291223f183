//! What the picture of workflows promises.

use report::{
    Decision, Execution, Figure, Lane, LaneOutcome, Report, Scenario, Service, Status, Totals, Try, User, Workflows,
};

use super::data::workflows::{batch, there};
use super::{of, told};

const HOSTILE: &str = "</script><b onclick='x'>\u{0}\u{1b}[2J\r\u{202e}\u{85}<!--&amp;";

fn shown(before: Workflows, after: Workflows) -> Report {
    of(Scenario { before: Figure::Workflows(before), after: Figure::Workflows(after), ..Scenario::default() })
}

fn drawn(after: &Workflows) -> String {
    shown(there(), after.clone()).html()
}

/// Everything that has a text says this one.
fn saying(text: &str, tries: Vec<Try>) -> Workflows {
    let failed = Lane { service: text.into(), tries: tries.clone(), outcome: LaneOutcome::Failed(text.into()) };
    let running = Lane { service: text.into(), tries: tries.clone(), outcome: LaneOutcome::Running };
    let without = Lane { tries: vec![], ..running.clone() };
    let executions = vec![Execution {
        name: text.into(),
        status: Status::Failed,
        at_ms: tries.first().map_or(0.0, |one| one.at_ms),
        took_ms: 5.0,
        lanes: vec![failed, running, without],
        notify: tries,
    }];
    let decisions =
        [Decision::Skipped(text.into()), Decision::Malformed(text.into()), Decision::NotStarted(text.into())];
    let mut users: Vec<User> = decisions.map(|decision| User { who: text.into(), decision, executions: vec![] }).into();
    users.push(User { who: text.into(), decision: Decision::Started, executions });
    Workflows { users, services: vec![Service { name: text.into(), users: vec![text.into(); 2] }] }
}

#[test]
fn every_user_and_every_try_is_drawn() {
    let (batch, html) = (batch(), drawn(&batch()));
    let executions = || batch.users.iter().flat_map(|user| &user.executions);
    let lanes: usize = executions().map(|one| one.lanes.len() + usize::from(!one.notify.is_empty())).sum();
    let lane_tries = executions().flat_map(|one| &one.lanes).map(|lane| lane.tries.len()).sum::<usize>();
    let tries = lane_tries + executions().map(|one| one.notify.len()).sum::<usize>();
    let count = |what: &str| html.matches(what).count();
    assert_eq!(count("<li class=\"user"), batch.users.len());
    assert_eq!(count("<div class=\"way "), lanes);
    let key = 1;
    assert_eq!(count("<line class=\"try"), tries + key);
    assert_eq!(count("<svg class=\"failed\""), 9, "each try that was tried again");
}

#[test]
fn the_picture_is_in_words_too() {
    let html = drawn(&batch());
    for words in [
        "WorkSpaces: at 61 ms UserNotReplicated, tried again; at 5.1 s UserNotReplicated, tried again; at 13 s created.",
        "WorkSpaces: at 308 ms already there.",
        "WorkSpaces: at 330 ms failed: FailedWorkSpaceCreationException.",
        "Notify: at 3.5 s told of it.",
    ] {
        assert!(html.contains(&format!("<span class=\"unseen\">{words}</span>")), "{words}");
    }
    assert!(html.contains("bruno.keller is in WorkSpaces, nobody is in Connect."));
}

#[test]
fn totals_say_what_became_of_all() {
    let expected = Totals {
        events: 10,
        users: 7,
        started: 6,
        already_started: 0,
        not_started: 1,
        skipped: 2,
        malformed: 1,
        executions: 6,
        succeeded: 4,
        failed: 2,
        running: 0,
    };
    assert_eq!(batch().totals(), expected);
    assert_eq!(Workflows::default().totals(), Totals::default());
}

#[test]
fn what_does_not_add_up_is_marked() {
    assert!(!drawn(&batch()).contains("≠"));
    let mut lost = batch();
    lost.services[0].users.pop();
    assert!(drawn(&lost).contains("≠"));
    let unknown = Workflows { services: vec![], ..batch() };
    assert!(!drawn(&unknown).contains("≠"), "nobody looked");
}

#[test]
fn a_hostile_name_is_only_read() {
    let tries = || vec![Try::new(1.0, 2.0, Some(HOSTILE)), Try::new(9.0, 2.0, Some(HOSTILE))];
    let report = shown(saying(HOSTILE, tries()), saying(HOSTILE, tries()));
    let (html, told) = (report.html(), told(&report));
    assert!(html.contains("&lt;/script&gt;&lt;b") && html.contains(r"\u{0}\u{1b}[2J\r\u{202e}\u{85}"));
    assert!(!html.contains("<b onclick") && !html.contains("</script") && !html.contains("<!--"));
    let unseen = |c: char| c == '\u{202e}' || (c.is_control() && c != '\n');
    assert!(!html.contains(unseen) && !told.contains(unseen));
    assert!(told.lines().all(|line| line.chars().count() <= 96), "{told}");
}

#[test]
fn no_time_is_without_a_place() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, -1.0, 0.0, 3_600_000.0];
    let pairs = odd.iter().flat_map(|at| odd.iter().map(|took| Try::new(*at, *took, Some("Throttled"))));
    let all = saying("a", pairs.clone().collect());
    let alone = pairs.map(|one| saying("a", vec![one]));
    for workflows in alone.chain([all, batch(), Workflows::default()]) {
        let html = drawn(&workflows);
        for place in html.split("style=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(!place.contains("NaN") && !place.contains("inf"), "{place}");
        }
        for place in html.split([' ', '<']).filter(|part| ["x=", "x1=", "x2=", "y"].iter().any(|n| part.starts_with(n)))
        {
            assert!(!place.contains("NaN") && !place.contains("inf"), "{place}");
        }
        told(&shown(there(), workflows));
    }
}

#[test]
fn in_the_terminal_each_branch_is_a_line_that_fits() {
    let text = told(&shown(there(), batch()));
    assert!(text.lines().all(|line| line.chars().count() <= 96), "{text}");
    let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "✓ succeeded, 1.3 s Connect ·━ 1.3 s ✓ created",
        "carla.nowak WorkSpaces ×····×·······━ 13 s ✓ after UserNotReplicated × 2",
        "PC-0042$ – skipped: machine account",
        "✗ failed, 17 s Connect ·····×··×····×····━ 17 s ✗ ServiceUnavailable, 4 tries",
        "WorkSpaces: 4 created, 1 already there, 1 failed; 5 there now",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line}\n{text}");
    }
}

#[test]
fn a_second_execution_of_a_user_is_not_hidden() {
    let mut twice = batch();
    let again = twice.users[0].executions.clone();
    twice.users[0].executions.extend(again);
    assert_eq!(drawn(&twice).matches("<p class=\"end ").count(), 7);
    assert_eq!(told(&shown(there(), twice)).matches("anna.mueller").count(), 2);
}

#[test]
fn of_very_many_users_the_rest_is_counted() {
    let many = Workflows { users: batch().users.into_iter().cycle().take(500).collect(), services: vec![] };
    assert!(drawn(&many).contains("And 300 more."));
    assert!(told(&shown(there(), many)).contains("and 476 more"));
}
