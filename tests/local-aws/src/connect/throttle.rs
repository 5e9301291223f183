//! Connect's rate: a bucket of 5 requests, to which 2 are added each second.
//! <https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html#connect-api-quotas>

use std::time::Instant;

const RATE: f64 = 2.0;
const BURST: f64 = 5.0;

/// What may be requested now.
#[derive(Debug)]
pub(super) struct Bucket {
    requests: f64,
    at: Instant,
}

impl Bucket {
    pub(super) fn of_connect() -> Self {
        Self { requests: BURST, at: Instant::now() }
    }

    /// Whether one more request is allowed now.
    pub(super) fn take(&mut self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.requests = (self.requests + RATE * since).min(BURST);
        self.at = now;
        let allowed = self.requests >= 1.0;
        if allowed {
            self.requests -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn five_at_once_then_two_a_second() {
        let mut bucket = Bucket::of_connect();
        let begun = bucket.at;
        let mut taken = |after: u64| {
            let now = begun + Duration::from_millis(after);
            std::iter::repeat_with(|| bucket.take_at(now)).take_while(|taken| *taken).count()
        };
        assert_eq!([0, 400, 500, 1000, 2000, 60_000].map(&mut taken), [5, 0, 1, 1, 2, 5]);
    }
}
