//! Checks a catalog folder offline: digests, sums and points, from nothing but its own files.

use std::collections::BTreeMap;
use std::path::Path;

use rust_decimal::Decimal;

use super::adjust;
use super::digest::Digests;
use super::error::Error;
use super::life::{self, Entry, Override};
use super::manifest::{self, Manifest};
use super::model::{Catalog, Group};
use super::read::{bytes_of, catalog_of, foreign_files, manifest_of};
use super::write::{POLICY, SCENARIO_PREFIX};
use crate::table::{Column, Table};
use crate::units::{Fen, Ratio, exact, fraction, ratio, round_half_away, to_decimal};

/// Places of a line of the identity, and of what is compared with it.
const PLACES: u32 = 4;

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// File or identity.
    pub check: String,
    /// Whether it holds.
    pub passed: bool,
    /// What was compared, and where it differs.
    pub detail: String,
}

/// Everything that was checked, in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// One entry a check.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether every check holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.passed)
    }

    /// The checks as table `verify`.
    #[must_use]
    pub fn table(&self) -> Table {
        let word = |check: &Check| if check.passed { "passed" } else { "failed" };
        Table::new("verify")
            .with("check", Column::text(self.checks.iter().map(|check| check.check.as_str())))
            .with("result", Column::text(self.checks.iter().map(word)))
            .with("detail", Column::text(self.checks.iter().map(|check| check.detail.as_str())))
    }

    fn push(&mut self, check: &str, wrong: Option<String>, right: impl Into<String>) {
        let passed = wrong.is_none();
        let detail = wrong.unwrap_or_else(|| right.into());
        self.checks.push(Check { check: check.to_owned(), passed, detail });
    }
}

/// Recomputes what can be recomputed from the folder alone. What does not hold is in the report.
///
/// # Errors
/// Only where there is no catalog to check: no readable `catalog.toml`.
pub fn verify(dir: &Path) -> Result<Report, Error> {
    let (manifest, text, intact) = manifest_of(dir)?;
    let mut report = Report::default();
    let changed = (!intact).then(|| "the text differs from the digest at its end".to_owned());
    report.push(manifest::NAME, changed, format!("digest {}", Manifest::digest(&text)));
    let mut files = BTreeMap::new();
    for (name, expected) in &manifest.file {
        let wrong = match bytes_of(dir, name) {
            Err(err) => Some(err.to_string()),
            Ok(bytes) => {
                let found = Digests::of(&bytes);
                files.insert(name.clone(), bytes);
                match (found.sha256 == expected.sha256, found.sm3 == expected.sm3) {
                    (true, true) => None,
                    (false, true) => Some("SHA-256 differs".to_owned()),
                    (true, false) => Some("SM3 differs".to_owned()),
                    (false, false) => Some("SHA-256 and SM3 differ".to_owned()),
                }
            }
        };
        report.push(name, wrong, "SHA-256 and SM3 match");
    }
    let foreign = foreign_files(dir, &manifest)?;
    let named = (!foreign.is_empty()).then(|| foreign.join(", "));
    report.push("files", named, "no file besides those listed");
    match content_of(dir, &manifest, &files) {
        Err(err) => report.push("content", Some(err.to_string()), ""),
        Ok((catalog, overrides, history)) => {
            let wrong = life::contradiction(&catalog, manifest.state, (&overrides, &history));
            let steps = format!("{} overrides, {} steps", overrides.len(), history.len());
            report.push("life", wrong, steps);
            check_content(&catalog, (&overrides, by_ratios(&files)), &mut report);
        }
    }
    Ok(report)
}

/// The checks that need no folder, for a catalog that is about to be written.
#[must_use]
pub fn verify_content(catalog: &Catalog, by_ratios: bool) -> Vec<Check> {
    let mut report = Report::default();
    check_content(catalog, (&[], by_ratios), &mut report);
    report.checks
}

type Content = (Catalog, Vec<Override>, Vec<Entry>);

fn content_of(
    dir: &Path,
    manifest: &Manifest,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Content, Error> {
    let catalog = catalog_of(dir, manifest, files)?;
    Ok((catalog, life::read_overrides(files)?, life::read_history(files)?))
}

/// Whether points were blended as yearly ratios: then they are not mean ÷ base mean (R30). A scenario
/// the catalog was built under prevails over its policy.
fn by_ratios(files: &BTreeMap<String, Vec<u8>>) -> bool {
    let parsed = |bytes: &Vec<u8>| -> Option<toml::Table> {
        toml::from_str(std::str::from_utf8(bytes).ok()?).ok()
    };
    let policy = files.get(POLICY).and_then(parsed);
    let of_policy = policy.as_ref().and_then(|policy| policy.get("weights")?.get("level"));
    let scenarios = files.iter().filter(|(name, _)| name.starts_with(SCENARIO_PREFIX));
    let mut of_scenario = scenarios.filter_map(|(_, bytes)| {
        let set = parsed(bytes)?.remove("set")?;
        let level = set.get("weights.level").and_then(|change| change.get("value"));
        let weights = set.get("weights").and_then(|change| change.get("value")?.get("level"));
        level.or(weights).cloned()
    });
    let level = of_scenario.next_back().or_else(|| of_policy.cloned());
    level.as_ref().and_then(toml::Value::as_str) == Some("ratios")
}

fn check_content(
    catalog: &Catalog,
    (overrides, by_ratios): (&[Override], bool),
    report: &mut Report,
) {
    let wrong = catalog.groups.iter().find(|group| {
        let cases = group.year_cases.iter().fold(0u64, |sum, cases| sum.saturating_add(*cases));
        cases != group.cases
    });
    let wrong = wrong.map(|group| format!("`{}`: years do not sum to `cases`", group.group_code));
    report.push("cases of groups", wrong, format!("{} groups", catalog.groups.len()));
    check_points(catalog, by_ratios, report);
    check_moved(catalog, overrides, report);
    check_identity(catalog, report);
    check_totals(catalog, report);
}

/// Published points are the computed ones, capped and held as tables `change_cap` and `hold` say, but
/// where an expert set others.
fn check_moved(catalog: &Catalog, overrides: &[Override], report: &mut Report) {
    let built = |group: &Group| {
        let set = overrides.iter().find(|row| row.group_code == group.group_code);
        set.map_or(group.points, |row| Some(row.computed))
    };
    let built: Vec<_> = catalog.groups.iter().map(built).collect();
    let wrong = adjust::contradiction(catalog, &built);
    report.push("published points", wrong, "the computed ones, capped, held or overridden");
}

/// Computed points = mean ÷ base mean × scale. They come from unrounded means (A46), so each may differ by
/// what the rounding of mean, base mean and points can hide.
fn check_points(catalog: &Catalog, by_ratios: bool, report: &mut Report) {
    const NAME: &str = "points";
    let Some(scale) = catalog.scale.map(exact) else {
        let odd = catalog.groups.iter().find(|group| group.points.or(group.computed).is_some());
        let wrong = odd.map(|group| format!("`{}` has points without a scale", group.group_code));
        return report.push(NAME, wrong, "no scale, no points");
    };
    if by_ratios {
        return report.push(NAME, None, "blended as yearly ratios: not mean ÷ base mean");
    }
    let half = fraction(1, 2).unwrap_or_else(|| ratio(0)) / ratio(10u64.pow(catalog.places));
    let base = exact(catalog.base_mean);
    if base <= half {
        let wrong = format!("base mean {} cannot be divided by", catalog.base_mean);
        return report.push(NAME, Some(wrong), "");
    }
    let fits = |group: &Group| {
        group.computed.is_some_and(|points| {
            let (points, mean) = (points.to_ratio(), exact(group.mean));
            let low = (&mean - &half) / (&base + &half) * &scale - &half;
            let high = (&mean + &half) / (&base - &half) * &scale + &half;
            low <= points && points <= high
        })
    };
    let wrong = catalog.groups.iter().find(|group| !fits(group)).map(|group| {
        let exact = to_decimal(&(exact(group.mean) / &base * &scale), catalog.places);
        let points = group
            .computed
            .map_or_else(String::new, |points| points.to_decimal().normalize().to_string());
        let expected = exact.map_or_else(String::new, |points| points.to_string());
        format!("`{}` has {points}, mean ÷ base mean × scale is {expected}", group.group_code)
    });
    report.push(NAME, wrong, "each is mean ÷ base mean × scale within rounding");
}

/// The lines sum to the total, and the first is what the groups give.
fn check_identity(catalog: &Catalog, report: &mut Report) {
    const NAME: &str = "identity";
    if catalog.identity.is_empty() {
        return report.push(NAME, Some("identity.csv has no line".to_owned()), "");
    }
    let amount = |line: &str| {
        let found = catalog.identity.iter().find(|known| known.line == line);
        found.map(|found| exact(found.amount))
    };
    let lines = catalog.identity.iter().filter(|line| line.line != "total");
    let sum: Ratio = lines.map(|line| exact(line.amount)).sum();
    let total = amount("total").unwrap_or_else(|| ratio(0));
    let shown = |value: &Ratio| to_decimal(value, PLACES).unwrap_or(Decimal::MAX).to_string();
    let text = format!("the lines sum to {}, total is {}", shown(&sum), shown(&total));
    report.push(NAME, (sum != total).then(|| text.clone()), text.clone());
    let Some(points_total) = amount("points_total") else {
        return report.push("points total", Some("line `points_total` is missing".to_owned()), "");
    };
    let given: Ratio = catalog.groups.iter().map(|group| catalog.given(group)).sum();
    let text = format!("the groups give {}, the line is {}", shown(&given), shown(&points_total));
    // Terms are carried with a few more places than the line has: the last one may differ.
    let gap = round_half_away(&given, PLACES) - round_half_away(&points_total, PLACES);
    let wrong = gap.magnitude() > &num_bigint::BigUint::from(1u8);
    report.push("points total", wrong.then(|| text.clone()), text.clone());
}

/// Institutions, groups and flow speak of the same cases and money.
fn check_totals(catalog: &Catalog, report: &mut Report) {
    let cost = catalog.institutions.iter().flat_map(|row| row.year_cost.iter().copied());
    let cost: i128 = cost.map(|fen| i128::from(fen.0)).sum();
    let total = catalog.identity.iter().find(|line| line.line == "total");
    let total = total.map_or_else(|| ratio(0), |line| exact(line.amount) * ratio(100));
    let text = format!("institutions {cost} fen, identity {total} fen");
    report.push("cost", (ratio(cost) != total).then(|| text.clone()), text.clone());
    for (at, year) in catalog.years.iter().enumerate() {
        let rows: u64 = catalog.institutions.iter().filter_map(|row| row.year_cases.get(at)).sum();
        let grouped: u64 = catalog.groups.iter().filter_map(|row| row.year_cases.get(at)).sum();
        let flow = catalog.flow.iter().find(|step| step.year == *year && step.step == "cases");
        let counted = flow.map_or(i128::from(rows), |step| i128::from(step.rows));
        let cost = catalog.institutions.iter().filter_map(|row| row.year_cost.get(at)).copied();
        let cost = Fen::sum(cost).ok();
        let amount = flow.map_or(cost, |step| Some(step.amount));
        let wrong = grouped > rows || counted != i128::from(rows) || amount != cost;
        let text = format!(
            "groups {grouped}, institutions {rows}, flow {counted} cases; institutions {} yuan, \
             flow {} yuan",
            cost.unwrap_or_default(),
            amount.unwrap_or_default()
        );
        report.push(&format!("cases of {year}"), wrong.then(|| text.clone()), text.clone());
    }
}
