//! What a search index costs: all search parameters' values of one Observation. `make bench` runs it. Measured is the
//! process's CPU time, which a busy machine does not stretch.

#[path = "../../../../tests/cpu_time.rs"]
mod cpu_time;

use std::hint::black_box;

use cpu_time::CpuTime;
use criterion::{Criterion, criterion_group, criterion_main};
use fhir_definitions::resource_type;
use fhir_model::json::Json;
use fhir_model::value::values;

const BASE: &str = "https://example.org/fhir";

/// A blood pressure as Synthea makes them, its references as a transaction resolves them.
const OBSERVATION: &[u8] = br#"{"resourceType":"Observation","id":"d29f079e-4674-5188-3cc9-b255d68fa92e","meta":{"versionId":"1",
"lastUpdated":"2026-11-22T07:43:19.123Z","profile":["http://hl7.org/fhir/StructureDefinition/bp",
"http://hl7.org/fhir/StructureDefinition/vitalsigns"]},"status":"final","category":[{"coding":[{"system":
"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"vital-signs"}]}],"code":{"coding":
[{"system":"http://loinc.org","code":"85354-9","display":"Blood Pressure"}],"text":"Blood Pressure"},"subject":{"reference":
"Patient/4004a424-c33b-6ced-23c3-c1318e45c419"},"encounter":{"reference":"Encounter/df2b61a0-12cb-b7e1-e8c0-569438794667"},
"effectiveDateTime":"2011-11-21T11:15:11+01:00","issued":"2011-11-21T11:15:11.455+01:00","component":[{"code":{"coding":
[{"system":"http://loinc.org","code":"8462-4","display":"Diastolic Blood Pressure"}],"text":"Diastolic Blood Pressure"},
"valueQuantity":{"value":90,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},{"code":{"coding":[{"system":
"http://loinc.org","code":"8480-6","display":"Systolic Blood Pressure"}],"text":"Systolic Blood Pressure"},"valueQuantity":
{"value":136,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}"#;

fn extract(criterion: &mut Criterion<CpuTime>) {
    let (Ok(observation), Some(definition)) = (Json::parse(OBSERVATION), resource_type("Observation")) else { return };
    let mut group = criterion.benchmark_group("observation");
    group.bench_function("all search parameters' values", |bencher| {
        bencher.iter(|| {
            let found =
                definition.parameters.iter().map(|parameter| values(parameter, black_box(&observation), BASE).len());
            let found: usize = found.sum();
            assert!(found > 20);
            found
        });
    });
    group.bench_function("read its JSON", |bencher| bencher.iter(|| Json::parse(black_box(OBSERVATION)).is_ok()));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = extract
}
criterion_main!(benches);
