//! From [`Json`] to text.

use super::Json;

pub(super) fn compact(json: &Json<'_>, out: &mut Vec<u8>) {
    match json {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(true) => out.extend_from_slice(b"true"),
        Json::Bool(false) => out.extend_from_slice(b"false"),
        Json::Number(digits) => out.extend_from_slice(digits.as_bytes()),
        Json::String(text) => string(text, out),
        Json::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                compact(item, out);
            }
            out.push(b']');
        }
        Json::Object(object) => {
            out.push(b'{');
            for (at, (name, value)) in object.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                string(name, out);
                out.push(b':');
                compact(value, out);
            }
            out.push(b'}');
        }
    }
}

pub(super) fn pretty(json: &Json<'_>, level: usize, out: &mut Vec<u8>) {
    match json {
        Json::Array(items) if !items.is_empty() => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                line(at > 0, level + 1, out);
                pretty(item, level + 1, out);
            }
            line(false, level, out);
            out.push(b']');
        }
        Json::Object(object) if !object.is_empty() => {
            out.push(b'{');
            for (at, (name, value)) in object.iter().enumerate() {
                line(at > 0, level + 1, out);
                string(name, out);
                out.extend_from_slice(b": ");
                pretty(value, level + 1, out);
            }
            line(false, level, out);
            out.push(b'}');
        }
        _ => compact(json, out),
    }
}

fn line(comma: bool, level: usize, out: &mut Vec<u8>) {
    if comma {
        out.push(b',');
    }
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', 2 * level));
}

fn string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else { break };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.extend([byte >> 4, byte & 15].iter().filter_map(|half| HEX.get(usize::from(*half))));
            }
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn survives(text: &str) {
        assert_eq!(String::from_utf8(Json::parse(text.as_bytes()).unwrap().to_vec()).unwrap(), text);
    }

    #[test]
    fn digits_order_and_escapes_survive() {
        survives(
            r#"{"b":1.00,"a":[1e2,-0.0,123456789012345678901234567890],"c":"é \" \\ \n \u0001","d":[null,true,{}]}"#,
        );
    }

    #[test]
    fn what_is_no_json_says_where() {
        for (text, offset) in
            [("", 0), ("{", 1), ("[1,]", 3), ("{\"a\":1,\"a\":2}", 10), ("1 2", 2), ("[01]", 2), ("nul", 1)]
        {
            let error = Json::parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.offset, offset, "{text}: {error}");
        }
        assert!(Json::parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn a_name_twice_is_found_in_large_objects_too() {
        let names = (0..100).map(|n| format!("\"n{n}\":{n}")).collect::<Vec<_>>().join(",");
        assert!(Json::parse(format!("{{{names}}}").as_bytes()).is_ok());
        for twice in ["n0", "n31", "n32", "n33", "n99"] {
            assert!(Json::parse(format!("{{{names},\"{twice}\":1}}").as_bytes()).is_err(), "{twice}");
        }
    }

    #[test]
    fn endless_nesting_is_refused_and_no_stack_overflow() {
        assert!(Json::parse("[".repeat(1_000_000).as_bytes()).unwrap_err().reason.contains("deeper"));
    }

    proptest! {
        #[test]
        fn any_text_survives_as_a_string(text: String) {
            let json = Json::string(text.as_str());
            let (compact, pretty) = (json.to_vec(), json.to_pretty());
            prop_assert_eq!(&Json::parse(&compact).unwrap(), &json);
            prop_assert_eq!(&Json::parse(&pretty).unwrap(), &json);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Json::parse(&bytes);
        }
    }
}
