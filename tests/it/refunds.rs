//! Refunds that cross years and persons: money and group of the original follow, whatever is asked for.

use std::path::Path;

use dianshu::grouping::cases::{Request, build};
use dianshu::period::Years;
use dianshu::policy;
use dianshu::policy::model::{Cite, ClearingDate};
use dianshu::warehouse::engine::{Engine, Limits};
use dianshu::warehouse::store::Store;

use super::tools::dianshu;

const SETTLEMENTS: &str = "\
setl_id,psn_no,fixmedins_code,insutype,med_type,dise_codg,setl_time,medfee_sumamt,hifp_pay,init_setl_id,refd_setl_flag
S1,P1,H1,310,14,D1,2023-12-30 10:00:00,1000.00,800.00,,0
R1,P1,H1,310,14,D1,2024-01-03 10:00:00,-500.00,-400.00,S1,1
S2,P2,H1,310,14,D2,2023-05-01 10:00:00,300.00,200.00,,0
R2,P3,H2,310,14,D2,2024-02-01 10:00:00,-100.00,-50.00,S2,1
";

const LINES: &str = "\
setl_id,feedetl_sn,psn_no,fee_ocur_time,med_chrgitm_type,det_item_fee_sumamt
S1,1,P1,2023-12-30 10:00:00,05,600.00
S1,2,P1,2023-12-30 10:00:00,09,400.00
R1,1,P1,2024-01-03 10:00:00,05,-500.00
S2,1,P2,2023-05-01 10:00:00,09,300.00
R2,1,P3,2024-02-01 10:00:00,09,-100.00
";

/// Group and fee of every case, and the number of prior-year refunds, for some years.
fn cases(home: &Path, years: &str) -> (Vec<(String, i64)>, usize) {
    cases_of(home, years, None, &[])
}

/// The same with refunds up to a day, under a policy with these years cleared on these days.
fn cases_of(
    home: &Path,
    years: &str,
    refunds_until: Option<&str>,
    cleared: &[(u16, &str)],
) -> (Vec<(String, i64)>, usize) {
    let engine = Engine::start(Limits { threads: 2, memory_bytes: 256 << 20 }).unwrap();
    let snapshot = Store::open(&home.join("wh")).unwrap().snapshot().unwrap();
    let years: Years = years.parse().unwrap();
    let mut policy = policy::load("jining-apg").unwrap().policy;
    let date = |(year, on): &(u16, &str)| ClearingDate {
        cite: Cite::default(),
        year: *year,
        on: on.parse().unwrap(),
    };
    policy.clearing_dates = cleared.iter().map(date).collect();
    let refunds_until = refunds_until.map(|day| day.parse().unwrap());
    let (keep_ids, keep_records, parts) = (false, false, false);
    let request = Request { policy, years, keep_ids, keep_records, refunds_until, parts };
    let built = build(&engine, &snapshot, &request).unwrap();
    let group = |id: u32| built.cases.groups[id as usize].clone();
    let mut cases: Vec<(String, i64)> =
        built.cases.group.iter().map(|id| group(*id)).zip(built.cases.fee_fen.clone()).collect();
    cases.sort();
    // The refunds of these tests name settlements that are there.
    assert!(built.orphan_refunds.is_empty(), "{:?}", built.orphan_refunds);
    (cases, built.prior_refunds.len())
}

/// S1: O 600 − 500 = 100, M 400 of a fee of 500: led by drugs, procedures do not count after M (A14).
/// R2 stands on another person, so in another bucket perhaps; S2 keeps 200 of 300.
// shows: E01, A45, R03, R14
#[test]
fn a_refund_in_january_takes_its_lines_from_a_visit_in_december() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("settlement.csv"), SETTLEMENTS).unwrap();
    std::fs::write(home.path().join("fee_item.csv"), LINES).unwrap();
    dianshu(home.path(), "ingest settlement.csv fee_item.csv --warehouse wh --quiet").ok();
    let expected = vec![("M_D1".to_owned(), 50_000), ("M_D2".to_owned(), 20_000)];
    assert_eq!(cases(home.path(), "2023"), (expected.clone(), 0));
    assert_eq!(cases(home.path(), "2023,2024"), (expected.clone(), 2));
    // Cleared on the last day of 2023, both visits stand as they were: S1 led by 600.00 of O with 400.00
    // of M. With 2024 in the same request the refunds are inside it.
    let as_cleared = vec![("M_D2".to_owned(), 30_000), ("OM_D1".to_owned(), 100_000)];
    assert_eq!(cases_of(home.path(), "2023", Some("2023-12-31"), &[]), (as_cleared, 0));
    assert_eq!(cases_of(home.path(), "2023,2024", Some("2024-12-31"), &[]), (expected.clone(), 2));
    // Seen from the year of the refunds there is no case, and both are refunds of the year before.
    assert_eq!(cases(home.path(), "2024"), (Vec::new(), 2));
    // Cleared on the day of the first refund, 2023 has that one inside it: S1 as it is with all of them,
    // S2 without any; and 2024 takes back the second alone. A day earlier both belong to 2024.
    let with_the_first = vec![("M_D1".to_owned(), 50_000), ("M_D2".to_owned(), 30_000)];
    let on = |day: &str| cases_of(home.path(), "2023", Some(day), &[]);
    assert_eq!(on("2024-01-03"), (with_the_first, 0));
    let of_2024 = |day: &str| cases_of(home.path(), "2024", None, &[(2023, day)]);
    assert_eq!(of_2024("2024-01-03"), (Vec::new(), 1));
    assert_eq!(of_2024("2024-01-02"), (Vec::new(), 2));
}

/// Twelve visits of 600.00 O and 400.00 M, each reversed by 500.00 of O on the next person: whatever
/// buckets the two lie in, 100.00 of O and 400.00 of M are left, so drugs lead (A14, R14).
// shows: E01, A14, R14
#[test]
fn a_reversal_on_another_person_takes_its_lines_too() {
    let mut settlements = SETTLEMENTS.lines().next().unwrap().to_owned() + "\n";
    let mut lines = LINES.lines().next().unwrap().to_owned() + "\n";
    for at in 0..12 {
        let next = (at + 1) % 12;
        settlements += &format!(
            "S{at},P{at},H1,310,14,D1,2023-05-01 10:00:00,1000.00,800.00,,0\n\
             R{at},P{next},H1,310,14,D1,2023-06-01 10:00:00,-500.00,-400.00,S{at},1\n"
        );
        lines += &format!(
            "S{at},1,P{at},2023-05-01 10:00:00,05,600.00\n\
             S{at},2,P{at},2023-05-01 10:00:00,09,400.00\n\
             R{at},1,P{next},2023-06-01 10:00:00,05,-500.00\n"
        );
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("settlement.csv"), settlements).unwrap();
    std::fs::write(home.path().join("fee_item.csv"), lines).unwrap();
    dianshu(home.path(), "ingest settlement.csv fee_item.csv --warehouse wh --quiet").ok();
    assert_eq!(cases(home.path(), "2023"), (vec![("M_D1".to_owned(), 50_000); 12], 0));
    // `check` sees the same: no orphan, twelve partial refunds.
    let rows = |check: &str| {
        let command = format!("check --warehouse wh --year 2023 --rows {check} --json --quiet");
        dianshu(home.path(), &command).stdout.lines().count()
    };
    assert_eq!(rows("orphan_refund"), 0);
    assert_eq!(rows("refund_partial"), 12);
}

/// One id on twelve persons is nobody's settlement, and `check` names every row (A48).
// shows: A48
#[test]
fn an_id_that_persons_share_is_rejected_wherever_they_lie() {
    let mut settlements = SETTLEMENTS.lines().next().unwrap().to_owned() + "\n";
    for at in 0..12 {
        settlements += &format!("S,P{at},H1,310,14,D1,2023-05-01 10:00:00,999.00,800.00,,0\n");
    }
    settlements += "T,P1,H1,310,14,D1,2023-05-01 10:00:00,1000.00,800.00,,0\n";
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("settlement.csv"), settlements).unwrap();
    dianshu(home.path(), "ingest settlement.csv --warehouse wh --quiet").ok();
    let (found, _) = cases(home.path(), "2023");
    assert_eq!(found, vec![("QY_D1".to_owned(), 100_000)], "only T is left, without lines");
    let check = "check --warehouse wh --year 2023 --rows duplicate_conflict --json --quiet";
    assert_eq!(dianshu(home.path(), check).stdout.lines().count(), 12);
}
