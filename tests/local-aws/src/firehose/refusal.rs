//! What a fault says of single records of a `PutRecordBatch`.

/// Records that are refused while the others of their call are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) records: Records,
    pub(crate) code: String,
    /// Whether a refused record gets a `RecordId` too.
    pub(crate) with_ids: bool,
}

/// Which of a call's records, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Records {
    Numbers(Vec<usize>),
    EveryNth(usize),
}

impl Refusal {
    pub(crate) fn new(records: Records, code: &str) -> Self {
        Self { records, code: code.to_owned(), with_ids: false }
    }

    pub(super) fn is_about(&self, number: usize) -> bool {
        match &self.records {
            Records::Numbers(numbers) => numbers.contains(&number),
            Records::EveryNth(n) => (number + 1).is_multiple_of(*n),
        }
    }
}
