//! Wires onboarding-provision: configuration, AWS, handler.

fn main() {}
