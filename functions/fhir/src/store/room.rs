//! What one request may hold in memory, whatever it consists of: a Bundle's entries search side by side.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Index rows that the searches of a request have read and hold: some 900 bytes each.
pub(crate) const MOST_ROWS: usize = 100_000;
/// Searches of a request that sort in memory at once: up to 64 MB each (`MOST_BYTES` in search/find/collect.rs).
const SORTING: usize = 2;

/// Who has room asks for no more of the same, so nobody waits for ever.
#[derive(Clone, Debug)]
pub(super) struct Room {
    rows: Arc<Semaphore>,
    sorting: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        Self { rows: Arc::new(Semaphore::new(MOST_ROWS)), sorting: Arc::new(Semaphore::new(SORTING)) }
    }
}

impl super::Store {
    /// Waits until so many rows may be read, and keeps room for them until what it returns is dropped.
    pub(crate) async fn room_for_rows(&self, rows: usize) -> Option<SemaphorePermit<'_>> {
        let rows = u32::try_from(rows.min(MOST_ROWS)).unwrap_or_default();
        self.room.rows.acquire_many(rows).await.ok() // it is never closed
    }

    /// Waits until one more search may sort in memory, until what it returns is dropped.
    pub(crate) async fn room_to_sort(&self) -> Option<SemaphorePermit<'_>> {
        self.room.sorting.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_dynamodb::config::BehaviorVersion;
    use tokio::time::timeout;

    use super::*;
    use crate::store::bodies::Bodies;
    use crate::store::{Store, table::Table};

    fn store() -> Store {
        let dynamodb = aws_sdk_dynamodb::Config::builder().behavior_version(BehaviorVersion::latest()).build();
        let s3 = aws_sdk_s3::Config::builder().behavior_version(BehaviorVersion::latest()).build();
        let table = Table::new(aws_sdk_dynamodb::Client::from_conf(dynamodb), "table");
        Store::new(table, Bodies::new(aws_sdk_s3::Client::from_conf(s3), "bucket"), "https://example.org")
    }

    async fn waits<T>(room: impl Future<Output = Option<T>>) -> bool {
        timeout(Duration::from_millis(20), room).await.is_err()
    }

    #[tokio::test]
    async fn searches_of_one_request_wait_until_there_is_room_for_them() {
        let store = store();
        let entry = store.clone();
        let all = store.room_for_rows(2 * MOST_ROWS).await;
        assert!(waits(entry.room_for_rows(1)).await, "there is none, in another entry of the Bundle neither");
        drop(all);
        assert!(!waits(entry.room_for_rows(1)).await);
        let sorting = (store.room_to_sort().await, store.room_to_sort().await);
        assert!(waits(entry.room_to_sort()).await);
        drop(sorting);
        assert!(!waits(entry.room_to_sort()).await);
    }
}
