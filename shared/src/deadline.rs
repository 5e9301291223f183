//! The moment by which an invocation must have answered.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The moment after which a function starts nothing more, so that it answers with what is left instead of being cut off.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// `margin` before the deadline that Lambda gives with the event (milliseconds since the epoch).
    #[must_use]
    pub fn of(context: &lambda_runtime::Context, margin: Duration) -> Self {
        let until = UNIX_EPOCH + Duration::from_millis(context.deadline);
        let left = until.duration_since(SystemTime::now()).unwrap_or_default();
        Self::within(left.saturating_sub(margin))
    }

    /// So much from now.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The moment itself.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }

    /// Runs `work` until the deadline; `None` if it has not ended by then.
    pub async fn cut<T>(self, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(self.0, work).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_cut_off_at_the_deadline_less_the_margin() {
        let mut context = lambda_runtime::Context::default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        context.deadline = u64::try_from(now.as_millis()).unwrap() + 1_000;
        let deadline = Deadline::of(&context, Duration::from_secs(2));
        assert!(deadline.instant() <= Instant::now(), "a deadline that is nearer than the margin has passed already");
        assert_eq!(deadline.cut(std::future::pending::<()>()).await, None);
        assert_eq!(Deadline::within(Duration::from_mins(1)).cut(async { 7 }).await, Some(7));
    }
}
