//! Reading `[deviation]`: the bands of the ratio fee ÷ reference, which must cover it once (A06,
//! Y22–Y24).

use rust_decimal::Decimal;

use super::document::At;
use super::error::Error;
use super::fields::Fields;
use super::model::{Band, BandPay, Class, Compare, Deviation, Reference, Standard};
use super::read::{absent, entries_below};

/// How far beyond an end the ratio lies that messages name.
const STEP: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// Reads and checks `[deviation]` with its bands.
pub(crate) fn deviation(fields: &Fields<'_>, standards: &[Standard]) -> Result<Deviation, Error> {
    let compares = [("fee", Compare::Fee), ("in_scope", Compare::InScope), ("fund", Compare::Fund)];
    let references = [("standard", Reference::Standard), ("mean", Reference::Mean)];
    let reference = fields.word("reference", &references)?;
    if reference == Reference::Standard && standards.is_empty() {
        return Err(Error::NoStandards {
            at: fields.at_of("reference"),
            path: fields.path_of("reference"),
        });
    }
    Ok(Deviation {
        cite: fields.cite.clone(),
        compare: fields.maybe_word("compare", &compares)?.unwrap_or(Compare::Fee),
        reference,
        bands: bands(fields)?,
    })
}

fn name(class: Class) -> &'static str {
    match class {
        Class::Low => "low",
        Class::Normal => "normal",
        Class::High => "high",
    }
}

fn bands(fields: &Fields<'_>) -> Result<Vec<Band>, Error> {
    let listed = entries_below(fields, "deviation.band")?;
    if listed.is_empty() {
        return Err(absent(&fields.at, "deviation.band"));
    }
    let mut bands: Vec<(Band, At)> = Vec::with_capacity(listed.len());
    for (index, entry) in listed.iter().enumerate() {
        let former = bands.last().and_then(|(band, _)| band.up_to);
        let band = band(entry, index + 1 == listed.len(), former)?;
        compare_with_former(entry, &band, &bands)?;
        bands.push((band, entry.at_of("up_to")));
    }
    if !bands.iter().any(|(band, _)| band.class == Class::Normal) {
        return Err(Error::NoNormalBand { at: fields.at.clone() });
    }
    Ok(bands.into_iter().map(|(band, _)| band).collect())
}

/// One band; `former` is where the band before it ends.
fn band(entry: &Fields<'_>, last: bool, former: Option<Decimal>) -> Result<Band, Error> {
    let classes = [("low", Class::Low), ("normal", Class::Normal), ("high", Class::High)];
    let pays = [("group", BandPay::Group), ("item", BandPay::Item)];
    let up_to = if entry.node("up_to").is_some() { Some(entry.positive("up_to")?) } else { None };
    let inclusive = match up_to {
        Some(_) => entry.flag("inclusive")?,
        None => {
            entry.refuse(&["inclusive"], "no up_to")?;
            false
        }
    };
    match up_to {
        Some(end) if last => {
            let example = if inclusive { end + STEP } else { end };
            return Err(Error::BandGap {
                at: entry.at_of("up_to"),
                up_to: end.to_string(),
                example: example.to_string(),
            });
        }
        None if !last => {
            return Err(Error::BandWithoutEnd {
                at: entry.at.clone(),
                band: entry.path.clone(),
                example: (former.unwrap_or_default() + Decimal::ONE).to_string(),
            });
        }
        _ => {}
    }
    Ok(Band {
        cite: entry.cite.clone(),
        class: entry.word("class", &classes)?,
        up_to,
        inclusive,
        pay: entry.word("pay", &pays)?,
        except_merged: entry.maybe_flag("except_merged")?.unwrap_or(false),
    })
}

/// Ends ascend strictly, and classes ascend with them, each at most once.
fn compare_with_former(
    entry: &Fields<'_>,
    band: &Band,
    former: &[(Band, At)],
) -> Result<(), Error> {
    if let Some((_, first)) = former.iter().find(|(known, _)| known.class == band.class) {
        return Err(Error::BandClassTwice {
            at: entry.at_of("class"),
            class: name(band.class).to_owned(),
            first_line: first.line(),
        });
    }
    let Some((before, before_at)) = former.last() else { return Ok(()) };
    if before.class > band.class {
        return Err(Error::BandClassOrder {
            at: entry.at_of("class"),
            class: name(band.class).to_owned(),
            before: name(before.class).to_owned(),
        });
    }
    let end_before: Decimal = before.up_to.unwrap_or(Decimal::MAX);
    match band.up_to {
        Some(end) if end <= end_before => Err(Error::BandOverlap {
            at: entry.at_of("up_to"),
            path: entry.path_of("up_to"),
            up_to: end.to_string(),
            before: end_before.to_string(),
            before_at: before_at.clone(),
        }),
        _ => Ok(()),
    }
}
