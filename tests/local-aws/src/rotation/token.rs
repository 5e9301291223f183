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
    let group = |from, to| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", group(0, 8), group(8, 12), group(13, 16), group(17, 20), group(20, 32))
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
