use proptest::prelude::*;

use super::*;

#[test]
fn a_headers_name_has_no_case_and_its_values_are_joined() {
    let headers = Headers::from_iter([("If-None-Match", " W/\"1\" "), ("if-none-match", "W/\"2\""), ("Accept", "a")]);
    assert_eq!(headers.get("if-none-match"), Some("W/\"1\", W/\"2\""));
    assert_eq!((headers.get("accept"), headers.get("prefer")), (Some("a"), None));
}

#[test]
fn what_is_no_percent_encoding_stays() {
    let table = [("/a%2Fb/%24x", vec!["a/b", "$x"]), ("/100%/%zz/%4", vec!["100%", "%zz", "%4"]), ("//a//", vec!["a"])];
    for (path, wanted) in table {
        assert_eq!(segments(path).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn methods_are_told_by_their_names_in_capitals() {
    for (name, method) in
        [("GET", Method::Get), ("PATCH", Method::Patch), ("get", Method::Other), ("TRACE", Method::Other)]
    {
        assert_eq!(Method::read(name), method);
    }
}

#[test]
fn what_is_logged_of_a_request_is_no_patients_data() {
    let request = Request {
        query: vec![("name".to_owned(), "Chalmers".to_owned())],
        body: b"Chalmers".to_vec(),
        raw: Some(b"Chalmers".to_vec()),
        headers: Headers::from_iter([("if-none-exist", "name=Chalmers")]),
        path: vec!["Patient".to_owned()],
        ..Request::default()
    };
    let logged = format!("{request:?}");
    assert!(logged.contains("Patient") && !logged.contains("Chalmers") && !logged.contains("67"), "{logged}");
}

proptest! {
    #[test]
    fn no_bytes_make_decompression_panic(bytes: Vec<u8>) {
        let _ = decompress(bytes.clone(), Some("gzip"));
        prop_assert_eq!(decompress(bytes.clone(), None).unwrap(), (bytes, None));
    }

    #[test]
    fn no_query_makes_it_panic(bytes: Vec<u8>) {
        let _ = parameters(&bytes);
    }
}
