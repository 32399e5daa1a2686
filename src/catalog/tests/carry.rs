//! Overrides carried from one catalog to the next.

use std::path::PathBuf;

use super::build::{Folder, contents, dec, tiny, write_draft, yuan};
use crate::catalog::model::Catalog;
use crate::catalog::{
    Error, Override, Signature, carry, history_table, open, override_table, overrides, set_points,
    verify,
};
use crate::explain::render;
use crate::units::Points;

fn by(name: &str, on: &str, why: &str) -> Signature {
    Signature { by: name.to_owned(), on: on.parse().unwrap(), why: why.to_owned() }
}

/// The catalog of last year, with 250 points for B (computed 200) and 70 for A (computed 66.6667).
fn last(folder: &Folder) -> PathBuf {
    let dir = folder.0.join("last");
    write_draft(&tiny(), &dir).unwrap();
    set_points(&dir, "B", dec("250"), &by("张", "2023-12-01", "新技术")).unwrap();
    set_points(&dir, "A", dec("70"), &by("王", "2023-12-02", "专家意见")).unwrap();
    dir
}

/// This year's draft, where B is computed as 220: 1 × 20 ÷ 100 × 300 = 60 yuan more than last year.
fn draft(folder: &Folder, change: impl Fn(&mut Catalog)) -> PathBuf {
    let dir = folder.0.join("next");
    let mut next = tiny();
    next.groups[1].points = Some(Points(220_000_000));
    next.identity[0].amount = dec("1260.0003");
    next.identity[1].amount = dec("-60.0003");
    change(&mut next);
    write_draft(&next, &dir).unwrap();
    dir
}

fn take(folder: &Folder, except: &[&str]) -> Result<Vec<Override>, Error> {
    let except: Vec<String> = except.iter().map(|&code| code.to_owned()).collect();
    let dirs = [folder.0.join("next"), folder.0.join("last")];
    carry(&dirs[0], &dirs[1], &except, &by("李", "2024-01-05", "沿用"))
}

// B: 1 case × (250 − 220) ÷ 100 × 300 = 90 yuan; A: 3 × (70 − 66.6667) ÷ 100 × 300 = 29.9997 yuan.
// shows: Z25
#[test]
fn overrides_stand_beside_the_computed_points_of_the_new_draft_with_their_money_there() {
    let folder = Folder::new("carried");
    last(&folder);
    let dir = draft(&folder, |_| ());
    let taken = take(&folder, &[]).unwrap();
    assert_eq!(taken, {
        let mut order = overrides(&dir).unwrap();
        order.sort_by(|one, two| one.group_code.cmp(&two.group_code));
        order
    });
    let shown: Vec<_> =
        taken.iter().map(|row| (&*row.group_code, row.computed, row.points, row.money)).collect();
    let wanted = [
        ("A", Points(66_666_700), Points(70_000_000), yuan("30.00")),
        ("B", Points(220_000_000), Points(250_000_000), yuan("90.00")),
    ];
    assert_eq!(shown, wanted);
    let table = override_table(&dir).unwrap();
    assert_eq!(table.cell("why", 1).as_deref(), Some("沿用 (张, 2023-12-01: 新技术)"));
    assert_eq!(table.cell("by", 1).as_deref(), Some("李"));
    assert_eq!(history_table(&dir).unwrap().rows(), 2, "one step a group");
    let life = verify(&dir).unwrap().checks.into_iter().find(|check| check.check == "life");
    assert!(life.unwrap().passed);
    // A second time there is nothing left to do, and nothing is done.
    let before = contents(&dir);
    assert!(matches!(take(&folder, &[]), Err(Error::NothingToCarry { .. })));
    assert_eq!(contents(&dir), before);
}

// shows: Z25
#[test]
fn groups_that_the_new_draft_does_not_have_are_all_named_and_nothing_is_carried() {
    let folder = Folder::new("carried-unknown");
    last(&folder);
    let dir = draft(&folder, |next| {
        next.groups[0].group_code = "A1".to_owned();
        next.groups[1].group_code = "B1".to_owned();
    });
    let before = contents(&dir);
    let text = render(&take(&folder, &[]).unwrap_err());
    for part in ["overrides groups that", "next` does not have: `A`, `B`\n", "--except A,B`"] {
        assert!(text.contains(part), "{text}");
    }
    // One of two is as bad.
    let text = render(&take(&folder, &["A"]).unwrap_err());
    assert!(text.contains("does not have: `B`\n"), "{text}");
    assert!(matches!(take(&folder, &["A", "B"]), Err(Error::NothingToCarry { .. })));
    assert!(matches!(take(&folder, &["C"]), Err(Error::NoOverride { group, .. }) if group == "C"));
    assert_eq!(contents(&dir), before);
}

// shows: Z25
#[test]
fn an_unknown_group_left_out_does_not_keep_the_others_from_being_carried() {
    let folder = Folder::new("carried-except");
    last(&folder);
    let dir = draft(&folder, |next| next.groups[0].group_code = "A1".to_owned());
    assert!(
        matches!(take(&folder, &[]), Err(Error::CarriedGroups { groups, .. }) if groups == ["A"])
    );
    let taken = take(&folder, &["A"]).unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(open(&dir).unwrap().catalog.groups[1].points, Some(Points(250_000_000)));
    assert_eq!(open(&dir).unwrap().catalog.groups[0].points, Some(Points(66_666_700)));
}

// shows: Z25
#[test]
fn an_override_of_the_draft_itself_is_not_lost_to_an_older_one() {
    let folder = Folder::new("carried-own");
    last(&folder);
    let dir = draft(&folder, |_| ());
    set_points(&dir, "B", dec("240"), &by("李", "2024-01-04", "今年审核")).unwrap();
    let before = contents(&dir);
    let text = render(&take(&folder, &[]).unwrap_err());
    assert!(text.contains("overrides these groups itself, otherwise: `B`\n"), "{text}");
    assert_eq!(contents(&dir), before);
    assert_eq!(take(&folder, &["B"]).unwrap().len(), 1);
    assert_eq!(open(&dir).unwrap().catalog.groups[1].points, Some(Points(240_000_000)));
}

// shows: Z25
#[test]
fn points_of_another_scale_are_not_carried() {
    let folder = Folder::new("carried-scale");
    last(&folder);
    let dir = draft(&folder, |next| next.scale = Some(dec("1000")));
    let before = contents(&dir);
    let found = take(&folder, &[]);
    assert!(matches!(found, Err(Error::LastDiffers { what: "scale", .. })), "{found:?}");
    assert_eq!(contents(&dir), before);
}
