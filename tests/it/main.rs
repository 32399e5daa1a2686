//! The product as its users meet it: whole runs through the command line, real exports, bad input.

mod bad_input;
mod intake;
mod mapping;
mod pipeline;
mod readme;
mod synpuf;
mod tools;
