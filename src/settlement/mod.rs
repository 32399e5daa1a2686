//! The kernel: cases → money, pools, clearing. Pure Rust on column slices; no engine, no IO.

pub mod cases;
