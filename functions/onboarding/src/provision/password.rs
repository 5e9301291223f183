//! A password for a user whom Connect itself manages.
//!
//! Connect asks for one, and nobody ever needs to know it: the user sets their own by "Forgot password", an administrator
//! by "Reset password" (<https://docs.aws.amazon.com/connect/latest/adminguide/password-reset.html>). So it is kept nowhere:
//! what is not kept can't leak, and needs no rights, no rotation and no deletion.

use shared::secret::SecretString;

/// 64 characters, so that six random bits are one of them. Connect: `(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}`
const ALPHABET: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
const LENGTH: usize = 32; // 192 bits

/// The system gave no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no random numbers could be had for a password")]
pub struct NoRandomness;

/// A new one.
pub fn password() -> Result<SecretString, NoRandomness> {
    // One in 200 lacks a digit.
    loop {
        let mut random = [0_u8; LENGTH];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| NoRandomness)?;
        let mut text = String::with_capacity(LENGTH); // grown, it would leave a copy behind
        text.extend(random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 64))).map(|&c| char::from(c)));
        let has = |kind: fn(&u8) -> bool| text.as_bytes().iter().any(kind);
        if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit) {
            return Ok(SecretString::from(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use shared::secret::ExposeSecret as _;

    use super::*;

    #[test]
    fn every_password_is_connects_and_no_two_are_the_same() {
        let made: BTreeSet<_> = (0..1000).map(|_| password().unwrap().expose_secret().to_owned()).collect();
        assert_eq!(made.len(), 1000);
        for password in &made {
            let has = |kind: fn(&u8) -> bool| password.as_bytes().iter().any(kind);
            assert!(password.len() == 32 && has(u8::is_ascii_lowercase));
            assert!(has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit));
        }
        let used: BTreeSet<u8> = made.iter().flat_map(|password| password.bytes()).collect();
        assert_eq!(used.len(), 64, "every character of the alphabet comes up");
    }
}
