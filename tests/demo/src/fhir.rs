//! A FHIR server: what clients ask, and what the table holds then.

mod held;
mod scenarios;
mod scene;

pub(crate) use scenarios::play;
