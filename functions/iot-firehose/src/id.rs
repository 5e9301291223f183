//! A line's id, by which readers of the lake drop duplicates: the same message has it again on every retry, and another
//! message has another, even with the same content.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};

/// A hash of parts, 32 characters.
#[must_use]
pub fn of(parts: &[&str]) -> String {
    let mut hash = Context::new(&SHA256);
    for part in parts {
        hash.update(&part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut id = String::with_capacity(32);
    for byte in hash.finish().as_ref().iter().take(16) {
        let _ = write!(id, "{byte:02x}"); // writing to a String cannot fail
    }
    id
}

/// Of a direct message: the invocation (Lambda keeps its id when it tries an asynchronous event again), its place in it,
/// and its content.
#[must_use]
pub fn of_direct(invocation: &str, place: usize, content: &str) -> String {
    of(&[invocation, &place.to_string(), content])
}
