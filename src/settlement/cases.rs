//! The cases of one or more years as columns: what the statistics and the kernel read.

use std::num::NonZeroUsize;

use crate::texts::{Heads, Texts};
use crate::threads::side_by_side;

/// Group id of a case that has no group (A41).
pub const UNGROUPED: u32 = u32::MAX;

/// Part of a case whose person is not signed (R08).
pub const UNSIGNED: u32 = u32::MAX;

/// Bits of [`Cases::flags`].
pub mod flag {
    /// Two or more settlements merged into this case (A10).
    pub const MERGED: u8 = 1;
    /// A member was uploaded late (A23): fallback price, no outlier test.
    pub const LATE: u8 = 2;
    /// A member has no fee lines or no diagnosis (R24): fallback price, no outlier test.
    pub const UNUSABLE: u8 = 4;
    /// Netted with a partial refund (8.4).
    pub const PARTIAL_REFUND: u8 = 8;
    /// A patient without insurance: counted in means, never settled (E32).
    pub const SELF_PAYING: u8 = 16;
    /// Its auxiliary types came with the settlement and prevail (E09): nothing is added to them.
    pub const TYPES_GIVEN: u8 = 32;
    /// Day surgery (Z10, Z17).
    pub const DAY_SURGERY: u8 = 64;
}

/// Classes of cost, in the order of [`Cases::cost_fen`].
pub const COST_CLASSES: [&str; 5] = ["drug", "consumable", "exam", "treatment", "service"];

/// Cases, one entry a case in every column. The order carries no meaning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cases {
    /// Institution codes, ascending bytewise; `institution` indexes it.
    pub institutions: Vec<String>,
    /// Group codes, ascending bytewise; `group` indexes it.
    pub groups: Vec<String>,
    /// Insurance types, ascending; `insutype` indexes it.
    pub insutypes: Vec<String>,
    /// Index into `institutions`.
    pub institution: Vec<u32>,
    /// Index into `groups`, or [`UNGROUPED`].
    pub group: Vec<u32>,
    /// Index into `insutypes`.
    pub insutype: Vec<u8>,
    /// Calendar year of the case: of `setl_time`, or of the discharge (A44).
    pub year: Vec<u16>,
    /// Month of the case, 1 to 12 (A44).
    pub month: Vec<u8>,
    /// `medfee_sumamt` in fen, net of refunds.
    pub fee_fen: Vec<i64>,
    /// `inscp_scp_amt` in fen, net of refunds; 0 where not exported.
    pub inscope_fen: Vec<i64>,
    /// `hifp_pay` in fen, net of refunds.
    pub fund_fen: Vec<i64>,
    /// Bits of [`flag`].
    pub flags: Vec<u8>,
    /// Id of the first settlement of the case; empty unless asked for.
    pub case_id: Texts,
    /// What the group was decided from, ascending bytewise: `profile` indexes it. Filled where groups
    /// follow from history (a directory, a refinement); the form is that of the grouper.
    pub profiles: Vec<String>,
    /// Index into `profiles`; empty where groups do not follow from history.
    pub profile: Vec<u32>,
    /// Cost of each class of [`COST_CLASSES`] in fen, net of refunds; empty unless asked for.
    pub cost_fen: Vec<[i64; COST_CLASSES.len()]>,
    /// Auxiliary types met, as text (for example `severity:2;age:5`), ascending; `auxiliary` indexes it.
    pub auxiliaries: Vec<String>,
    /// Index into `auxiliaries`; empty unless the policy types its cases.
    pub auxiliary: Vec<u32>,
    /// Days of a case paid by bed days (R19), 0 for others; empty unless the policy has such a unit.
    pub unit_days: Vec<u32>,
    /// Disciplines (`dscg_caty`), ascending; `discipline` indexes it.
    pub disciplines: Vec<String>,
    /// Index into `disciplines`; empty unless the policy has bonuses of disciplines.
    pub discipline: Vec<u16>,
    /// Codes of the institutions that persons are signed with, ascending; `part` indexes it.
    pub parts: Vec<String>,
    /// Index into `parts`, or [`UNSIGNED`] (R08); empty unless the policy has head budgets.
    pub part: Vec<u32>,
    /// A number for each person, ascending with the pseudonym; empty unless days are counted (A17).
    pub person: Vec<u32>,
    /// Day of `begntime`, counted from 1970-01-01; empty unless days are counted (A17).
    pub begin_day: Vec<i32>,
    /// Days that the drugs of the last settlement last (`prd_days`, largest of its drug lines), 0 where
    /// not exported; empty unless days are counted (A17).
    pub prd_days: Vec<u32>,
    /// Σ drug lines (charge types 09–11) in fen, net of reversals; empty unless days are counted (R16).
    pub drug_fen: Vec<i64>,
    /// Σ lines of negotiated drugs in fen, net of reversals; empty unless they are compensated (Y33).
    pub negotiated_fen: Vec<i64>,
    /// What the fund pays for lines carved out of the fee, each round(line fee × ratio) (A47), in fen;
    /// empty unless the policy carves out.
    pub carved_fen: Vec<i64>,
    /// `fulamt_ownpay_amt` in fen, net of refunds; empty unless the policy limits it (Z17).
    pub self_paid_fen: Vec<i64>,
}

impl Cases {
    /// Number of cases.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fee_fen.len()
    }

    /// Keeps the cases marked; dictionaries stay as they are.
    ///
    /// # Panics
    /// If there is not one mark a case.
    pub fn retain(&mut self, keep: &[bool]) {
        assert_eq!(keep.len(), self.len(), "one mark a case");
        retain(&mut self.institution, keep);
        retain(&mut self.group, keep);
        retain(&mut self.insutype, keep);
        retain(&mut self.year, keep);
        retain(&mut self.month, keep);
        retain(&mut self.fee_fen, keep);
        retain(&mut self.inscope_fen, keep);
        retain(&mut self.fund_fen, keep);
        retain(&mut self.flags, keep);
        if !self.case_id.is_empty() {
            self.case_id.retain(keep);
        }
        retain(&mut self.profile, keep);
        retain(&mut self.cost_fen, keep);
        retain(&mut self.auxiliary, keep);
        retain(&mut self.unit_days, keep);
        retain(&mut self.discipline, keep);
        retain(&mut self.part, keep);
        retain(&mut self.person, keep);
        retain(&mut self.begin_day, keep);
        retain(&mut self.prd_days, keep);
        retain(&mut self.drug_fen, keep);
        retain(&mut self.negotiated_fen, keep);
        retain(&mut self.carved_fen, keep);
        retain(&mut self.self_paid_fen, keep);
    }

    /// Puts the cases in the order of their ids, parts of one case (A15) in that of their groups, and says
    /// which row went to each place. What reads them in the order of their ids then reads memory in order.
    pub fn sort_by_id(&mut self) -> Vec<u32> {
        let rows = 0..u32::try_from(self.len()).unwrap_or(u32::MAX);
        let order = self.by_id(rows, NonZeroUsize::MIN);
        let unsorted = std::mem::take(&mut self.case_id);
        self.case_id.reserve(std::iter::once(&unsorted));
        for row in &order {
            self.case_id.push_entry(unsorted.get(*row as usize));
        }
        self.take(&order);
        order
    }

    /// Puts everything but the ids into this order.
    fn take(&mut self, order: &[u32]) {
        take(&mut self.institution, order);
        take(&mut self.group, order);
        take(&mut self.insutype, order);
        take(&mut self.year, order);
        take(&mut self.month, order);
        take(&mut self.fee_fen, order);
        take(&mut self.inscope_fen, order);
        take(&mut self.fund_fen, order);
        take(&mut self.flags, order);
        take(&mut self.profile, order);
        take(&mut self.cost_fen, order);
        take(&mut self.auxiliary, order);
        take(&mut self.unit_days, order);
        take(&mut self.discipline, order);
        take(&mut self.part, order);
        take(&mut self.person, order);
        take(&mut self.begin_day, order);
        take(&mut self.prd_days, order);
        take(&mut self.drug_fen, order);
        take(&mut self.negotiated_fen, order);
        take(&mut self.carved_fen, order);
        take(&mut self.self_paid_fen, order);
    }

    /// These rows by id of the case, parts of one case (A15) by their group.
    #[must_use]
    pub fn by_id(
        &self,
        rows: impl Iterator<Item = u32> + Clone,
        threads: NonZeroUsize,
    ) -> Vec<u32> {
        let key = |row: u32| (&self.case_id[row as usize], self.group[row as usize], row);
        if rows.clone().is_sorted_by_key(key) {
            return rows.collect();
        }
        let heads = Heads::of(rows.clone().map(|row| self.case_id[row as usize].as_bytes()));
        let head = |row: u32| heads.head(self.case_id[row as usize].as_bytes());
        let mut keyed: Vec<(u64, u32)> = rows.map(|row| (head(row), row)).collect();
        let before = |one: &(u64, u32), two: &(u64, u32)| {
            one.0.cmp(&two.0).then_with(|| key(one.1).cmp(&key(two.1)))
        };
        let each = keyed.len().div_ceil(threads.get()).max(1);
        side_by_side(keyed.chunks_mut(each), threads, |some| some.sort_by(before));
        // Stable: sorted parts are merged, not sorted anew.
        keyed.sort_by(before);
        keyed.into_iter().map(|(_, row)| row).collect()
    }

    /// Makes room for more cases in the columns that every policy has.
    pub fn reserve(&mut self, more: usize) {
        self.institution.reserve(more);
        self.group.reserve(more);
        self.insutype.reserve(more);
        self.year.reserve(more);
        self.month.reserve(more);
        self.fee_fen.reserve(more);
        self.inscope_fen.reserve(more);
        self.fund_fen.reserve(more);
        self.flags.reserve(more);
    }

    /// Whether there is no case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fee_fen.is_empty()
    }
}

/// Keeps the values of the cases marked; a column that was not asked for is empty and stays so.
pub fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut marks = keep.iter();
    values.retain(|_| marks.next().is_some_and(|keep| *keep));
}

/// The values of these rows, in this order; a column that was not asked for is empty and stays so.
pub fn take<T: Clone>(values: &mut Vec<T>, order: &[u32]) {
    if !values.is_empty() {
        *values = order.iter().map(|row| values[*row as usize].clone()).collect();
    }
}
