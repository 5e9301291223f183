//! Keeps a process within Connect's rate: 2 requests a second for the whole account.
//! <https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html>
//!
//! The template lets two processes run at a time, each of which begins a call a second at most. Together they can't exceed
//! the rate, without a queue or a counter that they would have to share.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// Lets callers through, one each pause.
#[derive(Debug)]
pub struct Pace {
    pause: Duration,
    last: Cell<Option<Instant>>,
}

impl Pace {
    /// With so much time from one caller to the next.
    #[must_use]
    pub fn new(pause: Duration) -> Self {
        Self { pause, last: Cell::new(None) }
    }

    /// Waits for the caller's turn.
    pub async fn turn(&self) {
        let turn = self.next(Instant::now());
        tokio::time::sleep_until(turn).await;
        self.last.set(Some(Instant::now())); // cut off while waiting, the caller has used no turn
    }

    fn next(&self, now: Instant) -> Instant {
        self.last.get().map_or(now, |last| now.max(last + self.pause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_comes_at_once_and_the_next_a_pause_later() {
        let pace = Pace::new(Duration::from_millis(30));
        let begin = Instant::now();
        assert_eq!(pace.next(begin), begin);
        for turns in 0..3 {
            pace.turn().await;
            assert!(begin.elapsed() >= Duration::from_millis(30) * turns);
        }
        let much_later = Instant::now() + Duration::from_mins(1);
        assert_eq!(pace.next(much_later), much_later);
    }
}
