//! SSH rotation: nodes with real sshd, a secret that is rotated, and OpenSSH's own client to try each key with.

mod client;
mod look;
mod scenarios;
mod scene;

pub(crate) use scenarios::play;
