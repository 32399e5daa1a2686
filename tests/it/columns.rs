//! Columns of cases that only some policies read, from raw rows through refunds and merging.

use std::path::Path;

use dianshu::grouping::cases::{Built, Request, build};
use dianshu::policy::model::{Cite, Policy, SelfPaid};
use dianshu::policy::{compose, load, load_scenarios};
use dianshu::settlement::cases::flag;
use dianshu::warehouse::engine::{Engine, Limits};
use dianshu::warehouse::store::Store;

use super::tools::dianshu;

/// Loads tables and builds the cases of 2023 under a policy.
fn built(tables: &[(&str, &str)], policy: Policy) -> Built {
    let home = tempfile::tempdir().unwrap();
    let path: &Path = home.path();
    let mut names = Vec::new();
    for (name, text) in tables {
        std::fs::write(path.join(name), text).unwrap();
        names.push(*name);
    }
    dianshu(path, &format!("ingest {} --warehouse wh --quiet", names.join(" "))).ok();
    let engine = Engine::start(Limits { threads: 2, memory_bytes: 256 << 20 }).unwrap();
    let snapshot = Store::open(&path.join("wh")).unwrap().snapshot().unwrap();
    let years = "2023".parse().unwrap();
    let request = Request {
        policy,
        years,
        keep_ids: true,
        keep_records: false,
        refunds_until: None,
        parts: false,
    };
    build(&engine, &snapshot, &request).unwrap()
}

/// Value of a column for the case of this id.
fn of<T: Copy>(built: &Built, column: &[T], id: &str) -> T {
    column[built.cases.case_id.texts().position(|known| known == id).unwrap()]
}

/// S2 is partly refunded on another person, so perhaps in another bucket.
const VISITS: &str = "\
setl_id,psn_no,fixmedins_code,insutype,med_type,setl_time,medfee_sumamt,hifp_pay,init_setl_id,refd_setl_flag
S1,P1,H1,310,11,2023-03-01 10:00:00,100.00,85.00,,0
S2,P2,H1,390,11,2023-03-02 10:00:00,100.00,85.00,,0
R2,P3,H1,390,11,2023-03-05 10:00:00,-10.01,-8.51,S2,1
S3,P1,H1,310,11,2023-03-09 10:00:00,60.00,30.00,,0
";

const LINES: &str = "\
setl_id,feedetl_sn,psn_no,fee_ocur_time,med_chrgitm_type,hi_nego_drug_flag,det_item_fee_sumamt
S1,1,P1,2023-03-01 10:00:00,02,2,10.01
S1,2,P1,2023-03-01 10:00:00,09,1,0.03
S1,3,P1,2023-03-01 10:00:00,09,2,89.96
S2,1,P2,2023-03-02 10:00:00,02,2,10.01
S2,2,P2,2023-03-02 10:00:00,09,1,0.03
S2,3,P2,2023-03-02 10:00:00,09,2,89.96
R2,1,P3,2023-03-05 10:00:00,02,2,-10.01
S3,1,P1,2023-03-09 10:00:00,09,2,60.00
";

const DIAGNOSES: &str = "\
setl_id,psn_no,diag_code,diag_srt_no,maindiag_flag
S1,P1,J06.900,1,1
S2,P2,J06.900,1,1
S3,P1,J06.900,1,1
";

/// A47: consultation fee and negotiated drugs leave the fee and are paid line by line.
/// S1: 10.01 × 0.85 = 8.5085 → 8.51, 0.03 × 0.85 = 0.0255 → 0.03: 8.54, fee 100 − 10.04.
/// S2: 10.01 came back with its 8.51: the rest is 76.49 of 89.99; 10.01 and −10.01 cancel out to the fen,
/// 0.03 × 76.49 ÷ 89.99 = 0.0255 → 0.03; fee 89.99 − 0.03.
// shows: A47, H10, R14
#[test]
fn carved_out_lines_are_paid_one_by_one_by_the_ratio_of_their_case() {
    let published = load("jinhua-apg").unwrap();
    let scenario = load_scenarios("carve-out-both", &published).unwrap();
    let policy = compose(&published, &scenario).unwrap().policy;
    let tables =
        [("settlement.csv", VISITS), ("fee_item.csv", LINES), ("diagnosis.csv", DIAGNOSES)];
    let made = built(&tables, policy);
    let cases = &made.cases;
    let row = |id: &str| {
        (
            of(&made, &cases.fee_fen, id),
            of(&made, &cases.carved_fen, id),
            of(&made, &cases.fund_fen, id),
        )
    };
    assert_eq!(row("S1"), (8_996, 854, 8_500));
    assert_eq!(row("S2"), (8_996, 3, 7_649));
    assert_eq!(row("S3"), (6_000, 0, 3_000));
    // Without the section nothing leaves the fee and there is no such column.
    let whole = built(&tables, published.policy);
    assert_eq!(of(&whole, &whole.cases.fee_fen, "S1"), 10_000);
    assert!(whole.cases.carved_fen.is_empty());
}

/// A stay of two settlements, the first partly refunded; one of day surgery.
const STAYS: &str = "\
setl_id,mdtrt_id,psn_no,fixmedins_code,insutype,med_type,begntime,endtime,setl_time,medfee_sumamt,fulamt_ownpay_amt,hifp_pay,init_setl_id,refd_setl_flag,day_surgery
S1,M1,P1,H1,310,21,2023-03-01 10:00:00,2023-03-04 10:00:00,2023-03-04 10:00:00,1000.00,120.00,800.00,,0,1
S2,M1,P1,H1,310,21,2023-03-04 10:00:00,2023-03-08 10:00:00,2023-03-08 10:00:00,2000.00,30.00,1500.00,,0,0
R1,M1,P1,H1,310,21,2023-03-01 10:00:00,2023-03-04 10:00:00,2023-04-01 10:00:00,-100.00,-20.00,-80.00,S1,1,0
S3,M2,P2,H1,310,21,2023-05-01 10:00:00,2023-05-01 18:00:00,2023-05-01 19:00:00,500.00,,400.00,,0,1
S4,M3,P3,H1,390,52,2023-05-02 10:00:00,2023-05-05 18:00:00,2023-05-05 19:00:00,700.00,7.01,500.00,,0,0
S5,M4,P3,H1,390,21,2023-06-02 10:00:00,2023-06-05 18:00:00,2023-06-05 19:00:00,900.00,0.00,500.00,,0,0
";

const STAY_DIAGNOSES: &str = "\
setl_id,psn_no,diag_code,diag_srt_no,maindiag_flag
S1,P1,I21.000x001,1,1
S2,P1,I21.000x001,1,1
S3,P2,H25.900,1,1
S4,P3,O80.900,1,1
S5,P3,I21.000x001,1,1
";

/// Z17: what patients paid in full themselves, net of refunds, of all settlements of a stay:
/// 120 − |−20| + 30 = 130.00. Whether it was day surgery says the last one (R15). Day surgery and
/// maternity (52) are in scope (Z10).
// shows: Z10, Z17, R15, R05
#[test]
fn a_stay_knows_its_own_payment_and_whether_it_was_day_surgery() {
    let mut policy = load("zibo-dip").unwrap().policy;
    let limit = SelfPaid {
        cite: Cite::default(),
        limit: "0.1".parse().unwrap(),
        factor: "0.9".parse().unwrap(),
    };
    let score = policy.score.as_mut().unwrap();
    score.self_paid = Some(limit);
    let made = built(&[("settlement.csv", STAYS), ("diagnosis.csv", STAY_DIAGNOSES)], policy);
    let cases = &made.cases;
    assert_eq!(cases.len(), 4);
    let own = |id: &str| of(&made, &cases.self_paid_fen, id);
    assert_eq!([own("S2"), own("S3"), own("S4"), own("S5")], [13_000, 0, 701, 0]);
    let is_day_surgery = |id: &str| of(&made, &cases.flags, id) & flag::DAY_SURGERY != 0;
    assert!(is_day_surgery("S3"));
    assert!(!is_day_surgery("S2") && !is_day_surgery("S4") && !is_day_surgery("S5"));
}

/// Fills of drugs: S2 and S3 are one 24-hour cycle; R1 takes a drug line of S1 back.
const FILLS: &str = "\
setl_id,psn_no,fixmedins_code,insutype,med_type,dise_codg,begntime,endtime,setl_time,upload_time,medfee_sumamt,hifp_pay,init_setl_id,refd_setl_flag
S1,P1,H1,310,14,N18,2023-01-01 23:00:00,2023-01-01 23:30:00,2023-01-02 09:00:00,2023-01-02 10:00:00,500.00,400.00,,0
R1,P1,H1,310,14,N18,2023-01-01 23:00:00,2023-01-01 23:30:00,2023-01-03 09:00:00,2023-01-03 10:00:00,-60.00,-48.00,S1,1
S2,P2,H1,310,14,N18,2023-01-31 09:00:00,2023-01-31 10:00:00,2023-01-31 11:00:00,2023-01-31 12:00:00,300.00,240.00,,0
S3,P2,H1,310,14,N18,2023-01-31 20:00:00,2023-01-31 21:00:00,2023-01-31 22:00:00,2023-01-31 23:00:00,200.00,160.00,,0
S4,P1,H1,310,14,N18,2023-03-01 09:00:00,2023-03-01 10:00:00,2023-03-01 11:00:00,2023-03-01 12:00:00,100.00,80.00,,0
";

const FILL_LINES: &str = "\
setl_id,feedetl_sn,psn_no,fee_ocur_time,med_chrgitm_type,hi_nego_drug_flag,prd_days,det_item_fee_sumamt
S1,1,P1,2023-01-01 23:00:00,09,1,30,400.00
S1,2,P1,2023-01-01 23:00:00,11,2,7.5,60.00
S1,3,P1,2023-01-01 23:00:00,03,2,,40.00
R1,1,P1,2023-01-01 23:00:00,11,2,,-60.00
S2,1,P2,2023-01-31 09:00:00,09,2,30,300.00
S3,1,P2,2023-01-31 20:00:00,10,1,14,200.00
S4,1,P1,2023-03-01 09:00:00,01,2,99,100.00
";

const FILL_DIAGNOSES: &str = "\
setl_id,psn_no,diag_code,diag_srt_no,maindiag_flag
S1,P1,N18.900,1,1
S2,P2,N18.900,1,1
S3,P2,N18.900,1,1
S4,P1,N18.900,1,1
";

const PILOT: &str =
    "fixmedins_code,hosp_lv,inst_type,start_date\nH1,2,general,2022-12-01 00:00:00\n";

/// A17, R16: persons by number, the day of the beginning counted from 1970-01-01 (2023-01-01 is day
/// 19 358), drugs by charge type 09–11 net of refunds, and the days that the drugs of the last settlement
/// last. Y33: negotiated drugs.
/// S1: 400 + 60 − |−60| of drugs, 400 negotiated, 30 days. S2 with S3: 300 + 200, 200 negotiated, the 14
/// days of S3. S4 has no drug: a line of another charge type lasts no days.
// shows: A17, R14, R16, Y30, Y33
#[test]
fn cases_know_person_day_drugs_and_how_long_they_last() {
    let policy = load("yantai-apg").unwrap().policy;
    assert!(policy.clearing_days.is_some() && policy.compensation.is_some());
    let made = built(
        &[
            ("settlement.csv", FILLS),
            ("fee_item.csv", FILL_LINES),
            ("diagnosis.csv", FILL_DIAGNOSES),
            ("institution.csv", PILOT),
        ],
        policy,
    );
    let cases = &made.cases;
    assert_eq!(cases.len(), 3);
    let days = |id: &str| (of(&made, &cases.begin_day, id), of(&made, &cases.prd_days, id));
    assert_eq!([days("S1"), days("S2"), days("S4")], [(19_358, 30), (19_388, 14), (19_417, 0)]);
    let drugs = |id: &str| (of(&made, &cases.drug_fen, id), of(&made, &cases.negotiated_fen, id));
    assert_eq!(
        [drugs("S1"), drugs("S2"), drugs("S4")],
        [(40_000, 40_000), (50_000, 20_000), (0, 0)]
    );
    let person = |id: &str| of(&made, &cases.person, id);
    assert_eq!(person("S1"), person("S4"));
    assert_ne!(person("S1"), person("S2"));
}
