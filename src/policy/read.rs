//! From the tree of a `policy.toml` to the [`Policy`]: identity, scope, cases, deviation and money.

use rust_decimal::Decimal;

use super::document::{At, Node};
use super::error::Error;
use super::fields::{Fields, unknown_key};
use super::model::{
    Anchor, CapBase, CapDestination, CaseDate, CaseRule, CaseUnit, ClearingDays, Cycle, CycleTime,
    Deadline, Grouping, Identity, Late, Method, Monthly, PayMethod, Payment, Policy, RatioOf,
    Scope, ShareBy, Sharing, Standard, SurplusCap,
};
use super::schema::{self, Section};
use super::store::Folder;
use super::{
    read_apg, read_auxiliary, read_behaviour, read_capitation, read_coefficient, read_cost,
    read_deviation, read_grouping, read_life, read_money, read_monthly, read_points, read_score,
    read_special, read_weights,
};
use crate::units::Fen;

/// Reads and checks a whole policy; warnings go to `warnings`.
pub(crate) fn policy(
    root: &Node,
    folder: &mut Folder,
    warnings: &mut Vec<String>,
) -> Result<Policy, Error> {
    let top = Top { root };
    top.refuse_unknown()?;
    let identity = identity(&top.section("policy")?)?;
    let scope = scope(&top.section("scope")?)?;
    let grouping_fields = top.section("grouping")?;
    let grouping = read_grouping::grouping(&grouping_fields, folder, &scope)?;
    let mut codes = Codes { aliases: &grouping.aliases, warnings };
    let case = case_rule(&top.section("case")?, &grouping, &mut codes)?;
    let weights_fields = top.section("weights")?;
    let weights = read_weights::weights(&weights_fields)?;
    let life = read_life::life(&weights_fields, top.maybe_section("gates")?.as_ref())?;
    let standards = standards(&top, &mut codes)?;
    let deviation = top
        .maybe_section("deviation")?
        .map(|fields| read_deviation::deviation(&fields, &standards))
        .transpose()?;
    let payment = scaled(&top.section("payment")?, &standards, weights.scale.is_some())?;
    let carve_out = top.maybe("carve_out", |fields| read_apg::carve_out(fields, &grouping))?;
    let units = read_apg::units(&top.entries("unit")?, payment.method)?;
    let budget = read_money::budget(&top.section("budget")?)?;
    let compensation = top.maybe("compensation", |own| read_money::compensation(own, &budget))?;
    let sharing = sharing(&top.section("sharing")?)?;
    let start_value =
        top.maybe("start_value", |fields| read_money::start_value(fields, &payment))?;
    let value = top.maybe("value", |own| read_money::value(own, &payment, &budget, &sharing))?;
    let capitation = top.maybe("capitation", |fields| {
        let beside = [compensation.is_some(), value.is_some()];
        read_capitation::capitation(fields, payment.method, &budget, beside)
    })?;
    let (monthly, clearing_days) = time(&top, payment.method, &standards)?;
    let auxiliary = top
        .maybe("auxiliary", |fields| read_auxiliary::auxiliary(fields, folder, &grouping.method))?;
    Ok(Policy {
        identity,
        scope,
        case,
        grouping,
        carve_out,
        units,
        capitation,
        weights,
        standards,
        deviation,
        payment,
        budget,
        sharing,
        value,
        start_value,
        surplus_cap: top.maybe("surplus_cap", surplus_cap)?,
        compensation,
        monthly,
        working_capital: top.maybe("working_capital", read_monthly::working_capital)?,
        clearing_days,
        clearing_dates: top.maybe("clearing", read_monthly::clearing_dates)?.unwrap_or_default(),
        life,
        coefficient: top.maybe("coefficient", read_coefficient::coefficient)?,
        auxiliary,
        score: top.maybe("score", |fields| read_score::score(fields, folder))?,
        outlier: top.maybe("outlier", read_points::outlier)?,
        same_price: top.maybe("same_price", read_points::same_price)?,
        expected_standard: top.maybe("expected_standard", read_points::expected_standard)?,
        special: top.maybe("special", read_special::special)?,
        behaviour: top.maybe("behaviour", read_behaviour::behaviour)?,
    })
}

/// `[monthly]` and `[clearing.days]`.
fn time(
    top: &Top<'_>,
    pay: PayMethod,
    standards: &[Standard],
) -> Result<(Option<Monthly>, Option<ClearingDays>), Error> {
    let monthly = top.maybe("monthly", |fields| read_monthly::monthly(fields, pay))?;
    let days =
        top.maybe("clearing", |fields| read_monthly::clearing_days(fields, standards, pay))?;
    Ok((monthly, days.flatten()))
}

/// `[payment]`; points need a scale (A05).
fn scaled(fields: &Fields<'_>, standards: &[Standard], scale: bool) -> Result<Payment, Error> {
    let payment = payment(fields, standards)?;
    if payment.method == PayMethod::Points && !scale {
        return Err(Error::PointsWithoutScale { at: fields.at_of("method") });
    }
    Ok(payment)
}

/// The file as a whole.
struct Top<'a> {
    root: &'a Node,
}

impl<'a> Top<'a> {
    fn refuse_unknown(&self) -> Result<(), Error> {
        let known: Vec<&str> = schema::top().map(|section| section.path).collect();
        for (key, entry) in self.root.table().into_iter().flatten() {
            if !known.contains(&key.as_str()) {
                return Err(unknown_key(&entry.key_at, key, "the policy", &known));
            }
        }
        for section in schema::top().filter(|section| section.required) {
            if self.root.get(section.path).is_none() {
                return Err(missing_section(&self.root.at, section));
            }
        }
        Ok(())
    }

    fn maybe_section(&self, path: &str) -> Result<Option<Fields<'a>>, Error> {
        let (Some(node), Some(section)) = (self.root.get(path), schema::find(path)) else {
            return Ok(None);
        };
        Fields::open(path.to_owned(), node, section).map(Some)
    }

    fn entries(&self, path: &'static str) -> Result<Vec<Fields<'a>>, Error> {
        let (Some(node), Some(section)) = (self.root.get(path), schema::find(path)) else {
            return Ok(Vec::new());
        };
        entries(node, section)
    }

    /// Reads a section that may be absent.
    fn maybe<T>(
        &self,
        path: &str,
        read: impl FnOnce(&Fields<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.maybe_section(path)?.map(|fields| read(&fields)).transpose()
    }

    fn section(&self, path: &'static str) -> Result<Fields<'a>, Error> {
        self.maybe_section(path)?.ok_or_else(|| absent(&self.root.at, path))
    }
}

fn missing_section(at: &At, section: &Section) -> Error {
    Error::MissingSection {
        file: at.file().to_owned(),
        section: section.heading(),
        keys: section.known().iter().map(|&key| key.to_owned()).collect(),
    }
}

/// The error for an absent section.
pub(crate) fn absent(at: &At, path: &'static str) -> Error {
    schema::find(path).map_or_else(
        || Error::MissingSection {
            file: at.file().to_owned(),
            section: path.to_owned(),
            keys: Vec::new(),
        },
        |section| missing_section(at, section),
    )
}

/// The section `path` below `fields`, if it is there.
pub(crate) fn below<'a>(fields: &Fields<'a>, path: &str) -> Result<Option<Fields<'a>>, Error> {
    schema::find(path).map(|section| fields.below(section)).transpose().map(Option::flatten)
}

/// Opens every entry of a list of sections, each named by its selector.
pub(crate) fn entries<'a>(node: &'a Node, section: &Section) -> Result<Vec<Fields<'a>>, Error> {
    let Some(list) = node.list() else {
        return Err(Error::WrongType {
            at: node.at.clone(),
            path: section.path.to_owned(),
            found: node.value.kind(),
            wanted: format!("a list of sections, each headed {}", section.heading()),
        });
    };
    let selector = section.selector.unwrap_or_default();
    list.iter()
        .enumerate()
        .map(|(index, entry)| {
            let named = entry.get(selector).map(Node::show);
            let name = named.unwrap_or_else(|| format!("#{}", index + 1));
            Fields::open(format!("{}[{name}]", section.path), entry, section)
        })
        .collect()
}

/// Entries of the list of sections `path` below `fields`; none if it is absent.
pub(crate) fn entries_below<'a>(fields: &Fields<'a>, path: &str) -> Result<Vec<Fields<'a>>, Error> {
    let Some(section) = schema::find(path) else { return Ok(Vec::new()) };
    fields.node(section.name()).map_or_else(|| Ok(Vec::new()), |node| entries(node, section))
}

/// Printed group codes and what they mean (A13).
pub(crate) struct Codes<'a> {
    aliases: &'a [(String, String)],
    warnings: &'a mut Vec<String>,
}

impl Codes<'_> {
    fn meant(&mut self, printed: &str, at: &At) -> String {
        let Some((_, meant)) = self.aliases.iter().find(|(known, _)| known == printed) else {
            return printed.to_owned();
        };
        self.warnings
            .push(format!("{at}: printed group code `{printed}` is read as `{meant}` (A13)"));
        meant.clone()
    }
}

fn identity(fields: &Fields<'_>) -> Result<Identity, Error> {
    let valid_from = fields.date("valid_from")?;
    let valid_to = fields.maybe_date("valid_to")?;
    if let Some(to) = valid_to.filter(|to| *to < valid_from) {
        return Err(Error::ValidityReversed { at: fields.at_of("valid_to"), from: valid_from, to });
    }
    Ok(Identity {
        id: fields.text("id")?,
        title: fields.text("title")?,
        document: fields.text("document")?,
        valid_from,
        valid_to,
    })
}

fn scope(fields: &Fields<'_>) -> Result<Scope, Error> {
    let insutype = fields.texts("insutype")?;
    let self_paying_insutype = fields.maybe_texts("self_paying_insutype")?.unwrap_or_default();
    // Without a list every type is settled, and a type in both lists would be.
    let settled = |code: &String| insutype.is_empty() || insutype.contains(code);
    if self_paying_insutype.iter().any(settled) {
        let allowed =
            "insurance types that are not settled: none of `scope.insutype`, which names some";
        return Err(fields.not_allowed("self_paying_insutype", allowed));
    }
    Ok(Scope {
        cite: fields.cite.clone(),
        insutype,
        self_paying_insutype,
        med_type: fields.texts("med_type")?,
        dise_codg: fields.maybe_texts("dise_codg")?.unwrap_or_default(),
        exclude_out_of_area: fields.flag("exclude_out_of_area")?,
        insu_admdvs: fields.maybe_texts("insu_admdvs")?.unwrap_or_default(),
        proxy_upload_codes: fields.maybe_texts("proxy_upload_codes")?.unwrap_or_default(),
        carve_out_hi_paymtd: fields.maybe_texts("carve_out_hi_paymtd")?.unwrap_or_default(),
        carve_out_diagnoses: fields.maybe_texts("carve_out_diagnoses")?.unwrap_or_default(),
        only_started_institutions: fields.flag("only_started_institutions")?,
        completed_from: fields.maybe_date("completed_from")?,
    })
}

fn case_rule(
    fields: &Fields<'_>,
    grouping: &Grouping,
    codes: &mut Codes<'_>,
) -> Result<CaseRule, Error> {
    let units = [("settlement", CaseUnit::Settlement), ("visit", CaseUnit::Visit)];
    let dates = [("setl_time", CaseDate::Settlement), ("endtime", CaseDate::Discharge)];
    let unusable_to_fallback = fields.flag("unusable_to_fallback")?;
    let cycle = below(fields, "case.cycle")?.map(|below| cycle(&below, codes)).transpose()?;
    let late = below(fields, "case.late")?.map(|below| late(&below)).transpose()?;
    // Both rules price a case as the fallback group, which only method `apg` has (Y25).
    if !matches!(grouping.method, Method::Apg(_)) {
        let wanting = if unusable_to_fallback {
            Some((fields.at_of("unusable_to_fallback"), "case.unusable_to_fallback"))
        } else {
            late.is_some().then(|| (fields.at_of("late"), "case.late"))
        };
        if let Some((at, path)) = wanting {
            return Err(Error::NoFallbackGroup { at, path: path.to_owned() });
        }
    }
    Ok(CaseRule {
        cite: fields.cite.clone(),
        unit: fields.word("unit", &units)?,
        dated_by: fields.maybe_word("dated_by", &dates)?.unwrap_or(CaseDate::Settlement),
        cycle,
        late,
        unusable_to_fallback,
        cost_classes: below(fields, "case.cost_class")?
            .map(|below| read_cost::cost_classes(&below))
            .transpose()?,
    })
}

/// What a cycle is formed by (Y08); the rule is about these three and no others.
const CYCLE_KEYS: [&str; 3] = ["psn_no", "fixmedins_code", "group_code"];

fn cycle(fields: &Fields<'_>, codes: &mut Codes<'_>) -> Result<Cycle, Error> {
    let anchors = [
        ("first", Anchor::First),
        ("rolling", Anchor::Rolling),
        ("calendar_day", Anchor::CalendarDay),
    ];
    let times = [("begntime", CycleTime::Begin), ("setl_time", CycleTime::Settle)];
    let window_minutes = minutes(&fields.text("window")?).ok_or_else(|| {
        fields.not_allowed("window", "whole hours or minutes above 0, such as \"24h\" or \"90m\"")
    })?;
    if fields.texts("by")? != CYCLE_KEYS {
        let only = "[\"psn_no\", \"fixmedins_code\", \"group_code\"], in this order";
        return Err(fields.not_allowed("by", only));
    }
    let at = fields.at_of("except_groups");
    let except = fields.maybe_texts("except_groups")?.unwrap_or_default();
    Ok(Cycle {
        cite: fields.cite.clone(),
        window_minutes,
        anchor: fields.maybe_word("anchor", &anchors)?.unwrap_or(Anchor::First),
        by_time: fields.maybe_word("time", &times)?.unwrap_or(CycleTime::Begin),
        except_groups: except.iter().map(|code| codes.meant(code, &at)).collect(),
    })
}

/// `24h` is 1440, `90m` is 90; `None` for anything else, also for 0.
pub(super) fn minutes(text: &str) -> Option<i64> {
    let (digits, per_unit) = match text.strip_suffix('h') {
        Some(hours) => (hours, 60),
        None => (text.strip_suffix('m')?, 1),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let count: i64 = plain.then(|| digits.parse().ok()).flatten()?;
    count.checked_mul(per_unit).filter(|minutes| *minutes > 0)
}

fn late(fields: &Fields<'_>) -> Result<Late, Error> {
    let days = fields.maybe_whole("days", 0..=3660)?;
    let deadline = match days {
        Some(days) => {
            fields.refuse(&["month_end"], &format!("days = {days}"))?;
            Deadline::Days(days)
        }
        None => match fields.maybe_whole("month_end", 0..=120)? {
            Some(months) => Deadline::MonthEnd(months),
            None => {
                return Err(Error::MissingKey {
                    at: fields.at.clone(),
                    path: fields.path_of("days"),
                    wanted: "`days = N` after the settlement date, \
                             or `month_end = N` months after its month"
                        .to_owned(),
                });
            }
        },
    };
    Ok(Late { cite: fields.cite.clone(), deadline })
}

fn standards(top: &Top<'_>, codes: &mut Codes<'_>) -> Result<Vec<Standard>, Error> {
    let (Some(node), Some(section)) = (top.root.get("standard"), schema::find("standard")) else {
        return Ok(Vec::new());
    };
    let mut known: Vec<(Standard, At)> = Vec::new();
    for fields in entries(node, section)? {
        let group_code = codes.meant(&fields.text("group_code")?, &fields.at_of("group_code"));
        let standard = Standard {
            cite: fields.cite.clone(),
            group_code,
            price: yuan(&fields, "price")?,
            from: fields.date("from")?,
        };
        let twice = known.iter().find(|(first, _)| {
            first.group_code == standard.group_code && first.from == standard.from
        });
        if let Some((_, first)) = twice {
            return Err(Error::StandardTwice {
                at: fields.at.clone(),
                group: standard.group_code,
                from: standard.from,
                first_line: first.line(),
            });
        }
        known.push((standard, fields.at));
    }
    let mut standards: Vec<Standard> = known.into_iter().map(|(standard, _)| standard).collect();
    standards.sort_by(|a, b| (&a.group_code, a.from).cmp(&(&b.group_code, b.from)));
    Ok(standards)
}

/// An amount above 0 in yuan with at most two places.
pub(crate) fn yuan(fields: &Fields<'_>, key: &str) -> Result<Fen, Error> {
    Some(fields.decimal(key)?)
        .filter(|yuan| *yuan > Decimal::ZERO)
        .and_then(Fen::from_yuan)
        .ok_or_else(|| {
            fields.not_allowed(key, "an amount in yuan above 0 with at most two decimal places")
        })
}

fn payment(fields: &Fields<'_>, standards: &[Standard]) -> Result<Payment, Error> {
    let methods = [("points", PayMethod::Points), ("standard", PayMethod::Standard)];
    let ratios = [("fee", RatioOf::Fee), ("in_scope", RatioOf::InScope), ("area", RatioOf::Area)];
    let method = fields.word("method", &methods)?;
    if method == PayMethod::Standard && standards.is_empty() {
        return Err(Error::NoStandards {
            at: fields.at_of("method"),
            path: fields.path_of("method"),
        });
    }
    if method == PayMethod::Points {
        fields.refuse(&["ratio"], "method = \"points\"")?;
    }
    let ratio = fields.maybe_word("ratio", &ratios)?.unwrap_or(RatioOf::Fee);
    Ok(Payment { cite: fields.cite.clone(), method, ratio })
}

fn sharing(fields: &Fields<'_>) -> Result<Sharing, Error> {
    let ways = [
        ("points", ShareBy::Points),
        ("keeps_booked", ShareBy::KeepsBooked),
        ("own_excess", ShareBy::OwnExcess),
    ];
    Ok(Sharing {
        cite: fields.cite.clone(),
        surplus: fields.share("surplus")?,
        overspend: fields.share("overspend")?,
        by: fields.maybe_word("by", &ways)?.unwrap_or(ShareBy::Points),
    })
}

fn surplus_cap(fields: &Fields<'_>) -> Result<SurplusCap, Error> {
    let bases = [("paid", CapBase::Paid), ("booked", CapBase::Booked), ("cost", CapBase::Cost)];
    let destinations = [("fund", CapDestination::Fund), ("pool", CapDestination::Pool)];
    let rate = fields.decimal("rate")?;
    // A rate of 1 would allow any surplus and divide by 1 - rate (A21).
    if rate < Decimal::ZERO || rate >= Decimal::ONE {
        return Err(fields.not_allowed("rate", "a share from \"0\", below \"1\""));
    }
    Ok(SurplusCap {
        cite: fields.cite.clone(),
        rate,
        base: fields.maybe_word("base", &bases)?.unwrap_or(CapBase::Paid),
        destination: fields
            .maybe_word("destination", &destinations)?
            .unwrap_or(CapDestination::Fund),
    })
}

#[cfg(test)]
mod tests {
    use super::minutes;

    #[test]
    fn windows_are_whole_hours_or_minutes_above_nothing() {
        for (text, wanted) in [("24h", 1440), ("48h", 2880), ("90m", 90), ("1m", 1)] {
            assert_eq!(minutes(text), Some(wanted), "{text}");
        }
        for text in ["", "h", "24", "0h", "0m", "-1h", "1.5h", "24H", " 24h", "24 h", "1d"] {
            assert_eq!(minutes(text), None, "{text}");
        }
    }
}
