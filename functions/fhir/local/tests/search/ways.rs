//! GET, POST and searches of all types find the same; what is unknown is refused, or left out and said.

use std::collections::BTreeSet;

use serde_json::json;

use crate::common::generate::definition;
use crate::common::{Client, Page, url};
use crate::{THREADS, shared};

#[test]
fn all_ways_to_search_find_the_same() {
    THREADS.block_on(async {
        let (client, oracle) = shared().await;
        let form = [("content-type", "application/x-www-form-urlencoded")];
        for (kind, query, body) in [
            ("Patient", "", "family=müller&_count=200"),
            ("Observation", "?status=final", "subject=Patient%2Fown-1&_count=200"),
            ("Observation", "?status=final&_count=200", ""),
            ("Encounter", "", "_count=200"),
        ] {
            let posted = client.send(&format!("POST /{kind}/_search{query}"), &form, body.replace('ü', "%C3%BC")).await;
            assert_eq!(posted.status, 200, "{}", posted.text());
            let joined = [query.trim_start_matches('?'), &body.replace('ü', "%C3%BC")]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("&");
            let got = client.page(&format!("/{kind}?{joined}")).await;
            assert!(!got.matches().is_empty(), "{joined}");
            assert_eq!(Page(posted.json()).matches(), got.matches(), "{kind} {query} {body}");
        }
        let found = client.search("/?_type=Patient,Observation,List&_id=own-1").await.unwrap();
        assert_eq!(
            found.into_iter().collect::<BTreeSet<_>>(),
            BTreeSet::from(["List/own-1", "Observation/own-1", "Patient/own-1"].map(str::to_owned))
        );
        let of_all: BTreeSet<String> = client.search("/?_id=own-1").await.unwrap().into_iter().collect();
        assert_eq!(of_all, oracle.keys().filter(|key| key.ends_with("/own-1")).cloned().collect());
        let all: Vec<String> = client.search("/?_lastUpdated=gt2000&_count=50").await.unwrap();
        assert_eq!(all.iter().collect::<BTreeSet<_>>(), oracle.keys().collect());
        assert_eq!(all.len(), oracle.keys().count());
        let two: BTreeSet<String> =
            client.search("/?_type=Patient,Organization&_count=7").await.unwrap().into_iter().collect();
        assert_eq!(
            two,
            oracle.keys().filter(|key| matches!(definition(key).name, "Patient" | "Organization")).cloned().collect()
        );
        let tagged =
            client.search(&url("", &[("_tag".to_owned(), r"https://example.org/tags|a\,b\|c\$d\\e".to_owned())])).await;
        assert_eq!(tagged.unwrap(), ["Patient/own-1"]);
        for (search, expected) in [
            ("/Patient?_list=own-1", vec!["Patient/own-1"]),
            ("/Observation?_list=own-1", vec!["Observation/own-2"]),
            ("/Observation?_list=own-1&status=final", vec![]),
            ("/Encounter?_list=own-1", vec![]),
        ] {
            assert_eq!(client.search(search).await.unwrap(), expected, "{search}");
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_parameter_is_an_error_unless_the_client_is_lenient() {
    let client = Client::start().await;
    client.keep(&json!({"resourceType": "Patient", "id": "p", "active": true})).await;
    for (search, self_link) in [
        ("/Patient?unheard=of&active=true", "/Patient?active=true"),
        ("/Patient?active=true&unheard:exact=x", "/Patient?active=true"),
        ("/Patient?unheard=of", "/Patient"),
    ] {
        let strict = client.send(&format!("GET {search}"), &[("prefer", "handling=strict")], "").await;
        assert_eq!((client.get(search).await.status, strict.status), (400, 400), "{search}");
        let lenient = client.send(&format!("GET {search}"), &[("prefer", "handling=lenient")], "").await;
        assert_eq!(lenient.status, 200, "{search}: {}", lenient.text());
        let page = Page(lenient.json());
        assert_eq!(page.matches(), ["Patient/p"]);
        assert_eq!(page.link("self").unwrap(), format!("{}{self_link}", client.base));
    }
    // Known parameters with wrong values or modifiers are errors in any case.
    for search in
        ["/Patient?birthdate=yesterday", "/Patient?active:exact=true", "/Patient?_sort=nothing", "/Patient?_count=some"]
    {
        assert_eq!(client.get(search).await.status, 400, "{search}");
    }
}
