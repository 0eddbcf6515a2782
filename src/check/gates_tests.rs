//! Every answer, and what it says about every gate.
