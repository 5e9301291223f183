//! What is opened, and all that is refused.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;

use super::*;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn event(gzip: &[u8]) -> String {
    serde_json::json!({"awslogs": {"data": STANDARD.encode(gzip)}}).to_string()
}

/// So many zeros, and a trailer that says how many there are.
fn bomb(length: usize, said: u32) -> Vec<u8> {
    let mut gzip = gzip(&vec![0; length]);
    let trailer = gzip.len() - 4;
    gzip[trailer..].copy_from_slice(&said.to_le_bytes());
    gzip
}

#[test]
fn only_what_a_subscription_sends_is_opened() {
    let good = STANDARD.encode(gzip(b"text"));
    for (event, expected) in [
        (format!(r#"{{"awslogs":{{"data":"{good}"}},"more":1}}"#), true),
        (format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, good.replace('/', r"\/")), true),
        (format!(r#"{{"awslogs":{{"data":" {good}"}}}}"#), false),
        (format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, good.trim_end_matches('=')), good.ends_with(|c| c != '=')),
        (format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, good.replace('A', "-")), false),
        (r#"{"awslogs":{"data":""}}"#.to_owned(), false),
        (r#"{"awslogs":{"data":7}}"#.to_owned(), false),
        (r#"{"awslogs":{}}"#.to_owned(), false),
        (r#"{"Records":[]}"#.to_owned(), false),
        ("null".to_owned(), false),
    ] {
        assert_eq!(open(&event).is_ok(), expected, "{event}");
    }
    assert_eq!(open(&event(&gzip(b"\xff"))), Err(Unreadable::NotText));
}

#[test]
fn a_header_may_have_what_gzip_allows_and_no_more() {
    let mut with_name =
        GzBuilder::new().filename("batch.json").comment("c").extra("x").write(Vec::new(), Compression::best());
    with_name.write_all(b"text").unwrap();
    assert_eq!(inflate(&with_name.finish().unwrap()), Ok(b"text".to_vec()));
    for reserved in [0x20, 0x40, 0x80] {
        let mut gzip = gzip(b"text");
        gzip[3] |= reserved;
        assert!(matches!(inflate(&gzip), Err(Unreadable::Gzip(_))));
    }
}

#[test]
fn cut_off_anywhere_or_with_anything_behind_it_is_refused() {
    let whole = gzip("text, more text, and once more text".repeat(50).as_bytes());
    for length in 0..whole.len() {
        assert!(inflate(&whole[..length]).is_err(), "{length}");
    }
    for behind in [&b"\0"[..], b"\0\0\0\0", b"garbage", &whole] {
        assert!(inflate(&[&whole, behind].concat()).is_err(), "{behind:?}");
    }
    assert_eq!(
        inflate(&[&gzip(b"abc"), &gzip(b"abc")[..]].concat()),
        Err(Unreadable::TrailingBytes(gzip(b"abc").len()))
    );
}

#[test]
fn a_bomb_is_refused_whether_it_tells_its_length_or_not() {
    let longest = u32::try_from(LONGEST).unwrap();
    assert_eq!(inflate(&bomb(LONGEST, longest)).map(|text| text.len()), Ok(LONGEST));
    for (length, said) in
        [(LONGEST + 1, longest + 1), (2 * LONGEST, longest), (2 * LONGEST, 0), (2 * LONGEST, u32::MAX)]
    {
        let bomb = bomb(length, said);
        let start = Instant::now();
        assert_eq!(inflate(&bomb), Err(Unreadable::TooLong), "{length} said to be {said}");
        assert!(start.elapsed() < Duration::from_secs(1)); // the figure is the bench's: 50 ms, of an optimised build
    }
    assert!(matches!(inflate(&bomb(1000, 1001)), Err(Unreadable::Gzip(_))));
    assert_eq!(inflate(&bomb(1000, 999)), Err(Unreadable::TooLong));
}

proptest! {
    #[test]
    fn what_was_packed_is_opened(text in "\\PC{0,200}", times in 0_usize..50) {
        let text = text.repeat(times);
        prop_assert_eq!(open(&event(&gzip(text.as_bytes()))), Ok(text));
    }

    #[test]
    fn any_byte_altered_is_noticed_or_does_not_matter(text in "[a-d]{0,300}", place in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut altered = gzip(text.as_bytes());
        let place = place.index(altered.len());
        altered[place] ^= change;
        if let Ok(read) = inflate(&altered) {
            prop_assert_eq!(read, text.as_bytes());
        }
    }

    #[test]
    fn nothing_makes_it_panic(bytes in any::<Vec<u8>>(), text in "\\PC*") {
        let _ = inflate(&bytes);
        let _ = inflate(&[&[0x1f, 0x8b, 8][..], &bytes].concat());
        let _ = open(&text);
        let _ = open(&event(&bytes));
    }
}
