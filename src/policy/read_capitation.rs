//! Reading `[capitation]`: head budgets (H07–H09, A25–A27).

use super::error::Error;
use super::fields::Fields;
use super::model::{
    Budget, BudgetSource, Capitation, Clearing, Elsewhere, HeadFactor, PayMethod, Pools, SharedBy,
};
use super::read::{absent, entries_below};

/// `[capitation]`; `beside` says whether `[compensation]` and `[value]` are there.
pub(crate) fn capitation(
    fields: &Fields<'_>,
    method: PayMethod,
    budget: &Budget,
    beside: [bool; 2],
) -> Result<Capitation, Error> {
    // Money beside the budget, and other values of a point, are of one pool and not of its parts.
    let mut sections = ["compensation", "value"].into_iter().zip(beside);
    if let Some((section, _)) = sections.find(|(_, there)| *there) {
        return Err(without_meaning(fields, &format!("[{section}]")));
    }
    if matches!(budget.source, BudgetSource::Waterfall(_)) {
        return Err(without_meaning(fields, "budget.source = \"waterfall\""));
    }
    if method != PayMethod::Points {
        return Err(without_meaning(fields, "payment.method = \"standard\""));
    }
    let shared_by =
        fields.word("shared_by", &[("part", SharedBy::Part), ("area", SharedBy::Area)])?;
    if shared_by == SharedBy::Part && budget.pools == Pools::Insutype {
        return Err(without_meaning(fields, "budget.pools = \"insutype\""));
    }
    if shared_by == SharedBy::Part && budget.period != Clearing::Year {
        return Err(without_meaning(fields, "budget.period other than \"year\""));
    }
    let ways =
        [("booked", Elsewhere::Booked), ("pool", Elsewhere::Pool), ("points", Elsewhere::Points)];
    Ok(Capitation {
        cite: fields.cite.clone(),
        shared_by,
        elsewhere: fields.word("elsewhere", &ways)?,
        factors: if fields.word("head", &[("flat", false), ("factors", true)])? {
            factors(fields)?
        } else {
            fields.refuse(&["factor"], "head = \"flat\"")?;
            Vec::new()
        },
    })
}

fn factors(fields: &Fields<'_>) -> Result<Vec<HeadFactor>, Error> {
    let mut factors: Vec<HeadFactor> = Vec::new();
    for entry in entries_below(fields, "capitation.factor")? {
        let name = entry.text("name")?;
        if factors.iter().any(|known| known.name == name) {
            return Err(entry.not_allowed("name", "a name of its own"));
        }
        let age_from = entry.maybe_whole("age_from", 0..=150)?;
        let age_to = entry.maybe_whole("age_to", 0..=150)?;
        if let (Some(from), Some(to)) = (age_from, age_to)
            && to < from
        {
            return Err(
                entry.not_allowed("age_to", &format!("a whole number from {from}, as `age_from`"))
            );
        }
        factors.push(HeadFactor {
            name,
            clct_grde: entry.maybe_texts("clct_grde")?.unwrap_or_default(),
            gend: entry.maybe_text("gend")?,
            age_from,
            age_to,
            chronic: entry.maybe_flag("chronic")?,
            value: entry.positive("value")?,
        });
    }
    if factors.is_empty() {
        return Err(absent(&fields.at, "capitation.factor"));
    }
    Ok(factors)
}

/// The error of a section that says nothing beside `beside`.
pub(crate) fn without_meaning(fields: &Fields<'_>, beside: &str) -> Error {
    Error::KeyWithoutMeaning {
        at: fields.at.clone(),
        path: fields.path.clone(),
        beside: beside.to_owned(),
    }
}
