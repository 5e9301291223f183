//! Secrets: a type that can't be printed, and that is zeroized when it is dropped.
//!
//! [`secrecy`] does both; this names the one type that the functions use. Reading the value takes a visible
//! `expose_secret()`, which a reviewer can search for.

pub use secrecy::{ExposeSecret, SecretString};

/// Overwrites the stack below the caller and below the runtime's tasks: cryptographic code leaves copies of keys in the
/// frames of calls that have returned, where no destructor reaches them. Call it when the work with a secret is over.
pub async fn wipe_stack() {
    let _ = tokio::spawn(async { overwrite() }).await; // a task begins higher up than the caller
    overwrite();
}

#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "the stack is what is to be overwritten")]
fn overwrite() {
    const DEEPEST: usize = 256 * 1024; // ample for cryptographic code; ssh-rotation's test of its memory would tell
    let mut unused = [0_u8; DEEPEST];
    std::hint::black_box(&mut unused);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret: SecretString = serde_json::from_str("\"hunter2\"").unwrap();
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(secret.expose_secret(), "hunter2");
    }
}
