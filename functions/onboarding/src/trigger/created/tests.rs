//! What is read of an event's XML, in all the ways that it comes.

use proptest::prelude::*;

use super::*;

const PLAIN: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing'/>\
    <EventID>4720</EventID><TimeCreated SystemTime='2026-11-22T05:05:03.1234567Z'/><EventRecordID>175408</EventRecordID><Correlation/></System>\
    <EventData><Data Name='TargetUserName'>jdoe</Data><Data Name='TargetSid'>S-1-5-21-1-2-3-1104</Data></EventData></Event>";

fn read(message: &str) -> Result<Option<(String, String)>, Malformed> {
    let text = |value: Value<'_>| value.unwrap_or_default().into_owned();
    Ok(Created::read(message)?.map(|created| (text(created.target_user_name), text(created.target_sid))))
}

fn with(before: &str, after: &str) -> String {
    assert!(PLAIN.contains(before), "{before}");
    PLAIN.replace(before, after)
}

/// The plain event with another name in it.
fn name(written: &str) -> Result<String, Malformed> {
    read(&with("jdoe", written)).map(|read| read.unwrap().0)
}

#[test]
fn the_same_event_is_read_however_it_is_written() {
    let expected = Ok(Some(("jdoe".to_owned(), "S-1-5-21-1-2-3-1104".to_owned())));
    let prefixed =
        PLAIN.replace("xmlns=", "xmlns:e=").replace("</", "</e:").replace('<', "<e:").replace("<e:/e:", "</e:");
    let pretty = PLAIN.replace("><", ">\r\n  <").replace("<System>", "- <System>");
    for message in [
        PLAIN.to_owned(),
        PLAIN.replace('\'', "\""),
        with("<EventID>", "<EventID Qualifiers=''>"),
        with("<EventID>4720</EventID>", "<EventID Qualifiers=\"0\">\r\n  4720\r\n</EventID>"),
        with("4720", "<![CDATA[4720]]>"),
        with("4720", "<!-- 4738 -->47&#50;0"),
        with(" xmlns='http://schemas.microsoft.com/win/2004/08/events/event'", ""),
        prefixed,
        format!("<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n{PLAIN}\r\n\0"),
        format!("2026-11-22T05:05:04Z IP-C6130256 Security: {pretty} (end)"),
        with(
            "</EventData>",
            "</EventData><RenderingInfo Culture='en-US'><Message>Account Name: EventID 4738</Message></RenderingInfo>",
        ),
        with("</EventData>", "</EventData><UserData><x xmlns='urn:x'><EventID>4738</EventID></x></UserData>"),
        with("<EventData>", "<EventData><Data>4738</Data><Data Name='Other'><b>x</b></Data><Data Name='TargetUser'/>"),
        with(
            "<EventData>",
            "<e:EventData xmlns:e='urn:x'><Data Name='TargetUserName'>x</Data></e:EventData><EventData>",
        ),
    ] {
        assert_eq!(read(&message), expected, "{message}");
    }
    let reordered = "<Event><EventData><Data Name='TargetSid'>S-1-5-21-1-2-3-1104</Data><Data Name='TargetUserName'>jdoe</Data></EventData><System><EventID>4720</EventID></System></Event>";
    assert_eq!(read(reordered), expected);
}

#[test]
fn anything_but_a_4720_is_none_even_if_it_speaks_of_one() {
    for message in [
        with(">4720<", ">4738<"),
        with(">4720<", ">4741<"),
        with(">4720<", ">47200<"),
        with(">4720<", ">04720<").replace("jdoe", "4720"),
        with(">4720<", ">4726<").replace("175408", "4720"),
        format!("{} <EventID>4720</EventID>", with(">4720<", ">4726<")),
        "EventID 4720: A user account was created.".to_owned(),
        "<html><System><EventID>4720</EventID></System></html>".to_owned(),
        "<e:Event xmlns:e='urn:other'><System><EventID>4720</EventID></System></e:Event>".to_owned(),
        String::new(),
    ] {
        assert_eq!(read(&message), Ok(None), "{message}");
    }
}

#[test]
fn a_value_is_what_it_stands_for_without_what_windows_adds() {
    for (written, expected) in [
        ("Ana Mar\u{ed}a", "Ana Mar\u{ed}a"),
        ("O&apos;Neill &amp; S&#246;hne &lt;&#x1F600;&gt;", "O'Neill & S\u{f6}hne <\u{1f600}>"),
        ("<![CDATA[a<b & c]]>d", "a<b & cd"),
        ("jdoe\0", "jdoe"),
        ("\u{1}j\u{8}do\u{b}e\u{7f}\u{9f}", "jdoe"),
        ("j&#0;d&#x1;oe&#x0;", "jdoe"),
        ("\r\n\tjdoe \r\n", "jdoe"),
        ("j<!-- -->doe<?pi?>", "jdoe"),
        ("-", "-"),
        ("", ""),
    ] {
        assert_eq!(name(written), Ok(expected.to_owned()), "{written:?}");
    }
    let by_control = with("'TargetUserName'", "'TargetUserName\0'");
    assert_eq!(read(&by_control).unwrap().unwrap().0, "jdoe");
}

#[test]
fn what_is_not_well_formed_too_large_or_ambiguous_is_malformed() {
    let deep = format!("<EventData>{}{}", "<x>".repeat(30), "</x>".repeat(30));
    let attributes = " a='' b='' c='' d='' e='' f='' g='' h='' i='' j='' k='' l='' m='' n='' o='' p='' q=''";
    for (message, expected) in [
        (with("jdoe", "<b>jdoe</b>"), Malformed::Nested),
        (with("jdoe", "&nbsp;"), Malformed::Entity),
        (with("jdoe", "&#xd800;"), Malformed::Entity),
        (with("jdoe", "&#99999999999;"), Malformed::Entity),
        (with("'TargetUserName'", "'&x;'"), Malformed::Entity),
        (with("jdoe", &"x".repeat(3 * 1024 + 1)), Malformed::LongValue),
        (format!("<!DOCTYPE Event [<!ENTITY x 'y'>]>{PLAIN}"), Malformed::DocumentType),
        (with("<EventData>", &deep).replacen("<x>", "<x><x><x>", 1), Malformed::TooDeep),
        (with("<Data Name='TargetSid'", &format!("<Data Name='TargetSid'{attributes}")), Malformed::TooManyAttributes),
        (with("<EventData>", "<e:x/><EventData>"), Malformed::Prefix),
        (with("<EventID>4720</EventID>", ""), Malformed::Missing("EventID")),
        (with("<EventID>4720", "<EventID>4720</EventID><EventID>4738"), Malformed::Twice("EventID")),
        (
            with("<EventData>", "<EventData><Data Name='TargetSid'>S-1-5-21-1-2-3-4</Data>"),
            Malformed::Twice("TargetSid"),
        ),
        (format!("{PLAIN}{PLAIN}"), Malformed::Twice("a root element")),
        (format!("{PLAIN}{}", " ".repeat(256 * 1024)), Malformed::TooLong),
        (with("</EventData></Event>", "</EventData>"), Malformed::CutOff),
        (with("</Data></EventData>", "</EventData>"), Malformed::Syntax(362)),
        (with("<Data Name='TargetSid'", "<Data Name='TargetSid' Name='x'"), Malformed::Attribute),
    ] {
        assert_eq!(read(&message).unwrap_err(), expected, "{message}");
    }
    for end in PLAIN.char_indices().map(|(place, _)| place).skip(2) {
        assert!(read(&PLAIN[..end]).is_err(), "cut off at {end}");
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "\\PC*", parts in prop::collection::vec("<(e:)?(Event|System|EventID|EventData|Data)( Name='\\w*'| xmlns(:e)?='\\w*')?/?>|</(Event|System|Data)>|4720|&\\w*;|<!\\[CDATA\\[|\\]\\]>|\\PC", 0..20)) {
        let _ = read(&text);
        let _ = read(&parts.concat());
        let _ = read(&format!("<Event>{}</Event>", parts.concat()));
    }

    #[test]
    fn any_name_comes_through(text in "\\PC{0,50}") {
        let escaped = quick_xml::escape::escape(text.as_str());
        prop_assert_eq!(name(&escaped), Ok(text.trim().to_owned()));
    }

    #[test]
    fn an_event_with_a_byte_altered_does_not_panic(place in any::<prop::sample::Index>(), byte in any::<char>()) {
        let (before, after) = PLAIN.split_at(place.index(PLAIN.len()));
        let _ = read(&format!("{before}{byte}{}", &after[1..]));
    }
}
