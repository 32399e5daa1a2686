//! Outpatient groups on made-up cities: truth of main diagnoses, refinement, carve-outs, units, splits; and
//! rules changed by an edit of one policy file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::tools::{csv, dianshu, json_lines, parquet};

const PEOPLE: u32 = 260;

type Row = BTreeMap<String, String>;

/// Fen of a yuan text with two places.
fn fen(yuan: &str) -> i128 {
    let (whole, part) = yuan.split_once('.').unwrap_or((yuan, "00"));
    let digits: i128 = format!("{}{part:0<2}", whole.trim_start_matches('-')).parse().unwrap();
    if whole.starts_with('-') { -digits } else { digits }
}

/// `numerator ÷ denominator` at four places, halves away from zero, in units of 0.0001.
fn e4(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator * 10_000 + denominator) / (2 * denominator)
}

/// A decimal with four places in units of 0.0001.
fn decimal(text: &str) -> i128 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<4}").parse().unwrap()
}

fn city(home: &Path, system: &str, more: &str) {
    dianshu(home, &format!("synth {system} --people {PEOPLE} --seed 7 --out export {more}")).ok();
    dianshu(home, "ingest export --warehouse wh --quiet");
}

/// Builds a catalog of 2022 and 2023 and returns its groups by code, and what it said.
fn build(home: &Path, policy: &str, out: &str, more: &str) -> (BTreeMap<String, Row>, String) {
    let words =
        format!("catalog build --policy {policy} --years 2022,2023 --out {out} --warehouse wh");
    let said = dianshu(home, &format!("{words} {more}")).ok().stderr;
    let rows = csv(&home.join(out).join("groups.csv"));
    (rows.into_iter().map(|row| (row["group_code"].clone(), row)).collect(), said)
}

fn number(row: &Row, column: &str) -> i128 {
    row[column].parse().unwrap()
}

/// Cases and cost in fen of 2022 and 2023 by a code made of a row of the truth.
fn truth(path: &Path, code: impl Fn(&Row) -> String) -> BTreeMap<String, (i128, i128)> {
    let mut sums: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for row in csv(path).into_iter().filter(|row| row["year"] != "2024") {
        let sum = sums.entry(code(&row)).or_default();
        sum.0 += number(&row, "cases");
        sum.1 += fen(&row["cost_sum_yuan"]);
    }
    sums
}

/// Cases and pooled mean (A02: ΣT ÷ Σn) of every group are those of the truth, and no group is missing.
#[track_caller]
fn same(groups: &BTreeMap<String, Row>, truth: &BTreeMap<String, (i128, i128)>) {
    let codes = |keys: Vec<&String>| keys.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(codes(groups.keys().collect()), codes(truth.keys().collect()));
    for (code, (cases, sum)) in truth {
        let row = &groups[code];
        assert_eq!(number(row, "cases"), *cases, "cases of {code}");
        // A small group with a parent takes the mean of the pool (A51).
        let is_small = row["flags"].split(';').any(|flag| flag == "small");
        if !is_small || row["parent"].is_empty() {
            assert_eq!(decimal(&row["mean"]), e4(*sum, *cases * 100), "mean of {code}");
        }
    }
}

// The shipped grouping: main class and three characters of the main diagnosis, with refunds, copies and
// people from elsewhere (R05 keeps them); points = pooled mean ÷ mean of all cases × 100 (H02).
// shows: H02, H11, H12, A14, R13, R33, R05, A02
#[test]
fn means_of_main_diagnoses_are_the_generators_sums() {
    let home = tempfile::tempdir().unwrap();
    city(home.path(), "jinhua-apg", "");
    let (groups, _) = build(home.path(), "jinhua-apg", "cat", "");
    let mut truth = truth(&home.path().join("export/truth.csv"), |row| row["group_code"].clone());
    // Cases without a main diagnosis have no group and count in the mean of all (R13).
    let (cases, sum) = truth.values().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    assert!(truth.remove("").is_some_and(|without| without.0 > 0));
    same(&groups, &truth);
    assert!(groups.len() > 60, "{} groups", groups.len());
    assert!(groups.contains_key("M_I10") && groups["QY_I10"]["kind"] == "fallback");
    for (code, (n, t)) in &truth {
        // t/n ÷ (sum/cases) × 100
        let points = e4(t * cases * 100, n * sum);
        assert_eq!(decimal(&groups[code]["points"]), points, "points of {code}");
    }
}

/// The code a settlement has on a level, said anew: `dx` counts characters without the dot.
fn dx(code: &str, many: usize) -> String {
    let mut left = many;
    let kept = code.chars().take_while(|letter| {
        let goes_on = left > 0;
        left -= usize::from(goes_on && *letter != '.');
        goes_on
    });
    kept.collect::<String>().trim_end_matches('.').to_owned()
}

/// Codes of a leaf of the shipped refinement, finest first (scenarios/refined.toml).
fn climb(row: &Row) -> Vec<String> {
    let (class, item, nego) = (&row["class"], &row["item"], &row["negotiated"]);
    let diagnosis = &row["diagnosis"];
    let own = match class.as_str() {
        "M" => vec![
            format!("M_{}+N{nego}", dx(diagnosis, 4)),
            format!("M_{}+N{nego}-", dx(diagnosis, 3)),
            format!("M_{}-", dx(diagnosis, 3)),
        ],
        "QY" => vec![format!("QY_{}", dx(diagnosis, 3))],
        _ => vec![format!("{class}_{item}"), format!("{class}_{}-", &item[..6])],
    };
    own.into_iter().chain([class.clone()]).collect()
}

/// Codes of a path, cases and cost.
type Leaf = (Vec<String>, i128, i128);

/// Merges upwards level by level: what has fewer than `minimum` cases joins the next code of its path.
fn merged(leaves: &[Leaf], minimum: i128) -> BTreeMap<String, (i128, i128)> {
    let mut now: Vec<(usize, &Leaf)> = leaves.iter().map(|leaf| (0, leaf)).collect();
    // From the finest level: paths are of different lengths, so levels count from the class.
    for depth in (1..4).rev() {
        let mut many: BTreeMap<&str, i128> = BTreeMap::new();
        let at_depth = |at: usize, path: &[String]| path.len() - 1 - at == depth;
        for (at, (path, cases, _)) in now.iter().filter(|(at, leaf)| at_depth(*at, &leaf.0)) {
            *many.entry(&path[*at]).or_default() += cases;
        }
        for (at, (path, ..)) in now.iter_mut().filter(|(at, leaf)| at_depth(*at, &leaf.0)) {
            *at += usize::from(many[path[*at].as_str()] < minimum);
        }
    }
    let mut sums: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for (at, (path, cases, sum)) in now {
        let group = sums.entry(path[at].clone()).or_default();
        group.0 += cases;
        group.1 += sum;
    }
    sums
}

// Three classes refined from history: procedures, diagnosis × negotiated drug, exams; below 15 (30) a
// year, so 30 (60) over two, they merge upwards (A33); a target of groups is met as nearly as a minimum
// can; a catalog groups another year by its own codes.
// shows: H11, H12, A33, A51, R33, Y07
#[test]
fn refined_groups_are_the_generators_leaves_merged_upwards() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "jinhua-apg", "--clean");
    let leaves: Vec<(Vec<String>, i128, i128)> = csv(&path.join("export/truth_leaves.csv"))
        .into_iter()
        .filter(|row| row["year"] != "2024")
        .map(|row| (climb(&row), number(&row, "cases"), fen(&row["cost_sum_yuan"])))
        .collect();
    for (scenario, minimum) in [("refined", 30), ("refined-30", 60)] {
        let (groups, _) = build(path, "jinhua-apg", scenario, &format!("--scenario {scenario}"));
        let expected = merged(&leaves, minimum);
        assert!(expected.len() > 20, "{} groups", expected.len());
        same(&groups, &expected);
    }
    // 1391 groups cannot be had from so few cases: the smallest minimum is the nearest.
    let (groups, _) = build(path, "jinhua-apg", "target", "--scenario refined-1391");
    same(&groups, &merged(&leaves, 2));
    let table = csv(&path.join("target/refinement.csv"));
    let total: i128 = table.iter().map(|row| number(row, "groups")).sum();
    assert_eq!(total, i128::try_from(groups.len()).unwrap());
    assert!(table.iter().all(|row| row["minimum_cases"] == "1" && row["target_groups"] == "1391"));
    dianshu(path, "catalog verify target").ok();
}

// 诊查费 (charge type 02) or negotiated drugs leave the fee before grouping and means: the money that
// left stands in the flow, and Σ cases × mean + what left = the fees in the export (A47).
// shows: H10, A47
#[test]
fn carved_lines_leave_fee_and_means_and_stand_in_the_flow() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "jinhua-apg", "--clean");
    let scope = |row: &Row| {
        ["310", "390"].contains(&row["insutype"].as_str())
            && ["11", "13", "14"].contains(&row["med_type"].as_str())
            && !row["setl_time"].starts_with("2024")
    };
    let kept: BTreeMap<String, i128> = settlements(path)
        .into_iter()
        .filter(scope)
        .map(|row| (row["setl_id"].clone(), fen(&row["medfee_sumamt"])))
        .collect();
    let lines: Vec<Row> =
        lines(path).into_iter().filter(|row| kept.contains_key(&row["setl_id"])).collect();
    let whole: i128 = kept.values().sum();
    // Without a main diagnosis there is no group (R13), and no mean that the money is found in again.
    let diagnosed: BTreeSet<String> = parquet(&path.join("export/diagnosis.parquet"))
        .into_iter()
        .map(|row| row["setl_id"].clone())
        .collect();
    let grouped: BTreeMap<&String, &i128> =
        kept.iter().filter(|(id, _)| diagnosed.contains(*id)).collect();
    let grouped_whole: i128 = grouped.values().copied().sum();
    assert!(grouped.len() < kept.len());
    for (scenario, leaves) in [
        (
            "carve-out-consultation",
            &(|row: &Row| row["med_chrgitm_type"] == "02") as &dyn Fn(&Row) -> bool,
        ),
        ("carve-out-negotiated", &|row: &Row| row["hi_nego_drug_flag"] == "1"),
        ("carve-out-both", &|row: &Row| {
            row["med_chrgitm_type"] == "02" || row["hi_nego_drug_flag"] == "1"
        }),
    ] {
        let sum_left = |of: &dyn Fn(&Row) -> bool| -> i128 {
            let rows = lines.iter().filter(|row| leaves(row) && of(row));
            rows.map(|row| fen(&row["det_item_fee_sumamt"])).sum()
        };
        let left = sum_left(&|_| true);
        let grouped_left = sum_left(&|row| grouped.contains_key(&row["setl_id"]));
        assert!(left > 0, "{scenario}");
        let (groups, _) = build(path, "jinhua-apg", scenario, &format!("--scenario {scenario}"));
        let flow = csv(&path.join(scenario).join("flow.csv"));
        let step = |name: &str| -> i128 {
            let rows = flow.iter().filter(|row| row["step"] == name);
            rows.map(|row| fen(&row["amount_yuan"])).sum()
        };
        assert_eq!(step("carved_out"), -left, "{scenario}");
        assert_eq!(step("analysed"), whole, "{scenario}");
        assert_eq!(step("cases"), whole - left, "{scenario}");
        let cases: i128 = groups.values().map(|row| number(row, "cases")).sum();
        assert_eq!(cases, i128::try_from(grouped.len()).unwrap(), "no case leaves");
        // A mean is rounded to 0.0001 yuan, so Σ cases × mean is out by at most half of that a case.
        let of_year = |row: &Row, year: &str| match number(row, &format!("cases_{year}")) {
            0 => 0,
            cases => cases * decimal(&row[&format!("mean_{year}")]),
        };
        let years = ["2022", "2023"];
        let means: i128 =
            groups.values().flat_map(|row| years.map(|year| of_year(row, year))).sum();
        let out = (means + (grouped_left - grouped_whole) * 100).abs();
        assert!(2 * out <= cases, "{scenario}: Σ cases × mean + {left} is not {whole}: {out}");
        dianshu(path, &format!("catalog verify {scenario}")).ok();
    }
    let words = "backtest --policy jinhua-apg --catalog carve-out-both --year 2024 --warehouse wh";
    dianshu(path, &format!("{words} carve-out-both")).refused(&["carve_out"]);
}

fn settlements(home: &Path) -> Vec<Row> {
    parquet(&home.join("export/settlement.parquet"))
}

fn lines(home: &Path) -> Vec<Row> {
    parquet(&home.join("export/fee_item.parquet"))
}

/// A shipped policy as a folder of one's own.
pub(super) fn copy(home: &Path, policy: &str, name: &str, edit: &[(&str, &str)]) {
    let from =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogs").join(policy).join("policy.toml");
    let mut text = fs::read_to_string(from).unwrap();
    for (old, new) in edit {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    fs::create_dir_all(home.join(name)).unwrap();
    fs::write(home.join(name).join("policy.toml"), text).unwrap();
}

// Dialysis on quota (hi_paymtd 7, 400.00 each) and the visits of one disease by item leave the means of
// 烟台's cases turned into a points system of 济宁's rules; a replay pays them points (1.4, R19).
// shows: J03, H14, R19
#[test]
fn units_leave_the_means_and_are_paid_by_points() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "yantai-apg", "--clean");
    let unit =
        "\n[[unit]]\nclause = \"把项目、病种等付费单元转换为一定点数 (J03)\"\nreading = \"R19\"\n";
    let quota = format!(
        "{unit}code = \"DIALYSIS\"\nkind = \"quota\"\nstandard = \"400\"\nhi_paymtd = [\"7\"]\n"
    );
    let item = format!("{unit}code = \"DIABETES\"\nkind = \"item\"\ndise_codg = [\"M01600\"]\n");
    let sections = format!("{quota}{item}\n[payment]");
    let area = ("insu_admdvs = [\"3708\"]", "insu_admdvs = [\"3706\"]");
    copy(
        path,
        "jining-apg",
        "with",
        &[area, ("\n[payment]", &sections), ("\"budget\"", "\"control_total\"")],
    );
    let (groups, _) = build(path, "with/policy.toml", "cat", "");
    assert!(groups.keys().all(|code| !code.ends_with("M01600") && code != "DIALYSIS"));
    let in_scope =
        |row: &&Row| ["310", "390"].contains(&row["insutype"].as_str()) && row["med_type"] == "14";
    let rows = settlements(path);
    let of = |year: &str, unit: bool| -> Vec<&Row> {
        let is_unit = |row: &&Row| row["hi_paymtd"] == "7" || row["dise_codg"] == "M01600";
        let rows = rows.iter().filter(in_scope).filter(|row| row["setl_time"].starts_with(year));
        rows.filter(|row| is_unit(row) == unit).collect()
    };
    let flow = csv(&path.join("cat/flow.csv"));
    for year in ["2022", "2023"] {
        let left = of(year, true);
        assert!(left.len() > 30, "{}", left.len());
        let step = |name: &str| flow.iter().find(|row| row["year"] == year && row["step"] == name);
        let units = step("units").unwrap();
        assert_eq!(number(units, "rows"), -i128::try_from(left.len()).unwrap());
        let money: i128 = left.iter().map(|row| fen(&row["medfee_sumamt"])).sum();
        assert_eq!(fen(&units["amount_yuan"]), -money);
        let stay = i128::try_from(of(year, false).len()).unwrap();
        assert_eq!(number(step("cases").unwrap(), "rows"), stay);
    }
    dianshu(path, "catalog verify cat").ok();
    let words = "backtest --policy with/policy.toml --catalog cat --year 2024 --warehouse wh";
    dianshu(path, words).ok();
    let run = super::tools::only_run(&path.join("runs"));
    let paid = dianshu::warehouse::parquet::read_table(&run.join("tables/group.parquet")).unwrap();
    let at =
        (0..paid.rows()).find(|row| paid.cell("group_code", *row).as_deref() == Some("DIALYSIS"));
    let points = paid.cell("points", at.unwrap()).unwrap();
    // Each quota case: 400 ÷ M × 1000 at four places, M as published.
    let toml = fs::read_to_string(path.join("cat/catalog.toml")).unwrap();
    let mean = toml.lines().find_map(|line| line.strip_prefix("base_mean = ")).unwrap();
    let mean = decimal(mean.trim_matches('"'));
    let quota = of("2024", true).iter().filter(|row| row["hi_paymtd"] == "7").count();
    let one = e4(400 * 1000 * 10_000, mean);
    assert_eq!(decimal(&points), one * i128::try_from(quota).unwrap());
}

// A rule is an edit of one policy file and no code: threshold 15 → 20, 2:8 → 3:7, percentile → IQR.
// shows: J08, A39, A51
#[test]
fn a_changed_rule_is_one_edit_of_one_file() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "jining-apg", "--clean");
    copy(path, "jining-apg", "as-is", &[]);
    let (before, _) = build(path, "as-is/policy.toml", "cat", "");
    // Threshold: `small` is fewer than the threshold a year over two years (A33, A51).
    copy(path, "jining-apg", "twenty", &[("minimum_cases = 15", "minimum_cases = 20")]);
    let (after, _) = build(path, "twenty/policy.toml", "cat-twenty", "");
    let small = |groups: &BTreeMap<String, Row>| -> Vec<String> {
        let small =
            groups.values().filter(|row| row["flags"].split(';').any(|flag| flag == "small"));
        small.map(|row| row["group_code"].clone()).collect()
    };
    let below = |limit: i128| -> Vec<String> {
        let few = before.values().filter(|row| number(row, "cases") < 2 * limit);
        few.map(|row| row["group_code"].clone()).collect()
    };
    assert_eq!(small(&before), below(15));
    assert_eq!(small(&after), below(20));
    assert!(below(20).len() > below(15).len());
    // Weights: m = w₁·T₁ ÷ n₁ + w₂·T₂ ÷ n₂, in tenths: (w₁·T₁·n₂ + w₂·T₂·n₁) ÷ (10·n₁·n₂).
    copy(
        path,
        "jining-apg",
        "three",
        &[("years = [\"0.2\", \"0.8\"]", "years = [\"0.3\", \"0.7\"]")],
    );
    let (after, _) = build(path, "three/policy.toml", "cat-three", "");
    let mut yearly: BTreeMap<String, BTreeMap<String, (i128, i128)>> = BTreeMap::new();
    for row in csv(&path.join("export/truth.csv")) {
        let sums = (number(&row, "cases"), fen(&row["cost_sum_yuan"]));
        yearly.entry(row["group_code"].clone()).or_default().insert(row["year"].clone(), sums);
    }
    let mut compared = 0;
    for (code, sums) in &yearly {
        let (Some((n1, t1)), Some((n2, t2))) = (sums.get("2022"), sums.get("2023")) else {
            continue;
        };
        for (groups, w1, w2) in [(&before, 2, 8), (&after, 3, 7)] {
            let mean = e4(w1 * t1 * n2 + w2 * t2 * n1, 10 * n1 * n2 * 100);
            assert_eq!(decimal(&groups[code]["mean"]), mean, "{w1}:{w2} of {code}");
        }
        compared += 1;
    }
    assert!(compared > 10, "{compared} groups in both years");
    // Trim: the edited file gives what the scenario beside the shipped policy gives.
    let none = "method = \"none\"";
    let rules = [
        (
            "percentile",
            "method = \"percentile\"\nlow = \"0.025\"\nhigh = \"0.975\"\nfrom_cases = 25",
        ),
        ("iqr", "method = \"iqr\"\nk = \"1.5\"\nfrom_cases = 25"),
    ];
    let mut seen = vec![before];
    for (name, rule) in rules {
        copy(path, "jining-apg", name, &[(none, rule)]);
        let (edited, _) = build(path, &format!("{name}/policy.toml"), &format!("cat-{name}"), "");
        let scenario = format!("--scenario trim-{name}");
        let (scenario, _) = build(path, "jining-apg", &format!("cat-trim-{name}"), &scenario);
        assert_eq!(edited, scenario, "{name}");
        assert!(!seen.contains(&edited), "{name} changes the catalog");
        seen.push(edited);
    }
}

// A new disease in 烟台's APG: one policy file more gives eight more priced groups, its cases come in, and
// the groups of N18 stay to the last digit.
// shows: Y06, Y07, Y09, Y12, Y13, Y14, Y36
#[test]
fn a_new_disease_is_one_edit_of_one_file() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "yantai-apg", "--clean");
    let (before, said) = build(path, "yantai-apg", "cat", "");
    assert_eq!(before.len(), 8);
    assert!(said.contains("0_N18"), "the alias is told: {said}");
    // Surgery, drugs, exams and what is none of them, case by case those of the generator.
    let truth = truth(&path.join("export/truth.csv"), |row| row["group_code"].clone());
    for code in ["O_N18", "M_N18", "A_N18", "QY_N18"] {
        assert!(truth[code].0 > 0, "{code}");
        assert_eq!(number(&before[code], "cases"), truth[code].0, "{code}");
    }
    let mut standards = String::new();
    for letters in ["OMA", "MA", "OM", "OA", "M", "A", "O", "QY"] {
        standards.push_str(&format!(
            "[[standard]]\nclause = \"补充目录\"\ngroup_code = \"{letters}_M03900\"\nprice = \"300\"\n\
             from = 2022-12-01\n\n"
        ));
    }
    standards.push_str("# 倍率");
    copy(
        path,
        "yantai-apg",
        "more",
        &[
            ("dise_codg = [\"N18\"]", "dise_codg = [\"N18\", \"M03900\"]"),
            ("disease_required = false", "disease_required = true"),
            ("# 倍率", &standards),
        ],
    );
    let (after, _) = build(path, "more/policy.toml", "cat-more", "");
    assert_eq!(after.len(), 16);
    for (code, row) in &before {
        for column in ["cases", "mean", "standard"] {
            assert_eq!(after[code][column], row[column], "{column} of {code}");
        }
    }
    let new: i128 = after
        .values()
        .filter(|row| row["group_code"].ends_with("M03900"))
        .map(|row| {
            assert_eq!(row["standard"], "300.00");
            number(row, "cases")
        })
        .sum();
    assert!(new > 20, "{new} cases of the new disease");
    // The new groups can be settled at once.
    let words =
        "backtest --policy more/policy.toml --catalog cat-more --year 2024 --warehouse wh --json";
    let shown = json_lines(&dianshu(path, words).ok().stdout);
    assert_eq!(shown.len(), 1);
}

// Combined codes split: O + M + A payments instead of one (A15). Every combined case gives a part to each of
// its classes, money closes, and a replay refuses, for each part would need the case's ratio.
// shows: A15, Y10, Y11
#[test]
fn combined_cases_can_be_split_into_their_classes() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    city(path, "yantai-apg", "--clean");
    let (one, _) = build(path, "yantai-apg", "cat", "");
    let (split, _) = build(path, "yantai-apg", "cat-split", "--scenario split-combined");
    let cases = |groups: &BTreeMap<String, Row>, code: &str| number(&groups[code], "cases");
    for combined in ["OMA_N18", "MA_N18", "OM_N18", "OA_N18"] {
        assert!(cases(&one, combined) > 0 && cases(&split, combined) == 0, "{combined}");
    }
    // Before, the letter's own group and every combination that holds it.
    for (letter, holding) in [
        ("O", ["OMA_N18", "OM_N18", "OA_N18"]),
        ("M", ["OMA_N18", "OM_N18", "MA_N18"]),
        ("A", ["OMA_N18", "OA_N18", "MA_N18"]),
    ] {
        let own = format!("{letter}_N18");
        let expected: i128 =
            cases(&one, &own) + holding.iter().map(|code| cases(&one, code)).sum::<i128>();
        assert_eq!(cases(&split, &own), expected, "{letter}");
    }
    let money = |folder: &str| -> i128 {
        let flow = csv(&path.join(folder).join("flow.csv"));
        flow.iter().filter(|row| row["step"] == "cases").map(|row| fen(&row["amount_yuan"])).sum()
    };
    assert_eq!(money("cat"), money("cat-split"));
    dianshu(path, "catalog verify cat-split").ok();
    let words = "backtest --policy yantai-apg --catalog cat-split --year 2024 --warehouse wh";
    dianshu(path, &format!("{words} split-combined")).refused(&["grouping.apg.combined"]);
}
