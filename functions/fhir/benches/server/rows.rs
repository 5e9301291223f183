//! What Synthea's resources are in the table, by type: what a create costs.

use std::collections::BTreeMap;
use std::io::Write as _;

use fhir::index;
use fhir::store::Key;
use fhir_model::json::Json;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::data::Synthea;
use crate::samples::{head, row};
use crate::world::World;

/// DynamoDB's write unit: bytes.
const UNIT: usize = 1024;
/// A head's attributes besides the JSON, and its key: about so many bytes.
const HEAD: usize = 200;

/// The resources' references are relative to it.
const BASE: &str = "https://fhir.example.org";

/// Sums over the resources of a type.
#[derive(Default)]
struct Sums {
    resources: usize,
    rows: usize,
    text: usize,
    packed: usize,
    units: usize,
}

/// Prints the table.
pub(crate) fn figures(world: &World, synthea: &Synthea) {
    head(
        "Synthea's resources in the table, means by type:",
        &["type", "resources", "index rows", "bytes of JSON", "of the same, gzipped", "write units of a create"],
    );
    let mut types: BTreeMap<&str, Sums> = BTreeMap::new();
    let mut total = Sums::default();
    for url in &synthea.all {
        let (kind, id) = url.split_once('/').unwrap();
        let answer = world.send(&format!("GET /{url}"), b"", 200);
        let text = answer["body"].as_str().unwrap().as_bytes();
        let key = Key::new(fhir_definitions::resource_type(kind).unwrap().name, id);
        let rows = index::rows(&key, &Json::parse(text).unwrap(), BASE).len();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        let packed = gzip.finish().unwrap().len();
        for sums in [types.entry(kind).or_default(), &mut total] {
            sums.resources += 1;
            sums.rows += rows;
            sums.text += text.len();
            sums.packed += packed;
            sums.units += rows + index::log(&key, 1, 0).len() + (HEAD + packed).div_ceil(UNIT);
        }
    }
    let cells = |name: &str, sums: &Sums| {
        let mean = |sum: usize| format!("{}.{}", sum / sums.resources, sum * 10 / sums.resources % 10);
        let means = [sums.rows, sums.text, sums.packed, sums.units].map(mean);
        row(&[name.to_owned(), sums.resources.to_string()].into_iter().chain(means).collect::<Vec<_>>());
    };
    for (name, sums) in &types {
        cells(name, sums);
    }
    cells("all", &total);
}
