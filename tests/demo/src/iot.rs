//! From devices to a lake: what they publish by MQTT, and what is read back.

mod answer;
mod lake;
mod scenarios;
mod scene;
mod sensor;
mod shown;
mod world;

pub(crate) use answer::why;
pub(crate) use scenarios::play;
pub(crate) use shown::shown;
