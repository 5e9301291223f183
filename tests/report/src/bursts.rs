//! Calls taken together: parallel calls of one kind are one line of the story.

use crate::model::Step;

/// Calls of one action at one depth, with one kind of outcome.
#[derive(Debug)]
pub(crate) struct Burst<'a> {
    pub(crate) depth: u32,
    pub(crate) action: &'a str,
    pub(crate) error: Option<&'a str>,
    pub(crate) calls: Vec<&'a Step>,
}

impl Burst<'_> {
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
        let (depth, action, error) = (step.depth, step.action.as_str(), step.error.as_deref());
        let alike = |burst: &&mut Burst<'_>| (burst.depth, burst.action, burst.error) == (depth, action, error);
        match bursts.iter_mut().find(alike) {
            Some(burst) => burst.calls.push(step),
            None => bursts.push(Burst { depth, action, error, calls: vec![step] }),
        }
    }
    bursts.sort_by(|a, b| a.depth.cmp(&b.depth).then(a.start().total_cmp(&b.start())));
    bursts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(depth: u32, action: &str, at_ms: f64) -> Step {
        Step { action: action.into(), resource: format!("r{at_ms}"), at_ms, took_ms: 5.0, depth, error: None }
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
}
