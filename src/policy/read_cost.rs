//! Reading `[case.cost_class]`.

use super::error::Error;
use super::fields::Fields;
use super::model::CostClasses;

/// The classes that are listed; service is the rest.
pub(crate) const LISTED: [&str; 4] = ["drug", "consumable", "exam", "treatment"];

/// Reads and checks `[case.cost_class]`.
pub(crate) fn cost_classes(fields: &Fields<'_>) -> Result<CostClasses, Error> {
    let mut charge_types: [Vec<String>; 4] = Default::default();
    for (at, class) in LISTED.into_iter().enumerate() {
        let types = fields.texts(class)?;
        let twice = |kind: &&String| charge_types[..at].iter().any(|other| other.contains(kind));
        if let Some(kind) = types.iter().find(twice) {
            return Err(Error::NotAllowed {
                at: fields.at_of(class),
                path: fields.path_of(class),
                value: kind.clone(),
                allowed: "each charge type in one class only".to_owned(),
            });
        }
        charge_types[at] = types;
    }
    Ok(CostClasses { cite: fields.cite.clone(), charge_types })
}
