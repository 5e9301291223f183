//! Device messages of a rule of AWS `IoT` Core, transformed and put on a Firehose stream: no record lost, none sent twice without need.
//!
//! The way of an event: [`event`] tells by its shape what sent it, [`prepare`] makes lines of its messages (a pure
//! function: [`mapping`] and [`transform`] say how, [`time`] and [`js_date`] read dates), [`pack`] puts lines into records
//! and records into calls, [`deliver`] sends them until all are taken, [`quarantine`] keeps what gives no line, and
//! [`handler`] joins them and gives back what could not be delivered. [`firehose`] answers Firehose's own transformation.

pub mod aws;
pub mod config;
pub mod deliver;
pub mod error;
pub mod event;
pub mod firehose;
pub mod handler;
pub mod id;
pub mod js_date;
pub mod mapping;
pub mod message;
pub mod pack;
pub mod ports;
pub mod prepare;
pub mod quarantine;
pub mod time;
pub mod transform;
