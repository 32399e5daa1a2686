//! One settlement on its way to a case, for its explanation: what its row said, what refunds took back,
//! which settlements it was merged with, and the classes of its fee lines.

use chrono::NaiveDateTime;

use super::apg::{CLASS_LETTERS, ClassSums, class_letters};
use super::batch::Row;
use super::rows::{Collector, Settlement, at, year_of};
use super::tally::step;
use crate::policy::model::{Anchor, Apg, Cite, Cycle, CycleTime, Method, Policy};
use crate::trail::{Section, Step, Value};
use crate::units::{Fen, exact, fraction, ratio};

/// One row of table `settlement` as it was read and netted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// `setl_id`.
    pub setl_id: String,
    /// `analysed`, or why it is no part of a case.
    pub fate: String,
    /// Year of the case it would be (A44).
    pub year: u16,
    /// `begntime`, `setl_time` where there is none.
    pub begin: NaiveDateTime,
    /// `setl_time`.
    pub settled: NaiveDateTime,
    /// `medfee_sumamt` as exported.
    pub raw_fee: Fen,
    /// `hifp_pay` as exported.
    pub raw_fund: Fen,
    /// Fee after refunds and carve-outs.
    pub fee: Fen,
    /// Fund after refunds.
    pub fund: Fen,
    /// Lines carved out of the fee (A47).
    pub carved: Fen,
    /// Fen of class O, M, A and whether a line of it is on its important list (A14).
    pub(super) classes: ClassSums,
}

impl Watched {
    /// What a row says.
    pub(super) fn of(row: &Row<'_>, fate: &str, carved_fen: i64) -> Self {
        Self {
            setl_id: row.setl_id.to_owned(),
            fate: fate.to_owned(),
            year: year_of(row.case_time),
            begin: at(row.begntime.unwrap_or(row.setl_time)),
            settled: at(row.setl_time),
            raw_fee: Fen(row.raw_fee_fen),
            raw_fund: Fen(row.raw_fund_fen),
            fee: Fen(row.fee_fen.saturating_sub(carved_fen)),
            fund: Fen(row.fund_fen),
            carved: Fen(carved_fen),
            classes: ClassSums { fen: row.class_fen, important: row.class_important },
        }
    }
}

/// What became of the settlement watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    /// The rows of its id; more than one where it stands more than once.
    pub rows: Vec<Watched>,
    /// The id of the case it is part of.
    pub case_id: Option<String>,
    /// The settlements of that case, by time and id.
    pub members: Vec<Watched>,
}

impl Watch {
    /// Adds what another bucket saw.
    pub(super) fn join(&mut self, other: Self) {
        self.rows.extend(other.rows);
        if other.case_id.is_some() {
            (self.case_id, self.members) = (other.case_id, other.members);
        }
    }

    /// The sections `settlements` and, where its lines decide, `grouping` of a case; or `no_case`.
    #[must_use]
    pub fn sections(&self, policy: &Policy, asked: &str) -> Vec<Section> {
        if self.case_id.is_none() {
            return self.rows.iter().map(|row| no_case(policy, row)).collect();
        }
        let mut sections = Vec::new();
        for member in &self.members {
            let mut steps = netted(member);
            let first = self.members.first().filter(|first| *first != member);
            if let (Some(cycle), Some(first)) = (&policy.case.cycle, first) {
                steps.extend(same_cycle(cycle, first, member));
            }
            sections.push(Section::of("settlements", steps).which(member.setl_id.clone()));
        }
        if self.members.len() > 1 {
            sections.push(Section::of("merged", self.summed(policy)));
        }
        let asked = self.members.iter().find(|member| member.setl_id == asked);
        if let (Method::Apg(apg), Some(member)) = (&policy.grouping.method, asked) {
            let steps = by_lines(apg, member);
            sections.push(Section::of("grouping", steps).which(member.setl_id.clone()));
        }
        sections
    }

    /// What merging makes of the amounts (A10, R15).
    fn summed(&self, policy: &Policy) -> Vec<Step> {
        let list = |of: fn(&Watched) -> Fen| {
            Value::List(self.members.iter().map(|member| Value::Money(of(member))).collect())
        };
        let sum = |of: fn(&Watched) -> Fen| {
            let sum =
                self.members.iter().fold(0i64, |sum, member| sum.saturating_add(of(member).0));
            Value::Money(Fen(sum))
        };
        let (path, cite) = match &policy.case.cycle {
            Some(cycle) => ("case.cycle", &cycle.cite),
            None => ("case.unit", &policy.case.cite),
        };
        let members = Value::Count(u64::try_from(self.members.len()).unwrap_or(u64::MAX));
        vec![
            Step::of("members", members).at(path, cite),
            Step::of("fee", sum(|member| member.fee))
                .by("sum(fees)", vec![("fees", list(|member| member.fee))])
                .at(path, cite),
            Step::of("fund", sum(|member| member.fund))
                .by("sum(funds)", vec![("funds", list(|member| member.fund))])
                .at(path, cite),
        ]
    }
}

impl Collector<'_> {
    /// Keeps what the row of a settlement watched says, and what becomes of it.
    pub(super) fn watch(&mut self, row: &Row<'_>) {
        if !self.rules.watch.contains(row.setl_id) {
            return;
        }
        let fate = if row.fate == step::ANALYSED && self.carved_out(row) {
            step::DIAGNOSIS
        } else if row.fate == step::ANALYSED && self.seen.contains(row.setl_id) {
            step::DUPLICATE_IDENTICAL
        } else {
            row.fate
        };
        let watched = Watched::of(row, fate, 0);
        self.part.watched.entry(row.setl_id.to_owned()).or_default().rows.push(watched);
    }

    /// What is kept of a row on its way to a case; nothing unless settlements are watched.
    pub(super) fn members(&self, row: &Row<'_>, carved_fen: i64) -> Vec<Watched> {
        if self.rules.watch.is_empty() {
            return Vec::new();
        }
        vec![Watched::of(row, step::ANALYSED, carved_fen)]
    }

    /// Keeps the members of a case with a settlement watched.
    pub(super) fn keep_watched(&mut self, case: &Settlement) {
        for member in &case.members {
            if self.rules.watch.contains(&member.setl_id) {
                let watch = self.part.watched.entry(member.setl_id.clone()).or_default();
                watch.case_id = Some(case.setl_id.clone());
                watch.members.clone_from(&case.members);
                watch.members.sort_by(|a, b| (a.begin, &a.setl_id).cmp(&(b.begin, &b.setl_id)));
            }
        }
    }
}

/// Amounts as exported, and what refunds and carve-outs leave of them (8.4, A47).
fn netted(row: &Watched) -> Vec<Step> {
    let money = |fen: Fen| Value::Money(fen);
    let less = |one: Fen, two: Fen| Fen(one.0.saturating_sub(two.0));
    let mut steps = vec![
        Step::of("begin", Value::Text(row.begin.to_string())),
        Step::of("settled", Value::Text(row.settled.to_string())),
        Step::of("raw_fee", money(row.raw_fee)),
        Step::of("raw_fund", money(row.raw_fund)),
    ];
    let refunded = less(less(row.raw_fee, row.fee), row.carved);
    let inputs = vec![
        ("raw_fee", money(row.raw_fee)),
        ("refunded", money(refunded)),
        ("carved", money(row.carved)),
    ];
    let fee = Step::of("fee", money(row.fee));
    let refunded_fund = less(row.raw_fund, row.fund);
    if row.carved != Fen::ZERO {
        steps.push(fee.by("raw_fee − refunded − carved", inputs).reading("A47"));
    } else if refunded != Fen::ZERO {
        let inputs = inputs.into_iter().take(2).collect();
        steps.push(fee.by("raw_fee − refunded", inputs).reading("A45"));
    }
    if refunded_fund != Fen::ZERO {
        let inputs =
            vec![("raw_fund", money(row.raw_fund)), ("refunded_fund", money(refunded_fund))];
        let fund = Step::of("fund", money(row.fund));
        steps.push(fund.by("raw_fund − refunded_fund", inputs).reading("A45"));
    }
    steps
}

/// Why a settlement belongs to the cycle that the first opened (Y08, A09).
fn same_cycle(cycle: &Cycle, first: &Watched, member: &Watched) -> Option<Step> {
    if cycle.anchor != Anchor::First {
        return None;
    }
    let time = |row: &Watched| match cycle.by_time {
        CycleTime::Begin => row.begin,
        CycleTime::Settle => row.settled,
    };
    let apart = (time(member) - time(first)).num_microseconds()?;
    let minutes = fraction(apart, 60_000_000)?;
    let window = Value::Ratio(ratio(cycle.window_minutes));
    let inputs = vec![("minutes", Value::Ratio(minutes)), ("window", window)];
    let step = Step::of("cycle", Value::Word("same_cycle")).by("minutes < window", inputs);
    Some(step.at("case.cycle.window", &cycle.cite))
}

/// Main class and important classes of the fee lines (A14).
fn by_lines(apg: &Apg, row: &Watched) -> Vec<Step> {
    let [o, m, a] = row.classes.fen.map(|fen| Value::Money(Fen(fen)));
    let mut steps = vec![
        Step::of("cost_o", o.clone()),
        Step::of("cost_m", m.clone()),
        Step::of("cost_a", a.clone()),
    ];
    let all = vec![("cost_o", o), ("cost_m", m), ("cost_a", a)];
    let cite = &apg.cite;
    let letters = class_letters(apg, &row.classes, row.fee.0);
    let main = letters.and_then(|letters| letters.get(..1));
    let (word, symbols) = match main {
        Some("O") => ("class_o", "cost_o ≥ max(cost_m, cost_a)"),
        Some("M") => ("class_m", "cost_o < cost_m ≥ cost_a"),
        Some(_) => ("class_a", "max(cost_o, cost_m) < cost_a"),
        None => ("class_none", "max(max(cost_o, cost_m), cost_a) ≤ 0"),
    };
    let step = Step::of("main_class", Value::Word(word)).by(symbols, all);
    steps.push(step.at("grouping.apg.charge_types", cite).reading("A14"));
    let Some(main) = main.and_then(|main| CLASS_LETTERS.iter().position(|known| *known == main))
    else {
        return steps;
    };
    for (class, letter) in CLASS_LETTERS.iter().enumerate().skip(main.saturating_add(1)) {
        let counts = letters.is_some_and(|letters| letters.contains(letter));
        let word = Value::Word(if counts { "important" } else { "not_important" });
        let step = Step::of("importance", word).which(*letter);
        if !apg.important[class].is_empty() {
            steps.push(step.at("grouping.apg.important", cite).reading("A14"));
            continue;
        }
        let cost = row.classes.fen[class];
        let inputs = vec![
            ("class_cost", Value::Money(Fen(cost))),
            ("important_share", Value::Decimal(apg.important_share)),
            ("fee", Value::Money(row.fee)),
        ];
        let reaches = ratio(cost) >= exact(apg.important_share) * ratio(row.fee.0);
        let symbols = match (counts, reaches) {
            (true, _) => "class_cost ≥ important_share × fee",
            (false, true) => "class_cost ≤ 0",
            (false, false) => "class_cost < important_share × fee",
        };
        let used = if symbols.ends_with('0') { 1 } else { 3 };
        let inputs = inputs.into_iter().take(used).collect();
        let path = "grouping.apg.important_share";
        steps.push(step.by(symbols, inputs).at(path, cite).reading("A14"));
    }
    steps
}

/// Why a settlement is no case, and with which rule.
fn no_case(policy: &Policy, row: &Watched) -> Section {
    let scope = &policy.scope.cite;
    let none = Cite::default();
    let (word, path, cite, ruling) = match row.fate.as_str() {
        "void" => ("void", "", &none, "R25"),
        "duplicate_conflict" => ("duplicate_conflict", "", &none, "A48"),
        "reversal" => ("reversal", "", &none, "R25"),
        "orphan_refund" => ("orphan_refund", "", &none, "R25"),
        "refund_full" => ("refund_full", "", &none, "A45"),
        "over_refund" => ("over_refund", "", &none, "A45"),
        "refund_flag_only" => ("refund_flag_only", "", &none, "R25"),
        "scope_insutype" => ("scope_insutype", "scope.insutype", scope, "R05"),
        "scope_med_type" => ("scope_med_type", "scope.med_type", scope, "R05"),
        "scope_out_of_area" => ("scope_out_of_area", "scope.exclude_out_of_area", scope, "R05"),
        "scope_proxy_upload" => ("scope_proxy_upload", "scope.proxy_upload_codes", scope, ""),
        "scope_disease" => ("scope_disease", "scope.dise_codg", scope, ""),
        "scope_paid_otherwise" => {
            ("scope_paid_otherwise", "scope.carve_out_hi_paymtd", scope, "R05")
        }
        "scope_diagnosis" => ("scope_diagnosis", "scope.carve_out_diagnoses", scope, "R05"),
        "scope_institution_not_started" => {
            ("scope_institution_not_started", "scope.only_started_institutions", scope, "")
        }
        "scope_before_start" => ("scope_before_start", "scope.completed_from", scope, ""),
        // A further copy of an identical row.
        _ => ("duplicate_identical", "", &none, "A48"),
    };
    let mut step = Step::of("fate", Value::Word(word)).at(path, cite);
    if !ruling.is_empty() {
        step = step.reading(ruling);
    }
    let mut steps = netted(row);
    steps.push(step);
    Section::of("no_case", steps).which(row.setl_id.clone())
}
