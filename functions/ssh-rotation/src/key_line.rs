//! The public key as a line of `authorized_keys`, which is also how the secret holds it:
//! `ssh-ed25519 AAAA… ssh-rotation:1716290000123:arn:aws:secretsmanager:…`.
//!
//! The comment is the label by which the script on the nodes finds this secret's lines again, and only these. Its
//! number, the generation, orders the rotations of one secret: a script that arrives late recognizes a newer line.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use ssh_key::PublicKey;

const LABEL: &str = "ssh-rotation:";

/// When a key was made, in milliseconds since the epoch: 13 digits, from 2001 to 2286.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(u64);

/// A line that a rotation of one secret wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLine {
    text: String,
    generation: Generation,
}

/// Not a line of this secret's rotations.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret's PublicKey is no key that this function made for {secret}")]
pub struct KeyLineError {
    secret: String,
}

impl Generation {
    const FIRST: u64 = 1_000_000_000_000;
    const LAST: u64 = 9_999_999_999_999;

    /// The generation of a key that is made now, after one of `last`: later than it even if the clock went back. A `last`
    /// that is more than a day ahead was written by hand; the nodes refuse it, and would refuse one after it.
    #[must_use]
    pub fn after(last: Option<Generation>, now: SystemTime) -> Self {
        const DAY: u64 = 86_400_000;
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = u64::try_from(now).unwrap_or(Self::LAST);
        let last = last.filter(|last| last.0 < now.saturating_add(DAY));
        let later = last.map_or(0, |last| last.0.saturating_add(1));
        Self(now.max(later).clamp(Self::FIRST, Self::LAST))
    }

    fn read(digits: &str) -> Option<Self> {
        let number = digits.parse().ok().filter(|n| (Self::FIRST..=Self::LAST).contains(n))?;
        (digits.len() == 13).then_some(Self(number))
    }

    /// The comment that labels a key of this generation.
    #[must_use]
    pub fn label(self, secret_arn: &str) -> String {
        format!("{LABEL}{self}:{secret_arn}")
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl KeyLine {
    /// Reads a public key that a rotation of `secret_arn` made. Nothing else reaches the nodes.
    pub fn read(public_key: &str, secret_arn: &str) -> Result<Self, KeyLineError> {
        let read = || {
            let key = PublicKey::from_openssh(public_key).ok()?;
            let comment = key.comment().as_str().ok()?;
            let (generation, secret) = comment.strip_prefix(LABEL)?.split_once(':')?;
            let generation = Generation::read(generation).filter(|_| secret == secret_arn)?;
            // Written anew: what reaches a shell and a file of root's is what was understood, not what was given.
            Some(Self { text: key.to_openssh().ok()?, generation })
        };
        read().ok_or_else(|| KeyLineError { secret: secret_arn.to_owned() })
    }

    /// When its key was made.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The line, without a newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The key proper of a public key in OpenSSH's form, whatever its comment: the second field, base64.
#[must_use]
pub fn base64_of(public_key: &str) -> Option<String> {
    let key = PublicKey::from_openssh(public_key).ok()?.to_openssh().ok()?;
    key.split(' ').nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:/dev/ssh-AbCdEf";

    #[test]
    fn a_line_that_a_rotation_made_is_read_with_its_generation() {
        let line = format!("ssh-ed25519 {KEY} ssh-rotation:1716290000123:{SECRET}");
        let read = KeyLine::read(&line, SECRET).unwrap();
        assert_eq!((read.text(), read.generation()), (line.as_str(), Generation(1_716_290_000_123)));
        assert_eq!(Generation(1_716_290_000_123).label(SECRET), line.split(' ').nth(2).unwrap());
        assert_eq!(base64_of(&line).as_deref(), Some(KEY));
    }

    #[test]
    fn other_lines_are_refused() {
        for wrong in [
            String::new(),
            format!("ssh-ed25519 {KEY}"),
            format!("ssh-ed25519 {KEY} me@home"),
            format!("ssh-ed25519 {KEY} ssh-rotation:1716290000123:{SECRET}X"),
            format!("ssh-ed25519 {KEY} ssh-rotation:171629000012:{SECRET}"),
            format!("ssh-ed25519 {KEY} ssh-rotation:+71629000012:{SECRET}"),
            format!("ssh-ed25519 {KEY} ssh-rotation:1716290000123:{SECRET}\nssh-ed25519 {KEY}"),
            format!("command=\"id\" ssh-ed25519 {KEY} ssh-rotation:1716290000123:{SECRET}"),
            format!("ssh-rsa {KEY} ssh-rotation:1716290000123:{SECRET}"),
            format!("ssh-ed25519 AAAA ssh-rotation:1716290000123:{SECRET}"),
        ] {
            assert!(KeyLine::read(&wrong, SECRET).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn generations_rise_even_if_the_clock_goes_back() {
        let at = |ms| UNIX_EPOCH + Duration::from_millis(ms);
        let first = Generation::after(None, at(1_716_290_000_123));
        assert_eq!(first, Generation(1_716_290_000_123));
        assert_eq!(Generation::after(Some(first), at(1_716_290_000_500)), Generation(1_716_290_000_500));
        assert_eq!(Generation::after(Some(first), at(1_716_280_000_000)), Generation(1_716_290_000_124));
        assert_eq!(Generation::after(Some(first), at(1_716_200_000_000)), Generation(1_716_200_000_000), "a day ahead");
        assert_eq!(Generation::after(None, at(0)).to_string().len(), 13);
    }

    proptest! {
        #[test]
        fn no_public_key_makes_it_panic(text in "\\PC*|ssh-ed25519 [A-Za-z0-9+/= ]*") {
            let _ = KeyLine::read(&text, SECRET);
            let _ = base64_of(&text);
        }
    }
}
