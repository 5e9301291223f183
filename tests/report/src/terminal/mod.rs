//! The story in the terminal, told as the demo runs.

mod braille;
mod cluster;
mod grid;
mod lake;
mod network;
mod paint;
mod served;
mod story;
mod task;
mod workflows;

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use paint::Paint;
pub use task::Task;

use crate::model::{Figure, Report, Scenario};
use crate::text::count;

/// Columns that every line keeps to.
const WIDTH: usize = 96;

/// Tells the story. A terminal that can't be written to (a closed pipe) doesn't stop the demo: what can't be told is
/// left out.
pub struct Narrator {
    out: Box<dyn Write + Send>,
    paint: Paint,
    /// Whether a line may be written over.
    live: bool,
}

impl Narrator {
    /// To standard output: in colour if that is a terminal and `NO_COLOR` is unset.
    #[must_use]
    pub fn stdout() -> Self {
        let live = io::stdout().is_terminal();
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { out: Box::new(io::stdout()), paint: Paint { on: live && wanted }, live }
    }

    /// To any writer, without colour.
    pub fn plain(out: impl Write + Send + 'static) -> Self {
        Self { out: Box::new(out), paint: Paint { on: false }, live: false }
    }

    /// To any writer, in colour.
    pub fn coloured(out: impl Write + Send + 'static) -> Self {
        Self { out: Box::new(out), paint: Paint { on: true }, live: false }
    }

    /// Something that takes long: its line is finished by [`Task::done`] or [`Task::failed`].
    pub fn start(&mut self, what: &str) -> Task<'_> {
        Task::start(self, what)
    }

    /// A system's heading.
    pub fn chapter(&mut self, system: &str, lead: &str) {
        let rule = "━".repeat(WIDTH.saturating_sub(system.chars().count() + 4));
        self.line("");
        self.line(self.paint.accent(&format!("━━ {system} {rule}")));
        self.paragraph(lead);
    }

    /// A scenario's heading and what happened; the rest follows by [`Self::before`] and [`Self::told`].
    pub fn announce(&mut self, number: usize, title: &str, happened: &str) {
        self.line("");
        self.line(self.paint.bold(&format!("{number}. {title}")));
        self.paragraph(happened);
    }

    /// The state before the event.
    pub fn before(&mut self, figure: &Figure) {
        self.heading("Before");
        match figure {
            Figure::Network(network) => self.lines(network::state(self.paint, &network.unmarked(), None)),
            Figure::Cluster(cluster) => self.lines(cluster::state(self.paint, cluster)),
            Figure::Lake(lake) => self.lines(lake::before(self.paint, lake)),
            Figure::Workflows(workflows) => self.lines(workflows::before(self.paint, workflows)),
            Figure::Served(served) => self.lines(served::before(self.paint, served)),
        }
    }

    /// What the function did and answered, the state after, and which promises held.
    pub fn told(&mut self, scenario: &Scenario) {
        self.heading("What the function did");
        self.lines(story::steps(self.paint, &scenario.did));
        self.lines(story::answer(self.paint, &scenario.outcome));
        self.lines(story::log(self.paint, &scenario.log));
        self.after(&scenario.before, &scenario.after);
        self.heading("Promises");
        self.lines(story::checks(self.paint, &scenario.checks));
        self.lines(story::facts(self.paint, &scenario.figures));
    }

    fn after(&mut self, before: &Figure, after: &Figure) {
        match (before, after) {
            (Figure::Network(before), Figure::Network(after)) if before.unmarked() == after.unmarked() => {
                self.heading("After: nothing changed");
            }
            (before, Figure::Network(after)) => {
                self.heading("After  (◆ marks what changed)");
                let before = if let Figure::Network(before) = before { Some(before) } else { None };
                self.lines(network::state(self.paint, after, before));
            }
            (_, Figure::Cluster(after)) => {
                self.heading("From before to after");
                self.lines(cluster::state(self.paint, after));
            }
            (Figure::Lake(before), Figure::Lake(after)) if before == after => {
                self.heading("After: nothing changed");
            }
            (_, Figure::Lake(after)) => {
                self.heading("After");
                self.lines(lake::state(self.paint, after));
            }
            (_, Figure::Workflows(after)) => {
                self.heading("What came of each log event");
                self.lines(workflows::state(self.paint, after));
            }
            (before, Figure::Served(after)) => {
                self.heading("What clients were answered");
                let before = if let Figure::Served(before) = before { Some(before) } else { None };
                self.lines(served::state(self.paint, before, after));
            }
        }
    }

    /// A whole scenario at once.
    pub fn scenario(&mut self, number: usize, scenario: &Scenario) {
        self.announce(number, &scenario.title, &scenario.happened);
        self.before(&scenario.before);
        self.told(scenario);
    }

    /// The last lines: what held, what didn't, and where the page is.
    pub fn closing(&mut self, report: &Report, page: Option<&Path>) {
        let (held, all) = report.promises();
        self.line("");
        self.line(self.paint.accent(&"━".repeat(WIDTH)));
        let scenarios = count(report.scenarios().count(), "scenario");
        let verdict = format!("{scenarios}, {held} of {} held", count(all, "promise"));
        self.line(story::mark(self.paint, report.all_held()) + " " + &self.paint.bold(&verdict));
        for scenario in report.scenarios().filter(|scenario| !scenario.held()) {
            self.line(format!("  {} {}", story::mark(self.paint, false), paint::clean(&scenario.title)));
            let broken = scenario.checks.iter().filter(|check| !check.held).cloned().collect::<Vec<_>>();
            self.lines(story::checks(self.paint, &broken));
        }
        if let Some(page) = page {
            self.line(format!("  The same with pictures: {}", page.display()));
        }
    }

    /// A line of its own.
    pub fn line(&mut self, text: impl Display) {
        let _ = writeln!(self.out, "{text}");
        let _ = self.out.flush();
    }

    fn lines(&mut self, lines: Vec<String>) {
        for line in lines {
            self.line(line);
        }
    }

    fn heading(&mut self, text: &str) {
        self.line("");
        self.line(format!("  {}", self.paint.accent(text)));
    }

    fn paragraph(&mut self, text: &str) {
        self.lines(story::wrapped(text, "   "));
    }
}
