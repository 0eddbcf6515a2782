//! When what happens: pure state machines that are told the time and never sleep.

pub mod pace;
