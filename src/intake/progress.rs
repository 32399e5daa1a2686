//! How far a load is: a bar on stderr, or nothing.

use std::sync::Mutex;
use std::sync::PoisonError;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Learns how far a load is.
pub trait Progress: Sync {
    /// A new step begins, `total` units long.
    fn stage(&self, name: &str, total: u64);
    /// So many units of the step are done.
    fn advance(&self, units: u64);
    /// Nothing more will come.
    fn end(&self);
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str, _total: u64) {}
    fn advance(&self, _units: u64) {}
    fn end(&self) {}
}

/// A bar on stderr; hidden where stderr is not a terminal.
#[derive(Debug, Default)]
pub struct Bar(Mutex<Option<ProgressBar>>);

impl Progress for Bar {
    fn stage(&self, name: &str, total: u64) {
        self.end();
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        // A template that does not parse would only leave the plain bar.
        if let Ok(style) = ProgressStyle::with_template("{msg:20} {wide_bar} {percent:>3}% {eta}") {
            bar.set_style(style);
        }
        bar.set_message(name.to_owned());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn advance(&self, units: u64) {
        if let Some(bar) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            bar.inc(units);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
