//! Runs the whole chat backend on one machine.

fn main() {}
