//! The four Secrets Manager rotation steps for the SSH keypair of a cluster.
//!
//! The way of an event: [`event`] reads it, [`contract`] says whether the rotation stands where the step needs it,
//! [`steps`] has one file for each step, [`handler`] is the sentence that joins them. What a step decides is in pure
//! functions: [`contract`], [`judge`] (which nodes did what they were told), [`host_keys`], [`key_line`].
//!
//! The nouns: [`secret_value`] (the secret's JSON), [`keypair`], [`key_line`] (the public key as a line of
//! `authorized_keys`), [`node`], [`command`] (what the nodes are told), [`host_keys`]. [`ports`] is what the function
//! needs of the world; [`aws`] and [`ssh`] give it.

pub mod aws;
pub mod command;
pub mod config;
pub mod contract;
pub mod error;
pub mod event;
pub mod handler;
pub mod host_keys;
pub mod judge;
pub mod key_line;
pub mod keypair;
pub mod node;
pub mod ports;
pub mod report;
pub mod secret_value;
pub mod ssh;
pub mod steps;
#[cfg(test)]
pub(crate) mod testing;
