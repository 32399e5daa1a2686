//! Late uploads: whether a settlement reached the bureau after its deadline (Y25, A23).

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime};

use crate::policy::model::Deadline;

/// The last day on which a settlement of this date may be uploaded; `None` beyond the calendar.
#[must_use]
pub fn deadline(settled: NaiveDate, rule: Deadline) -> Option<NaiveDate> {
    match rule {
        Deadline::Days(days) => settled.checked_add_days(Days::new(u64::from(days))),
        Deadline::MonthEnd(months) => settled
            .with_day(1)?
            .checked_add_months(chrono::Months::new(months.checked_add(1)?))?
            .pred_opt(),
    }
}

/// Whether the upload came after the deadline day; never uploaded is late.
#[must_use]
pub fn is_late(settled: NaiveDateTime, uploaded: Option<NaiveDateTime>, rule: Deadline) -> bool {
    uploaded.is_none_or(|at| deadline(settled.date(), rule).is_some_and(|last| at.date() > last))
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, NaiveDateTime};

    use super::is_late;
    use crate::policy::model::Deadline;

    fn noon(text: &str) -> NaiveDateTime {
        text.parse::<NaiveDate>().unwrap().and_hms_opt(12, 0, 0).unwrap()
    }

    /// A23: settled 03-10, end of next month: 04-30 in time, 05-01 late.
    // shows: A23
    #[test]
    fn the_end_of_the_next_month_is_the_last_day() {
        let rule = Deadline::MonthEnd(1);
        let settled = noon("2023-03-10");
        assert!(!is_late(settled, Some(noon("2023-04-30")), rule));
        assert!(is_late(settled, Some(noon("2023-05-01")), rule));
        assert!(!is_late(noon("2023-12-31"), Some(noon("2024-01-31")), rule));
        assert!(is_late(noon("2023-12-31"), Some(noon("2024-02-01")), rule));
        assert!(is_late(settled, None, rule));
    }

    // shows: A23
    #[test]
    fn days_are_counted_from_the_settlement_date() {
        let rule = Deadline::Days(3);
        assert!(!is_late(noon("2023-02-26"), Some(noon("2023-03-01")), rule));
        assert!(is_late(noon("2023-02-26"), Some(noon("2023-03-02")), rule));
    }
}
