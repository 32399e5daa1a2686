//! Stays: what a case carries beyond its money, through the models and the merging of visits.

use dianshu::grouping::cases::{Built, Request, build};
use dianshu::policy;
use dianshu::warehouse::engine::{Engine, Limits};
use dianshu::warehouse::store::Store;

use super::tools::dianshu;

/// Three settlements of one stay at two institutions, one of them partly refunded by R2; a stay of one
/// settlement; a stay without diagnosis, operation, age and end.
const SETTLEMENTS: &str = "\
setl_id,mdtrt_id,psn_no,fixmedins_code,insutype,med_type,begntime,endtime,setl_time,medfee_sumamt,hifp_pay,init_setl_id,refd_setl_flag,gend,age,icu_days,dscg_way,asst_type,dscg_caty
S1,M1,P1,H1,310,21,2023-03-01 10:00:00,2023-03-04 10:00:00,2023-03-04 10:00:00,1000.00,800.00,,0,1,64,0,9,,0200
S2,M1,P1,H1,310,21,2023-03-04 10:00:00,2023-03-08 10:00:00,2023-03-08 10:00:00,2000.00,1500.00,,0,1,64,0,9,,0200
S3,M1,P1,H2,390,21,2023-03-08 10:00:00,2023-03-11 09:00:00,2023-03-12 10:00:00,300.00,200.00,,0,1,65,2,5,severe,0300
R2,M1,P1,H1,310,21,2023-03-04 10:00:00,2023-03-08 10:00:00,2023-04-01 10:00:00,-500.00,-400.00,S2,1,1,64,0,9,,0200
S4,M2,P2,H1,310,21,2023-05-01 10:00:00,2023-05-01 18:00:00,2023-05-01 19:00:00,50.00,40.00,,0,2,0.5,0,1,,
S5,M3,P3,H1,310,21,,,2023-06-01 10:00:00,70.00,60.00,,0,,,,,,
";

/// 8.3: 09 drug, 08 consumable, 03 exam, 06 treatment, 01 service.
const LINES: &str = "\
setl_id,feedetl_sn,psn_no,fee_ocur_time,med_chrgitm_type,det_item_fee_sumamt
S1,1,P1,2023-03-01 10:00:00,09,600.00
S1,2,P1,2023-03-01 10:00:00,01,400.00
S2,1,P1,2023-03-05 10:00:00,08,1500.00
S2,2,P1,2023-03-05 10:00:00,06,500.00
S3,1,P1,2023-03-09 10:00:00,03,300.00
R2,1,P1,2023-04-01 10:00:00,08,-400.00
R2,2,P1,2023-04-01 10:00:00,06,-100.00
S4,1,P2,2023-05-01 10:00:00,09,50.00
";

const DIAGNOSES: &str = "\
setl_id,psn_no,diag_code,diag_srt_no,maindiag_flag
S1,P1,R07.400,1,1
S2,P1,R07.400,1,1
S3,P1,E11.900,2,0
S3,P1,I21.000x001,1,1
S3,P1,E11.900,2,0
S4,P2,O80.900,1,1
";

const OPERATIONS: &str = "\
setl_id,psn_no,oprn_oprt_code,oprn_oprt_type,oprn_srt_no
S2,P1,88.5500x001,1,1
S3,P1,36.0700x004,1,1
S3,P1,88.5500x001,2,2
";

fn loaded() -> (tempfile::TempDir, Engine) {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("settlement.csv", SETTLEMENTS),
        ("fee_item.csv", LINES),
        ("diagnosis.csv", DIAGNOSES),
        ("procedure.csv", OPERATIONS),
    ] {
        std::fs::write(home.path().join(name), text).unwrap();
    }
    let files = "settlement.csv fee_item.csv diagnosis.csv procedure.csv";
    dianshu(home.path(), &format!("ingest {files} --warehouse wh --quiet")).ok();
    let engine = Engine::start(Limits { threads: 2, memory_bytes: 256 << 20 }).unwrap();
    (home, engine)
}

fn built(unit: &str, keep: bool) -> Built {
    let (home, engine) = loaded();
    let snapshot = Store::open(&home.path().join("wh")).unwrap().snapshot().unwrap();
    let good = std::fs::read_to_string("tests/bad/policy/cost-class-twice.toml").unwrap();
    let good = good.replace(", \"04\"]", "]").replace("unit = \"settlement\"", unit);
    let policy = home.path().join("policy.toml");
    let scope = good.replace("med_type = [\"14\"]", "med_type = [\"21\"]");
    let scope = scope.replace("insutype = [\"310\"]", "insutype = [\"310\", \"390\"]");
    let scope = scope.replace("dise_codg = [\"N18\"]", "dise_codg = []");
    std::fs::write(&policy, scope).unwrap();
    let mut policy = policy::load(policy.to_str().unwrap()).unwrap().policy;
    policy.case.cycle = None;
    if !keep {
        policy.case.cost_classes = None;
    }
    let years = "2023".parse().unwrap();
    let request = Request {
        policy,
        years,
        keep_ids: true,
        keep_records: keep,
        refunds_until: None,
        parts: false,
    };
    build(&engine, &snapshot, &request).unwrap()
}

/// Position of a case by its id.
fn at(built: &Built, id: &str) -> usize {
    built.cases.case_id.texts().position(|known| known == id).unwrap()
}

// shows: A54, R15, R19, R32, R33, R14
#[test]
fn a_stay_of_several_settlements_is_one_case_with_the_record_of_the_last() {
    let built = built("unit = \"visit\"", true);
    assert_eq!(built.cases.len(), 3);
    assert_eq!(built.records.len(), 3);
    let last = at(&built, "S3");
    let cases = &built.cases;
    // 1000 + (2000 − 500) + 300; 800 + (1500 − 400) + 200.
    assert_eq!((cases.fee_fen[last], cases.fund_fen[last]), (280_000, 210_000));
    assert_eq!(cases.institutions[cases.institution[last] as usize], "H2");
    assert_eq!(cases.insutypes[usize::from(cases.insutype[last])], "390");
    // Drugs 600; consumables 1500 − 400; exams 300; treatment 500 − 100; service 400.
    assert_eq!(cases.cost_fen[last], [60_000, 110_000, 30_000, 40_000, 40_000]);
    let record = &built.records[last];
    assert_eq!(record.main_diagnosis, "I21.000x001");
    assert_eq!(record.other_diagnoses, ["E11.900"]);
    assert_eq!(record.main_operation, "36.0700x004");
    assert_eq!(record.other_operations, ["88.5500x001"]);
    // 65 × 365 days; from March 1 to March 11.
    assert_eq!((record.age_days, record.stay_days, record.icu_days), (Some(23_725), 10, 2));
    let said = (record.gend.as_str(), record.dscg_way.as_str(), record.asst_type.as_str());
    assert_eq!(said, ("1", "5", "severe"));
}

// shows: A54, R19
#[test]
fn settlements_that_are_cases_keep_their_own_records() {
    let built = built("unit = \"settlement\"", true);
    assert_eq!(built.cases.len(), 5);
    let second = at(&built, "S2");
    assert_eq!(built.records[second].main_operation, "88.5500x001");
    assert_eq!(built.records[second].stay_days, 4);
    assert_eq!(built.cases.cost_fen[second], [0, 110_000, 0, 40_000, 0]);
    // Half a year is 182 days; in and out on one day is a day.
    let fourth = at(&built, "S4");
    assert_eq!((built.records[fourth].age_days, built.records[fourth].stay_days), (Some(182), 1));
    let bare = at(&built, "S5");
    assert_eq!(built.records[bare].main_diagnosis, "");
    assert_eq!((built.records[bare].age_days, built.records[bare].stay_days), (None, 1));
    assert_eq!(built.cases.cost_fen[bare], [0; 5]);
}

// shows: R01, R15, R32
#[test]
fn the_profile_of_a_stay_is_the_combination_of_its_last_settlement() {
    let (home, engine) = loaded();
    let snapshot = Store::open(&home.path().join("wh")).unwrap().snapshot().unwrap();
    let mut policy = policy::load("tests/policy/dip").unwrap().policy;
    policy.scope.insutype = vec!["310".to_owned(), "390".to_owned()];
    policy.scope.med_type = vec!["21".to_owned()];
    policy.scope.dise_codg.clear();
    policy.case.unit = policy::model::CaseUnit::Visit;
    let years = "2023".parse().unwrap();
    let request = Request {
        policy,
        years,
        keep_ids: true,
        keep_records: false,
        refunds_until: None,
        parts: false,
    };
    let built = build(&engine, &snapshot, &request).unwrap();
    let mut groups: Vec<(String, Option<&String>)> = built
        .cases
        .case_id
        .texts()
        .zip(&built.cases.group)
        .map(|(id, group)| (id.to_owned(), built.cases.groups.get(*group as usize)))
        .collect();
    groups.sort();
    let group = |at: usize| groups[at].1.map(String::as_str);
    assert_eq!(group(0), Some("I21.0+36.0700x004+88.5500x001"), "S3, the last of its stay");
    assert_eq!(group(1), Some("O80.9"), "S4");
    assert_eq!(group(2), None, "S5 has no diagnosis");
    assert!(built.records.is_empty());
}

// shows: E09, Z21, R18
#[test]
fn a_stay_has_its_types_and_its_discipline_where_the_policy_asks() {
    let (home, engine) = loaded();
    let snapshot = Store::open(&home.path().join("wh")).unwrap().snapshot().unwrap();
    let mut policy = policy::load("tests/policy/coefficient").unwrap().policy;
    policy.scope.insutype = vec!["310".to_owned(), "390".to_owned()];
    policy.scope.med_type = vec!["21".to_owned()];
    policy.scope.dise_codg.clear();
    policy.case.unit = policy::model::CaseUnit::Visit;
    (policy.case.cycle, policy.case.late) = (None, None);
    let years = "2023".parse().unwrap();
    let request = Request {
        policy,
        years,
        keep_ids: true,
        keep_records: false,
        refunds_until: None,
        parts: false,
    };
    let built = build(&engine, &snapshot, &request).unwrap();
    let of = |id: &str| {
        let at = at(&built, id);
        let types = &built.cases.auxiliaries[built.cases.auxiliary[at] as usize];
        let discipline = &built.cases.disciplines[usize::from(built.cases.discipline[at])];
        (types.as_str(), discipline.as_str())
    };
    // The typing given with the last settlement prevails.
    assert_eq!(of("S3"), ("severe", "0300"));
    // Half a year old, no comorbidity, no department.
    assert_eq!(of("S4"), ("severity_mild;age_29d-1y;cci_0", ""));
}

#[test]
fn nothing_of_a_stay_is_read_where_nothing_is_asked_for() {
    let built = built("unit = \"visit\"", false);
    assert!(built.records.is_empty() && built.cases.cost_fen.is_empty());
    assert_eq!(built.cases.fee_fen[at(&built, "S3")], 280_000);
}

/// Discharged in December and settled in January, partly refunded by R1 in February; settled before it
/// ended; without an end; discharged in November and settled in December.
const AROUND_NEW_YEAR: &str = "\
setl_id,mdtrt_id,psn_no,fixmedins_code,insutype,med_type,begntime,endtime,setl_time,medfee_sumamt,hifp_pay,init_setl_id,refd_setl_flag
D1,M1,P1,H1,310,21,2023-12-28 10:00:00,2023-12-30 10:00:00,2024-01-04 10:00:00,100.00,80.00,,0
R1,M1,P1,H1,310,21,2023-12-28 10:00:00,2023-12-30 10:00:00,2024-02-10 10:00:00,-10.00,-8.00,D1,1
D2,M2,P2,H1,310,21,2023-12-30 10:00:00,2024-01-02 10:00:00,2023-12-31 10:00:00,200.00,160.00,,0
D3,M3,P3,H1,310,21,2023-06-01 10:00:00,,2023-06-01 10:00:00,30.00,20.00,,0
D4,M4,P4,H1,310,21,2023-11-28 10:00:00,2023-11-30 23:59:59,2023-12-02 10:00:00,40.00,30.00,,0
";

/// Lines of D1 and R1: drugs 60 − 10, service 40.
const THEIR_LINES: &str = "\
setl_id,feedetl_sn,psn_no,fee_ocur_time,med_chrgitm_type,det_item_fee_sumamt
D1,1,P1,2023-12-28 10:00:00,09,60.00
D1,2,P1,2023-12-28 10:00:00,01,40.00
R1,1,P1,2024-02-10 10:00:00,09,-10.00
";

// By hand from the rows above.
// shows: A44, A45, R03, R14
#[test]
fn a_case_has_the_month_of_its_settlement_or_of_its_discharge() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("settlement.csv"), AROUND_NEW_YEAR).unwrap();
    std::fs::write(home.path().join("fee_item.csv"), THEIR_LINES).unwrap();
    dianshu(home.path(), "ingest settlement.csv fee_item.csv --warehouse wh --quiet").ok();
    let engine = Engine::start(Limits { threads: 2, memory_bytes: 256 << 20 }).unwrap();
    let snapshot = Store::open(&home.path().join("wh")).unwrap().snapshot().unwrap();
    let good = std::fs::read_to_string("tests/bad/policy/cost-class-twice.toml").unwrap();
    let good = good
        .replace(", \"04\"]", "]")
        .replace("med_type = [\"14\"]", "med_type = [\"21\"]")
        .replace("dise_codg = [\"N18\"]", "dise_codg = []");
    // Id, year, month, fee and drugs of each case, by id; fund of refunds of cleared years.
    let of = |dated_by: &str, years: &str| {
        let unit = "unit = \"settlement\"";
        let text = good.replace(unit, &format!("{unit}\ndated_by = \"{dated_by}\""));
        let file = home.path().join("policy.toml");
        std::fs::write(&file, text).unwrap();
        let mut policy = policy::load(file.to_str().unwrap()).unwrap().policy;
        policy.case.cycle = None;
        let request = Request {
            policy,
            years: years.parse().unwrap(),
            keep_ids: true,
            keep_records: false,
            refunds_until: None,
            parts: false,
        };
        let built = build(&engine, &snapshot, &request).unwrap();
        let cases = &built.cases;
        let mut found: Vec<(String, u16, u8, i64, i64)> = (0..cases.len())
            .map(|at| {
                let id = cases.case_id.texts().nth(at).unwrap().to_owned();
                (id, cases.year[at], cases.month[at], cases.fee_fen[at], cases.cost_fen[at][0])
            })
            .collect();
        found.sort();
        let refunds: i64 = built.prior_refunds.iter().map(|refund| refund.fund_fen).sum();
        (found, refunds)
    };
    let row = |id: &str, year, month, fee, drugs| (id.to_owned(), year, month, fee, drugs);
    let (december, january) = (row("D1", 2023, 12, 9_000, 5_000), row("D1", 2024, 1, 9_000, 5_000));
    let june = row("D3", 2023, 6, 3_000, 0);
    assert_eq!(
        of("endtime", "2023"),
        (vec![december.clone(), june.clone(), row("D4", 2023, 11, 4_000, 0)], 0)
    );
    // Its refund comes when the year of the discharge is cleared: it is one of an earlier year.
    assert_eq!(of("endtime", "2024"), (vec![row("D2", 2024, 1, 20_000, 0)], 800));
    let late = row("D4", 2023, 12, 4_000, 0);
    assert_eq!(
        of("setl_time", "2023"),
        (vec![row("D2", 2023, 12, 20_000, 0), june.clone(), late.clone()], 0)
    );
    assert_eq!(of("setl_time", "2024"), (vec![january.clone()], 0));
    // No case is lost between the years, nor stands in two.
    let (both, _) = of("endtime", "2023,2024");
    let ids: Vec<&str> = both.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(ids, ["D1", "D2", "D3", "D4"]);
}
