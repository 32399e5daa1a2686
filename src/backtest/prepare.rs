//! Everything that a settlement of one year reads: scenarios composed, cases built and grouped, budgets,
//! assessments and what other tables say. Checked before anything is settled.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::given::{self, Known};
use super::scenario::{self, Composed, compose_all};
use super::{Error, Purpose, Settings, heads, inputs};
use crate::catalog::model::Catalog;
use crate::grouping::cases::{self, Built, Refund, Request};
use crate::history;
use crate::period::Years;
use crate::policy::LoadedPolicy;
use crate::policy::model::{
    AbnormalReference, BudgetSource, MonthlyMethod, Policy, Pools, ValueMethod,
};
use crate::settlement::coefficient::InstitutionFacts;
use crate::settlement::heads::Contractor;
use crate::settlement::{
    self, Advance, Assessment, Given, Outcome, ScenarioInput, SpecialCase, last_year,
};
use crate::units::Fen;
use crate::warehouse::dimension;
use crate::warehouse::engine::{Engine, Params};
use crate::warehouse::snapshot::Snapshot;

/// A year ready to be settled under a policy and its scenarios, the baseline first.
#[derive(Debug)]
pub struct Prepared<'a> {
    /// The scenarios, baseline first.
    pub composed: Vec<Composed>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    catalog: &'a Catalog,
    year: u16,
    purpose: Purpose,
    sets: Vec<CaseSet>,
    /// Case set of each scenario.
    which: Vec<usize>,
    /// What each scenario reads beside its cases.
    own: Vec<Own>,
}

/// What one scenario reads beside its cases.
#[derive(Debug)]
struct Own {
    budgets: BTreeMap<(String, String), Fen>,
    assessments: BTreeMap<(String, String), Assessment>,
    given: Given,
}

/// Cases shared by the scenarios with equal rules of scope, case and grouping.
#[derive(Debug)]
struct CaseSet {
    policy: Policy,
    built: Built,
}

impl CaseSet {
    fn serves(&self, policy: &Policy) -> bool {
        let (a, b) = (&self.policy, policy);
        a.scope == b.scope
            && a.case == b.case
            && a.grouping == b.grouping
            && a.carve_out == b.carve_out
            && a.units == b.units
            && a.clearing_dates == b.clearing_dates
            && a.auxiliary == b.auxiliary
            && a.has_discipline_bonus() == b.has_discipline_bonus()
            && cases::same_columns(a, b)
            && a.capitation.is_some() == b.capitation.is_some()
    }
}

/// Reads and checks what settling `settings.year` under the policy and every scenario needs.
///
/// # Errors
/// [`Error`]: a scenario that does not compose, a value from the future, a year that is not there, a
/// table that says what cannot be meant.
pub fn prepare<'a>(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &Settings<'a>,
) -> Result<Prepared<'a>, Error> {
    prepare_watching(engine, snapshot, settings, &BTreeSet::new())
}

/// [`prepare`], with what becomes of some settlements kept.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_watching<'a>(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &Settings<'a>,
    watch: &BTreeSet<String>,
) -> Result<Prepared<'a>, Error> {
    scenario::check_catalog(settings)?;
    let composed = compose_all(settings.policy, settings.scenarios)?;
    for one in &composed {
        scenario::check_settled(one)?;
        if settings.purpose == Purpose::Backtest {
            scenario::check_dates(one, settings.catalog)?;
        }
        scenario::check_rules(one, settings.catalog_policy)?;
    }
    gather(engine, snapshot, settings, (composed, true), watch)
}

/// [`prepare`] for scenarios that are composed and checked already; without `money` no budget is asked for.
pub(super) fn gather<'a>(
    engine: &Engine,
    snapshot: &Snapshot,
    settings: &Settings<'a>,
    (composed, money): (Vec<Composed>, bool),
    watch: &BTreeSet<String>,
) -> Result<Prepared<'a>, Error> {
    scenario::check_year(snapshot, settings.year)?;
    let mut warnings = settings.policy.warnings.clone();
    warnings.extend(scenario::not_in_force(settings.policy, settings.year));
    let special = given::special(engine, snapshot)?;
    let has_quota = composed.iter().any(|one| one.policy.policy.special.is_some());
    let keep_ids = settings.with_cases || has_quota || !special.is_empty();
    let mut sets: Vec<CaseSet> = Vec::new();
    let mut which = Vec::new();
    for one in &composed {
        let policy = &one.policy.policy;
        let known = sets.iter().position(|set| set.serves(policy));
        if known.is_none() {
            // Chains of days are ordered by id where two cases begin on one day (A17).
            let keep_ids = keep_ids || policy.clearing_days.is_some();
            let request = request(&one.policy, settings.year, keep_ids)?;
            let asked = (&request, settings.catalog);
            let mut built = history::of_year_watching(engine, snapshot, asked, watch)?;
            settings.purpose.limit(&mut built.cases, settings.year);
            if built.cases.is_empty() {
                return Err(Error::NoCases { year: settings.year });
            }
            sets.push(CaseSet { policy: policy.clone(), built });
        }
        which.push(known.unwrap_or(sets.len() - 1));
    }
    for warning in sets.iter().flat_map(|set| &set.built.warnings) {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    let reader = Reader { engine, snapshot, settings, money };
    let (own, more) = reader.own(&composed, (&sets, &which), &special)?;
    warnings.extend(more);
    let (catalog, year, purpose) = (settings.catalog, settings.year, settings.purpose);
    Ok(Prepared { composed, warnings, catalog, year, purpose, sets, which, own })
}

pub(super) fn request(policy: &LoadedPolicy, year: u16, keep_ids: bool) -> Result<Request, Error> {
    let years = Years::new(vec![year]).ok_or(Error::NoCases { year })?;
    let parts = policy.policy.capitation.is_some();
    let refunds_until = policy.policy.cleared_on(year);
    let (policy, keep_records) = (policy.policy.clone(), false);
    Ok(Request { policy, years, keep_ids, keep_records, refunds_until, parts })
}

impl Prepared<'_> {
    /// The cases of a scenario and how they came about, by its place in `composed`.
    ///
    /// # Panics
    /// If there is no such scenario.
    #[must_use]
    pub fn built(&self, scenario: usize) -> &Built {
        &self.sets[self.which[scenario]].built
    }

    /// The scenarios and what the reader should know; the cases are gone.
    pub(super) fn into_composed(self) -> (Vec<Composed>, Vec<String>) {
        (self.composed, self.warnings)
    }

    /// What the kernel reads of a scenario, by its place in `composed`.
    ///
    /// # Panics
    /// If there is no such scenario.
    #[must_use]
    pub fn input(&self, scenario: usize) -> ScenarioInput<'_> {
        let (one, own) = (&self.composed[scenario], &self.own[scenario]);
        ScenarioInput {
            name: one.name.clone(),
            policy: &one.policy.policy,
            catalog: Some(self.catalog),
            year: self.year,
            budgets: own.budgets.clone(),
            assessments: own.assessments.clone(),
            given: own.given.clone(),
        }
    }

    /// Settles every scenario, one pass over each set of cases; outcomes in the order of `composed`.
    ///
    /// # Errors
    /// [`Error::Settlement`]: whatever the kernel refuses.
    pub fn settle(&self, threads: NonZeroUsize) -> Result<Vec<Outcome>, Error> {
        let mut outcomes: Vec<Option<Outcome>> = self.composed.iter().map(|_| None).collect();
        for (number, set) in self.sets.iter().enumerate() {
            let members: Vec<usize> =
                (0..self.composed.len()).filter(|at| self.which[*at] == number).collect();
            let inputs: Vec<ScenarioInput<'_>> = members.iter().map(|at| self.input(*at)).collect();
            let cases = &set.built.cases;
            let settled = match self.purpose.month() {
                Some(month) => settlement::settle_months(cases, &inputs, month, threads)?,
                None => settlement::settle(cases, &inputs, threads)?,
            };
            for (at, outcome) in members.into_iter().zip(settled) {
                outcomes[at] = Some(outcome);
            }
        }
        Ok(outcomes.into_iter().flatten().collect())
    }
}

/// Reads tables for the scenarios, each at most once.
struct Reader<'r, 'a> {
    engine: &'r Engine,
    snapshot: &'r Snapshot,
    settings: &'r Settings<'a>,
    /// Whether budgets are asked for.
    money: bool,
}

/// What tables say whatever the scenario.
struct Tables<'s> {
    special: &'s BTreeMap<String, SpecialCase>,
    items: BTreeMap<(String, String, String), Decimal>,
    advances: Vec<Advance>,
    /// Where some scenario has head budgets.
    contractors: Vec<Contractor>,
}

impl Reader<'_, '_> {
    fn own(
        &self,
        composed: &[Composed],
        (sets, which): (&[CaseSet], &[usize]),
        special: &BTreeMap<String, SpecialCase>,
    ) -> Result<(Vec<Own>, Vec<String>), Error> {
        let (engine, snapshot, year) = (self.engine, self.snapshot, self.settings.year);
        let names = inputs::institutions(engine, snapshot)?;
        let mut known: BTreeSet<&str> = names.keys().map(String::as_str).collect();
        let of_cases = sets.iter().flat_map(|set| &set.built.cases.institutions);
        known.extend(of_cases.map(String::as_str));
        let known = Known(known);
        let assessments = given::assessments(engine, snapshot, year, &known)?;
        let items = given::items(engine, snapshot, year)?;
        let advances = given::advances(engine, snapshot, year, &known)?;
        let by_head = composed.iter().any(|one| one.policy.policy.capitation.is_some());
        let contractors = if by_head { heads::contractors(engine, snapshot)? } else { Vec::new() };
        let tables = Tables { special, items, advances, contractors };
        let (mut facts, mut warnings) = (None, Vec::new());
        let mut before: Vec<Option<Built>> = sets.iter().map(|_| None).collect();
        let mut own = Vec::with_capacity(composed.len());
        for (one, set) in composed.iter().zip(which) {
            let needs = Needs::of(&one.policy.policy);
            if needs.institutions && facts.is_none() {
                facts = Some(self.facts()?);
            }
            if needs.last_year && before[*set].is_none() {
                let (built, warning) = self.last_year(one, !special.is_empty())?;
                warnings.extend(warning);
                before[*set] = Some(built);
            }
            let before = before[*set].as_ref().filter(|_| needs.last_year);
            let facts = facts.as_deref().filter(|_| needs.institutions).unwrap_or_default();
            let given = self.given(one, &tables, (&sets[*set].built, before, facts))?;
            let budgets = if self.money {
                inputs::budgets(engine, snapshot, (&one.policy.policy, year), before)?
            } else {
                BTreeMap::new()
            };
            own.push(Own { budgets, assessments: assessments.clone(), given });
        }
        warnings.extend(unmatched(special, sets, year));
        Ok((own, warnings))
    }

    /// What tables and last year's cases say of one scenario.
    fn given(
        &self,
        one: &Composed,
        tables: &Tables<'_>,
        (built, before, facts): (&Built, Option<&Built>, &[InstitutionFacts]),
    ) -> Result<Given, Error> {
        let policy = &one.policy.policy;
        let (needs, last) = (Needs::of(policy), self.settings.year - 1);
        let mut given = Given {
            institutions: facts.to_vec(),
            special: tables.special.clone(),
            items: tables.items.clone(),
            advances: in_pools(&tables.advances, policy),
            prior_refunds: by_month(&built.prior_refunds)?,
            orphan_refunds: by_month(&built.orphan_refunds)?,
            heads: built.heads.clone(),
            contractors: tables.contractors.clone(),
            ..Given::default()
        };
        let Some(before) = before else { return Ok(given) };
        if needs.last_means {
            given.last_means = last_year::means(&before.cases, last, facts)?;
        }
        if needs.booked_before {
            let by_insutype = policy.budget.pools == Pools::Insutype;
            given.booked_before = last_year::booked(&before.cases, last, by_insutype)?;
        }
        if needs.base_points && !before.cases.is_empty() {
            let input = ScenarioInput {
                name: one.name.clone(),
                policy,
                catalog: Some(self.settings.catalog),
                year: last,
                budgets: BTreeMap::new(),
                assessments: BTreeMap::new(),
                given: given.clone(),
            };
            let threads = self.engine.threads();
            given.base_points = settlement::points(&before.cases, &input, threads)?;
        }
        Ok(given)
    }

    /// What table `institution` says of every institution.
    fn facts(&self) -> Result<Vec<InstitutionFacts>, Error> {
        let none = Params::default();
        let table = dimension::read(self.engine, self.snapshot, "stg_institution_fact", &none)?;
        Ok(InstitutionFacts::from_table(&table)?)
    }

    /// Cases of the year before under the rules of a scenario, grouped by the catalog in force, as that
    /// year was cleared: refunds that came later do not change it (R03, R06).
    fn last_year(&self, one: &Composed, keep_ids: bool) -> Result<(Built, Option<String>), Error> {
        let before = self.settings.year - 1;
        let mut request = request(&one.policy, before, keep_ids)?;
        let last_day = NaiveDate::from_ymd_opt(before.into(), 12, 31);
        request.refunds_until = request.refunds_until.or(last_day);
        // Whom people were signed with last year moves no money of this one.
        request.parts = false;
        let (engine, snapshot) = (self.engine, self.snapshot);
        let built = if scenario::has_year(snapshot, before) {
            history::of_year(engine, snapshot, &request, self.settings.catalog)?
        } else {
            // Nothing to read, and reading it would look through every year for refunds.
            Built::default()
        };
        let warning = built.cases.is_empty().then(|| {
            format!("the warehouse has no case of {before} in scope: nothing is known of last year")
        });
        Ok((built, warning))
    }
}

/// What a policy asks for beside cases and budgets.
struct Needs {
    /// Levels, types and coefficients of institutions (Z19–Z21, 3.3).
    institutions: bool,
    /// Means of last year's cases (A37).
    last_means: bool,
    /// What was booked last year by month (A44, Z22).
    booked_before: bool,
    /// Points of last year's cases (E11).
    base_points: bool,
    /// Any of last year's cases.
    last_year: bool,
}

impl Needs {
    fn of(policy: &Policy) -> Self {
        let abnormal = policy.score.as_ref().and_then(|score| score.abnormal.as_ref());
        let last_means = abnormal.is_some_and(|rule| rule.reference == AbnormalReference::LastYear);
        let monthly = policy.monthly.as_ref().map(|rule| rule.method);
        let by_quota = matches!(monthly, Some(MonthlyMethod::Quota(_)));
        let booked_before = by_quota || policy.working_capital.is_some();
        let method = policy.value.as_ref().map(|value| &value.method);
        let base_points = matches!(method, Some(ValueMethod::Elastic { .. }));
        let budget = matches!(policy.budget.source, BudgetSource::LastYearBooked { .. });
        Self {
            institutions: policy.coefficient.is_some() || last_means,
            last_means,
            booked_before,
            base_points,
            last_year: last_means || booked_before || base_points || budget,
        }
    }
}

/// Advances of the pools that a policy has: where there is one pool, those of insurance types are paid
/// from it (E16).
fn in_pools(advances: &[Advance], policy: &Policy) -> Vec<Advance> {
    let mut own = advances.to_vec();
    if policy.budget.pools == Pools::One {
        for advance in own.iter_mut().filter(|one| policy.scope.insutype.contains(&one.pool)) {
            advance.pool.clear();
        }
        own.sort();
    }
    own
}

/// Refunds by institution and month (A45, R03).
fn by_month(refunds: &[Refund]) -> Result<BTreeMap<(String, u8), Fen>, Error> {
    let mut sums: BTreeMap<(String, u8), Fen> = BTreeMap::new();
    for refund in refunds {
        let sum = sums.entry((refund.fixmedins_code.clone(), refund.month)).or_default();
        *sum = Fen::sum([*sum, Fen(refund.fund_fen)])?;
    }
    Ok(sums)
}

/// Says how many decided cases are no case of the year: of other years, out of scope, or named by a
/// settlement that was merged into another.
fn unmatched(
    special: &BTreeMap<String, SpecialCase>,
    sets: &[CaseSet],
    year: u16,
) -> Option<String> {
    let mut left: BTreeSet<&str> = special.keys().map(String::as_str).collect();
    for id in sets.iter().flat_map(|set| set.built.cases.case_id.texts()) {
        if left.is_empty() {
            return None;
        }
        left.remove(id);
    }
    let other = left.len();
    (other > 0).then(|| {
        format!(
            "{other} of {} decided cases (table `special`) are no case of {year}: of another year, out \
             of scope, or not the settlement that names a merged case",
            special.len()
        )
    })
}
