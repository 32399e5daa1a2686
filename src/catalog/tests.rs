//! Tests of the artefact: what is written is read again, and every change is noticed.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "tests compute on small numbers of their own; an overflow fails them"
)]

mod adjusting;
mod build;
mod carry;
mod differences;
mod folders;
mod gates;
mod life;
mod parameters;
mod tables;
mod tampering;
