//! Lines into records, records into calls: as few as the limits allow, in order. A pure function.
//!
//! Limits of `PutRecordBatch`: <https://docs.aws.amazon.com/firehose/latest/dev/limits.html>. Firehose bills each record
//! as a multiple of 5 KB, so that a line of 60 bytes alone costs as much as eighty of them together.

use std::ops::Range;

/// Records in a call.
pub const RECORDS: usize = 500;
/// Bytes in a call.
pub const BATCH: usize = 4 * 1024 * 1024;
/// Bytes in a record.
pub const RECORD: usize = 1_024_000;

/// A call: records one after another, each the lines of a range.
pub type Call = Vec<Range<usize>>;

/// Packs lines of these lengths (each with its line feed, none longer than [`RECORD`]).
#[must_use]
pub fn pack(lengths: &[usize]) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let (mut in_call, mut in_record) = (0, 0);
    for (at, length) in lengths.iter().enumerate() {
        let fits_call = in_call + length <= BATCH;
        let fits_record = in_record + length <= RECORD;
        match calls.last_mut() {
            Some(call) if fits_call && fits_record => {
                if let Some(record) = call.last_mut() {
                    record.end = at + 1;
                }
                in_record += length;
            }
            Some(call) if fits_call && call.len() < RECORDS => {
                call.push(at..at + 1);
                in_record = *length;
            }
            _ => {
                let record = at..at + 1;
                calls.push(vec![record]);
                (in_call, in_record) = (0, *length);
            }
        }
        in_call += length;
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_lines_share_a_record_and_large_ones_a_call() {
        let counts = |lengths: &[usize]| -> Vec<Vec<usize>> {
            pack(lengths).iter().map(|call| call.iter().map(ExactSizeIterator::len).collect()).collect()
        };
        assert!(pack(&[]).is_empty());
        assert_eq!(counts(&vec![55; 10_000]), [[10_000]]);
        assert_eq!(counts(&[RECORD; 5]), [vec![1; 4], vec![1]]);
        assert_eq!(counts(&[RECORD, 1]), [[1, 1]]);
    }

    proptest! {
        #[test]
        fn every_line_is_there_once_in_order_within_the_limits_and_no_call_could_take_the_next_line(
            lengths in proptest::collection::vec(prop_oneof![1..100_usize, 1..=RECORD], 0..200)
        ) {
            let calls = pack(&lengths);
            let lines: Vec<usize> = calls.iter().flatten().flat_map(Clone::clone).collect();
            prop_assert_eq!(lines, (0..lengths.len()).collect::<Vec<_>>());
            let size = |range: &Range<usize>| lengths[range.clone()].iter().sum::<usize>();
            for (at, call) in calls.iter().enumerate() {
                let bytes: usize = call.iter().map(size).sum();
                prop_assert!(bytes <= BATCH && call.len() <= RECORDS && call.iter().all(|record| size(record) <= RECORD));
                if let Some(next) = calls.get(at + 1) {
                    prop_assert!(bytes + lengths[next[0].start] > BATCH || call.len() == RECORDS);
                }
            }
        }
    }
}
