//! Split visits, several visits settled as one and shifted cost, planted at one hospital each (Y35).

use std::fmt::Write as _;
use std::fs;

use super::tools::{dianshu, json_lines};

/// A day of visits: H1 … H4 treat one person each, `day` after `day`, six days apart, for 100.00 of which
/// 10.00 are outside the list. In `planted` weeks person A comes to H1 again 30 hours later, H2 settles lines
/// of three dates as one, and H3 has 20.00 paid outside the list.
fn city(planted: usize) -> (String, String) {
    let mut settlements =
        "setl_id,psn_no,fixmedins_code,insutype,med_type,dise_codg,begntime,setl_time,\
                           medfee_sumamt,hifp_pay,fulamt_ownpay_amt\n"
            .to_owned();
    let mut lines =
        "setl_id,feedetl_sn,psn_no,fee_ocur_time,med_chrgitm_type,det_item_fee_sumamt\n".to_owned();
    let start = chrono::NaiveDate::from_ymd_opt(2024, 1, 2).unwrap().and_hms_opt(8, 0, 0).unwrap();
    let mut add =
        |id: &str, hospital: usize, begun: chrono::NaiveDateTime, own: &str, dates: i64| {
            let (hour, end) =
                (chrono::TimeDelta::hours(1), begun + chrono::TimeDelta::days(dates - 1));
            writeln!(
                settlements,
                "{id},P{hospital},H{hospital},310,14,N18,{begun},{},100.00,80.00,{own}",
                end + hour
            )
            .unwrap();
            for at in 0..dates {
                let (share, day) = (
                    if at == 0 { 100 - 10 * (dates - 1) } else { 10 },
                    begun + chrono::TimeDelta::days(at),
                );
                writeln!(lines, "{id},{at},P{hospital},{day},09,{share}.00").unwrap();
            }
        };
    for hospital in 1..=4 {
        // The year before, which the catalog is built from.
        add(&format!("h{hospital}"), hospital, start - chrono::TimeDelta::days(300), "10.00", 1);
    }
    for week in 0..40 {
        let begun = start + chrono::TimeDelta::days(6 * i64::try_from(week).unwrap());
        let bad = week < planted;
        add(&format!("a{week:02}"), 1, begun, "10.00", 1);
        if bad {
            add(&format!("a{week:02}s"), 1, begun + chrono::TimeDelta::hours(30), "10.00", 1);
        }
        add(&format!("b{week:02}"), 2, begun, "10.00", if bad { 3 } else { 1 });
        add(&format!("c{week:02}"), 3, begun, if bad { "20.00" } else { "10.00" }, 1);
        add(&format!("d{week:02}"), 4, begun, "10.00", 1);
    }
    (settlements, lines)
}

fn audited(planted: usize) -> (Vec<serde_json::Value>, String) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    let (settlements, lines) = city(planted);
    fs::write(path.join("settlement.csv"), settlements).unwrap();
    fs::write(path.join("fee_item.csv"), lines).unwrap();
    let institutions: String = (1..=4).map(|at| format!("H{at},2022-12-01\n")).collect();
    fs::write(path.join("institution.csv"), format!("fixmedins_code,start_date\n{institutions}"))
        .unwrap();
    dianshu(path, "ingest settlement.csv fee_item.csv institution.csv --warehouse wh --quiet").ok();
    let built = "catalog build --policy yantai-apg --years 2023 --out cat --warehouse wh --quiet";
    dianshu(path, built).ok();
    let audit = "audit --policy yantai-apg --catalog cat --year 2024 --warehouse wh --lang en";
    let table = dianshu(path, &format!("{audit} --table behaviour --json"));
    assert!(table.code <= 1, "{}", table.stderr);
    (json_lines(&table.stdout), dianshu(path, audit).stdout)
}

/// 30 planted weeks of 40: H1 has 30 split visits of 70, H2 30 settlements on three dates (60 visits more),
/// H3 30 × 20.00 + 10 × 10.00 = 700.00 of 4000.00 outside the list, the others 10 %.
// shows: Y35
#[test]
fn planted_behaviour_is_found_with_its_counts_and_yuan() {
    let (rows, text) = audited(30);
    let of = |row: usize, key: &str| {
        let value = &rows[row][key];
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    };
    assert_eq!(rows.len(), 4);
    assert_eq!(
        (of(0, "visits"), of(0, "split_visits"), of(0, "split_yuan")),
        ("70".into(), "30".into(), "3000.00".into())
    );
    assert_eq!(
        (of(1, "merged_settlements"), of(1, "merged_extra_visits")),
        ("30".into(), "60".into())
    );
    assert_eq!(
        (of(2, "own_paid_yuan"), of(2, "own_paid_share")),
        ("700.00".into(), "0.1750".into())
    );
    let stands: Vec<String> = (0..4).map(|row| of(row, "stands_out")).collect();
    assert_eq!(stands, ["split_visits", "visits_settled_together", "shifted_cost", ""]);
    for part in [
        "warning  split_visits  H1  3000.00",
        "warning  visits_settled_together  H2  3000.00",
        "warning  shifted_cost  H3  700.00",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

// shows: Y35
#[test]
fn an_honest_city_has_nothing_that_stands_out() {
    let (rows, text) = audited(0);
    assert!(rows.iter().all(|row| row["stands_out"] == ""), "{rows:?}");
    assert!(!text.contains("split_visits"), "{text}");
}
