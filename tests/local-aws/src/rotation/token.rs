//! Tokens in the form of a version 4 UUID: what AWS and its SDKs make of them.

use std::hash::{BuildHasher, RandomState};

/// A `ClientRequestToken`.
pub(super) fn client_request_token() -> String {
    uuid()
}

/// A `RotationToken`: at least 36 characters.
pub(super) fn rotation_token() -> String {
    uuid()
}

/// Random enough for tests: the standard library's hasher has random keys, and others at each call.
fn uuid() -> String {
    let random = || RandomState::new().hash_one(0);
    let digits = format!("{:016x}{:016x}", random(), random());
    let (a, b, c, d, e) = (&digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..]);
    format!("{a}-{b}-4{c}-8{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_length_that_aws_asks_for_and_differ() {
        let (one, two) = (client_request_token(), rotation_token());
        assert_ne!(one, two);
        for token in [one, two] {
            assert_eq!(token.len(), 36, "{token}");
            assert_eq!(token.chars().filter(|character| *character == '-').count(), 4, "{token}");
        }
    }
}
