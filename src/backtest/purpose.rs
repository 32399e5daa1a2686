//! What a run is for: a backtest of scenarios, the clearing of a year, the pre-settlement of a month.

use super::Settings;
use crate::settlement::cases::Cases;
use crate::table::{Column, Table};

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Scenarios out of sample, against what was booked: nothing dated after the catalog is used, and
    /// nothing is paid by it.
    Backtest,
    /// Settlement: of the year (J09), or of its months up to one.
    Settle {
        /// The last month pre-settled, 1 to 12; `None`: the year is cleared.
        month: Option<u8>,
        /// A trial run: the same engine, nothing is paid by it (J16, Y01).
        simulated: bool,
    },
}

impl Purpose {
    /// The command that runs it.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Self::Backtest => "backtest",
            Self::Settle { .. } => "settle",
        }
    }

    /// The last month pre-settled; `None` where the year is cleared.
    #[must_use]
    pub fn month(self) -> Option<u8> {
        match self {
            Self::Settle { month, .. } => month,
            Self::Backtest => None,
        }
    }

    /// Whether nothing is paid by it (J16, Y01).
    #[must_use]
    pub fn is_simulated(self) -> bool {
        match self {
            Self::Backtest => true,
            Self::Settle { simulated, .. } => simulated,
        }
    }

    /// Drops the cases settled after the last month (J09).
    pub(super) fn limit(self, cases: &mut Cases, year: u16) {
        if let Some(last) = self.month() {
            let settled = |row: usize| cases.year[row] != year || cases.month[row] <= last;
            let keep: Vec<bool> = (0..cases.len()).map(settled).collect();
            cases.retain(&keep);
        }
    }
}

/// What the run is, in one row: flags every table of it as simulated or not (J16).
pub(super) fn run_table(settings: &Settings<'_>) -> Table {
    let purpose = settings.purpose;
    let identity = &settings.policy.policy.identity;
    let note = if purpose.is_simulated() {
        "模拟运行，不作为付款依据 · simulated, nothing is paid by it"
    } else {
        "结算运行 · settlement"
    };
    Table::new("run")
        .with("command", Column::text([purpose.command()]))
        .with("system", Column::text([identity.id.as_str()]))
        .with("document", Column::text([identity.document.as_str()]))
        .with("year", Column::whole([i64::from(settings.year)]))
        .with("month", Column::Whole(vec![purpose.month().map(i64::from)]))
        .with("simulated", Column::text([if purpose.is_simulated() { "1" } else { "0" }]))
        .with("note", Column::text([note]))
}
