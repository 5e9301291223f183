//! What the picture of a lake promises.

use report::{Fate, Figure, Lake, Message, Object, Reading, Report, Scenario};

use super::data::lake::{lakes, losing, stream};
use super::{of, told};

fn shown(before: Lake, after: Lake) -> Report {
    of(Scenario { before: Figure::Lake(before), after: Figure::Lake(after), ..Scenario::default() })
}

fn drawn(lake: &Lake) -> String {
    shown(Lake::default(), lake.clone()).html()
}

#[test]
fn each_message_has_one_sign_in_the_picture() {
    for lake in lakes().iter().filter(|lake| lake.messages.len() > 12) {
        let (html, counts) = (drawn(lake), lake.counts());
        let drawn = |class: &str| html.matches(&format!("class=\"{class}\"")).count();
        assert_eq!(drawn("dot") + drawn("sign"), counts.published);
        assert_eq!((drawn("dot"), drawn("twice")), (counts.in_lake, counts.duplicates));
        assert_eq!(drawn("hole"), counts.lost, "each of the sample's lost messages had a value");
    }
}

#[test]
fn no_number_is_without_a_place() {
    let odd = |n: usize| Message {
        fate: Fate::InLake(vec![Reading { id: n.to_string(), at_ms: None, value: Some(f64::INFINITY) }]),
        ..Message::published(
            i64::try_from(n).map_or(0, |n| (n - 20).pow(7)),
            [None, Some(f64::NAN), Some(f64::MAX), Some(f64::MIN)][n % 4],
            "",
        )
    };
    let odd = Lake { messages: (0..40).map(odd).collect(), ..Lake::default() };
    let same = Lake { messages: vec![Message::published(0, Some(3.0), ""); 20], ..Lake::default() };
    for lake in lakes().into_iter().chain([odd, same]) {
        let html = drawn(&lake);
        let places = html
            .split([' ', '<'])
            .filter(|part| ["cx=", "cy=", "x=", "y=", "x1=", "y1=", "d="].iter().any(|name| part.starts_with(name)));
        for place in places {
            assert!(!place.contains("NaN") && !place.contains("inf"), "{place}");
        }
        told(&shown(Lake::default(), lake));
    }
}

#[test]
fn a_hostile_message_is_only_read() {
    let text = "</script><b onclick='x'>\u{0}\u{1b}[2J\r\u{202e}\u{85}<!--&amp;";
    for (few, n) in [(true, 3), (false, 40)] {
        let fate = Fate::Quarantined(text.into());
        let messages = vec![Message { fate, ..Message::published(0, None, text) }; n];
        let objects = vec![Object { key: text.into(), bytes: 1, records: 1 }];
        let strays = vec![Reading { id: text.into(), at_ms: None, value: None }];
        let report = shown(Lake::default(), Lake { messages, objects, strays });
        let (html, told) = (report.html(), told(&report));
        assert!(
            html.contains("&lt;/script&gt;&lt;b") && html.contains(r"\u{0}\u{1b}[2J\r\u{202e}\u{85}"),
            "few: {few}"
        );
        assert!(!html.contains("<b onclick") && !html.contains("</script") && !html.contains("<!--"));
        let unseen = |c: char| c == '\u{202e}' || (c.is_control() && c != '\n');
        assert!(!html.contains(unseen) && !told.contains(unseen));
    }
}

#[test]
fn what_is_lost_is_not_overlooked() {
    let (well, ill) = (drawn(&stream()), drawn(&losing()));
    assert!(well.contains("class=\"none-lost zero\"") && !well.contains("class=\"hole\""));
    assert!(ill.contains("class=\"lost\"") && !ill.contains("none-lost zero"));
    let told = |lake| told(&shown(Lake::default(), lake));
    assert!(told(losing()).contains("○ 3 lost: neither"));
    assert!(!told(stream()).contains('○'));
    let forgotten = Message { fate: Fate::InLake(vec![]), ..Message::published(0, None, "") };
    assert!(
        told(Lake { messages: vec![forgotten], ..Lake::default() }).contains("1 lost"),
        "no line is not in the lake"
    );
}

#[test]
fn an_empty_lake_says_so() {
    let nothing = shown(Lake::default(), Lake::default());
    assert!(nothing.html().contains("Nothing yet.") && told(&nothing).contains("Nothing yet."));
    let html = drawn(&stream());
    assert!(html.contains("<b>Before: </b>nothing yet."));
    assert!(shown(stream(), losing()).html().contains("</b>300 published, 291 in the lake,"));
    assert!(told(&shown(stream(), stream())).contains("After: nothing changed"));
}

#[test]
fn of_a_small_batch_each_message_is_told() {
    let lake = Lake { messages: stream().messages.split_off(290), ..Lake::default() };
    let (html, told) = (drawn(&lake), told(&shown(Lake::default(), lake.clone())));
    assert!(!html.contains("class=\"readings\""));
    for message in &lake.messages {
        assert!(html.contains(&message.text.replace('"', "&quot;")), "{}", message.text);
    }
    assert_eq!(told.matches("● in the lake").count(), 10);
}
