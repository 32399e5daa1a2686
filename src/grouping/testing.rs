//! What tests of the SQL models need: the classes a policy would give, fee lines rolled up by them.

use std::sync::Arc;

use super::apg::ItemClasses;
use super::fees::FeeLines;
use crate::policy::model::{Apg, Cite, Combined, CostClasses, DiseaseOf, ItemClass, Letters};
use crate::table::Table;
use crate::warehouse::engine::{Params, Session};
use crate::warehouse::{Error, relation};

pub use super::check::register_dictionary;

/// Classes by charge type as in A14 (05, 06 → O; 09–11 → M; 03, 04 → A), one important item
/// `IMPORTANT-A` of class A; classes of cost as in 8.3 (09–11 drug, 08 consumable, 03, 04 exam, 05, 06
/// treatment).
pub(super) fn charge_type_classes() -> Arc<ItemClasses> {
    let codes = |list: &[&str]| list.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let costs = CostClasses {
        cite: Cite::default(),
        charge_types: [
            codes(&["09", "10", "11"]),
            codes(&["08"]),
            codes(&["03", "04"]),
            codes(&["05", "06"]),
        ],
    };
    let classes = ItemClasses::new(&Apg {
        cite: Cite::default(),
        charge_types: [codes(&["05", "06"]), codes(&["09", "10", "11"]), codes(&["03", "04"])],
        items: Vec::<ItemClass>::new(),
        important: [Vec::new(), Vec::new(), codes(&["IMPORTANT-A"])],
        important_share: rust_decimal::Decimal::ZERO,
        fallback: String::new(),
        letters: Letters::All,
        disease: DiseaseOf::DiseCodg,
        disease_characters: None,
        combined: Combined::One,
        refine: None,
        disease_required: true,
    });
    Arc::new(classes.with_costs(Some(&costs)))
}

/// Makes the models translate by the rows of relation `stg_code_map`, and know the code systems.
///
/// # Errors
/// If the rows contradict each other.
pub async fn map_codes(session: &Session) -> Result<(), Error> {
    let batches = session.rows("stg_code_map").await?;
    let schema = batches.first().map(crate::warehouse::arrow::array::RecordBatch::schema);
    let rows = schema.map(|schema| relation::from_batches("stg_code_map", &schema, &batches));
    let rows = rows.transpose().map_err(|err| Error::Worker { message: err.to_string() })?;
    let codes = super::codes::entries(&rows.unwrap_or_else(|| Table::new("stg_code_map")))?;
    super::codes::register(session, &codes)?;
    session.use_codes(Arc::new(codes));
    Ok(())
}

/// Makes `repeated_id` of the rows of `int_cases__settlement_id`.
///
/// # Errors
/// If it cannot run.
pub async fn find_repeated_ids(session: &Session) -> Result<(), Error> {
    super::ids::read(session, &Params::default(), 0).await.map(drop)
}

/// Rolls up the rows of a model that has the shape of `stg_fee_item`.
///
/// # Errors
/// If it cannot run.
pub async fn roll_fee_lines(session: &Session, model: &str) -> Result<(), Error> {
    let mut lines = FeeLines::new(charge_type_classes());
    loop {
        session.stream::<Error>(model, &Params::default(), |batch| lines.take_batch(batch)).await?;
        if !lines.look_again() {
            break;
        }
    }
    lines.finish().register_repeated(session)
}
