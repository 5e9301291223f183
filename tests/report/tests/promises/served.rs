//! What the picture of a server promises.

use report::{Figure, Held, Request, Scenario, Served};

use super::data::served::served;
use super::{of, told};

const HOSTILE: &str = "</script><b onclick='x'>\u{0}\u{1b}[2J\r\u{202e}\u{85}<!--&amp;";

#[test]
fn every_request_is_told_with_its_status() {
    let after = served();
    let report = of(Scenario {
        before: Figure::Served(Served::default()),
        after: Figure::Served(after.clone()),
        ..Scenario::default()
    });
    let (html, told) = (report.html(), told(&report));
    assert_eq!(html.matches("<tr class=\"request\"").count(), after.requests.len());
    for request in &after.requests {
        assert!(html.contains(&format!("<b>{}</b>", request.status)) && told.contains(&request.asked), "{told}");
    }
    assert!(told.contains("100 × POST Patient") && told.contains("Observation 0 -> 8"), "{told}");
}

#[test]
fn nothing_that_a_client_sent_is_markup_or_moves_the_cursor() {
    let request = Request { asked: HOSTILE.into(), answered: HOSTILE.into(), ..Request::default() };
    let served = Served { requests: vec![request], held: vec![Held { name: HOSTILE.into(), count: 1 }] };
    let report =
        of(Scenario { before: Figure::Served(served.clone()), after: Figure::Served(served), ..Scenario::default() });
    let (html, told) = (report.html(), told(&report));
    assert!(!html.contains("<script") && !html.contains("<b onclick") && !html.contains('\u{202e}'));
    assert!(!told.contains(['\u{1b}', '\r', '\u{0}', '\u{202e}']));
}
