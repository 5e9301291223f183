//! What the two renderings promise, on a made-up report.
#![expect(clippy::indexing_slicing, clippy::expect_used, reason = "a test's own data")]

#[path = "../examples/sample/data.rs"]
mod data;
#[path = "promises/lake.rs"]
mod lake;
#[path = "promises/served.rs"]
mod served;
#[path = "promises/workflows.rs"]
mod workflows;

use std::io::Write;
use std::sync::{Arc, Mutex};

use report::{Chapter, Check, Figure, Narrator, Network, Report, Scenario};
use serde_json::Value;

/// What a narrator wrote.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic while it is held").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic while it is held").clone()).expect("UTF-8")
    }
}

fn told(report: &Report) -> String {
    let page = Page::default();
    let mut narrator = Narrator::plain(page.clone());
    for chapter in &report.chapters {
        narrator.chapter(&chapter.system, &chapter.lead);
        chapter.scenarios.iter().for_each(|scenario| narrator.scenario(1, scenario));
    }
    narrator.closing(report, None);
    page.text()
}

fn of(scenario: Scenario) -> Report {
    Report { chapters: vec![Chapter { scenarios: vec![scenario], ..Chapter::default() }], ..Report::default() }
}

fn network(figure: &Figure) -> Option<&Network> {
    if let Figure::Network(network) = figure { Some(network) } else { None }
}

/// The report with something before every text, but for words that the model knows.
fn spoilt(report: &Report, spoil: &str) -> Report {
    fn walk(value: &mut Value, spoil: &str) {
        const WORDS: [&str; 30] = [
            "network",
            "ok",
            "failed",
            "OK",
            "ALARM",
            "INSUFFICIENT_DATA",
            "active",
            "blackhole",
            "cluster",
            "in",
            "refused",
            "other-host",
            "nothing",
            "lake",
            "in-lake",
            "quarantined",
            "given-back",
            "dead-letter",
            "lost",
            "workflows",
            "started",
            "already-started",
            "skipped",
            "malformed",
            "not-started",
            "running",
            "succeeded",
            "created",
            "already-there",
            "served",
        ];
        match value {
            Value::String(text) if !WORDS.contains(&text.as_str()) => text.insert_str(0, spoil),
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, spoil)),
            Value::Object(fields) => fields.values_mut().for_each(|field| walk(field, spoil)),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(report).expect("a report is JSON");
    walk(&mut value, spoil);
    serde_json::from_value(value).expect("only texts were spoilt")
}

#[test]
fn no_text_becomes_markup() {
    let html = spoilt(&data::report(), "\"'><script>alert(1)</script><!--").html();
    assert!(!html.contains("<script") && !html.contains("<!--"));
    assert!(html.matches("&lt;script&gt;").count() > 1000);
}

#[test]
fn no_text_moves_the_cursor() {
    let text = told(&spoilt(&data::report(), "\x1b[2J\r"));
    assert!(!text.contains(['\x1b', '\r']));
}

#[test]
fn the_page_needs_no_network_and_no_script() {
    let html = data::report().html();
    for outside in ["http:", "https:", " src=", "url(", "@import", "<link", "<script", "<img", "<iframe"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert_eq!(html.matches("href=").count(), html.matches("href=\"#").count());
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn every_changed_route_is_marked() {
    for scenario in data::report().scenarios() {
        let (Some(before), Some(after)) = (network(&scenario.before), network(&scenario.after)) else { continue };
        let mut fresh = after.clone();
        fresh.mark_changes(before);
        let changes = fresh.changes(before).len();
        let scenario = Scenario { after: Figure::Network(fresh), ..scenario.clone() };
        let html = of(scenario.clone()).html();
        assert_eq!(html.matches(" data-changed").count(), changes, "{}", scenario.title);
        assert_eq!(html.contains("class=\"way changed\""), changes > 0, "{}", scenario.title);
        assert_eq!(told(&of(scenario)).contains('◆'), changes > 0);
    }
}

#[test]
fn marks_are_made_by_comparing() {
    let before = data::network(2);
    let mut after = data::moved(&before);
    assert_eq!(after.changes(&before).len(), 3);
    after.zones[1].tables[0].routes.remove(0);
    let gone = after.changes(&before).pop().expect("the removed route");
    assert_eq!((gone.now, gone.was.expect("it was there").target.as_str()), (None, "local"));
    after.mark_changes(&after.clone());
    assert!(after.changes(&after).is_empty());
}

#[test]
fn any_number_of_zones_is_drawn_whole() {
    for zones in 0..=4 {
        let networks = if zones < 2 {
            vec![data::network(zones)]
        } else {
            let scenario = data::crowded(zones);
            [&scenario.before, &scenario.after].into_iter().filter_map(network).cloned().collect()
        };
        for network in networks {
            let ids: Vec<String> = network.zones.iter().flat_map(|z| &z.tables).map(|t| t.id.clone()).collect();
            let figure = Figure::Network(network);
            let html = of(Scenario { before: figure.clone(), after: figure, ..Scenario::default() }).html();
            assert!(ids.iter().all(|id| html.contains(&format!(">{id}</text>"))));
        }
    }
}

#[test]
fn every_login_is_drawn_with_a_word_and_every_line_once() {
    let html = of(data::cluster::scenario()).html();
    let words = |word: &str| html.matches(&format!("{word}. ")).count();
    assert_eq!((words(": logs in"), words(": refused"), words(": not there yet")), (19, 6, 3));
    assert_eq!(words(": another host key: not trusted"), 2);
    assert_eq!(data::cluster::scenario().depth(), 3, "of one step: they are invocations of their own");
    assert_eq!(html.matches("me@home").count(), 1);
    assert_eq!(html.matches("class=\"foreign\"").count(), 5, "it was there all the time");
}

#[test]
fn a_rotation_in_the_terminal_is_a_line_for_each_key_and_each_line() {
    let text = told(&of(data::cluster::scenario()));
    let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "before create set test finish",
        "old key ✓✓✓ ✓✓✓ ✓✓✓ ✓!✓ ✗✗✗",
        "new key ··· ✗✗✗ ✓✓✓ ✓!✓ ✓✓✓",
        "AWSCURRENT is old old old old new",
        "copy_file uses old old new",
        "authorized_keys of node-1:",
        "ssh-ed25519 AAAA…old ssh-rotation:… ■ ■ ■ ■",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line}\n{text}");
    }
    assert!(text.contains("SendCommand, ListCommandInvocations × 2"), "{text}");
}

#[test]
fn the_same_report_is_the_same_page() {
    let report = data::report();
    let json = serde_json::to_string(&report).expect("a report is JSON");
    let again: Report = serde_json::from_str(&json).expect("it was written so");
    assert_eq!(again, report);
    assert_eq!(again.html(), report.html());
}

#[test]
fn all_held_means_all() {
    let with = |checks: Vec<Check>| of(Scenario { checks, ..Scenario::default() });
    assert!(with(vec![Check::new("a", true)]).all_held());
    assert!(!with(vec![Check::new("a", true), Check::new("b", false)]).all_held());
    assert!(!with(vec![]).all_held(), "a scenario that checks nothing proves nothing");
    assert!(!Report::default().all_held(), "nothing ran");
    assert!(with(vec![Check::new("b", false)]).html().contains("1 promise did not hold"));
}

#[test]
fn the_terminal_is_plain_and_fits_a_hundred_columns() {
    let text = told(&data::report());
    assert!(!text.contains('\x1b'));
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 100 || line.ends_with(' ')).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    assert!(text.contains("ReplaceRoute × 3"));
    assert!(text.contains("✗ The notification was sent"));
}

#[test]
fn a_task_always_ends_its_line() {
    let page = Page::default();
    let mut narrator = Narrator::plain(page.clone());
    narrator.start("building").done();
    narrator.start("starting").failed("no port");
    drop(narrator.start("waiting"));
    let text = page.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("   building … done in "), "{lines:?}");
    assert!(lines[1].ends_with(": no port") && lines[2].contains("stopped after"), "{lines:?}");
    assert!(text.ends_with('\n'));
}
