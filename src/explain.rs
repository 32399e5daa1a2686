//! Errors that say who can fix them and what to try next.
//!
//! Every module has its own error type; all of them implement [`Explain`], so that one function,
//! [`render`], prints any of them: the fact, each cause once, then the hints.

use std::fmt::Write as _;

/// Who can fix an error. Decides the exit code and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Wrong usage, file, rule or data contract; nothing was changed: exit 2.
    Input,
    /// Ours: a broken invariant, or the engine failed on valid input: exit 3.
    Internal,
    /// The user stopped the run: exit 130.
    Interrupted,
}

impl Kind {
    /// The process exit code that belongs to this kind.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Input => 2,
            Self::Internal => 3,
            Self::Interrupted => 130,
        }
    }
}

/// An error that knows who can fix it and what to try next.
pub trait Explain: std::error::Error {
    /// Who can fix it.
    fn kind(&self) -> Kind;
    /// What to try next, at most two sentences or commands.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The error, then each cause, then each hint, one line each.
///
/// The only place that walks `source()`: no error repeats its cause in its own text.
#[must_use]
pub fn render(err: &dyn Explain) -> String {
    let mut text = format!("error: {err}");
    let mut cause = err.source();
    while let Some(source) = cause {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  cause: {source}");
        cause = source.source();
    }
    for hint in err.hints() {
        let _ = write!(text, "\nhint: {hint}");
    }
    if err.kind() == Kind::Internal {
        let _ = write!(
            text,
            "\nhint: this is a fault of dianshu {}; please report it with the command you ran",
            env!("CARGO_PKG_VERSION")
        );
    }
    text
}

/// The known name nearest to `name`, if one is near enough to be worth suggesting.
///
/// Near enough: a Jaro-Winkler similarity above 0.8. Ties go to the first in the order given.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        let score = strsim::jaro_winkler(name, candidate);
        if score > 0.8 && best.is_none_or(|(top, _)| score > top) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::{Explain, Kind, nearest, render};

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read `policy.toml`")]
    struct Outer(#[source] std::io::Error);

    impl Explain for Outer {
        fn kind(&self) -> Kind {
            Kind::Input
        }
        fn hints(&self) -> Vec<String> {
            vec!["name an existing folder".to_owned()]
        }
    }

    #[test]
    fn read_error_prints_each_fact_once() {
        let err = Outer(std::io::Error::other("disk on fire"));
        assert_eq!(
            render(&err),
            "error: cannot read `policy.toml`\n  cause: disk on fire\nhint: name an existing folder"
        );
    }

    #[test]
    fn nearest_suggests_a_typo_but_not_a_stranger() {
        let known = ["inclusive", "up_to", "class"];
        assert_eq!(nearest("inclusve", known), Some("inclusive"));
        assert_eq!(nearest("budget", known), None);
    }
}
