//! Synthea's Bundles, put in as they are, each in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::{Value, json};

use crate::world::{AHEAD, World};

/// What the server has come to hold.
pub(crate) struct Synthea {
    /// `Observation/123`
    pub(crate) all: Vec<String>,
    /// Observations as they are stored, to be created anew.
    pub(crate) observations: Vec<Vec<u8>>,
    /// The id of a patient and a code that this patient has Observations of, with how many.
    pub(crate) measured: Vec<(String, String, usize)>,
}

/// Where they are to be: they are not in the repository.
pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/fhir/synthea");

pub(crate) fn is_there() -> bool {
    std::path::Path::new(FOLDER).is_dir()
}

/// The Bundles' names and texts, the ones that the others refer to first.
pub(crate) fn bundles() -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(FOLDER).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let mut text = Vec::new();
        bzip2_rs::DecoderReader::new(std::fs::File::open(path).unwrap()).read_to_end(&mut text).unwrap();
        (path.file_name().unwrap().to_string_lossy().into_owned(), text)
    };
    paths.iter().map(read).collect()
}

impl Synthea {
    /// Posts all Bundles.
    pub(crate) fn load(world: &World) -> Self {
        let mut all = Vec::new();
        let mut measured = BTreeMap::new();
        for (name, text) in bundles() {
            let sent: Value = serde_json::from_slice(&text).unwrap();
            let sent = sent["entry"].as_array().unwrap();
            let began = Instant::now();
            let answer = world.send("POST /", &text, 200);
            eprintln!("{name}: {} entries, {} bytes, {:.2?}", sent.len(), text.len(), began.elapsed());
            let answer: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            let located = |entry: &Value| {
                let location = entry["response"]["location"].as_str().unwrap();
                let at = location.find("/_history/").unwrap();
                location[..at]
                    .rsplitn(3, '/')
                    .take(2)
                    .collect::<Vec<_>>()
                    .into_iter()
                    .rev()
                    .collect::<Vec<_>>()
                    .join("/")
            };
            let located: Vec<String> = answer["entry"].as_array().unwrap().iter().map(located).collect();
            let names: HashMap<&str, &String> =
                sent.iter().zip(&located).map(|(entry, url)| (entry["fullUrl"].as_str().unwrap(), url)).collect();
            for resource in sent.iter().map(|entry| &entry["resource"]) {
                if resource["resourceType"] == "Observation" {
                    let patient = names[resource["subject"]["reference"].as_str().unwrap()].as_str();
                    let code = resource["code"]["coding"][0]["code"].as_str().unwrap();
                    let id = patient.strip_prefix("Patient/").unwrap();
                    *measured.entry((id.to_owned(), code.to_owned())).or_insert(0) += 1;
                }
            }
            all.extend(located);
        }
        AHEAD.fetch_add(120_000, Ordering::Relaxed); // no transaction is recent any more
        let measured = measured.into_iter().map(|((patient, code), count)| (patient, code, count)).collect();
        let observations = all.iter().filter(|url| url.starts_with("Observation/")).take(1_000);
        let observations = observations.map(|url| {
            let answer = world.send(&format!("GET /{url}"), b"", 200);
            let mut observation: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            observation.as_object_mut().unwrap().remove("id");
            observation["meta"] = json!({"profile": observation["meta"]["profile"]});
            if observation["meta"]["profile"].is_null() {
                observation.as_object_mut().unwrap().remove("meta");
            }
            observation.to_string().into_bytes()
        });
        Self { observations: observations.collect(), all, measured }
    }

    /// The searches of the issue, those first that find most.
    pub(crate) fn searches(&self) -> Vec<String> {
        let mut measured: Vec<&(String, String, usize)> = self.measured.iter().collect();
        measured.sort_by_key(|(.., count)| std::cmp::Reverse(*count));
        let url = |(patient, code, _): &(String, String, usize)| {
            format!("GET /Observation?patient={patient}&code={code}&_sort=-date&_count=20")
        };
        measured.into_iter().map(url).collect()
    }
}
