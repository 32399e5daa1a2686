//! The page read back, every figure against its table; and the files.

mod sample;
mod workbook;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_decimal::{Decimal, RoundingStrategy};

use self::sample::{LARGE, SMALL, TWO_POOLS};
use super::{Error, Format, Lang, ReportInput, html, text, write, xlsx};
use crate::explain::{Explain as _, Kind, render};
use crate::table::{Column, Table};

// ── reading the page back ──

fn unescape(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#x2f;", "/")
        .replace("&amp;", "&")
}

/// `(data-source, text)` of every figure of the page.
fn figures(page: &str) -> Vec<(String, String)> {
    page.split("data-source=\"")
        .skip(1)
        .map(|part| {
            let (source, rest) = part.split_once('"').unwrap();
            let (_, rest) = rest.split_once('>').unwrap();
            let (text, _) = rest.split_once('<').unwrap();
            (unescape(source), unescape(text))
        })
        .collect()
}

/// A second reading of the reference grammar, straight from the tables.
struct Reader<'a> {
    input: &'a ReportInput,
    keys: BTreeMap<&'static str, Vec<&'static str>>,
}

#[derive(Debug, PartialEq)]
enum Found {
    Missing,
    Text(String),
    Number(Decimal),
}

impl<'a> Reader<'a> {
    fn new(input: &'a ReportInput) -> Self {
        let keys = [
            ("scenario", vec!["scenario"]),
            ("pool", vec!["scenario", "pool", "period"]),
            ("institution", vec!["scenario", "pool", "fixmedins_code"]),
            ("tier", vec!["scenario", "pool", "tier"]),
            ("group", vec!["scenario", "pool", "group_code"]),
            ("month", vec!["scenario", "pool", "fixmedins_code", "month"]),
            ("ledger", vec!["scenario", "pool", "fixmedins_code", "period", "kind"]),
            ("forecast", vec!["group_code"]),
            ("weight", vec!["group_code", "year"]),
            ("flow", vec!["year", "step"]),
            ("identity", vec!["line"]),
            ("check", vec!["check_id", "table"]),
        ];
        Self { input, keys: keys.into_iter().collect() }
    }

    fn cell(&self, table: &Table, column: &str, row: usize) -> Found {
        match (table.column(column), table.cell(column, row)) {
            (Some(Column::Text(_)), Some(text)) if !text.is_empty() => Found::Text(text),
            (Some(Column::Text(_)) | None, _) | (_, None) => Found::Missing,
            (_, Some(number)) => Found::Number(number.parse().unwrap()),
        }
    }

    fn row(&self, table: &Table, key: &str) -> usize {
        if let Some(number) = key.strip_prefix('#') {
            return number.parse::<usize>().unwrap() - 1;
        }
        let columns = &self.keys[table.name.as_str()];
        let matches: Vec<usize> = (0..table.rows())
            .filter(|row| {
                let parts: Vec<String> =
                    columns.iter().map(|c| table.cell(c, *row).unwrap()).collect();
                parts.join("|") == key
            })
            .collect();
        assert_eq!(matches.len(), 1, "one row has the key {key} of {}", table.name);
        matches[0]
    }

    fn rows(&self, table: &Table, filter: &str) -> Vec<usize> {
        let filter: Vec<(&str, &str)> =
            filter.split('&').filter_map(|part| part.split_once('=')).collect();
        (0..table.rows())
            .filter(|row| filter.iter().all(|(c, v)| table.cell(c, *row).unwrap() == *v))
            .collect()
    }

    fn find(&self, source: &str) -> Found {
        if let Some((left, right)) = source.split_once(" − ") {
            return self.combine(left, right, |a, b| a - b);
        }
        if let Some((left, right)) = source.split_once(" ÷ ") {
            return self.combine(left, right, |a, b| {
                (a / b).round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)
            });
        }
        let (kind, rest) = source.split_once(':').unwrap();
        match kind {
            "manifest" => {
                let found = self.input.manifest.pointer(rest);
                found.map_or(Found::Missing, |value| {
                    let join = |items: &Vec<serde_json::Value>| {
                        items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                    };
                    let text = value.as_str().map(str::to_owned);
                    let text = text.or_else(|| value.as_array().map(join));
                    Found::Text(text.unwrap_or_else(|| value.to_string()))
                })
            }
            "name" => {
                assert!(self.input.manifest.pointer(rest).is_some(), "{rest}");
                let name = rest.rsplit('/').next().unwrap();
                Found::Text(name.replace("~1", "/").replace("~0", "~"))
            }
            "count" => {
                let (table, filter) = rest.split_once(':').unwrap();
                let rows = self.rows(&self.input.tables[table], filter);
                Found::Number(Decimal::from(rows.len()))
            }
            "sum" => {
                let [table, column, filter] =
                    rest.splitn(3, ':').collect::<Vec<_>>().try_into().unwrap();
                let table = &self.input.tables[table];
                let sum = self.rows(table, filter).into_iter().filter_map(|row| {
                    match self.cell(table, column, row) {
                        Found::Number(number) => Some(number),
                        _ => None,
                    }
                });
                sum.reduce(|a, b| a + b).map_or(Found::Missing, Found::Number)
            }
            table => {
                let (column, key) = rest.split_once(':').unwrap();
                let table = &self.input.tables[table];
                self.cell(table, column, self.row(table, key))
            }
        }
    }

    fn combine(&self, left: &str, right: &str, of: fn(Decimal, Decimal) -> Decimal) -> Found {
        match (self.find(left), self.find(right)) {
            (Found::Number(a), Found::Number(b)) => Found::Number(of(a, b)),
            _ => Found::Missing,
        }
    }

    /// Whether `text` prints what `source` refers to.
    fn agrees(&self, source: &str, text: &str, lang: Lang) -> bool {
        if let Some((left, right)) = source.split_once(" & ")
            && !source.starts_with("manifest:/command")
        {
            if let Some((a, b)) = text.split_once(" · ") {
                return self.agrees(left, a, lang) && self.agrees(right, b, lang);
            }
            // Cut short within its first part.
            return text.ends_with('…') && self.agrees(left, text, lang);
        }
        let column = source.split(':').nth(1).unwrap_or_default();
        match self.find(source) {
            Found::Missing => text == "–",
            Found::Text(found) => {
                let label = text::value_label(lang, column, &found);
                found == text
                    || label == Some(text)
                    || found.lines().any(|line| line == text)
                    || text.strip_suffix('…').is_some_and(|start| found.starts_with(start))
                    || (source.starts_with("manifest") && same_number(&found, text))
            }
            Found::Number(number) => same_number(&number.to_string(), text),
        }
    }
}

/// `1,234.50` is 1234.5; `9.56%` is 0.0956 — or 9.56, where the table has percent.
fn same_number(number: &str, text: &str) -> bool {
    let Ok(number) = number.parse::<Decimal>() else { return false };
    let plain = text.replace([',', '+'], "");
    match plain.strip_suffix('%') {
        Some(percent) => percent
            .parse::<Decimal>()
            .is_ok_and(|percent| percent == number * Decimal::ONE_HUNDRED || percent == number),
        None => plain.parse::<Decimal>().is_ok_and(|plain| plain == number),
    }
}

fn check_figures(input: &ReportInput, lang: Lang) -> usize {
    let page = html::render(input, lang).unwrap();
    let reader = Reader::new(input);
    let found = figures(&page);
    for (source, text) in &found {
        assert!(reader.agrees(source, text, lang), "`{source}` is printed as `{text}`");
    }
    found.len()
}

#[test]
fn every_figure_of_the_page_is_the_one_its_source_names() {
    for lang in [Lang::Zh, Lang::En] {
        // 3 institutions × 9 columns and two charts of 3 names and 3 values alone are 39.
        assert!(check_figures(&sample::input(SMALL), lang) > 200);
        assert!(check_figures(&sample::input(TWO_POOLS), lang) > 600);
    }
}

#[test]
fn every_figure_of_a_large_city_is_the_one_its_source_names() {
    assert!(check_figures(&sample::input(LARGE), Lang::Zh) > 1_500);
}

#[test]
fn a_wrong_figure_would_be_noticed() {
    let input = sample::input(SMALL);
    let reader = Reader::new(&input);
    // Cases of the first institution, read directly.
    let cases = input.tables["institution"].cell("cases", 0).unwrap();
    let source = format!("institution:cases:baseline|all|{}", sample::institution_code(0));
    assert!(reader.agrees(&source, &cases, Lang::Zh));
    assert!(!reader.agrees(&source, &format!("{cases}1"), Lang::Zh));
}

/// What is left of the page without figures, constants of the report, ticks, styles and tags.
fn bare_text(page: &str) -> String {
    let mut rest = page;
    let mut text = String::new();
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        let close = open + rest[open..].find('>').unwrap();
        let tag = &rest[open..=close];
        rest = &rest[close + 1..];
        let hidden = tag.contains("data-source=")
            || tag.contains("data-const")
            || tag.contains("class=\"tick\"")
            || tag.starts_with("<style")
            || tag.starts_with("<title");
        if hidden {
            rest = &rest[rest.find("</").unwrap()..];
        }
    }
    text
}

#[test]
fn no_number_stands_on_the_page_without_a_source() {
    for size in [SMALL, TWO_POOLS, LARGE] {
        for lang in [Lang::Zh, Lang::En] {
            let page = html::render(&sample::input(size), lang).unwrap();
            let text = unescape(&bare_text(&page)).replace("310 · ", "").replace("390 · ", "");
            let at = text.find(|letter: char| letter.is_ascii_digit());
            assert_eq!(at.map(|at| text[at..].chars().take(60).collect::<String>()), None);
        }
    }
}

// ── the page ──

#[test]
fn a_hand_worked_city_is_told_in_words() {
    // domain.md 0.2: budget 1 600.00; X booked 900.00 and is paid 933.33, Y booked 720.00 and
    // is paid 666.67.
    let one = |name: &str, column| Table::new(name).with("scenario", column);
    let yuan = |fen: i64| Column::yuan([fen]);
    let pool = one("pool", Column::text(["baseline"]))
        .with("pool", Column::text(["all"]))
        .with("period", Column::text(["Y"]))
        .with("budget_yuan", yuan(160_000))
        .with("fund_booked_yuan", yuan(162_000))
        .with("paid_yuan", yuan(160_000))
        .with("fund_balance_yuan", yuan(0))
        .with("points", Column::Decimal { places: 6, values: vec![Some(800_000_200)] })
        .with("point_value", Column::Decimal { places: 4, values: vec![Some(20_000)] });
    let institution = one("institution", Column::text(["baseline", "baseline"]))
        .with("pool", Column::text(["all", "all"]))
        .with("fixmedins_code", Column::text(["X", "Y"]))
        .with("cost_yuan", Column::yuan([120_000, 90_000]))
        .with("fund_booked_yuan", Column::yuan([90_000, 72_000]))
        .with("paid_yuan", Column::yuan([93_333, 66_667]));
    let tables = [pool, institution].into_iter().map(|table| (table.name.clone(), table)).collect();
    let input = ReportInput { manifest: serde_json::json!({"year": 2024}), tables };
    let page = html::render(&input, Lang::Zh).unwrap();
    let words =
        bare_text(&page.replace("data-source", "data-from").replace("data-const", "data-from"));
    assert!(words.contains("总额预算 1,600.00 元，统筹基金记账 1,620.00 元，清算支付 1,600.00 元"));
    assert!(words.contains("总点数 800.000200，点值 2.0000 元"));
    // 933.33 ÷ 1 200.00 = 0.777775 → 77.78 %; 666.67 ÷ 900.00 = 0.740744… → 74.07 %;
    // 1 600 ÷ 2 100 → 76.19 %.
    for percent in ["77.78%", "74.07%", "76.19%"] {
        assert!(words.contains(percent), "{percent}");
    }
    check_figures(&input, Lang::Zh);
}

#[test]
fn data_is_escaped_and_chinese_is_kept() {
    let page = html::render(&sample::input(SMALL), Lang::Zh).unwrap();
    assert!(page.contains("中医医院 &lt;住院部&gt; &amp; &quot;康复&quot;"));
    assert!(!page.contains("<住院部>"));
    assert!(page.contains("药物治疗 &amp; 辅助检查 &lt;A&gt;"));
}

#[test]
fn a_hostile_name_stays_text_wherever_it_is_printed() {
    let hostile = "<script>alert('x')</script>\" onload=\"y";
    let mut input = sample::input(SMALL);
    for table in input.tables.values_mut() {
        for (_, column) in &mut table.columns {
            if let Column::Text(values) = column {
                *values = (0..values.len()).map(|at| Some(format!("{hostile}{at}"))).collect();
            }
        }
    }
    input.manifest["policy"]["title"] = hostile.into();
    for lang in [Lang::Zh, Lang::En] {
        let page = html::render(&input, lang).unwrap();
        assert!(!page.contains("<script"), "no element is opened by data");
        assert!(!page.contains("\" onload=\"y"), "no attribute is opened by data");
        assert!(page.contains("&lt;script&gt;"));
    }
}

#[test]
fn the_simulated_run_is_marked_unless_the_manifest_says_otherwise() {
    let mut input = sample::input(SMALL);
    assert!(html::render(&input, Lang::Zh).unwrap().contains("不作为基金拨付依据"));
    assert!(html::render(&input, Lang::En).unwrap().contains("Nothing is paid"));
    input.manifest["simulated"] = false.into();
    let page = html::render(&input, Lang::Zh).unwrap();
    assert!(!page.contains("模拟运行"));
}

#[test]
fn both_languages_say_the_same_with_the_same_figures() {
    let input = sample::input(TWO_POOLS);
    let sources = |lang| {
        let page = html::render(&input, lang).unwrap();
        let mut all: Vec<String> = figures(&page).into_iter().map(|(source, _)| source).collect();
        all.sort();
        all
    };
    assert_eq!(sources(Lang::Zh), sources(Lang::En));
    let english = html::render(&input, Lang::En).unwrap();
    assert!(english.contains("<html lang=\"en\">"));
    assert!(english.contains("Who wins and who loses"));
}

#[test]
fn each_missing_table_leaves_one_line_and_no_empty_section() {
    let whole = sample::input(SMALL);
    for name in whole.tables.keys() {
        for empty in [false, true] {
            let mut input = whole.clone();
            if empty {
                let columns = &whole.tables[name].columns;
                let none = columns.iter().map(|(c, _)| (c.clone(), Column::text([""; 0])));
                let table = Table { name: name.clone(), columns: none.collect() };
                input.tables.insert(name.clone(), table);
            } else {
                input.tables.remove(name);
            }
            let page = html::render(&input, Lang::En).unwrap();
            assert!(page.contains(&format!("{name}”")), "`{name}` is said to be missing");
            assert!(!page.contains("<tbody>\n</tbody>"), "no empty table without `{name}`");
            check_figures(&input, Lang::En);
            xlsx::render(&input, Lang::En).unwrap();
        }
    }
}

#[test]
fn a_run_without_any_table_is_a_short_page() {
    let input = ReportInput { manifest: serde_json::json!({}), tables: BTreeMap::new() };
    let page = html::render(&input, Lang::Zh).unwrap();
    assert!(!page.contains("<table>"));
    assert!(!page.contains("<svg"));
    xlsx::render(&input, Lang::Zh).unwrap();
}

#[test]
fn missing_numbers_are_dashes() {
    let mut input = sample::input(SMALL);
    let table = input.tables.get_mut("institution").unwrap();
    let paid = table.columns.iter_mut().find(|(name, _)| name == "paid_yuan").unwrap();
    if let Column::Decimal { values, .. } = &mut paid.1 {
        values[1] = None;
    }
    let page = html::render(&input, Lang::Zh).unwrap();
    let source = format!("institution:paid_yuan:baseline|all|{}", sample::institution_code(1));
    let shown: Vec<String> =
        figures(&page).into_iter().filter(|(s, _)| *s == source).map(|(_, t)| t).collect();
    assert!(!shown.is_empty());
    assert!(shown.iter().all(|text| text == "–"));
    check_figures(&input, Lang::Zh);
}

#[test]
fn a_large_city_shows_sixty_institutions_and_says_how_many_there_are() {
    let page = html::render(&sample::input(LARGE), Lang::Zh).unwrap();
    assert!(page.contains(
        "共 <span class=\"figure\" data-source=\"count:institution:scenario=baseline\">300</span> 行，\
         此处列 <span data-const>60</span> 行，其余见 XLSX 工作表“institution 机构”。"
    ));
    // 20 from each end and the gap between them.
    let chart = page.split("<svg").nth(1).unwrap().split("</svg>").next().unwrap();
    assert_eq!(chart.matches("data-source=\"institution:paid_yuan:").count(), 40);
    assert_eq!(chart.matches('⋮').count(), 1);
}

#[test]
fn the_page_is_self_contained() {
    let page = html::render(&sample::input(LARGE), Lang::Zh).unwrap();
    for outside in ["<link", "<script", "src=", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("http").count(), page.matches("http://www.w3.org/2000/svg").count());
}

#[test]
fn the_limit_is_drawn_only_where_the_manifest_has_one() {
    let mut input = sample::input(SMALL);
    let limit = "data-source=\"manifest:/parameters/surplus_cap_rate\"";
    let page = html::render(&input, Lang::Zh).unwrap();
    assert!(page.contains(&format!("<text {limit}")));
    input.manifest["parameters"] = serde_json::json!({});
    assert!(!html::render(&input, Lang::Zh).unwrap().contains(limit));
}

// ── files ──

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn both(input: &ReportInput, lang: Lang, dir: &Path) -> Result<Vec<PathBuf>, Error> {
    write(input, &[Format::Html, Format::Xlsx], lang, dir)
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, two) = (folder(), folder());
    for size in [SMALL, TWO_POOLS] {
        let first = both(&sample::input(size), Lang::Zh, one.path()).unwrap();
        let second = both(&sample::input(size), Lang::Zh, two.path()).unwrap();
        for (a, b) in first.iter().zip(&second) {
            assert!(std::fs::read(a).unwrap() == std::fs::read(b).unwrap(), "{}", a.display());
        }
    }
    // Nothing but the two files is left behind.
    assert_eq!(std::fs::read_dir(one.path()).unwrap().count(), 2);
}

#[test]
fn writing_makes_the_folder_and_replaces_what_is_there() {
    let dir = folder();
    let deep = dir.path().join("run").join("report");
    let written = both(&sample::input(SMALL), Lang::Zh, &deep).unwrap();
    assert_eq!(written, [deep.join("report.html"), deep.join("report.xlsx")]);
    let again = write(&sample::input(SMALL), &[Format::Html], Lang::En, &deep).unwrap();
    assert!(std::fs::read_to_string(&again[0]).unwrap().contains("<html lang=\"en\">"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = folder();
    let file = dir.path().join("taken");
    std::fs::write(&file, "x").unwrap();
    let error = both(&sample::input(SMALL), Lang::Zh, &file.join("report")).unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    let text = render(&error);
    assert!(text.starts_with("error: cannot make the report folder `"), "{text}");
    assert!(text.contains("taken"), "{text}");
    assert!(text.contains("\nhint: name a folder you may write to"), "{text}");
}

#[test]
fn a_file_that_cannot_be_replaced_leaves_nothing_half_written() {
    let dir = folder();
    // A folder stands where the file should go, so the rename fails.
    std::fs::create_dir_all(dir.path().join("report.html").join("x")).unwrap();
    let error = both(&sample::input(SMALL), Lang::Zh, dir.path()).unwrap_err();
    assert!(matches!(error, Error::Write { .. }), "{error}");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left, [dir.path().join("report.html")]);
}

#[test]
fn formats_and_languages_have_names() {
    assert_eq!("html".parse::<Format>().unwrap(), Format::Html);
    assert_eq!("en".parse::<Lang>().unwrap(), Lang::En);
    let error = "htm".parse::<Format>().unwrap_err();
    assert_eq!(
        render(&error),
        "error: `htm` is not a report format; there are `html` and `xlsx`\n\
         hint: did you mean `html`?"
    );
    assert_eq!("fr".parse::<Lang>().unwrap_err(), "`fr` is no language; write `zh` or `en`");
}

/// Keeps reports of all sizes for looking at them: `REPORT_SAMPLES=DIR cargo test --lib samples`.
#[test]
fn samples_of_every_size_can_be_written() {
    let kept = std::env::var_os("REPORT_SAMPLES").map(PathBuf::from);
    let dir = folder();
    let root = kept.as_deref().unwrap_or(dir.path());
    for (name, size) in [("small", SMALL), ("two-pools", TWO_POOLS), ("large", LARGE)] {
        let input = sample::input(size);
        for (lang, code) in [(Lang::Zh, "zh"), (Lang::En, "en")] {
            let formats: &[Format] =
                if code == "zh" { &[Format::Html, Format::Xlsx] } else { &[Format::Html] };
            let written = write(&input, formats, lang, &root.join(name).join(code)).unwrap();
            assert_eq!(written.len(), formats.len());
        }
    }
}
