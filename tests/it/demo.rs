//! `dianshu demo SYSTEM`: the whole way of every system, from a month to cases explained, with totals
//! that a reader can add up from what is printed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::tools::dianshu;

const TITLES: [&str; 9] = [
    "回测：",
    "月预结算：",
    "年终清算：",
    "规则审计：",
    "低倍率病例",
    "正常病例",
    "高倍率病例",
    "合并病例",
    "未入组病例",
];

/// What is printed below each of [`TITLES`], in their order.
#[track_caller]
fn blocks(shown: &str) -> BTreeMap<&'static str, String> {
    let parts: Vec<&str> = shown.split("\n━━ ").skip(1).collect();
    assert_eq!(parts.len(), TITLES.len(), "{shown}");
    let with_title = TITLES.into_iter().zip(parts);
    with_title
        .map(|(title, part)| {
            assert!(part.starts_with(title), "`{title}` is where this is:\n{part}");
            (title, part.to_owned())
        })
        .collect()
}

/// Fen of an amount in yuan printed with two places.
fn fen(text: &str) -> Option<i64> {
    let (whole, places) = text.split_once('.')?;
    let is_amount = places.len() == 2 && places.bytes().all(|digit| digit.is_ascii_digit());
    is_amount.then(|| format!("{whole}{places}").parse().ok()).flatten()
}

/// Adds up the ledger of every pool: what institutions are paid and what stays with the fund is the
/// money of the pool; what was paid before leads from paid to what is left. The transfers that are left.
#[track_caller]
fn added_up(clearing: &str) -> i64 {
    let ledger = clearing.split("台账（").nth(1).expect("a ledger");
    let rows = ledger.lines().skip(2).take_while(|line| !line.is_empty());
    let (mut sum, mut paid, mut left, mut pools) = (0, 0, 0, 0);
    for row in rows {
        let amount = row.split_whitespace().find_map(fen).unwrap_or_else(|| panic!("{row}"));
        if row.contains("机构应付合计") {
            assert_eq!(sum, amount, "{row}");
            (paid, pools) = (amount, pools + 1);
        } else if row.contains("基金池资金合计") {
            assert_eq!(sum, amount, "{row}");
            sum = paid;
        } else if row.contains("清算应拨付合计") {
            assert_eq!(sum, amount, "{row}");
            left += amount;
            sum = 0;
        } else {
            sum += amount;
        }
    }
    assert!(pools > 0, "{clearing}");
    left
}

/// The demo of a system with this many people; `absent` are the kinds of cases its rules do not have.
#[track_caller]
fn shows(home: &Path, (system, people): (&str, u32), absent: &[&str]) -> String {
    let shown = dianshu(home, &format!("demo {system} --people {people} --quiet")).ok();
    let blocks = blocks(&shown.stdout);
    assert!(blocks["月预结算："].contains("2024 年 6 月月预结算"), "{}", shown.stdout);
    assert!(blocks["月预结算："].contains("当月应拨付"), "{}", shown.stdout);
    assert!(added_up(&blocks["年终清算："]) > 0, "less was advanced than the year is worth");
    assert!(blocks["年终清算："].contains("清算应拨付（负数为应收回）"), "{}", shown.stdout);
    assert!(blocks["规则审计："].contains("全部见 dianshu audit --policy"), "{}", shown.stdout);
    for title in &TITLES[4..] {
        let block = &blocks[title];
        if absent.contains(title) {
            // The document says nothing of the kind, and that is why there is none.
            assert!(block.contains("没有：") && block.contains("号 没有"), "{block}");
        } else {
            assert!(block.contains("\n病例 ") && block.contains("  病例支付: "), "{block}");
        }
    }
    assert!(home.join("dianshu-demo/report/report.xlsx").is_file());
    shown.stdout
}

const NO_LINES_NO_CYCLE: [&str; 3] = ["低倍率病例", "高倍率病例", "合并病例"];

#[test]
fn jining_from_a_month_to_cases_explained() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let shown = shows(home, ("jining-apg", 150), &NO_LINES_NO_CYCLE);
    for part in ["baseline", "share-95", "cap-10", "report.html"] {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
    let page = fs::read_to_string(home.join("dianshu-demo/report/report.html")).unwrap();
    assert!(page.contains("<svg"), "charts stand in the page");
    // A second demo replaces the first; a folder of somebody else's is left alone.
    assert_eq!(dianshu(home, "demo --people 150 --quiet").ok().stdout, shown);
    fs::create_dir(home.join("mine")).unwrap();
    fs::write(home.join("mine/notes.txt"), "mine").unwrap();
    dianshu(home, "demo --dir mine").refused(&["mine", "--dir"]);
    assert!(home.join("mine/notes.txt").is_file());
}

#[test]
fn yantai_from_a_month_to_cases_explained() {
    let home = tempfile::tempdir().unwrap();
    let shown = shows(home.path(), ("yantai-apg", 300), &[]);
    assert!(shown.contains("烟台市慢性肾功能衰竭"), "{shown}");
}

#[test]
fn jinhua_from_a_month_to_cases_explained() {
    let home = tempfile::tempdir().unwrap();
    shows(home.path(), ("jinhua-apg", 300), &NO_LINES_NO_CYCLE);
}

#[test]
fn panzhihua_from_a_month_to_cases_explained() {
    let home = tempfile::tempdir().unwrap();
    shows(home.path(), ("panzhihua-drg", 2500), &[]);
}

#[test]
fn zibo_from_a_month_to_cases_explained() {
    let home = tempfile::tempdir().unwrap();
    let shown = shows(home.path(), ("zibo-dip", 2500), &[]);
    for part in ["baseline", "310", "390", "pool-one"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}
