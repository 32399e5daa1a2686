//! A settlement with its fee lines, as it will be written.

use std::fmt::Write as _;

use chrono::{Datelike as _, NaiveDate};

use super::world::Item;
use crate::units::{Fen, UnitError, allocate};

/// Seconds in a day.
pub(super) const DAY: i64 = 86_400;

/// The date of a time in seconds since 1970-01-01.
pub(super) fn date_of(seconds: i64) -> NaiveDate {
    let days = seconds.div_euclid(DAY) + 719_163;
    i32::try_from(days).ok().and_then(NaiveDate::from_num_days_from_ce_opt).unwrap_or_default()
}

/// The calendar year of a time.
pub(super) fn year_of(seconds: i64) -> u16 {
    u16::try_from(date_of(seconds).year()).unwrap_or(0)
}

/// Id of a settlement: its date, person, year of origin and number. Ordered as its text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SetlId {
    /// `yyyymmdd` of the settlement.
    pub(super) date: u32,
    pub(super) person: u32,
    /// Last digit of the year the visit belongs to: visits settled in January do not clash.
    pub(super) digit: u8,
    pub(super) number: u16,
}

impl SetlId {
    /// The id of a settlement at this time.
    pub(super) fn at(settled: i64, person: u32, year: u16, number: u16) -> Self {
        let date = date_of(settled);
        let year_part = u32::try_from(date.year()).unwrap_or(0) * 10_000;
        let digit = u8::try_from(year % 10).unwrap_or(0);
        Self { date: year_part + date.month() * 100 + date.day(), person, digit, number }
    }

    /// The text of the id, 23 digits; replaces what `text` holds.
    pub(super) fn write(self, text: &mut String) {
        text.clear();
        // Writing to a String cannot fail.
        let _ = write!(text, "{:08}{:010}{}{:04}", self.date, self.person, self.digit, self.number);
    }

    /// The text of the id of the visit, shared by a settlement and its reversals.
    pub(super) fn write_visit(self, text: &mut String) {
        text.clear();
        let _ = write!(text, "M{:010}{}{:04}", self.person, self.digit, self.number);
    }
}

/// The amounts of a settlement in fen (domain.md 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Money {
    pub(super) fee: i64,
    pub(super) own_pay: i64,
    pub(super) self_pay: i64,
    pub(super) in_scope: i64,
    pub(super) hifp: i64,
    pub(super) cvlserv: i64,
    pub(super) hifes: i64,
    pub(super) hifmi: i64,
    pub(super) hifob: i64,
    pub(super) maf: i64,
    pub(super) hifdm: i64,
    pub(super) oth: i64,
    pub(super) fund: i64,
    pub(super) patient: i64,
    pub(super) account: i64,
    pub(super) cash: i64,
    pub(super) hospital: i64,
}

impl Money {
    /// Sums that follow from the others: all fund lines, and the patient's part.
    pub(super) fn close(&mut self) {
        self.fund = self.hifp
            + self.cvlserv
            + self.hifes
            + self.hifmi
            + self.hifob
            + self.maf
            + self.hifdm
            + self.oth;
        self.patient = self.fee - self.fund - self.hospital;
        self.cash = self.patient - self.account;
    }

    /// The same amounts with the other sign.
    pub(super) fn negated(&self) -> Self {
        let mut money = *self;
        for amount in money.all_mut() {
            *amount = -*amount;
        }
        money
    }

    fn all_mut(&mut self) -> [&mut i64; 17] {
        [
            &mut self.fee,
            &mut self.own_pay,
            &mut self.self_pay,
            &mut self.in_scope,
            &mut self.hifp,
            &mut self.cvlserv,
            &mut self.hifes,
            &mut self.hifmi,
            &mut self.hifob,
            &mut self.maf,
            &mut self.hifdm,
            &mut self.oth,
            &mut self.fund,
            &mut self.patient,
            &mut self.account,
            &mut self.cash,
            &mut self.hospital,
        ]
    }

    /// The part of every payer when only `fee` of the fee is meant; no part exceeds the whole one.
    pub(super) fn share(&self, fee: i64) -> Result<Self, UnitError> {
        let whole = [
            self.hifp,
            self.cvlserv,
            self.hifes,
            self.hifmi,
            self.hifob,
            self.maf,
            self.hifdm,
            self.oth,
            self.account,
            self.cash,
            self.hospital,
        ];
        let parts = divide(fee, &whole)?;
        let scope = divide(fee, &[self.own_pay, self.self_pay, self.in_scope])?;
        let mut money = Self {
            fee,
            own_pay: scope[0],
            self_pay: scope[1],
            in_scope: scope[2],
            hifp: parts[0],
            cvlserv: parts[1],
            hifes: parts[2],
            hifmi: parts[3],
            hifob: parts[4],
            maf: parts[5],
            hifdm: parts[6],
            oth: parts[7],
            account: parts[8],
            hospital: parts[10],
            ..Self::default()
        };
        money.close();
        Ok(money)
    }
}

/// `amount` divided by the parts of a whole, to the fen.
pub(super) fn divide(amount: i64, whole: &[i64]) -> Result<Vec<i64>, UnitError> {
    let weights: Vec<i128> = whole.iter().map(|&part| i128::from(part)).collect();
    let codes: Vec<String> = (0..whole.len()).map(|index| format!("{index:03}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    Ok(allocate(Fen(amount), &weights, &codes)?.into_iter().map(|part| part.0).collect())
}

/// A fee line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'c> {
    /// `feedetl_sn`, unique in its settlement.
    pub(super) number: u8,
    pub(super) item: &'c Item,
    pub(super) charge_type: &'c str,
    pub(super) list_type: &'c str,
    pub(super) time: i64,
    pub(super) amount: i64,
    pub(super) count: i64,
    /// Days a drug lasts; 0 for anything else.
    pub(super) days: i64,
}

/// Code and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coded<'c> {
    pub(super) code: &'c str,
    pub(super) name: &'c str,
}

/// Group of a settlement that leads to none.
pub(super) const NO_GROUP: u32 = u32::MAX;

/// What the record of a stay says beyond its codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Circumstances<'c> {
    pub(super) dscg_way: &'static str,
    pub(super) dscg_caty: &'c str,
    pub(super) day_surgery: &'static str,
    pub(super) icu_days: u32,
}

/// A settlement.
#[derive(Debug, Clone)]
pub(super) struct Row<'c> {
    pub(super) id: SetlId,
    /// Id whose number names the visit: the settlement's own, or that of the one reversed.
    pub(super) visit: SetlId,
    /// The settlement this one reverses.
    pub(super) init: Option<SetlId>,
    pub(super) fixmedins_code: &'c str,
    pub(super) hosp_lv: &'c str,
    /// First day the institution takes part, in days since 1970-01-01.
    pub(super) start: Option<i64>,
    pub(super) insutype: &'c str,
    pub(super) psn_type: &'c str,
    pub(super) med_type: &'c str,
    /// Registered disease, `dise_codg`.
    pub(super) disease: Coded<'c>,
    /// Main diagnosis first.
    pub(super) diagnoses: Vec<Coded<'c>>,
    /// Main operation first.
    pub(super) operations: Vec<Coded<'c>>,
    /// What an external grouper gave: one code a row, an empty one included.
    pub(super) results: Vec<&'c str>,
    pub(super) circumstances: Circumstances<'c>,
    /// The group it leads to, or [`NO_GROUP`].
    pub(super) group: u32,
    /// The group where it was uploaded late.
    pub(super) fallback: u32,
    pub(super) gend: &'static str,
    pub(super) age: u16,
    pub(super) begin: i64,
    pub(super) end: i64,
    pub(super) settled: i64,
    pub(super) upload: Option<i64>,
    pub(super) money: Money,
    pub(super) refunded: bool,
    pub(super) valid: bool,
    pub(super) pay_loc: &'static str,
    pub(super) insu_admdvs: &'c str,
    pub(super) clct_grde: &'c str,
    pub(super) hi_paymtd: &'c str,
    pub(super) lines: Vec<Line<'c>>,
}

#[cfg(test)]
mod tests {
    use super::{Money, SetlId, year_of};
    use crate::synth::world::day;

    #[test]
    fn ids_sort_as_their_text_does() {
        let noon = |date: &str| day(date).unwrap() * super::DAY + 43_200;
        let text = |id: SetlId| {
            let mut text = String::new();
            id.write(&mut text);
            text
        };
        let ids = [
            SetlId::at(noon("1999-12-31"), 900, 1999, 12),
            SetlId::at(noon("2000-01-02"), 9, 1999, 12),
            SetlId::at(noon("2000-01-02"), 10, 1999, 2),
            SetlId::at(noon("2000-01-02"), 10, 2000, 1),
        ];
        assert_eq!(text(ids[1]), "20000102000000000990012");
        let (mut by_id, mut by_text) = (ids, ids);
        by_id.sort();
        by_text.sort_by_key(|id| text(*id));
        assert_eq!(by_id, by_text);
        assert_eq!(by_id[0], ids[0]);
        assert_eq!(year_of(noon("1999-12-31")), 1999);
    }

    #[test]
    fn a_part_of_the_money_keeps_the_identities_and_exceeds_nothing() {
        let mut whole =
            Money { fee: 10_007, own_pay: 3, self_pay: 500, in_scope: 9_504, ..Money::default() };
        (whole.hifp, whole.maf, whole.hospital, whole.account) = (8_001, 1_000, 2, 1_004);
        whole.close();
        assert_eq!((whole.fund, whole.patient, whole.cash), (9_001, 1_004, 0));
        for fee in [1, 4_999, 10_006] {
            let part = whole.share(fee).unwrap();
            assert_eq!(part.fund + part.patient + part.hospital, fee);
            assert_eq!(part.own_pay + part.self_pay + part.in_scope, fee);
            assert_eq!(part.account + part.cash, part.patient);
            assert!(part.hifp <= whole.hifp && part.hospital <= whole.hospital);
            assert_eq!(part.cash, 0);
        }
    }
}
