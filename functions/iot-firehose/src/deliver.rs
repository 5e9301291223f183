//! Puts lines on the stream, in order, until all are taken or time is up.
//!
//! What fails is sent again and nothing else: `PutRecordBatch` succeeds although records of it failed, and says which.
//! <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html>

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use shared::aws::AwsError;
use shared::deadline::Deadline;
use tokio::time::Instant;

use crate::pack::pack;
use crate::ports::Stream;

/// Before the first repetition; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 100 });
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Lines, one after another in one buffer.
#[derive(Debug, Default)]
pub struct Lines {
    /// The text, each line with its line feed.
    pub text: String,
    /// Where each line ends.
    ends: Vec<usize>,
}

/// What was not delivered.
#[derive(Debug, Default)]
pub struct Undelivered {
    /// The lines' numbers.
    pub lines: BTreeSet<usize>,
    /// Why: the last error.
    pub why: Option<Why>,
}

/// Why lines were not delivered.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] AwsError),
    /// Single records were refused until the deadline, with this code.
    #[error("PutRecordBatch refused records with {0}")]
    Records(String),
    /// The answer did not speak of every record.
    #[error("PutRecordBatch answered for some of the records only")]
    Incomplete,
    /// Time was up before it was their turn.
    #[error("the deadline came before they were sent")]
    Deadline,
}

impl Lines {
    /// Takes what was appended to the text since the last line as a line.
    pub fn end_line(&mut self) {
        self.ends.push(self.text.len());
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn start(&self, line: usize) -> usize {
        line.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0)
    }

    /// The bytes of each line.
    #[must_use]
    pub fn lengths(&self) -> Vec<usize> {
        (0..self.len()).map(|line| self.start(line + 1) - self.start(line)).collect()
    }

    fn bytes(&self, lines: &Range<usize>) -> &[u8] {
        self.text.as_bytes().get(self.start(lines.start)..self.start(lines.end)).unwrap_or_default()
    }
}

/// Delivers. A call that can't succeed ends it; other failures are repeated until the deadline.
pub async fn deliver(lines: &Lines, stream: &impl Stream, deadline: Deadline) -> Undelivered {
    let mut undelivered = Undelivered::default();
    for call in pack(&lines.lengths()) {
        if let Some(why) = undelivered.why.take() {
            undelivered.lines.extend(call.into_iter().flatten());
            undelivered.why = Some(why); // neither the deadline nor a stream that is not there passes
            continue;
        }
        if let Err((left, why)) = put(lines, call, stream, deadline).await {
            undelivered.lines.extend(left.into_iter().flatten());
            undelivered.why = Some(why);
        }
    }
    undelivered
}

/// One call, until all of its records are taken. Otherwise those that are left, and why.
async fn put(
    lines: &Lines,
    mut records: Vec<Range<usize>>,
    stream: &impl Stream,
    deadline: Deadline,
) -> Result<(), (Vec<Range<usize>>, Why)> {
    let mut pause = FIRST_PAUSE;
    loop {
        let bytes: Vec<&[u8]> = records.iter().map(|record| lines.bytes(record)).collect();
        let why = match deadline.cut(stream.put(&bytes)).await {
            None => return Err((records, Why::Deadline)),
            Some(Err(error)) if !error.retryable => return Err((records, error.into())),
            Some(Err(error)) => Why::Call(error),
            // Without a word on each record none counts as taken: rather twice than lost.
            Some(Ok(codes)) if codes.len() != records.len() => Why::Incomplete,
            Some(Ok(codes)) => {
                let mut failed = codes.iter().zip(&records).filter_map(|(code, record)| Some((code.as_ref()?, record)));
                let Some((code, _)) = failed.next() else { return Ok(()) };
                let why = Why::Records(code.clone());
                records =
                    codes.iter().zip(records).filter_map(|(code, record)| code.as_ref().map(|_| record)).collect();
                why
            }
        };
        let until = Instant::now() + jittered(pause);
        if until >= deadline.instant() {
            return Err((records, why));
        }
        tracing::warn!(records = records.len(), %why, "sending again");
        tokio::time::sleep_until(until).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Between half of a pause and all of it, so that functions that were refused together don't come back together.
fn jittered(pause: Duration) -> Duration {
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    pause.mul_f64(0.5 + f64::from(clock.subsec_nanos() % 1000) / 2000.0)
}
