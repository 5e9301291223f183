//! `_include` and `_revinclude`, compared with references followed one by one.

use std::collections::BTreeSet;

use fhir_definitions::SearchKind;

use crate::common::generate::definition;
use crate::common::oracle::Oracle;
use crate::common::{Page, encoded};
use crate::{THREADS, none_is_wrong, shared};

/// `_include` and `_revinclude`, naively.
struct Included<'o> {
    oracle: &'o Oracle,
    includes: Vec<(&'static str, String)>,
}

impl Included<'_> {
    fn from(&self, from: &BTreeSet<String>, iterating: bool) -> BTreeSet<String> {
        let mut to = BTreeSet::new();
        for (name, value) in self.includes.iter().filter(|(name, _)| !iterating || name.ends_with(":iterate")) {
            let mut parts = value.split(':');
            let (source, code, target) = (parts.next().unwrap(), parts.next().unwrap_or("*"), parts.next());
            for key in self.oracle.keys().filter(|key| source == "*" || definition(key).name == source) {
                let parameters = definition(key).parameters.iter();
                let parameters =
                    parameters.filter(|it| it.kind == SearchKind::Reference && (code == "*" || it.code == code));
                for other in parameters.flat_map(|it| self.oracle.references(key, it)) {
                    if self.oracle.get(&other).is_none()
                        || target.is_some_and(|target| definition(&other).name != target)
                    {
                        continue;
                    }
                    if name.starts_with("_revinclude") && from.contains(&other) {
                        to.insert(key.clone());
                    }
                    if name.starts_with("_include") && from.contains(key) {
                        to.insert(other);
                    }
                }
            }
        }
        to
    }

    fn all(&self, matches: &BTreeSet<String>) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut frontier = self.from(matches, false);
        while !frontier.is_empty() {
            frontier.retain(|key| !matches.contains(key) && !all.contains(key));
            all.extend(frontier.iter().cloned());
            frontier = self.from(&frontier, true);
        }
        all
    }
}

#[test]
fn what_is_included_is_what_the_references_say() {
    THREADS.block_on(async {
        let (client, oracle) = shared().await;
        let table: &[(&str, &[(&'static str, &str)])] = &[
            ("Observation?_id=own-1", &[("_include", "Observation:subject")]),
            (
                "Observation?_id=own-1",
                &[("_include", "Observation:subject:Patient"), ("_include", "Observation:encounter")],
            ),
            ("Observation?_id=own-1", &[("_include", "Observation:subject:Group")]),
            ("Observation?_id=own-1", &[("_include", "Observation:*")]),
            ("Observation?_id=own-1", &[("_include", "*")]),
            (
                "Observation?_id=own-1",
                &[("_include", "Observation:patient"), ("_include:iterate", "Patient:general-practitioner")],
            ),
            (
                "Observation?_id=own-1",
                &[
                    ("_include", "Observation:patient"),
                    ("_include:iterate", "Patient:*"),
                    ("_include:iterate", "Organization:partof"),
                ],
            ),
            ("Observation?_id=own-1", &[("_include:iterate", "*")]),
            (
                "Observation?_id=own-2",
                &[("_include:iterate", "Observation:has-member"), ("_include:iterate", "Observation:subject")],
            ),
            ("Patient?_id=own-1", &[("_revinclude", "Observation:subject")]),
            ("Patient?_id=own-1", &[("_revinclude", "Observation:patient"), ("_revinclude", "Encounter:patient")]),
            ("Patient?_id=own-1", &[("_revinclude", "*")]),
            ("Patient?_id=own-1", &[("_revinclude", "Observation:*"), ("_include", "Patient:organization")]),
            ("Patient?_id=own-2", &[("_revinclude:iterate", "*")]),
            ("Patient?_id=own-1,own-2", &[("_revinclude", "Patient:link"), ("_include", "Patient:link")]),
            ("Patient?gender=male,female", &[("_revinclude", "Condition:patient"), ("_revinclude", "Claim:patient")]),
            (
                "Organization?_id=own-2",
                &[
                    ("_revinclude:iterate", "Organization:partof"),
                    ("_revinclude:iterate", "Patient:organization"),
                    ("_revinclude:iterate", "Observation:subject"),
                ],
            ),
            (
                "Encounter?_count=200",
                &[
                    ("_include", "Encounter:service-provider"),
                    ("_include", "Encounter:participant"),
                    ("_include", "Encounter:subject"),
                ],
            ),
            (
                "Claim?_count=200",
                &[
                    ("_include", "Claim:patient"),
                    ("_include", "Claim:encounter"),
                    ("_include:iterate", "Encounter:participant"),
                ],
            ),
            (
                "Location?_id=own-1",
                &[("_revinclude", "Encounter:location"), ("_include", "Location:organization:Organization")],
            ),
        ];
        let mut all = Vec::new();
        for (search, includes) in table {
            let asked =
                includes.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
            let answer = client.get(&format!("/{search}&{asked}")).await;
            if answer.status != 200 {
                all.push(format!("{search}&{asked}: {}", answer.text()));
                continue;
            }
            let page = Page(answer.json());
            let matches: BTreeSet<String> = page.matches().into_iter().collect();
            let oracle = Included {
                oracle,
                includes: includes.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            };
            let (found, expected) = (page.included(), oracle.all(&matches));
            let set: BTreeSet<String> = found.iter().cloned().collect();
            if set.len() != found.len() || set != expected {
                all.push(format!("{search}&{asked}: {found:?}, not {expected:?}"));
            }
        }
        none_is_wrong(&all, table.len());
    });
}
