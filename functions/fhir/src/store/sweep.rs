//! Removing index rows that a crashed or lost writer left behind.

use super::Store;
use super::item::ItemKey;
use super::table::{Condition, Write, in_parallel};

/// How long, in milliseconds, a dropped row stays that searches may need which are at it ([`super::read`]): a response is made
/// within 29 s, and a commit may land half a minute after its time was taken.
pub(crate) const LINGERS: i64 = 120_000;

/// The same, where only searches need it that had begun before the commit landed: 29 s, half a minute, and what clocks differ.
pub(crate) const ALTERNATIVES_LINGER: i64 = 75_000;

/// Rows that one response removes after a look at what they name; looking costs time.
pub(crate) const MOST_SWEPT: usize = 25;

/// Besides, rows whose time is over, as they say themselves. Together it is one round of calls.
pub(crate) const MOST_EXPIRED: usize = 100;

/// A row that no current version has, and that no writer can still rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stale {
    /// The row.
    pub(crate) row: ItemKey,
    /// The highest version that had asserted it.
    pub(crate) version: i64,
}

impl Store {
    /// Removes rows, unless a later version has asserted them meanwhile. What fails stays for another time.
    pub(super) async fn sweep(&self, rows: Vec<Stale>) {
        let removed = in_parallel(rows.into_iter().map(|Stale { row, version }| {
            let condition = Condition::new("v = :seen").number(":seen", version);
            self.table.write(Write::Delete(row, condition))
        }));
        if let Err(error) = removed.await {
            // Its message may quote keys, and with them patients' data.
            tracing::warn!(action = error.action, code = %error.code, "stale index rows are left over");
        }
    }
}
