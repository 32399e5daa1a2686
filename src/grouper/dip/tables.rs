//! What a catalog says of its directory: names, kinds, parents, and the tables beside the groups.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::combination::Parts;
use super::directory::Dropped;
use super::matcher::{Kind, is_residual};
use crate::catalog::model::{Catalog, Group};
use crate::grouper::GroupInfo;
use crate::policy::model::{Attribute, Dip};
use crate::settlement::cases::Cases;
use crate::table::{Column, Table};
use crate::units::{fraction, to_decimal};

/// Places of shares.
const SHARE_PLACES: u32 = 6;

/// A group code taken apart, whatever its kind.
struct Described<'a> {
    diagnosis: &'a str,
    main: &'a str,
    related: Vec<&'a str>,
    attribute: Attribute,
}

fn describe<'a>(dip: &Dip, code: &'a str) -> Described<'a> {
    let parts = Parts::of(code);
    let residual = code.rsplit_once('_').filter(|_| is_residual(code));
    if let Some((diagnosis, letter)) = residual
        && let Some(attribute) = Attribute::of_letter(letter)
    {
        return Described { diagnosis, main: "", related: Vec::new(), attribute };
    }
    Described {
        diagnosis: parts.diagnosis,
        main: parts.main,
        related: parts.related().collect(),
        attribute: parts.attribute(dip),
    }
}

fn name_of<'a>(dip: &'a Dip, code: &'a str) -> &'a str {
    dip.code_names.get(code).map_or(code, String::as_str)
}

/// 相关手术组 and the other three (6.1).
fn residual_name(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Surgery => "相关手术组",
        Attribute::Therapeutic => "治疗性操作组",
        Attribute::Diagnostic => "诊断性操作组",
        Attribute::Conservative => "内科诊疗组",
    }
}

/// Name of a group from those of its codes; a code without a name stands for itself.
fn name(dip: &Dip, code: &str) -> String {
    let Described { diagnosis, main, related, attribute } = describe(dip, code);
    let diagnosis = name_of(dip, diagnosis);
    if is_residual(code) {
        return format!("{diagnosis}，{}", residual_name(attribute));
    }
    if main.is_empty() {
        return format!("{diagnosis}，保守治疗");
    }
    let operations: Vec<&str> =
        std::iter::once(main).chain(related).map(|code| name_of(dip, code)).collect();
    format!("{diagnosis}：{}", operations.join("+"))
}

/// What the directory knows of its groups: the parent of a core disease is the residual group of the
/// same three characters (A51).
#[must_use]
pub fn info(dip: &Dip, groups: &BTreeMap<String, Kind>) -> BTreeMap<String, GroupInfo> {
    let info = |code: &String, kind: Kind| GroupInfo {
        name: name(dip, code),
        kind: kind.as_str().to_owned(),
        parent: (!is_residual(code)).then(|| Parts::of(code).residual(dip)),
    };
    groups.iter().map(|(code, kind)| (code.clone(), info(code, *kind))).collect()
}

/// Marks the groups that the national catalog has and those that are local extras (6.1, E31), where the
/// policy has the national list.
pub fn mark(dip: &Dip, catalog: &mut Catalog) {
    let Some(national) = &dip.national else { return };
    for group in &mut catalog.groups {
        let mark = if national.contains(&group.group_code) { "national" } else { "local" };
        mark.clone_into(&mut group.mark);
    }
}

/// Table `directory`: diagnosis, operations, attribute and kind of every group, its cases by year and
/// its share of all grouped cases (E31).
#[must_use]
pub fn directory_table(dip: &Dip, catalog: &Catalog) -> Table {
    let groups = &catalog.groups;
    let parts: Vec<Described<'_>> =
        groups.iter().map(|group| describe(dip, &group.group_code)).collect();
    let text = |of: &dyn Fn(usize) -> String| Column::text((0..groups.len()).map(of));
    let names =
        |codes: &[&str]| codes.iter().map(|code| name_of(dip, code)).collect::<Vec<_>>().join("+");
    let mut table = Table::new("directory")
        .with("group_code", text(&|at| groups[at].group_code.clone()))
        .with("kind", text(&|at| groups[at].kind.clone()))
        .with("diagnosis", text(&|at| parts[at].diagnosis.to_owned()))
        .with("diagnosis_name", text(&|at| name_of(dip, parts[at].diagnosis).to_owned()))
        .with("main_operation", text(&|at| parts[at].main.to_owned()))
        .with("main_operation_name", text(&|at| name_of(dip, parts[at].main).to_owned()))
        .with("related_operations", text(&|at| parts[at].related.join("+")))
        .with("related_operation_names", text(&|at| names(&parts[at].related)))
        .with("attribute", text(&|at| parts[at].attribute.as_str().to_owned()));
    for (at, year) in catalog.years.iter().enumerate() {
        let cases = groups.iter().map(|group| group.year_cases[at]);
        table = table.with(&format!("cases_{year}"), Column::counts(cases));
    }
    let all: u64 = groups.iter().map(|group| group.cases).sum();
    let shares = groups.iter().map(|group| share(i128::from(group.cases), i128::from(all)));
    table
        .with("cases", Column::counts(groups.iter().map(|group| group.cases)))
        .with("case_share", Column::decimals(SHARE_PLACES, shares))
}

fn share(part: i128, whole: i128) -> Option<Decimal> {
    fraction(part, whole).and_then(|share| to_decimal(&share, SHARE_PLACES))
}

/// Table `coverage`: groups, cases, cost and spread of every kind of group; `ungrouped` are cases of no
/// group of the catalog.
#[must_use]
pub fn coverage_table(cases: &Cases, catalog: &Catalog) -> Table {
    const UNGROUPED_KIND: &str = "ungrouped";
    let known: BTreeMap<&str, &Group> =
        catalog.groups.iter().map(|group| (group.group_code.as_str(), group)).collect();
    let kind_of: Vec<&str> = cases
        .groups
        .iter()
        .map(|code| known.get(code.as_str()).map_or(UNGROUPED_KIND, |group| group.kind.as_str()))
        .collect();
    let mut sums: BTreeMap<&str, (u64, i128)> = BTreeMap::new();
    for ((group, year), fee) in cases.group.iter().zip(&cases.year).zip(&cases.fee_fen) {
        if catalog.years.contains(year) {
            let kind = kind_of.get(*group as usize).copied().unwrap_or(UNGROUPED_KIND);
            let sum = sums.entry(kind).or_default();
            sum.0 += 1;
            sum.1 += i128::from(*fee);
        }
    }
    let all = sums.values().fold((0, 0), |all, sum| (all.0 + i128::from(sum.0), all.1 + sum.1));
    let kinds: BTreeSet<&str> = sums
        .keys()
        .copied()
        .chain(catalog.groups.iter().map(|group| group.kind.as_str()))
        .collect();
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let sum = |kind: &str| sums.get(kind).copied().unwrap_or_default();
    let spreads: Vec<Vec<Decimal>> = kinds
        .iter()
        .map(|kind| {
            let of_kind = catalog.groups.iter().filter(|group| group.kind == *kind);
            let mut spreads: Vec<Decimal> = of_kind.filter_map(|group| group.cv).collect();
            spreads.sort_unstable();
            spreads
        })
        .collect();
    // The middle one, of two the lower.
    let median =
        |spreads: &Vec<Decimal>| spreads.get(spreads.len().saturating_sub(1) >> 1).copied();
    let groups = |kind: &str| catalog.groups.iter().filter(|group| group.kind == kind).count();
    let cost = kinds.iter().map(|kind| Some(sum(kind).1)).collect();
    let case_shares = kinds.iter().map(|kind| share(i128::from(sum(kind).0), all.0));
    let cost_shares = kinds.iter().map(|kind| share(sum(kind).1, all.1));
    Table::new("coverage")
        .with("kind", Column::text(kinds.iter().copied()))
        .with("groups", Column::counts(kinds.iter().map(|kind| groups(kind))))
        .with("cases", Column::counts(kinds.iter().map(|kind| sum(kind).0)))
        .with("case_share", Column::decimals(SHARE_PLACES, case_shares))
        .with("cost_yuan", Column::Decimal { places: 2, values: cost })
        .with("cost_share", Column::decimals(SHARE_PLACES, cost_shares))
        .with("cv_median", Column::decimals(6, spreads.iter().map(median)))
        .with("cv_max", Column::decimals(6, spreads.iter().map(|s| s.last().copied())))
}

/// Table `dropped`: combinations that left with a residual group below the threshold.
#[must_use]
pub fn dropped_table(dropped: &[Dropped]) -> Table {
    let cost = dropped.iter().map(|row| Some(row.cost_fen)).collect();
    Table::new("dropped")
        .with("combination", Column::text(dropped.iter().map(|row| row.combination.as_str())))
        .with("residual_group", Column::text(dropped.iter().map(|row| row.residual.as_str())))
        .with("cases", Column::counts(dropped.iter().map(|row| row.cases)))
        .with("cost_yuan", Column::Decimal { places: 2, values: cost })
}

/// Table `base_candidates` (Z15): core diseases by cases, then CV, then code; `chosen` marks the base
/// disease the policy records.
#[must_use]
pub fn base_candidates(catalog: &Catalog, chosen: Option<&str>) -> Table {
    let core = Kind::Core.as_str();
    let mut rows: Vec<&Group> = catalog.groups.iter().filter(|group| group.kind == core).collect();
    let key = |group: &Group| (u64::MAX - group.cases, group.cv.unwrap_or(Decimal::MAX));
    rows.sort_by(|a, b| (key(a), &a.group_code).cmp(&(key(b), &b.group_code)));
    let text = |of: fn(&Group) -> String| Column::text(rows.iter().map(|group| of(group)));
    let chosen_word =
        |group: &&Group| if Some(group.group_code.as_str()) == chosen { "yes" } else { "" };
    Table::new("base_candidates")
        .with("rank", Column::counts(1..=rows.len()))
        .with("group_code", text(|group| group.group_code.clone()))
        .with("group_name", text(|group| group.group_name.clone()))
        .with("cases", Column::counts(rows.iter().map(|group| group.cases)))
        .with("cv", Column::decimals(6, rows.iter().map(|group| group.cv)))
        .with("mean", Column::decimals(catalog.places, rows.iter().map(|group| Some(group.mean))))
        .with("chosen", Column::text(rows.iter().map(chosen_word)))
}

/// The further tables of a catalog built by a directory, ascending by name.
#[must_use]
pub fn tables(
    dip: &Dip,
    (cases, dropped): (&Cases, &[Dropped]),
    catalog: &Catalog,
    chosen: Option<&str>,
) -> Vec<Table> {
    vec![
        base_candidates(catalog, chosen),
        coverage_table(cases, catalog),
        directory_table(dip, catalog),
        dropped_table(dropped),
    ]
}
