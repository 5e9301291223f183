//! New users: the events that a directory logs of them, and what each is given.

mod answer;
mod history;
mod people;
mod scenarios;
mod scene;
mod seen;

pub(crate) use scenarios::play;
