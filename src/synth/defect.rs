//! Planted defects: each on its own settlement, with its line in the answer key and its effect.

use chrono::{Datelike as _, Months};

use super::city::City;
use super::error::Error;
use super::random::{Dice, Purpose, Shares};
use super::row::{DAY, Money, Row, SetlId, date_of, divide, year_of};
use super::visits::{NO_CLASS, line};
use super::world::{World, epoch_day};

/// Settlements that carry a defect in every year, however small the city.
const HANDFUL: usize = 5;
/// Numbers no visit of a person reaches: ids that stand in no settlement.
const NOBODY: u16 = 9_999;

/// A kind of defect; the name is the check that finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Defect {
    RefundFull,
    RefundPartial,
    OverRefund,
    RefundFlagOnly,
    OrphanRefund,
    Void,
    DuplicateIdentical,
    DuplicateConflict,
    IdentityTotal,
    IdentityPatient,
    IdentityFund,
    DateOrder,
    UnknownMedType,
    UnknownInsutype,
    UnknownInstitution,
    UnknownChargeType,
    OutOfArea,
    LateUpload,
    FeeDuplicateIdentical,
    FeeDuplicateConflict,
    FeeOrphan,
    ValueUnreadable,
}

impl City {
    /// The same city without one kind of planted defect.
    #[must_use]
    pub fn without(mut self, defect: &str) -> Self {
        self.defects.entry(defect.to_owned()).and_modify(|rate| *rate = 0);
        self
    }
}

impl Defect {
    /// Every kind.
    pub(super) const ALL: [Self; 22] = [
        Self::RefundFull,
        Self::RefundPartial,
        Self::OverRefund,
        Self::RefundFlagOnly,
        Self::OrphanRefund,
        Self::Void,
        Self::DuplicateIdentical,
        Self::DuplicateConflict,
        Self::IdentityTotal,
        Self::IdentityPatient,
        Self::IdentityFund,
        Self::DateOrder,
        Self::UnknownMedType,
        Self::UnknownInsutype,
        Self::UnknownInstitution,
        Self::UnknownChargeType,
        Self::OutOfArea,
        Self::LateUpload,
        Self::FeeDuplicateIdentical,
        Self::FeeDuplicateConflict,
        Self::FeeOrphan,
        Self::ValueUnreadable,
    ];

    /// `check_id` of the answer key.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RefundFull => "refund_full",
            Self::RefundPartial => "refund_partial",
            Self::OverRefund => "over_refund",
            Self::RefundFlagOnly => "refund_flag_only",
            Self::OrphanRefund => "orphan_refund",
            Self::Void => "void",
            Self::DuplicateIdentical => "duplicate_identical",
            Self::DuplicateConflict => "duplicate_conflict",
            Self::IdentityTotal => "identity_total",
            Self::IdentityPatient => "identity_patient",
            Self::IdentityFund => "identity_fund",
            Self::DateOrder => "date_order",
            Self::UnknownMedType => "unknown_med_type",
            Self::UnknownInsutype => "unknown_insutype",
            Self::UnknownInstitution => "unknown_institution",
            Self::UnknownChargeType => "unknown_charge_type",
            Self::OutOfArea => "out_of_area",
            Self::LateUpload => "late_upload",
            Self::FeeDuplicateIdentical => "fee_duplicate_identical",
            Self::FeeDuplicateConflict => "fee_duplicate_conflict",
            Self::FeeOrphan => "fee_orphan",
            Self::ValueUnreadable => "value_unreadable",
        }
    }

    /// The table whose row is wrong.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::UnknownChargeType
            | Self::FeeDuplicateIdentical
            | Self::FeeDuplicateConflict
            | Self::FeeOrphan => "fee_item",
            _ => "settlement",
        }
    }
}

/// What of a row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape<'c> {
    /// The settlement, its fee lines and its diagnosis.
    Whole,
    /// The settlement alone: a second row of the same id.
    Alone,
    /// The fee lines alone: their settlement is nowhere.
    Lines,
    /// The settlement alone, one column replaced by a text nobody can read.
    Unreadable { column: &'static str, text: &'c str },
}

/// What is left of a settlement for the statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Net {
    /// `medfee_sumamt` net of refunds, in fen.
    pub(super) fee: i64,
    /// `hifp_pay` net of refunds, in fen.
    pub(super) fund: i64,
    pub(super) late: bool,
}

impl Net {
    /// A settlement nothing was taken from.
    pub(super) fn of(row: &Row<'_>) -> Self {
        Self { fee: row.money.fee, fund: row.money.hifp, late: false }
    }
}

/// A line of the answer key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyLine {
    pub(super) defect: Defect,
    /// `setl_id`, for fee lines `setl_id/feedetl_sn`.
    pub(super) key: String,
    /// Money concerned, in fen; none where it cannot be read.
    pub(super) amount: Option<i64>,
    pub(super) note: &'static str,
}

/// A settlement with its defect.
#[derive(Debug)]
pub(super) struct Planted<'c> {
    /// The settlement first.
    pub(super) rows: Vec<(Row<'c>, Shape<'c>)>,
    /// None: it leaves before the statistics.
    pub(super) net: Option<Net>,
    pub(super) key: KeyLine,
}

/// Plants the defects of one person and year.
pub(super) struct Planter<'w, 'c> {
    world: &'c World<'c>,
    years: &'w [u16],
    year: u16,
    person: u32,
    dice: Dice,
    /// Number of the next reversal.
    next: u16,
}

impl<'w, 'c> Planter<'w, 'c> {
    /// For a person and year with this many right settlements.
    pub(super) fn new(
        world: &'c World<'c>,
        seed: u64,
        years: &'w [u16],
        (year, person): (u16, u32),
        visits: usize,
    ) -> Self {
        let dice = Dice::new(seed, Purpose::Defects(year), person);
        let next = u16::try_from(visits + 1).unwrap_or(NOBODY);
        Self { world, years, year, person, dice, next }
    }

    /// Which settlements carry which defect: by the city's rates, and a handful of each kind spread
    /// over the first people of the city.
    pub(super) fn plan(
        &mut self,
        kinds: &[Defect],
        rates: &Shares,
        (visits, people): (usize, u32),
    ) -> Vec<Option<Defect>> {
        let mut plan: Vec<Option<Defect>> = (0..visits)
            .map(|_| {
                let roll = self.dice.below(100_000);
                kinds.get(rates.at(roll)).copied()
            })
            .collect();
        let first = self.person as usize;
        let mine = (first..kinds.len() * HANDFUL).step_by(people.max(1) as usize);
        for forced in mine {
            let start = self.dice.below(u32::try_from(visits).unwrap_or(u32::MAX)) as usize;
            let free = (start..visits).chain(0..start).find(|&visit| plan[visit].is_none());
            if let Some(free) = free {
                plan[free] = Some(kinds[forced % kinds.len()]);
            }
        }
        plan
    }

    /// The settlement with the defect.
    pub(super) fn plant(&mut self, row: Row<'c>, defect: Defect) -> Result<Planted<'c>, Error> {
        Ok(match defect {
            Defect::RefundFull
            | Defect::RefundPartial
            | Defect::OverRefund
            | Defect::RefundFlagOnly
            | Defect::OrphanRefund => self.refund(row, defect)?,
            Defect::DuplicateConflict => self.conflict(row),
            Defect::UnknownChargeType
            | Defect::FeeDuplicateIdentical
            | Defect::FeeDuplicateConflict
            | Defect::FeeOrphan => self.fee_line(row, defect),
            Defect::ValueUnreadable => self.unreadable(row),
            _ => self.single(row, defect),
        })
    }

    /// Defects of one row of `settlement`.
    fn single(&mut self, mut row: Row<'c>, defect: Defect) -> Planted<'c> {
        let world = self.world;
        let mut net = Net::of(&row);
        let difference = self.dice.range(50, 5_000);
        let mut stays = true;
        let mut again = false;
        let note = match defect {
            Defect::IdentityTotal => {
                row.money.hospital += difference;
                "hosp_part_amt too large"
            }
            Defect::IdentityPatient => {
                row.money.cash += difference;
                "psn_cash_pay too large"
            }
            Defect::IdentityFund => {
                row.money.oth += difference;
                "oth_pay too large"
            }
            Defect::DateOrder => self.disorder(&mut row),
            Defect::UnknownMedType => {
                row.med_type = &world.unknown.med_type;
                "med_type in no dictionary"
            }
            Defect::UnknownInsutype => {
                row.insutype = &world.unknown.insutype;
                "insutype in no dictionary"
            }
            Defect::UnknownInstitution => {
                (row.fixmedins_code, row.start) = (&world.nowhere, None);
                "institution in no table"
            }
            Defect::OutOfArea => self.elsewhere(&mut row),
            Defect::LateUpload => {
                net.late = true;
                self.late(&mut row)
            }
            Defect::DuplicateIdentical => {
                again = true;
                "the same row twice"
            }
            _ => {
                (row.valid, stays) = (false, false);
                "vali_flag 0"
            }
        };
        let key = key_line(defect, row.id, Some(row.money.fee), note);
        let second = again.then(|| (row.clone(), Shape::Alone));
        let mut rows = vec![(row, Shape::Whole)];
        rows.extend(second);
        Planted { rows, net: stays.then_some(net), key }
    }

    fn disorder(&mut self, row: &mut Row<'c>) -> &'static str {
        if self.dice.chance(500) {
            row.end = row.begin - self.dice.range(3_600, 3 * 86_400);
            "endtime before begntime"
        } else {
            row.begin = row.settled + self.dice.range(3_600, 2 * 86_400);
            row.end = row.begin + self.dice.range(300, 3_600);
            "setl_time before begntime"
        }
    }

    fn elsewhere(&mut self, row: &mut Row<'c>) -> &'static str {
        match self.dice.below(3) {
            0 => {
                row.pay_loc = "3";
                "pay_loc 3"
            }
            1 => {
                row.pay_loc = "4";
                "pay_loc 4"
            }
            _ => {
                row.insu_admdvs = self.dice.pick(&self.world.city.outside).as_str();
                "insu_admdvs outside the area"
            }
        }
    }

    /// After the end of the month that follows the settlement (A23), or never.
    fn late(&mut self, row: &mut Row<'c>) -> &'static str {
        if self.dice.chance(250) {
            row.upload = None;
            return "upload_time missing";
        }
        let settled = date_of(row.settled);
        let first = settled.with_day(1).and_then(|day| day.checked_add_months(Months::new(2)));
        let days = epoch_day(first.unwrap_or(settled)) + self.dice.range(0, 40);
        row.upload = Some(days * DAY + self.dice.range(0, 86_399));
        "uploaded after the end of the next month"
    }

    fn refund(&mut self, mut row: Row<'c>, defect: Defect) -> Result<Planted<'c>, Error> {
        let fee = row.money.fee;
        match defect {
            Defect::RefundFlagOnly => {
                row.refunded = true;
                let key = key_line(defect, row.id, Some(fee), "refd_setl_flag 1, no reversal");
                return Ok(Planted { rows: vec![(row, Shape::Whole)], net: None, key });
            }
            Defect::OrphanRefund => {
                let named = self.dice.chance(500);
                row.init = named.then_some(SetlId { number: NOBODY, ..row.id });
                row.refunded = true;
                turn(&mut row);
                let note = if named { "init_setl_id unknown" } else { "init_setl_id missing" };
                let key = key_line(defect, row.id, Some(row.money.fee), note);
                return Ok(Planted { rows: vec![(row, Shape::Whole)], net: None, key });
            }
            _ => {}
        }
        let mut reversal = self.reversal(&row);
        let (net, amount, note) = match defect {
            Defect::RefundPartial => {
                let back = fee * self.dice.range(300, 700) / 1000;
                take_part(&mut reversal, back).map_err(Error::Amount)?;
                let fund = row.money.hifp - reversal.money.hifp;
                (Some(Net { fee: fee - back, fund, late: false }), back, "part of the fee back")
            }
            Defect::OverRefund => (None, fee, "reversed twice"),
            _ => (None, fee, "reversed"),
        };
        turn(&mut reversal);
        let key = key_line(defect, row.id, Some(amount), note);
        let mut rows = vec![(row, Shape::Whole)];
        if defect == Defect::OverRefund {
            let again = self.reversal(&rows[0].0);
            let money = reversal.money;
            let lines = reversal.lines.clone();
            rows.push((Row { money, lines, ..again }, Shape::Whole));
        }
        rows.push((reversal, Shape::Whole));
        Ok(Planted { rows, net, key })
    }

    /// A row that reverses another, still with its amounts.
    fn reversal(&mut self, row: &Row<'c>) -> Row<'c> {
        let later = row.settled + self.dice.range(3_600, 20 * 86_400);
        // Never settled in a year that is not made.
        let settled = if self.years.contains(&year_of(later)) { later } else { row.settled };
        let id = SetlId::at(settled, self.person, self.year, self.next);
        self.next = self.next.saturating_add(1);
        Row {
            id,
            init: Some(row.id),
            refunded: true,
            settled,
            upload: Some(settled + self.dice.range(600, 4 * 86_400)),
            ..row.clone()
        }
    }

    /// A second row of the same id with another amount: both are rejected (A48).
    fn conflict(&mut self, row: Row<'c>) -> Planted<'c> {
        let mut other = row.clone();
        let more = self.dice.range(100, 20_000);
        other.money.fee += more;
        other.money.own_pay += more;
        other.money.close();
        let amount = row.money.fee + other.money.fee;
        let note = "two rows with different amounts, sum of both";
        let key = key_line(Defect::DuplicateConflict, row.id, Some(amount), note);
        Planted { rows: vec![(row, Shape::Whole), (other, Shape::Alone)], net: None, key }
    }

    fn unreadable(&mut self, row: Row<'c>) -> Planted<'c> {
        let unknown = &self.world.unknown;
        let (column, text, amount, note) = if self.dice.chance(500) {
            ("medfee_sumamt", self.dice.pick(&unknown.amounts), None, "medfee_sumamt unreadable")
        } else {
            let fee = Some(row.money.fee);
            ("setl_time", self.dice.pick(&unknown.times), fee, "setl_time unreadable")
        };
        let key = key_line(Defect::ValueUnreadable, row.id, amount, note);
        Planted { rows: vec![(row, Shape::Unreadable { column, text })], net: None, key }
    }

    /// Defects of fee lines. None of them changes the classes of the settlement.
    fn fee_line(&mut self, mut row: Row<'c>, defect: Defect) -> Planted<'c> {
        let world = self.world;
        let net = Some(Net::of(&row));
        let item = &world.items[NO_CLASS][0];
        let new = row.lines.iter().map(|line| line.number).max().unwrap_or(0) + 1;
        let amount = self.dice.range(100, 2_000);
        let extra = line(new, item, amount, row.end, &mut self.dice);
        let mut orphan = None;
        let (number, amount, note) = match defect {
            Defect::UnknownChargeType => {
                let mut lines = row.lines.iter_mut();
                if let Some(line) = lines.find(|line| line.item.class.is_empty()) {
                    line.charge_type = &world.unknown.charge_type;
                    (line.number, line.amount, "med_chrgitm_type in no dictionary")
                } else {
                    let line = &mut row.lines[0];
                    line.list_type = &world.unknown.list_type;
                    (line.number, line.amount, "list_type in no dictionary")
                }
            }
            Defect::FeeDuplicateIdentical => {
                let line = *self.dice.pick(&row.lines);
                row.lines.push(line);
                (line.number, line.amount, "the same line twice")
            }
            Defect::FeeDuplicateConflict => {
                let other = super::row::Line { amount: amount + 100, ..extra };
                row.lines.extend([extra, other]);
                (new, amount + other.amount, "two lines with different amounts, sum of both")
            }
            _ => {
                let id = SetlId { number: NOBODY - 1, ..row.id };
                orphan = Some((Row { id, lines: vec![extra], ..row.clone() }, Shape::Lines));
                (new, amount, "setl_id in no settlement")
            }
        };
        let id = orphan.as_ref().map_or(row.id, |(orphan, _)| orphan.id);
        let mut key = key_line(defect, id, Some(amount), note);
        key.key.push_str(&format!("/{number:02}"));
        let mut rows = vec![(row, Shape::Whole)];
        rows.extend(orphan);
        Planted { rows, net, key }
    }
}

fn key_line(defect: Defect, id: SetlId, amount: Option<i64>, note: &'static str) -> KeyLine {
    let mut key = String::new();
    id.write(&mut key);
    KeyLine { defect, key, amount, note }
}

/// Turns a row into one with negative amounts.
fn turn(row: &mut Row<'_>) {
    row.money = row.money.negated();
    for line in &mut row.lines {
        (line.amount, line.count) = (-line.amount, -line.count);
    }
}

/// Leaves `fee` of a row: the same share of every payer and of every line.
fn take_part(row: &mut Row<'_>, fee: i64) -> Result<(), crate::units::UnitError> {
    row.money = Money::share(&row.money, fee)?;
    let amounts: Vec<i64> = row.lines.iter().map(|line| line.amount).collect();
    for (line, part) in row.lines.iter_mut().zip(divide(fee, &amounts)?) {
        line.count = (line.count * part / line.amount.max(1)).max(1);
        line.amount = part;
    }
    Ok(())
}
