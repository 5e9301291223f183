//! Wires onboarding-trigger: configuration, AWS, handler.

fn main() {}
