//! What a search costs as the store grows: calls, rounds, and items read, counted; and its time on dynoxide in a file. The
//! items are those that the server would have written, put into the file in bulk.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use dynoxide::{Database, ImportOptions};
use fhir::index;
use fhir::store::item::{Item, ItemKey};
use fhir::store::{Body, Key, Method, Version};
use fhir_local::cloud::TABLE;
use fhir_model::json::Json;
use fhir_model::time;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::common::BASE;
use crate::samples::{head, milliseconds, percentile, row};
use crate::world::{World, event, send};

/// A patient has so many Observations, one after another of these codes.
const OF_PATIENT: usize = 200;
const CODES: [&str; 5] = ["85354-9", "8867-4", "8302-2", "29463-7", "8310-5"];
/// So many resources at a time are put in: sorted by key, they go into `SQLite`'s tree in one sweep.
const BULK: usize = 20_000;
const SEARCHES: [&str; 4] = [
    "Observation?patient=p0&code=85354-9&_sort=-date&_count=20",
    "Observation?patient=p0&code=85354-9&date=ge2015-01-01&_sort=-date&_count=20",
    "Observation?patient=p0&_count=20",
    "Observation?code=85354-9&_sort=-date&_count=20",
];

/// Prints the table.
pub(crate) fn figures(largest: usize) {
    let folder = std::env::temp_dir().join(format!("fhir-flat-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let db = folder.join("fhir.db");
    drop(World::start(Some(&db))); // makes the table
    let columns = ["resources", "search", "rounds", "calls", "items read", "bytes read", "p50", "p99"];
    head("As the store grows, on dynoxide in a file:", &columns);
    let mut resources = 0;
    let mut rows = 0;
    let mut size = 1_000;
    while size <= largest {
        rows += fill(&db, resources..size);
        resources = size;
        searches(&db, resources);
        size *= 10;
    }
    eprintln!("\n{rows} items in all, {} to a resource.", rows / resources.max(1));
    let _ = std::fs::remove_dir_all(&folder);
}

fn searches(db: &Path, resources: usize) {
    let world = World::start(Some(db));
    for search in SEARCHES {
        let request = format!("GET /{search}");
        let traced = world.traced();
        let found = world.runtime.block_on(send(&traced, event(&request, b""), 200));
        let found = found["body"].as_str().unwrap().matches(r#""mode":"match""#).count();
        let calls = world.trace.take();
        assert!(found == 20 && !calls.has("Scan"), "{search}: {found} found, {calls}");
        let mut times: Vec<Duration> = (0..100)
            .map(|_| {
                let began = Instant::now();
                world.send(&request, b"", 200);
                began.elapsed()
            })
            .collect();
        let counts = [calls.rounds, calls.count(), calls.items, calls.bytes].map(|count| count.to_string());
        let times = [50, 99].map(|percent| milliseconds(percentile(&mut times, percent)));
        let named = [resources.to_string(), search.to_owned()];
        row(&named.into_iter().chain(counts).chain(times).collect::<Vec<_>>());
    }
}

/// Puts resources in; says how many items they are.
fn fill(db: &Path, numbers: std::ops::Range<usize>) -> usize {
    let database = Database::new(&db.display().to_string()).unwrap();
    database.enable_bulk_loading().unwrap();
    let mut count = 0;
    let mut from = numbers.start;
    while from < numbers.end {
        let to = numbers.end.min(from + BULK);
        let mut items: Vec<Item> = (from..to).flat_map(items).collect();
        items.sort_by_key(Item::key);
        count += items.len();
        let options = ImportOptions { record_streams: false, ..ImportOptions::default() };
        database.import_items(TABLE, items.into_iter().map(embedded).collect(), options).unwrap();
        from = to;
    }
    database.disable_bulk_loading().unwrap();
    count
}

/// An Observation's head and rows, as a create writes them.
fn items(number: usize) -> Vec<Item> {
    let key = Key::new("Observation", &format!("o{number}"));
    let (patient, day) = (number / OF_PATIENT, i64::try_from(number % OF_PATIENT).unwrap() * 28 * 86_400_000);
    let date = time::instant(1_262_304_000_000 + day); // from 2010 on, every four weeks
    let updated = 1_700_000_000_000 + i64::try_from(number).unwrap();
    let json = format!(
        r#"{{"resourceType":"Observation","id":"o{number}","meta":{{"versionId":"1","lastUpdated":"{}"}},"status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"{}","display":"A vital sign"}}]}},"subject":{{"reference":"Patient/p{patient}"}},"effectiveDateTime":"{date}","valueQuantity":{{"value":{}.5,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}}}"#,
        time::instant(updated),
        CODES[number % CODES.len()],
        60 + number % 80,
    );
    let resource = Json::parse(json.as_bytes()).unwrap();
    let rows = index::rows(&key, &resource, BASE).into_iter().chain(index::log(&key, 1, updated));
    let rows = rows.map(|row: ItemKey| Item::new(&row).number("v", 1));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(json.as_bytes()).unwrap();
    let body = Body::Gzip(Arc::new(gzip.finish().unwrap()));
    let (commit, stamp) = (format!("{number:032x}"), index::stamp(BASE));
    let version = Version { key, number: 1, updated, method: Method::Post, body, transaction: None, commit, stamp };
    rows.chain([version.write("", Item::new(&version.key.head()))]).collect()
}

fn embedded(item: Item) -> dynoxide::Item {
    let value = |value| match value {
        AttributeValue::S(text) => dynoxide::AttributeValue::S(text),
        AttributeValue::N(number) => dynoxide::AttributeValue::N(number),
        AttributeValue::B(bytes) => dynoxide::AttributeValue::B(bytes.into_inner()),
        other => panic!("no item has {other:?}"),
    };
    item.0.into_iter().map(|(name, attribute)| (name, value(attribute))).collect()
}
