//! What tests of the SQL models need: the functions a policy would lend them.

use std::sync::Arc;

use super::apg::ItemClasses;
use super::functions::{item_class, item_important};
use crate::policy::model::{Apg, Cite, ItemClass};
use crate::warehouse::engine::Session;

pub use super::check::register_dictionary;

/// Classes by charge type as in A14 (05, 06 → O; 09–11 → M; 03, 04 → A), one important item
/// `IMPORTANT-A` of class A.
pub fn register_charge_type_classes(session: &Session) {
    let codes = |list: &[&str]| list.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let apg = Apg {
        cite: Cite::default(),
        charge_types: [codes(&["05", "06"]), codes(&["09", "10", "11"]), codes(&["03", "04"])],
        items: Vec::<ItemClass>::new(),
        important: [Vec::new(), Vec::new(), codes(&["IMPORTANT-A"])],
        important_share: rust_decimal::Decimal::ZERO,
        fallback: String::new(),
        disease_required: true,
    };
    let classes = Arc::new(ItemClasses::new(&apg));
    session.register_function(&item_class(Arc::clone(&classes)));
    session.register_function(&item_important(classes));
}
