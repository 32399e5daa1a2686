//! The directory and its matcher against hand-worked cases.

use super::combination::Parts;
use super::*;
use crate::grouper::record::Record;
use crate::policy;
use crate::policy::model::{Attribute, Dip, Method};

/// The rules of a small policy: 4 and 3 characters, 15 cases a year, 10 %.
pub(super) fn rules() -> Dip {
    let loaded = policy::load("tests/policy/dip").unwrap();
    let Method::Dip(mut dip) = loaded.policy.grouping.method else { panic!("groups by DIP") };
    dip.attributes = [
        ("36.0700", Attribute::Surgery),
        ("68.4902", Attribute::Surgery),
        ("99.1000", Attribute::Therapeutic),
        ("88.5500", Attribute::Diagnostic),
    ]
    .map(|(code, attribute)| (code.to_owned(), attribute))
    .into();
    dip
}

fn record(diagnosis: &str, main: &str, others: &[&str]) -> Record {
    Record {
        main_diagnosis: diagnosis.to_owned(),
        main_operation: main.to_owned(),
        other_operations: others.iter().map(|code| (*code).to_owned()).collect(),
        ..Record::default()
    }
}

// shows: R32, R13
#[test]
fn a_combination_is_four_characters_and_operations_related_ones_sorted() {
    let dip = rules();
    let check = |diagnosis: &str, main: &str, others: &[&str], wanted: Option<&str>| {
        let found = combination(&dip, &record(diagnosis, main, others));
        assert_eq!(found.as_deref(), wanted, "{diagnosis} {main} {others:?}");
    };
    check("I21.000x001", "", &[], Some("I21.0"));
    check("I21.0", "36.0700", &[], Some("I21.0+36.0700"));
    check("I21", "36.0700", &[], Some("I21+36.0700"));
    check("I2100", "36.0700", &[], Some("I210+36.0700"));
    check("A17.0+", "", &[], Some("A17.0"));
    check("I10.-", "", &[], Some("I10"));
    check("I21.0", "36.0700", &["88.5500", "00.6600"], Some("I21.0+36.0700+00.6600+88.5500"));
    check("I21.0", "36.0700", &["88.5500", "88.5500", "36.0700"], Some("I21.0+36.0700+88.5500"));
    check("", "36.0700", &[], None);
    check(".", "36.0700", &[], None);
}

// shows: R32
#[test]
fn a_combination_comes_apart_again_and_names_its_residual_group() {
    let dip = rules();
    let parts = Parts::of("I21.0+36.0700+00.6600+88.5500");
    assert_eq!((parts.diagnosis, parts.main), ("I21.0", "36.0700"));
    assert_eq!(parts.without_related, "I21.0+36.0700");
    assert_eq!(parts.related().collect::<Vec<_>>(), ["00.6600", "88.5500"]);
    for (code, wanted) in [
        ("I21.0", "I21_C"),
        ("I21.0+36.0700", "I21_S"),
        ("I21.0+99.1000+36.0700", "I21_T"),
        ("I21.0+88.5500", "I21_D"),
        ("I21.0+11.1100", "I21_C"),
        ("I2+36.0700", "I2_S"),
    ] {
        assert_eq!(Parts::of(code).residual(&dip), wanted, "{code}");
        assert_eq!(Parts::of(Parts::of(code).without_related).related().count(), 0);
    }
    assert_eq!(Parts::of("I21.0").without_related, "I21.0");
}
