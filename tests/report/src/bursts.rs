//! Calls taken together: parallel calls of one kind are one line of the story.

use crate::model::Step;

/// Calls of one action at one depth, with one kind of outcome.
#[derive(Debug)]
pub(crate) struct Burst<'a> {
    pub(crate) part: &'a str,
    pub(crate) depth: u32,
    pub(crate) action: &'a str,
    pub(crate) error: Option<&'a str>,
    pub(crate) calls: Vec<&'a Step>,
}

impl Burst<'_> {
    fn is_like(&self, other: &Self) -> bool {
        (self.part, self.action, self.error) == (other.part, other.action, other.error)
    }

    /// Whether it is the question that was asked just before, as a poll is, or a call tried again that fails as before:
    /// then the one before takes its calls.
    fn asks_again(&mut self, before: &mut Self) -> bool {
        let again = self.is_like(before) && self.resources() == before.resources();
        if again && self.calls.len() == 1 {
            before.calls.append(&mut self.calls);
            return true;
        }
        false
    }

    pub(crate) fn start(&self) -> f64 {
        self.calls.iter().map(|call| call.at_ms).fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn end(&self) -> f64 {
        end(self.calls.iter().copied())
    }

    /// `ReplaceRoute × 4`
    pub(crate) fn name(&self) -> String {
        match self.calls.len() {
            1 => self.action.to_owned(),
            n => format!("{} × {n}", self.action),
        }
    }

    /// The resource, or how many there are.
    pub(crate) fn resources(&self) -> String {
        let mut all: Vec<&str> = self.calls.iter().map(|call| call.resource.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        match all.as_slice() {
            [one] => (*one).to_owned(),
            many => format!("on {}", crate::text::count(many.len(), "resource")),
        }
    }
}

/// When the last of these calls had its answer.
pub(crate) fn end<'a>(steps: impl IntoIterator<Item = &'a Step>) -> f64 {
    steps.into_iter().map(|step| step.at_ms + step.took_ms).fold(0.0, f64::max)
}

/// By depth, then by when the first of each kind was sent.
pub(crate) fn bursts(steps: &[Step]) -> Vec<Burst<'_>> {
    let mut bursts: Vec<Burst<'_>> = Vec::new();
    for step in steps {
        let burst = Burst {
            part: &step.part,
            depth: step.depth,
            action: &step.action,
            error: step.error.as_deref(),
            calls: vec![step],
        };
        match bursts.iter_mut().find(|known| known.depth == burst.depth && known.is_like(&burst)) {
            Some(known) => known.calls.push(step),
            None => bursts.push(burst),
        }
    }
    bursts.sort_by(|a, b| a.depth.cmp(&b.depth).then(a.start().total_cmp(&b.start())));
    bursts.dedup_by(Burst::asks_again);
    bursts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(depth: u32, action: &str, at_ms: f64) -> Step {
        let resource = format!("r{at_ms}");
        Step { action: action.into(), resource, at_ms, took_ms: 5.0, depth, ..Step::default() }
    }

    #[test]
    fn parallel_calls_of_one_kind_are_one() {
        let mut steps =
            vec![step(2, "ReplaceRoute", 9.0), step(1, "DescribeAlarms", 0.0), step(2, "ReplaceRoute", 8.0)];
        steps.push(Step { error: Some("Throttled".into()), ..step(2, "ReplaceRoute", 7.0) });
        let names: Vec<_> = bursts(&steps).iter().map(|b| (b.name(), b.error.is_some())).collect();
        let expected = [("DescribeAlarms", false), ("ReplaceRoute", true), ("ReplaceRoute × 2", false)];
        assert_eq!(names, expected.map(|(name, error)| (name.to_owned(), error)));
        assert_eq!(bursts(&steps)[2].resources(), "on 2 resources");
    }

    #[test]
    fn a_question_asked_again_is_one_line() {
        let poll =
            |depth| Step { resource: "command".into(), ..step(depth, "ListCommandInvocations", f64::from(depth)) };
        let names = |steps: &[Step]| bursts(steps).iter().map(Burst::name).collect::<Vec<_>>();
        assert_eq!(names(&[poll(1), poll(2), poll(3)]), ["ListCommandInvocations × 3"]);
        let refused = |depth| Step { error: Some("Throttled".into()), ..poll(depth) };
        let again = ["ListCommandInvocations × 2", "ListCommandInvocations"];
        assert_eq!(names(&[refused(1), refused(2), poll(3)]), again, "tried again until it went through");
        let other = Step { part: "finishSecret".into(), ..poll(2) };
        assert_eq!(names(&[poll(1), other]).len(), 2, "another part of the work");
        assert_eq!(names(&[step(1, "ReplaceRoute", 1.0), step(2, "ReplaceRoute", 9.0)]).len(), 2, "another resource");
    }
}
