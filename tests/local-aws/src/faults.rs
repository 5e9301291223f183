//! Faults: what goes wrong on purpose, for which call, how often.

use std::time::Duration;

use crate::call::ApiCall;
use crate::firehose::{Records, Refusal};
use crate::wire::ServiceError;

/// Something to go wrong: an effect on the calls that it matches.
///
/// ```
/// # use std::time::Duration;
/// use local_aws::Fault;
/// Fault::throttle().action("ec2:ReplaceRoute").nth(3);
/// Fault::error(500, "ResourceContention", "try again").action("SetInstanceHealth").first(2);
/// Fault::delay(Duration::from_millis(50));
/// Fault::error(400, "InvalidRouteTableID.NotFound", "gone").parameter("RouteTableId", "rtb-1");
/// Fault::kill_after().function("nat-failover").nth(2);
/// Fault::refuse_records(&[1, 4], "ServiceUnavailableException").first(2);
/// ```
///
/// Several faults on one call: delays and refused records add up, and the first one injected that answers or cuts decides the rest. Each
/// fault counts the calls that it matches for itself, from its injection on, in the order in which they come.
#[derive(Debug, Clone)]
pub struct Fault {
    effect: Effect,
    which: Which,
    function: Option<String>,
    action: Option<String>,
    parameter: Option<(String, String)>,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    Throttle,
    Error(ServiceError),
    Delay(Duration),
    CutBefore,
    CutAfter,
    KillAfter,
    Refuse(Refusal),
}

impl Effect {
    fn name(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::Error(_) => "error",
            Self::Delay(_) => "delay",
            Self::CutBefore => "cut-before",
            Self::CutAfter => "cut-after",
            Self::KillAfter => "kill-after",
            Self::Refuse(_) => "refuse-records",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Every,
    Nth(u32),
    First(u32),
    From(u32),
}

impl Which {
    fn includes(self, count: u32) -> bool {
        match self {
            Self::Every => true,
            Self::Nth(n) => count == n,
            Self::First(n) => count <= n,
            Self::From(n) => count >= n,
        }
    }
}

impl Fault {
    fn new(effect: Effect) -> Self {
        Self { effect, which: Which::Every, function: None, action: None, parameter: None }
    }

    /// The service's own throttling error; the emulator is not asked.
    #[must_use]
    pub fn throttle() -> Self {
        Self::new(Effect::Throttle)
    }

    /// An error in the service's own form; the emulator is not asked.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::new(Effect::Error(ServiceError::new(status, code, message)))
    }

    /// Time added before the emulator is asked.
    #[must_use]
    pub fn delay(time: Duration) -> Self {
        Self::new(Effect::Delay(time))
    }

    /// The connection is cut before the emulator is asked: nothing was done.
    #[must_use]
    pub fn cut_before() -> Self {
        Self::new(Effect::CutBefore)
    }

    /// The connection is cut after the emulator has done it: the caller cannot know.
    #[must_use]
    pub fn cut_after() -> Self {
        Self::new(Effect::CutAfter)
    }

    /// The function's process gets SIGKILL after the emulator has done it, before the answer.
    #[must_use]
    pub fn kill_after() -> Self {
        Self::new(Effect::KillAfter)
    }

    /// These records of a `PutRecordBatch`, counted from 0, are refused with this code; the others are taken. Only such
    /// calls are counted.
    #[must_use]
    pub fn refuse_records(numbers: &[usize], code: &str) -> Self {
        let refusal = Refusal::new(Records::Numbers(numbers.to_vec()), code);
        Self::new(Effect::Refuse(refusal)).action("firehose:PutRecordBatch")
    }

    /// Every n-th record of a `PutRecordBatch` is refused: by 3 the records 2, 5, 8, ... counted from 0, by 1 all of them.
    #[must_use]
    pub fn refuse_every_nth_record(n: usize, code: &str) -> Self {
        let refusal = Refusal::new(Records::EveryNth(n), code);
        Self::new(Effect::Refuse(refusal)).action("firehose:PutRecordBatch")
    }

    /// Records that are refused get a `RecordId` beside their `ErrorCode`: who looks for missing ids takes them for taken.
    #[must_use]
    pub fn with_record_ids(mut self) -> Self {
        if let Effect::Refuse(refusal) = &mut self.effect {
            refusal.with_ids = true;
        }
        self
    }

    /// Only for the n-th matching call, counted from 1.
    #[must_use]
    pub fn nth(mut self, n: u32) -> Self {
        self.which = Which::Nth(n);
        self
    }

    /// Only for the first n matching calls.
    #[must_use]
    pub fn first(mut self, n: u32) -> Self {
        self.which = Which::First(n);
        self
    }

    /// From the n-th matching call on.
    #[must_use]
    pub fn from(mut self, n: u32) -> Self {
        self.which = Which::From(n);
        self
    }

    /// Only for calls of this function, by its name or its logical id.
    #[must_use]
    pub fn function(mut self, name: &str) -> Self {
        self.function = Some(name.to_owned());
        self
    }

    /// Only for this operation: `ec2:ReplaceRoute`, or `ReplaceRoute`, or `ec2:*`.
    #[must_use]
    pub fn action(mut self, action: &str) -> Self {
        self.action = Some(action.to_owned());
        self
    }

    /// Only for calls with this value of this parameter.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameter = Some((name.to_owned(), value.to_owned()));
        self
    }

    fn matches(&self, function: &[&str], call: &ApiCall) -> bool {
        let qualified = call.qualified();
        let action = |wanted: &String| match wanted.strip_suffix(":*") {
            Some(service) => qualified.starts_with(service) && qualified.as_bytes().get(service.len()) == Some(&b':'),
            None => *wanted == qualified || *wanted == call.action,
        };
        self.function.as_ref().is_none_or(|name| function.contains(&name.as_str()))
            && self.action.as_ref().is_none_or(action)
            && self.parameter.as_ref().is_none_or(|(name, value)| call.parameter(name) == Some(value))
    }
}

/// The faults of one account with their counts.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    injected: Vec<(Fault, u32)>,
}

/// What is to be done to one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) delay: Duration,
    pub(crate) effect: Option<Effect>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) names: Vec<&'static str>,
}

impl Faults {
    pub(crate) fn inject(&mut self, fault: Fault) {
        self.injected.push((fault, 0));
    }

    pub(crate) fn clear(&mut self) {
        self.injected.clear();
    }

    /// Counts the call and says what is done to it. `function`: the names by which the caller may be meant.
    pub(crate) fn judge(&mut self, function: &[&str], call: &ApiCall) -> Verdict {
        let mut verdict = Verdict::default();
        for (fault, count) in self.injected.iter_mut().filter(|(fault, _)| fault.matches(function, call)) {
            *count += 1;
            if !fault.which.includes(*count) {
                continue;
            }
            match &fault.effect {
                Effect::Delay(time) => verdict.delay += *time,
                Effect::Refuse(refusal) => verdict.refusals.push(refusal.clone()),
                _ if verdict.effect.is_some() => continue,
                effect => verdict.effect = Some(effect.clone()),
            }
            verdict.names.push(fault.effect.name());
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::call::Protocol;

    fn call(action: &str, table: &str) -> ApiCall {
        ApiCall {
            access_key: String::new(),
            service: "ec2".to_owned(),
            region: String::new(),
            action: action.to_owned(),
            protocol: Protocol::Ec2Query,
            parameters: BTreeMap::from([("RouteTableId".to_owned(), table.to_owned())]),
        }
    }

    fn hits(fault: Fault, calls: &[ApiCall]) -> Vec<usize> {
        let mut faults = Faults::default();
        faults.inject(fault);
        let verdicts = calls.iter().map(|call| faults.judge(&["fn", "Logical"], call));
        verdicts.enumerate().filter(|(_, verdict)| *verdict != Verdict::default()).map(|(at, _)| at).collect()
    }

    #[test]
    fn a_fault_hits_what_it_names_and_nothing_else() {
        let calls: Vec<_> = ["ReplaceRoute", "CreateRoute", "ReplaceRoute", "ReplaceRoute"]
            .into_iter()
            .zip(["a", "a", "b", "a"])
            .map(|(action, table)| call(action, table))
            .collect();
        let table = [
            (Fault::throttle(), vec![0, 1, 2, 3]),
            (Fault::throttle().action("ec2:ReplaceRoute").nth(2), vec![2]),
            (Fault::throttle().action("ReplaceRoute").first(2), vec![0, 2]),
            (Fault::throttle().from(3), vec![2, 3]),
            (Fault::throttle().action("ec2:*"), vec![0, 1, 2, 3]),
            (Fault::throttle().action("ec:*"), vec![]),
            (Fault::throttle().parameter("RouteTableId", "b"), vec![2]),
            (Fault::throttle().function("Logical").nth(1), vec![0]),
            (Fault::throttle().function("other"), vec![]),
        ];
        for (fault, expected) in table {
            assert_eq!(hits(fault.clone(), &calls), expected, "{fault:?}");
        }
    }

    #[test]
    fn a_fault_on_call_n_leaves_every_other_alone() {
        let calls: Vec<_> = (0..20).map(|_| call("ReplaceRoute", "a")).collect();
        for n in 1..=20 {
            assert_eq!(hits(Fault::cut_after().nth(n), &calls), [n as usize - 1]);
        }
    }

    #[test]
    fn delays_add_up_and_the_first_answer_counts() {
        let mut faults = Faults::default();
        faults.inject(Fault::delay(Duration::from_millis(50)));
        faults.inject(Fault::delay(Duration::from_millis(20)).nth(1));
        faults.inject(Fault::throttle().nth(1));
        faults.inject(Fault::cut_before().nth(1));
        let first = faults.judge(&["fn"], &call("ReplaceRoute", "a"));
        assert_eq!((first.delay, first.effect), (Duration::from_millis(70), Some(Effect::Throttle)));
        assert_eq!(first.names, ["delay", "delay", "throttle"]);
        let second = faults.judge(&["fn"], &call("ReplaceRoute", "a"));
        assert_eq!((second.delay, second.effect), (Duration::from_millis(50), None));
        faults.clear();
        assert_eq!(faults.judge(&["fn"], &call("ReplaceRoute", "a")), Verdict::default());
    }

    #[test]
    fn refused_records_add_up_with_the_rest_and_count_their_own_calls() {
        let mut faults = Faults::default();
        faults.inject(Fault::refuse_records(&[0], "One").nth(2));
        faults.inject(Fault::refuse_every_nth_record(2, "Two").with_record_ids().function("Logical").from(2));
        faults.inject(Fault::cut_after());
        let mut put = call("PutRecordBatch", "");
        "firehose".clone_into(&mut put.service);
        let calls = [put.clone(), call("PutObject", ""), put.clone(), put];
        let verdicts = calls.map(|call| faults.judge(&["fn", "Logical"], &call));
        let codes = verdicts.each_ref().map(|verdict| {
            verdict.refusals.iter().map(|refusal| (refusal.code.as_str(), refusal.with_ids)).collect::<Vec<_>>()
        });
        assert_eq!(codes, [vec![], vec![], vec![("One", false), ("Two", true)], vec![("Two", true)]]);
        assert!(verdicts.iter().all(|verdict| verdict.effect == Some(Effect::CutAfter)));
    }
}
