//! The binary: arguments in, exit code out.

use std::process::ExitCode;

/// Buckets come and go on several threads; what they leave must go back to the system, or it stands beside
/// the cases for the rest of the run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    dianshu::cli::main()
}
