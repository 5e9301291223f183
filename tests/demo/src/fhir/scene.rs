//! A scenario of fhir: what clients sent, the function's invocations, and what was read back.

use std::time::{Duration, Instant};

use e2e::Result;
use e2e::fhir::{FHIR_JSON, Fhir};
use local_aws::{Answer, Call, ClientRequest, Invocation};
use report::{Check, Fact, Figure, Outcome, Request, Scenario, Served};
use serde_json::{Value, json};

use super::held;
use crate::iot::shown;
use crate::names::Names;
use crate::stage::Stage;
use crate::{logs, measure, steps};

const PATIENCE: Duration = Duration::from_secs(30);
/// Answers that make a sentence, and characters of each.
const MOST_TOLD: usize = 4;
const BRIEF: usize = 48;

/// A scenario, as far as it has been played.
pub(crate) struct Scene<'f> {
    pub(crate) fhir: &'f Fhir,
    title: &'static str,
    happened: String,
    before: Served,
    requests: Vec<Request>,
    /// The invocations whose calls are worth seeing, each with a name.
    ran: Vec<(&'static str, Invocation)>,
    /// The last invocation before.
    last: u64,
    pub(crate) event: Value,
    pub(crate) more: Vec<Fact>,
}

impl Stage {
    /// Tells how a scenario ended and keeps it for the page.
    pub(crate) async fn close_server(&mut self, scene: Scene<'_>, checks: Vec<Check>) -> Result<()> {
        let after = Served { requests: scene.requests.clone(), held: held::read(scene.fhir).await? };
        let log: Vec<Value> = scene.ran.iter().flat_map(|(_, ran)| ran.json_logs()).collect();
        let named: Vec<_> = scene.ran.iter().map(|(part, ran)| (*part, ran)).collect();
        self.tell(Scenario {
            did: steps::of_parts(&named, &scene.names()?),
            log: logs::worth_reading(&log),
            outcome: scene.outcome(),
            figures: scene.figures().await,
            event: scene.event,
            title: scene.title.to_owned(),
            happened: scene.happened,
            before: Figure::Served(scene.before),
            after: Figure::Served(after),
            checks,
        });
        Ok(())
    }
}

impl<'f> Scene<'f> {
    /// Announces it, with whatever is stored now.
    pub(crate) async fn new(
        stage: &mut Stage,
        fhir: &'f Fhir,
        title: &'static str,
        happened: impl Into<String>,
    ) -> Result<Self> {
        let (happened, before) = (happened.into(), Served { requests: Vec::new(), held: held::read(fhir).await? });
        stage.announce(title, &happened, &Figure::Served(before.clone()));
        let last = fhir.account.invocations().iter().map(|ran| ran.id).max().unwrap_or_default();
        let (requests, ran, more) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { fhir, title, happened, before, requests, ran, last, event: Value::Null, more })
    }

    /// Posts or puts a resource, and shows the calls under this name.
    pub(crate) async fn send(&mut self, part: &'static str, asked: &str, path: &str, body: &Value) -> Result<Answer> {
        self.send_text(part, asked, path, &body.to_string()).await
    }

    /// The same with a text as it is: numbers keep their digits.
    pub(crate) async fn send_text(
        &mut self,
        part: &'static str,
        asked: &str,
        path: &str,
        body: &str,
    ) -> Result<Answer> {
        let method = asked.split(' ').next().unwrap_or_default();
        let request = self.fhir.request(method, path).body(FHIR_JSON, body.to_owned());
        if self.event.is_null() {
            self.event = shown(&json!({"request": asked, "body": serde_json::from_str::<Value>(body)?}));
        }
        self.ask(part, asked, request).await
    }

    /// Reads or searches.
    pub(crate) async fn get(&mut self, part: &'static str, path: &str) -> Result<Answer> {
        self.ask(part, &format!("GET {path}"), self.fhir.request("GET", path)).await
    }

    /// Sends any request. Where API Gateway answers by itself, there is no invocation.
    pub(crate) async fn ask(&mut self, part: &'static str, asked: &str, request: ClientRequest) -> Result<Answer> {
        let began = Instant::now();
        let answer = self.fhir.account.send(request).await?;
        let took = began.elapsed();
        let ran = if [401, 403].contains(&answer.status()) { None } else { Some(self.next().await?) };
        self.requests.push(Request {
            times: 1,
            asked: asked.to_owned(),
            status: answer.status(),
            answered: words(&answer),
            calls: ran.as_ref().map_or(0, |ran| ran.calls.len()),
            depth: ran.as_ref().map_or(0, |ran| ran.calls.depth()),
            took_ms: took.as_secs_f64() * 1000.0,
        });
        if let Some(ran) = ran
            && !part.is_empty()
        {
            self.ran.push((part, ran));
        }
        Ok(answer)
    }

    /// The request's invocation, which may end a moment after its answer.
    async fn next(&mut self) -> Result<Invocation> {
        let last = self.last;
        let later = |ran: &Invocation| ran.id > last;
        let ran = self.fhir.account.wait_for_invocation("the request's invocation", PATIENCE, later).await?;
        self.last = ran.id;
        Ok(ran)
    }

    /// What was asked meanwhile is no part of the story.
    pub(crate) fn skip(&mut self) {
        self.last = self.invocations().iter().map(|ran| ran.id).max().unwrap_or(self.last);
    }

    /// Makes one line of requests that are alike but for their ids.
    pub(crate) fn together(&mut self) {
        let mut all: Vec<Request> = Vec::new();
        for request in std::mem::take(&mut self.requests) {
            match all.iter_mut().find(|one| one.asked == request.asked && one.status == request.status) {
                Some(one) => {
                    one.times += 1;
                    one.calls += request.calls;
                    one.depth = one.depth.max(request.depth);
                    one.took_ms = one.took_ms.max(request.took_ms);
                }
                None => all.push(request),
            }
        }
        self.requests = all;
    }

    /// Notes requests that were sent at once: how they were answered, and the first one's calls under this name.
    pub(crate) fn sent_at_once(&mut self, part: &'static str, asked: &str, answers: &[Answer], took: Duration) {
        let ran: Vec<Invocation> = self.invocations().into_iter().filter(|ran| ran.id > self.last).collect();
        let mut statuses: Vec<u16> = answers.iter().map(Answer::status).collect();
        statuses.sort_unstable_by(|one, other| other.cmp(one));
        statuses.dedup();
        for status in statuses {
            let alike: Vec<_> = answers.iter().filter(|answer| answer.status() == status).collect();
            let of = |ran: &&Invocation| status_of(ran) == Some(u64::from(status));
            let ran: Vec<_> = ran.iter().filter(of).collect();
            self.requests.push(Request {
                times: alike.len(),
                asked: asked.to_owned(),
                status,
                answered: alike.first().map(|answer| words(answer)).unwrap_or_default(),
                calls: ran.iter().map(|ran| ran.calls.len()).sum(),
                depth: ran.iter().map(|ran| ran.calls.depth()).max().unwrap_or_default(),
                took_ms: took.as_secs_f64() * 1000.0,
            });
            self.ran.extend(ran.first().filter(|_| status == 201).map(|ran| (part, (*ran).clone())));
        }
        self.last = ran.iter().map(|ran| ran.id).max().unwrap_or(self.last);
    }

    /// How many calls the request of that name made, one after another.
    pub(crate) fn depth(&self, part: &str) -> usize {
        self.ran.iter().find(|(name, _)| *name == part).map_or(usize::MAX, |(_, ran)| ran.calls.depth())
    }

    /// All calls of the account so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.fhir.account.calls().iter().cloned().collect()
    }

    fn invocations(&self) -> Vec<Invocation> {
        self.fhir.account.invocations()
    }

    /// Whether any log line so far has one of these words.
    pub(crate) fn tells(&self, words: &[&str]) -> bool {
        let mut lines = self.invocations().into_iter().flat_map(|ran| ran.logs).map(|line| line.to_lowercase());
        lines.any(|line| words.iter().any(|word| line.contains(word)))
    }

    fn names(&self) -> Result<Names> {
        let known = [("TableName", "the table"), ("BodiesBucket", "the bucket")];
        let name = |(output, name): (&str, &str)| Ok((self.fhir.stack.output(output)?.to_owned(), name.to_owned()));
        known.into_iter().map(name).collect()
    }

    /// A server's answer is right or not by its promises; it fails where there was none.
    fn outcome(&self) -> Outcome {
        let told = |one: &Request| format!("{} {}", one.status, brief(&one.answered));
        Outcome::Ok(self.requests.iter().take(MOST_TOLD).map(told).collect::<Vec<_>>().join("; "))
    }

    async fn figures(&self) -> Vec<Fact> {
        let mut facts: Vec<Fact> = measure::peak_memory(&self.fhir.function).await.into_iter().collect();
        facts.extend(self.more.iter().cloned());
        facts
    }
}

fn status_of(ran: &Invocation) -> Option<u64> {
    ran.result.as_ref().ok()?.get("statusCode")?.as_u64()
}

/// An answer in few words.
fn words(answer: &Answer) -> String {
    let json = answer.json().unwrap_or_default();
    let text = |at: &str| json.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let entries = json.get("entry").and_then(Value::as_array).map_or(0, Vec::len);
    match (text("/resourceType").as_str(), text("/type").as_str()) {
        ("Bundle", "transaction-response") => statuses(&json),
        ("Bundle", "searchset") => match (json.get("total"), entries) {
            (Some(total), 0) => format!("{total} found"),
            _ => format!("a page of {entries}"),
        },
        ("Bundle", _) => format!("{entries} versions"),
        ("OperationOutcome", _) => format!("{} {}", text("/issue/0/diagnostics"), text("/issue/0/expression/0")),
        ("", _) if answer.status() >= 500 => "no answer of the function's".to_owned(),
        ("", _) => text("/message"),
        (kind, _) => match json.pointer("/meta/versionId").and_then(Value::as_str) {
            Some(version) => format!("{kind}, version {version}"),
            None => kind.to_owned(),
        },
    }
}

/// The beginning of an answer.
fn brief(answered: &str) -> String {
    let start: String = answered.chars().take(BRIEF).collect();
    if start == answered { start } else { format!("{}...", start.trim_end()) }
}

/// `5 created, 1 found`
fn statuses(bundle: &Value) -> String {
    let entries = bundle.get("entry").and_then(Value::as_array).into_iter().flatten();
    let statuses: Vec<&str> = entries.filter_map(|entry| entry.pointer("/response/status")?.as_str()).collect();
    let of = |status: &str| statuses.iter().filter(|one| one.starts_with(status)).count();
    let told = [("created", of("201")), ("found or updated", of("200"))];
    let told = told.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}"));
    told.collect::<Vec<_>>().join(", ")
}
