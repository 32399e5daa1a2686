//! `[case.cost_class]`: the classes of cost.

use super::Cite;

/// `[case.cost_class]` (`med_chrgitm_type`, domain.md 8.3; the local dictionary prevails, so the types
/// are data). With it every case knows what it cost by class: drug, consumable, exam, treatment, and
/// service for lines of any other type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostClasses {
    /// Clause or reading of this section.
    pub cite: Cite,
    /// `med_chrgitm_type` of drug, consumable, exam, treatment; no type stands twice.
    pub charge_types: [Vec<String>; 4],
}
