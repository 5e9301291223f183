//! Where scenarios are played: it announces them and keeps the story for the page.

use e2e::Result;
use local_aws::LocalAws;
use report::{Chapter, Figure, Narrator, Report, Scenario};

use crate::machine;

/// The narrator, and the report so far.
pub(crate) struct Stage {
    narrator: Narrator,
    pub(crate) aws: LocalAws,
    report: Report,
}

impl Stage {
    pub(crate) fn new(narrator: Narrator, aws: LocalAws) -> Self {
        let title = "Lambda functions that finish the job".to_owned();
        let report = Report { title, started: machine::now(), machine: machine::facts(), ..Report::default() };
        Self { narrator, aws, report }
    }

    /// Begins the scenarios of a system.
    pub(crate) fn chapter(&mut self, system: &str, lead: &str) {
        self.narrator.chapter(system, lead);
        self.report.chapters.push(Chapter { system: system.into(), lead: lead.into(), scenarios: Vec::new() });
    }

    /// Sets a progress line apart from what was told before.
    pub(crate) fn pause(&mut self) {
        self.narrator.line("");
    }

    /// Something of the demo's own that takes long, with a progress line.
    pub(crate) async fn prepare<T>(&mut self, what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
        let task = self.narrator.start(what);
        let done = work.await?;
        task.done();
        Ok(done)
    }

    /// Announces a scenario, with the state that the event will find.
    pub(crate) fn announce(&mut self, title: &str, happened: &str, before: &Figure) {
        let number = self.report.chapters.last().map_or(0, |chapter| chapter.scenarios.len()) + 1;
        self.narrator.announce(number, title, happened);
        self.narrator.before(before);
    }

    /// Tells how the scenario ended and keeps it for the page.
    pub(crate) fn tell(&mut self, scenario: Scenario) {
        self.narrator.told(&scenario);
        if let Some(chapter) = self.report.chapters.last_mut() {
            chapter.scenarios.push(scenario);
        }
    }

    /// The narrator for the last lines, and the whole report.
    pub(crate) fn finish(self) -> (Narrator, Report) {
        (self.narrator, self.report)
    }
}
