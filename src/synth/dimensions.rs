//! The small tables: institutions, enrolment, registrations, budget, answer key and truth.

use std::collections::BTreeMap;

use super::books;
use super::city::{GroupBy, InstitutionKind, Role};
use super::defect::KeyLine;
use super::directory::{self, Placed};
use super::error::Error;
use super::expected;
use super::money::{Budget, Waterfall};
use super::output::{CsvFile, Folder, Format};
use super::person::Person;
use super::row::{DAY, date_of};
use super::truth::{Sums, Truth};
use super::world::World;
use crate::units::{Fen, Ratio, UnitError, exact};

/// Enrolment and registrations, filled person by person.
pub(super) struct People {
    enrollee: CsvFile,
    /// Whether contracts have a begin and persons a birthday.
    by_head: bool,
    /// Of cities with diseases to register.
    registration: Option<CsvFile>,
}

impl People {
    /// New files.
    pub(super) fn create(
        folder: &Folder,
        format: Format,
        world: &World<'_>,
    ) -> Result<Self, Error> {
        let file = |name: &str, header: &[&str]| CsvFile::create(folder.file(name), header, format);
        let mut enrollee =
            vec!["psn_no", "year", "signed_fixmedins_code", "clct_grde", "months_insured"];
        let by_head = world.city.heads.is_some();
        if by_head {
            enrollee.extend(["gend", "brdy", "sign_begin"]);
        }
        let registration = ["psn_no", "dise_codg", "begndate", "enddate"];
        Ok(Self {
            enrollee: file("enrollee.csv", &enrollee)?,
            by_head,
            registration: (!world.cares.is_empty())
                .then(|| file("registration.csv", &registration))
                .transpose()?,
        })
    }

    /// The rows of a person: one a year, one a disease.
    pub(super) fn write(&mut self, person: &Person<'_>, years: &[u16]) -> Result<(), Error> {
        let signed = person.signed.map_or("", |place| &place.code);
        for &year in years {
            let months = person.months_insured(year).to_string();
            let year = year.to_string();
            let mut record: Vec<&str> =
                vec![&person.psn_no, &year, signed, person.clct_grde, &months];
            let born = midnight(person.born());
            let begin = person.sign_begin.map_or_else(String::new, midnight);
            if self.by_head {
                record.extend([person.gend, &born, &begin]);
            }
            self.enrollee.record(&record)?;
        }
        for illness in &person.illnesses {
            let code = &illness.care.disease.code;
            if !code.is_empty() {
                let begin = midnight(illness.registered);
                if let Some(file) = &mut self.registration {
                    file.record(&[&person.psn_no, code, &begin, ""])?;
                }
            }
        }
        Ok(())
    }

    /// Everything is on disk.
    pub(super) fn finish(self) -> Result<(), Error> {
        self.enrollee.finish()?;
        self.registration.map_or(Ok(()), CsvFile::finish)
    }
}

/// The first second of a day, as times stand in CSV.
fn midnight(day: i64) -> String {
    let date = date_of(day * DAY);
    format!("{date} 00:00:00")
}

/// A column of `institution.csv` that only some cities have.
type Of = fn(&InstitutionKind) -> &str;

/// `institution.csv`.
pub(super) fn institutions(
    folder: &Folder,
    format: Format,
    world: &World<'_>,
) -> Result<(), Error> {
    let kinds = &world.city.institutions;
    let optional: [(&str, Of); 2] =
        [("disciplines", |kind| &kind.disciplines), ("coef", |kind| &kind.coef)];
    let used = |of: &Of| kinds.iter().any(|kind| !of(kind).is_empty());
    let more: Vec<&(&str, Of)> = optional.iter().filter(|(_, of)| used(of)).collect();
    let mut header = vec![
        "fixmedins_code",
        "fixmedins_name",
        "hosp_lv",
        "inst_type",
        "grade_a",
        "consortium",
        "lead",
        "eligible",
        "start_date",
        "county",
    ];
    header.extend(more.iter().map(|(name, _)| *name));
    let mut file = CsvFile::create(folder.file("institution.csv"), &header, format)?;
    for place in &world.places {
        let kind = &world.city.institutions[place.kind];
        let (consortium, lead) = match &place.consortium {
            Some((id, Role::Lead)) => (id.as_str(), "1"),
            Some((id, Role::Member)) => (id.as_str(), "0"),
            None => ("", ""),
        };
        let start = place.start.map_or_else(String::new, midnight);
        let county = &world.city.districts[place.district].0;
        let mut record = vec![
            place.code.as_str(),
            &place.name,
            &kind.hosp_lv,
            &kind.inst_type,
            &kind.grade_a,
            consortium,
            lead,
            &kind.eligible,
            &start,
            county,
        ];
        record.extend(more.iter().map(|(_, of)| of(kind)));
        file.record(&record)?;
    }
    file.finish()
}

/// `budget.csv`: what was booked in a year × the city's factor of that year, rounded to the fen.
pub(super) fn budget(
    folder: &Folder,
    format: Format,
    world: &World<'_>,
    (truth, years): (&Truth<'_>, &[u16]),
) -> Result<(), Error> {
    let header = ["year", "pool", "period", "item", "amount"];
    let mut file = CsvFile::create(folder.file("budget.csv"), &header, format)?;
    let rule = &world.city.budget;
    for &year in years {
        let factor = exact(rule.factors[usize::from(year) % rule.factors.len()].0);
        let year_text = year.to_string();
        let mut record = |pool: &str, item: &str, amount: &Ratio| {
            let amount = Fen::nearest(amount).map_err(Error::Amount)?.to_string();
            file.record(&[year_text.as_str(), pool, &rule.period, item, &amount])
        };
        for (item, amount) in books::items(world, truth.booked(year)) {
            record(&rule.pool, item, &amount)?;
        }
        let Some(waterfall) = &rule.waterfall else {
            let booked = Ratio::from_integer(truth.booked(year).into());
            let agreed = booked * factor;
            record(&rule.pool, &rule.item, &agreed)?;
            rounds(rule, &agreed, &mut record)?;
            if let Some(growth) = &rule.growth {
                file.record(&[year_text.as_str(), &rule.pool, &rule.period, "growth", growth])?;
            }
            continue;
        };
        for pool in &waterfall.pools {
            let booked = Ratio::from_integer(truth.booked_by(pool, year).into());
            let income = income(waterfall, &(booked * &factor));
            record(pool, &rule.item, &income)?;
            for (item, permille) in &waterfall.items {
                let share = Ratio::from_integer((*permille).into()) / thousand();
                record(pool, item, &(&income * share))?;
            }
        }
    }
    file.finish()
}

/// The rounds a budget was agreed in, the last of which is the budget (H06).
fn rounds(
    rule: &Budget,
    agreed: &Ratio,
    record: &mut impl FnMut(&str, &str, &Ratio) -> Result<(), Error>,
) -> Result<(), Error> {
    if rule.rounds.is_empty() {
        return Ok(());
    }
    let last = Ratio::from_integer(1.into());
    let asked = rule.rounds.iter().map(|factor| exact(factor.0)).chain([last]);
    for (number, factor) in (1..).zip(asked) {
        record(&rule.pool, &format!("round_{number}"), &(agreed * factor))?;
    }
    Ok(())
}

/// The income of which the rest, after reserve and other items, is this.
fn income(waterfall: &Waterfall, rest: &Ratio) -> Ratio {
    rest * thousand() / Ratio::from_integer(waterfall.rest_permille.into())
}

fn thousand() -> Ratio {
    Ratio::from_integer(1000.into())
}

/// `answer_key.csv`: every planted defect, sorted.
pub(super) fn answer_key(folder: &Folder, key: &mut [KeyLine]) -> Result<(), Error> {
    key.sort_by(|a, b| {
        let sorted = |line: &KeyLine| (line.defect.name(), line.defect.table());
        sorted(a).cmp(&sorted(b)).then_with(|| a.key.cmp(&b.key))
    });
    let header = ["check_id", "table", "key", "amount_yuan", "note"];
    let mut file = CsvFile::create(folder.file("answer_key.csv"), &header, Format::Csv)?;
    for line in key {
        let amount = line.amount.map_or_else(String::new, |amount| Fen(amount).to_string());
        let (check, table) = (line.defect.name(), line.defect.table());
        file.record(&[check, table, &line.key, &amount, line.note])?;
    }
    file.finish()
}

/// `truth.csv`: cases and money of every group and year, sorted. Where a directory is learned, groups are
/// those of the directory, and `truth_directory.csv` says which combination belongs to which.
pub(super) fn truth(
    folder: &Folder,
    world: &World<'_>,
    (truth, years): (&Truth<'_>, &[u16]),
) -> Result<(), Error> {
    let header = ["group_code", "year", "cases", "cost_sum_yuan", "fund_sum_yuan"];
    let mut file = CsvFile::create(folder.file("truth.csv"), &header, Format::Csv)?;
    for ((group, year), sums) in groups(folder, world, truth)? {
        let (year, cases) = (year.to_string(), sums.cases.to_string());
        let (fee, fund) = (fen(sums.fee)?.to_string(), fen(sums.fund)?.to_string());
        file.record(&[group.as_str(), &year, &cases, &fee, &fund])?;
    }
    file.finish()?;
    leaves(folder, world, truth)?;
    estimates(folder, world, years)
}

/// `truth_leaves.csv`: what groups learned from history inside a class are made of.
fn leaves(folder: &Folder, world: &World<'_>, truth: &Truth<'_>) -> Result<(), Error> {
    if world.city.scope.group_by == GroupBy::DiseCodg {
        return Ok(());
    }
    let header = ["class", "diagnosis", "item", "negotiated", "year", "cases", "cost_sum_yuan"];
    let mut file = CsvFile::create(folder.file("truth_leaves.csv"), &header, Format::Csv)?;
    for (class, leaf, sums) in truth.leaves() {
        let (year, cases) = (leaf.year.to_string(), sums.cases.to_string());
        let negotiated = if leaf.negotiated { "1" } else { "0" };
        let fee = fen(sums.fee)?.to_string();
        file.record(&[class, leaf.diagnosis, leaf.item, negotiated, &year, &cases, &fee])?;
    }
    file.finish()
}

/// Sums of the groups of the catalog by code and year.
fn groups(
    folder: &Folder,
    world: &World<'_>,
    truth: &Truth<'_>,
) -> Result<BTreeMap<(String, u16), Sums>, Error> {
    let lines = truth.lines(world);
    let rule =
        world.ward.as_ref().and_then(|ward| Some((ward.config, ward.config.directory.as_ref()?)));
    let Some((inpatient, rule)) = rule else {
        let same = lines.into_iter().map(|(group, year, sums)| ((group.to_owned(), year), sums));
        return Ok(same.collect());
    };
    let placed = directory::place(inpatient, rule, &truth.by_group(world));
    let header = ["combination", "group_code", "kind"];
    let mut file = CsvFile::create(folder.file("truth_directory.csv"), &header, Format::Csv)?;
    for (combination, Placed { group, kind }) in &placed {
        file.record(&[combination.as_str(), group, kind])?;
    }
    file.finish()?;
    let mut merged: BTreeMap<(String, u16), Sums> = BTreeMap::new();
    for (code, year, sums) in lines {
        let group = placed.get(code).map_or_else(String::new, |placed| placed.group.clone());
        merged.entry((group, year)).or_default().add(&sums);
    }
    Ok(merged)
}

/// `truth_coefficient.csv` and `truth_auxiliary.csv`: what estimates must come near to.
fn estimates(folder: &Folder, world: &World<'_>, years: &[u16]) -> Result<(), Error> {
    let Some(ward) = &world.ward else { return Ok(()) };
    let header = ["tier", "effect_permille", "share", "coefficient"];
    let mut file = CsvFile::create(folder.file("truth_coefficient.csv"), &header, Format::Csv)?;
    for tier in expected::tiers(world, ward) {
        let (share, coefficient) = (decimal(tier.share), decimal(tier.coefficient));
        file.record(&[tier.tier.to_string(), tier.effect.to_string(), share, coefficient])?;
    }
    file.finish()?;
    let header = ["type", "year", "effect_permille", "share", "ratio"];
    let mut file = CsvFile::create(folder.file("truth_auxiliary.csv"), &header, Format::Csv)?;
    for &year in years {
        for one in expected::types(ward.config, world.city.base_year, year) {
            let (share, ratio) = (decimal(one.share), decimal(one.ratio));
            file.record(&[one.name, year.to_string(), one.effect.to_string(), share, ratio])?;
        }
    }
    file.finish()
}

/// Six places: these are expectations, no money.
fn decimal(value: f64) -> String {
    format!("{value:.6}")
}

/// A sum as fen.
pub(super) fn fen(sum: i128) -> Result<Fen, Error> {
    i64::try_from(sum).map(Fen).map_err(|_| Error::Amount(UnitError::Overflow))
}
