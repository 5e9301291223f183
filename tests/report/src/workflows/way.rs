//! The ways of an execution: its branches, and the telling of what failed, each a row of tries along the time.

use super::{Decision, Execution, Lane, LaneOutcome, Status, Try, Workflows};
use crate::scale::{Span, Tick};
use crate::text::duration;

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Way<'a> {
    pub(crate) name: &'a str,
    pub(crate) tries: &'a [Try],
    pub(crate) end: End,
    /// The end in words, such as "already there".
    pub(crate) words: &'static str,
    /// The error that it failed with for good.
    pub(crate) why: Option<&'a str>,
    /// When it began.
    pub(crate) from_ms: f64,
}

/// The end of a way, as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Made,
    There,
    Failed,
    Running,
}

/// The time that all executions share, in a unit that suits it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    span: Span,
    unit: (f64, &'static str),
}

impl End {
    /// What it looks like where there are only characters.
    pub(crate) fn sign(self) -> char {
        match self {
            Self::Made => '✓',
            Self::There => '=',
            Self::Failed => '✗',
            Self::Running => '…',
        }
    }
}

impl Status {
    pub(crate) fn end(self) -> End {
        match self {
            Self::Running => End::Running,
            Self::Succeeded => End::Made,
            Self::Failed => End::Failed,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

impl Decision {
    /// Such as "skipped", and the reason.
    pub(crate) fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Started => ("started", ""),
            Self::AlreadyStarted => ("already started", ""),
            Self::Skipped(why) => ("skipped", why),
            Self::Malformed(why) => ("malformed", why),
            Self::NotStarted(why) => ("not started", why),
        }
    }
}

impl Try {
    pub(crate) fn end_ms(&self) -> f64 {
        self.at_ms + self.took_ms
    }
}

impl Execution {
    /// The branches, and the telling if there was one.
    pub(crate) fn ways(&self) -> Vec<Way<'_>> {
        let told = match self.notify.last() {
            None => None,
            Some(Try { error: None, .. }) => Some((End::Made, "told of it", None)),
            Some(Try { error: Some(error), .. }) => Some((End::Failed, "not told of it", Some(error.as_str()))),
        };
        let from_ms = self.notify.first().map_or(self.at_ms, |first| first.at_ms);
        let told = told.map(|(end, words, why)| Way { name: "Notify", tries: &self.notify, end, words, why, from_ms });
        self.lanes.iter().map(|lane| Way::of(lane, self.at_ms)).chain(told).collect()
    }
}

impl<'a> Way<'a> {
    fn of(lane: &'a Lane, from_ms: f64) -> Self {
        let (end, words, why) = match &lane.outcome {
            LaneOutcome::Running => (End::Running, "not ended", None),
            LaneOutcome::Created => (End::Made, "created", None),
            LaneOutcome::AlreadyThere => (End::There, "already there", None),
            LaneOutcome::Failed(error) => (End::Failed, "failed", Some(error.as_str())),
        };
        Self { name: &lane.service, tries: &lane.tries, end, words, why, from_ms }
    }

    /// When its last try ended.
    pub(crate) fn end_ms(&self) -> Option<f64> {
        self.tries.last().map(Try::end_ms)
    }

    /// The tries that were not the last word; each but the last, which the end tells of.
    pub(crate) fn retried(&self) -> &'a [Try] {
        match self.tries {
            all if self.end == End::Running => all,
            [first @ .., _] => first,
            [] => &[],
        }
    }

    /// Why it was tried again, such as "Throttled × 2, Deadline".
    pub(crate) fn errors(&self) -> String {
        let errors: Vec<&str> = self.retried().iter().filter_map(|one| one.error.as_deref()).collect();
        let told = |run: &[&str]| match run {
            [one] => (*one).to_owned(),
            many => format!("{} × {}", many.first().unwrap_or(&""), many.len()),
        };
        errors.chunk_by(|one, next| one == next).map(told).collect::<Vec<_>>().join(", ")
    }

    /// The waits between the tries: from when until when.
    pub(crate) fn waits(&self) -> impl Iterator<Item = (f64, f64)> {
        let pairs = self.tries.iter().zip(self.tries.iter().skip(1));
        pairs.map(|(one, next)| (one.end_ms(), next.at_ms))
    }

    /// All of it in words, for who does not see the picture.
    pub(crate) fn sentence(&self) -> String {
        let tries = self.retried().iter().map(|one| {
            let error = one.error.as_deref().unwrap_or("no error");
            format!("at {} {error}, tried again; ", brief(one.at_ms))
        });
        let end = self.end_ms().filter(|_| self.end != End::Running);
        let end = end.map(|ms| format!("at {} ", brief(ms))).unwrap_or_default();
        let why = self.why.map(|why| format!(": {why}")).unwrap_or_default();
        format!("{}: {}{end}{}{why}.", self.name, tries.collect::<String>(), self.words)
    }
}

impl Axis {
    /// From when the batch came until the last execution ended; none where no execution is.
    pub(crate) fn of(workflows: &Workflows) -> Option<Self> {
        let executions = || workflows.users.iter().flat_map(|user| &user.executions);
        executions().next()?;
        let ends = executions().flat_map(|one| [one.at_ms, one.at_ms + one.took_ms]);
        let tries = executions().flat_map(|one| one.lanes.iter().flat_map(|lane| &lane.tries).chain(&one.notify));
        let times = ends.chain(tries.flat_map(|one| [one.at_ms, one.end_ms()]));
        let span = Span::of(times.chain([0.0]))?;
        let unit = match span.ends().1 {
            120_000.0.. => (60_000.0, "min"),
            1_000.0.. => (1_000.0, "s"),
            _ => (1.0, "ms"),
        };
        Some(Self { span, unit })
    }

    /// From 0 to 1.
    pub(crate) fn share(&self, ms: f64) -> f64 {
        if ms.is_nan() { 0.0 } else { self.span.share(ms) }
    }

    /// At most so many, with their unit.
    pub(crate) fn ticks(&self, most: u32) -> Vec<Tick> {
        let (unit, name) = self.unit;
        let (from, to) = self.span.ends();
        let ticks = Span::of([from / unit, to / unit].into_iter()).map(|span| span.values(most)).unwrap_or_default();
        ticks.into_iter().map(|tick| Tick { label: format!("{} {name}", tick.label), ..tick }).collect()
    }
}

/// A time in two or three digits.
pub(crate) fn brief(ms: f64) -> String {
    match ms {
        99_500.0.. => format!("{:.1} min", ms / 60_000.0),
        9_950.0.. => format!("{:.0} s", ms / 1_000.0),
        999.5.. => format!("{:.1} s", ms / 1_000.0),
        _ => duration(ms),
    }
}
