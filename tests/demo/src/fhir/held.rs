//! What the table and the bucket hold, counted.

use std::collections::BTreeMap;

use e2e::Result;
use e2e::fhir::Fhir;
use report::Held;
use serde_json::Value;

/// The table's items by kind, as docs/fhir-store.md has them, and the bucket's objects.
pub(crate) async fn read(fhir: &Fhir) -> Result<Vec<Held>> {
    let (mut resources, mut others) = (BTreeMap::new(), BTreeMap::new());
    for item in fhir.items().await? {
        match kind(&item) {
            (name, true) => *resources.entry(name).or_insert(0) += 1,
            (name, false) => *others.entry(name).or_insert(0) += 1,
        }
    }
    let objects = fhir.objects("BodiesBucket").await?.len();
    let all = resources.into_iter().chain(others).chain((objects > 0).then(|| ("objects in S3".to_owned(), objects)));
    Ok(all.map(|(name, count)| Held { name, count }).collect())
}

/// What an item is, and whether it is a current version, which has its resource's type for a name.
fn kind(item: &Value) -> (String, bool) {
    let text = |name: &str| item.pointer(&format!("/{name}/S")).and_then(Value::as_str).unwrap_or_default();
    let (pk, has) = (text("pk"), |name: &str| item.get(name).is_some());
    let (letter, rest) = pk.split_once('#').unwrap_or_default();
    let name = match letter {
        "r" if text("sk") != "h" => "older versions",
        "r" if has("b") || has("o") => return (rest.split('/').next().unwrap_or_default().to_owned(), true),
        "r" if has("v") => "deleted resources",
        "r" => "staged resources",
        "i" => "rows of the search index",
        "l" => "rows of the change log",
        "c" => "claims of conditional creates",
        "t" => "transactions in two phases",
        _ => "items of another kind",
    };
    (name.to_owned(), false)
}
