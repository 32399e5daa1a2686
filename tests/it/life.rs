//! A catalog from draft to publication, and the grid of methods, as users meet them.

use std::fs;
use std::path::Path;

use super::tools::{contents, dianshu, dianshu_words, json_lines};

fn city() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    dianshu(path, "synth jining-apg --people 80 --clean --out exports --seed 3").ok();
    dianshu(path, "ingest exports --warehouse wh --quiet").ok();
    home
}

fn build(path: &Path) -> super::tools::Ran {
    dianshu(
        path,
        "catalog build --policy jining-apg --years 2022,2023 --warehouse wh --out catalog --quiet",
    )
}

fn step(path: &Path, words: &str, by: &str, on: &str) -> super::tools::Ran {
    let mut all: Vec<&str> = words.split_whitespace().collect();
    all.extend(["--by", by, "--on", on, "--why", "annual review of the catalog"]);
    dianshu_words(path, &all)
}

// shows: E19
#[test]
fn a_catalog_is_corrected_signed_by_two_and_published() {
    let home = city();
    let path = home.path();
    build(path).ok();
    let shown = dianshu(path, "catalog show catalog --json").ok().stdout;
    let groups = json_lines(&shown);
    let group = groups[0]["group_code"].as_str().unwrap().to_owned();
    let set = format!("catalog override catalog {group} 1234.5");
    let shown = step(path, &format!("{set} --json"), "Zhang", "2023-12-01").ok().stdout;
    let row = &json_lines(&shown)[0];
    assert_eq!(row["group_code"].as_str(), Some(group.as_str()));
    assert_eq!(row["by"].as_str(), Some("Zhang"));
    step(path, "catalog publish catalog", "Wang", "2023-12-01").refused(&[
        "is draft",
        "publishing needs a reviewed one",
        "catalog trial",
    ]);
    step(&path.join("catalog"), "catalog review .", "Li", "2023-12-02")
        .refused(&["you are in the catalog folder"]);
    step(path, "catalog review catalog", "Li", "2023-12-02").refused(&[
        "is draft",
        "a review needs one on trial",
        "catalog trial",
    ]);
    let trial = "catalog trial catalog --warehouse wh --json --quiet";
    step(path, &format!("{trial} --year 1999"), "Sun", "2023-12-02").refused(&["1999"]);
    let shown = json_lines(&step(path, trial, "Sun", "2023-12-02").ok().stdout);
    let sum = |key: &str| -> rust_decimal::Decimal {
        shown
            .iter()
            .map(|row| row[key].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap())
            .sum()
    };
    // All that was booked is divided anew, to the fen.
    assert_eq!(sum("money_yuan"), sum("booked_yuan"));
    let kept = dianshu(path, "catalog show catalog --table impact --json").ok().stdout;
    assert_eq!(json_lines(&kept), shown);
    let gates = dianshu(path, "catalog gates catalog").ok().stdout;
    assert!(gates.contains("trimmed") && !gates.contains("failed"), "{gates}");
    step(path, "catalog review catalog", "Li", "2023-12-02").ok();
    step(path, "catalog review catalog", "Li", "2023-12-03").refused(&["was reviewed by `Li`"]);
    step(path, "catalog review catalog", "Wang", "2023-12-04").ok();
    step(path, "catalog publish catalog", "Zhao", "2023-12-31").ok();
    dianshu(path, "catalog verify catalog").ok();
    let published = contents(&path.join("catalog"));
    step(path, &set, "Zhang", "2024-01-01").refused(&["is published"]);
    build(path).refused(&["is published", "only a draft can be replaced"]);
    assert_eq!(contents(&path.join("catalog")), published);
    let history = dianshu(path, "catalog history catalog").ok().stdout;
    assert_eq!(
        history.matches("annual review").count(),
        6,
        "five steps and one override\n{history}"
    );
    // The year is settled by the points in force.
    dianshu(
        path,
        "backtest --policy jining-apg --catalog catalog --year 2024 --warehouse wh --out runs --quiet",
    )
    .ok();
    // So that the folder can be removed on every system.
    for name in published.keys() {
        let file = path.join("catalog").join(name);
        let mut permissions = fs::metadata(&file).unwrap().permissions();
        #[expect(clippy::permissions_set_readonly_false, reason = "a folder of this test")]
        permissions.set_readonly(false);
        fs::set_permissions(&file, permissions).unwrap();
    }
}

#[test]
fn a_grid_prices_the_same_cases_by_every_combination() {
    let home = city();
    let path = home.path();
    let grid = "catalog grid --policy jining-apg --years 2022,2023 --warehouse wh --quiet --json";
    let over = "--over trim-iqr,trim-sd --over blend-totals,blend-pooled --out grid";
    let shown = json_lines(&dianshu(path, &format!("{grid} {over}")).ok().stdout);
    let methods: Vec<&str> = shown.iter().filter_map(|row| row["method"].as_str()).collect();
    assert_eq!(
        methods,
        [
            "baseline",
            "blend-totals",
            "blend-pooled",
            "trim-iqr",
            "trim-iqr+blend-totals",
            "trim-iqr+blend-pooled",
            "trim-sd",
            "trim-sd+blend-totals",
            "trim-sd+blend-pooled"
        ]
    );
    // The baseline of the grid is the catalog itself.
    build(path).ok();
    let catalog = json_lines(&dianshu(path, "catalog show catalog --json").ok().stdout);
    let groups: Vec<_> = shown.iter().filter(|row| row["range_percent"].is_string()).collect();
    for group in &catalog {
        let row = shown.iter().find(|row| row["group_code"] == group["group_code"]).unwrap();
        let points = |value: &serde_json::Value| {
            value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap()
        };
        assert_eq!(points(&row["value"]), points(&group["points"]), "{row}");
        assert!(points(&row["low"]) <= points(&row["value"]), "{row}");
        assert!(points(&row["value"]) <= points(&row["high"]), "{row}");
    }
    assert!(!groups.is_empty());
    for table in ["grid_method", "grid_group", "grid_institution"] {
        assert!(path.join(format!("grid/{table}.parquet")).is_file());
    }
    dianshu(path, &format!("{grid} --over trim-iqr --out exports"))
        .refused(&["which is no table of a grid"]);
    dianshu(path, &format!("{grid} --over share-95"))
        .refused(&["`share-95` changes `sharing`", "only `weights`"]);
    dianshu(path, &format!("{grid} --over trim-iqr --over trim-iqr"))
        .refused(&["trim-iqr", "twice"]);
}

// The same cases under two scenarios: what changed is followed case by case, and capped on request.
// shows: E34, E19
#[test]
fn catalogs_are_compared_by_regrouping_the_same_cases() {
    let home = city();
    let path = home.path();
    let build = "catalog build --policy jining-apg --years 2022,2023 --warehouse wh --quiet";
    dianshu(path, &format!("{build} --out last")).ok();
    fs::write(
        path.join("cap.toml"),
        "title = \"封顶\"\nbase = \"jining-apg\"\n[set]\n\
         \"weights.years\" = { value = [\"0.8\", \"0.2\"], reason = \"试算\", reading = \"A01\" }\n\
         \"weights.change_cap\" = { value = { up = \"0.001\", down = \"0.001\" }, reason = \"试算\", \
         clause = \"试算\" }\n",
    )
    .unwrap();
    let capped = format!("{build} --scenario cap.toml --out new");
    dianshu(path, &capped).refused(&["`weights.change_cap`", "--last DIR"]);
    dianshu(path, &format!("{capped} --last last")).ok();
    dianshu(path, "catalog verify new").ok();
    let table =
        json_lines(&dianshu(path, "catalog show new --table change_cap --json").ok().stdout);
    let decimal = |value: &serde_json::Value| -> rust_decimal::Decimal {
        value.as_str().unwrap().parse().unwrap()
    };
    assert!(
        table.iter().any(|row| row["side"] == "up")
            && table.iter().any(|row| row["side"] == "down")
    );
    for row in &table {
        let (last, points) = (decimal(&row["last_points"]), decimal(&row["points"]));
        let share = rust_decimal::Decimal::new(1, 3);
        assert!((points - last).abs() <= last * share, "{row}");
    }
    let walk =
        "catalog crosswalk last new --years 2023 --warehouse wh --quiet --json --out walk.csv";
    let rows = json_lines(&dianshu(path, walk).ok().stdout);
    // Both catalogs have the same rules for cases and groups: every case stays where it is.
    assert!(rows.iter().all(|row| row["group_before"] == row["group_after"]), "{rows:?}");
    let diff =
        json_lines(&dianshu(path, "catalog diff last new --crosswalk walk.csv --json").ok().stdout);
    let changes: Vec<&str> = diff.iter().filter_map(|row| row["change"].as_str()).collect();
    assert!(changes.contains(&"repriced") && !changes.contains(&"split"), "{changes:?}");
    // A trial against the last catalog keeps its own crosswalk, and what it moves sums to nothing.
    let trial = "catalog trial new --last last --year 2023 --warehouse wh --json --quiet";
    let shown = json_lines(&step(path, trial, "Sun", "2023-12-02").ok().stdout);
    let moved: rust_decimal::Decimal = shown.iter().map(|row| decimal(&row["change_yuan"])).sum();
    assert_eq!(moved, rust_decimal::Decimal::ZERO);
    let kept = json_lines(&dianshu(path, "catalog show new --table crosswalk --json").ok().stdout);
    assert_eq!(kept, rows);
    // The card of a group has its rows of every table, without any claims.
    let code = table[0]["group_code"].as_str().unwrap();
    let card = dianshu(path, &format!("catalog show new {code} --last last")).ok().stdout;
    for part in ["computed_points", "price_before", "last_points", "ratio", "group_before"] {
        assert!(card.contains(part), "`{part}` is not in:\n{card}");
    }
}

// shows: Z25, H02, J13
#[test]
fn points_and_values_travel_through_a_workbook() {
    let home = city();
    let path = home.path();
    build(path).ok();
    let before = contents(&path.join("catalog"));
    dianshu(path, "catalog export catalog --out parameters.xlsx").ok();
    let first = fs::read(path.join("parameters.xlsx")).unwrap();
    // What experts have filled in is not written over.
    dianshu(path, "catalog export catalog --out parameters.xlsx").refused(&["`parameters.xlsx`"]);
    dianshu(path, "catalog export catalog --out again.xlsx").ok();
    assert_eq!(fs::read(path.join("parameters.xlsx")).unwrap(), first);
    assert_eq!(fs::read(path.join("again.xlsx")).unwrap(), first, "the same bytes again");
    let import = "catalog import catalog parameters.xlsx --by Zhang --on 2023-12-01";
    dianshu(path, import).ok();
    assert_eq!(contents(&path.join("catalog")), before, "nobody edited, nothing changes");
    // An export of another state of the catalog is not taken.
    let shown = json_lines(&dianshu(path, "catalog show catalog --json").ok().stdout);
    let code = shown[0]["group_code"].as_str().unwrap().to_owned();
    step(path, &format!("catalog override catalog {code} 1234.5"), "Zhang", "2023-12-01").ok();
    let refused = dianshu(path, import);
    assert!(refused.stdout.contains("README") && refused.stdout.contains("digest"), "{refused:?}");
    // The digest of the catalog, and the points of that group.
    refused
        .refused(&["2 cells that cannot be taken; nothing was changed", "sheet, row and column"]);
    fs::write(path.join("other.xlsx"), "no workbook").unwrap();
    dianshu(path, &import.replace("parameters.xlsx", "other.xlsx"))
        .refused(&["`other.xlsx` cannot be read as a workbook"]);
    dianshu(path, &import.replace("parameters.xlsx", "none.xlsx")).refused(&["`none.xlsx`"]);
}

// shows: J13, E31
#[test]
fn the_card_of_a_group_shows_cases_hospitals_and_interval() {
    let home = city();
    let path = home.path();
    build(path).ok();
    let catalog = json_lines(&dianshu(path, "catalog show catalog --json").ok().stdout);
    let largest = catalog.iter().max_by_key(|group| group["cases"].as_i64()).unwrap();
    let (code, cases) =
        (largest["group_code"].as_str().unwrap(), largest["cases"].as_i64().unwrap());
    let command = format!(
        "catalog show catalog {code} --last catalog --rounds 40 --warehouse wh --json --quiet"
    );
    let shown = json_lines(&dianshu(path, &command).ok().stdout);
    let sum = |key: &str, of: &dyn Fn(&serde_json::Value) -> bool| -> i64 {
        shown.iter().filter(|row| of(row)).filter_map(|row| row[key].as_i64()).sum()
    };
    assert_eq!(sum("cases", &|row| row["cases_are"] == "all"), cases, "by year");
    assert_eq!(sum("cases", &|row| row["price_without"].is_string()), cases, "by hospital");
    let decimal = |value: &serde_json::Value| {
        value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap()
    };
    let points = decimal(&largest["points"]);
    for drawn in shown.iter().filter(|row| row["drawn"].is_string()) {
        assert!(decimal(&drawn["low"]) <= points && points <= decimal(&drawn["high"]), "{drawn}");
    }
    let change = shown.iter().find(|row| row["field"] == "change_percent").unwrap();
    assert_eq!(decimal(&change["value"]), rust_decimal::Decimal::ZERO, "compared with itself");
    assert_eq!(dianshu(path, &command).ok().stdout, dianshu(path, &command).ok().stdout);
    dianshu(path, &command.replace(code, "NOBODY")).refused(&["no group `NOBODY`"]);
    // Claims of other people in the same years move the mean of all cases, and with it every price.
    dianshu(path, "synth jining-apg --people 20 --clean --out more --seed 4").ok();
    dianshu(path, "ingest more --warehouse wh --quiet").ok();
    dianshu(path, &command).refused(&["are not those catalog `catalog` was built from"]);
}
