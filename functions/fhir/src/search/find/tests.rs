use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{Rule, mock};
use fhir_definitions::resource_type;

use super::*;
use crate::store::bodies::Bodies;
use crate::store::table::{Range, Table};

#[test]
fn a_round_reads_no_more_rows_than_there_is_room_for() {
    for parts in [1, 8, 100, 400, 1_300] {
        let each = share(1_000, parts);
        assert!((8..=1_000).contains(&each) && each * parts <= MOST_ROWS, "{each} of {parts}");
    }
}

/// A page of rows that were dropped, and that a search for one value passes over; there are more.
fn left_behind(rows: std::ops::Range<usize>) -> Rule {
    mock!(aws_sdk_dynamodb::Client::query).then_output(move || {
        let text = |at| AttributeValue::S(format!("p#{at:06}"));
        let number = |number: &str| AttributeValue::N(number.to_owned());
        let row = |at| [("sk", text(at)), ("v", number("1")), ("d", number("9999999999999"))];
        let item = |at| row(at).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let page = QueryOutput::builder().set_items(Some(rows.clone().map(item).collect()));
        page.last_evaluated_key("sk", text(rows.end - 1)).build()
    })
}

#[tokio::test]
async fn a_search_that_passes_over_more_rows_than_it_may_read_says_where_to_go_on() {
    let (first, second) = (left_behind(0..MOST_ROWS / 2), left_behind(MOST_ROWS / 2..MOST_ROWS));
    let s3 = aws_sdk_s3::Config::builder().behavior_version(aws_sdk_s3::config::BehaviorVersion::latest()).build();
    let bodies = Bodies::new(aws_sdk_s3::Client::from_conf(s3), "bucket");
    let store = Store::new(Table::mocked(&[&first, &second]), bodies, "https://x");

    let definition = resource_type("Task").unwrap();
    let pk = "i#Task#identifier#c:x".to_owned();
    let range = Range { pk, from: String::new(), to: None, backward: false, limit: 0, whole: false };
    let task = Task {
        wanted: &[Wanted { definition, checks: Vec::new() }],
        source: Source::Lists(vec![vec![(definition, range)]]),
        backward: false,
        after: None,
        limit: 20,
        keep: Keep::Page(1_000_000),
    };
    let found = find(&store, &store.once(), &task).await.unwrap();
    assert!(found.matches.is_empty());
    assert_eq!((first.num_calls(), second.num_calls()), (1, 1));
    // Of whichever type: all that stands there has been passed.
    assert_eq!(found.next, Some(Position { place: format!("p#{:06}", MOST_ROWS - 1), kind: "~".to_owned() }));
}
