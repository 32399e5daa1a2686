//! Policies and scenarios: what loads, what composes, and what each broken file says.

mod coefficient;
mod drg;
mod zibo;

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;

use super::model::{
    Anchor, Band, BandPay, BudgetSource, Class, Deadline, Method, PayMethod, Reference, Trim,
};
use super::*;
use crate::explain::{Explain, Kind, render};
use crate::units::Fen;

const BAD: &str = "tests/bad/policy";

fn decimal(text: &str) -> rust_decimal::Decimal {
    rust_decimal::Decimal::from_str_exact(text).unwrap()
}

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn good() -> LoadedPolicy {
    loaded(&format!("{BAD}/good.toml"))
}

fn loaded(name: &str) -> LoadedPolicy {
    load(name).unwrap_or_else(|wrong| panic!("{}", render(&wrong)))
}

fn set(lines: &str) -> Scenario {
    let text = format!("title = \"情景\"\nbase = \"good\"\n[set]\n{lines}\n");
    Scenario::parse("test.toml", &text).unwrap_or_else(|wrong| panic!("{}", render(&wrong)))
}

fn composed(base: &LoadedPolicy, scenarios: &[Scenario]) -> LoadedPolicy {
    compose(base, scenarios).unwrap_or_else(|wrong| panic!("{}", render(&wrong)))
}

/// Compares an error with the message beside its file; `UPDATE_EXPECT=1` rewrites the message.
fn says(name: &str, wrong: &Error) {
    assert_eq!(wrong.kind(), Kind::Input, "{name}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(BAD).join(format!("{name}.txt"));
    expect_file![file].assert_eq(&format!("{}\n", render(wrong)));
}

fn bad_files() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(BAD)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "good")
        .collect();
    names.sort();
    names
}

#[test]
fn every_broken_policy_says_what_where_and_what_next() {
    let names: Vec<String> =
        bad_files().into_iter().filter(|name| !name.starts_with("scenario-")).collect();
    assert!(names.len() >= 40, "{names:?}");
    for name in names {
        let folder = format!("{BAD}/{name}");
        let path = if Path::new(&folder).is_dir() { folder } else { format!("{folder}.toml") };
        match load(&path) {
            Ok(_) => panic!("{path} loads"),
            Err(wrong) => says(&name, &wrong),
        }
    }
}

#[test]
fn every_broken_scenario_says_what_where_and_what_next() {
    let good = good();
    let twice = ["scenario-set-twice-a", "scenario-set-twice-b", "scenario-set-twice-section"];
    let alone = bad_files()
        .into_iter()
        .filter(|name| name.starts_with("scenario-") && !twice.contains(&name.as_str()));
    for name in alone {
        let path = format!("{BAD}/{name}.toml");
        let read = load_scenarios(&path, &good);
        match read.and_then(|scenarios| compose(&good, &scenarios)) {
            Ok(_) => panic!("{path} composes"),
            Err(wrong) => says(&name, &wrong),
        }
    }
}

#[test]
fn a_value_set_twice_names_both_files() {
    let good = good();
    let path = |name: &str| format!("{BAD}/scenario-set-twice-{name}.toml");
    let spec = |a: &str, b: &str| format!("{}+{}", path(a), path(b));
    for (name, spec) in [("values", spec("a", "b")), ("section", spec("a", "section"))] {
        let scenarios = load_scenarios(&spec, &good).unwrap();
        let wrong = compose(&good, &scenarios).unwrap_err();
        says(&format!("set-twice-{name}"), &wrong);
        let one_by_one = compose(&composed(&good, &scenarios[..1]), &scenarios[1..]);
        assert_eq!(render(&one_by_one.unwrap_err()), render(&wrong));
    }
}

#[test]
fn unknown_names_are_answered_with_the_nearest() {
    let wrong = load("yantai-agp").unwrap_err();
    assert!(render(&wrong).contains("hint: did you mean `yantai-apg`?"), "{wrong}");
    let wrong = load("tests").unwrap_err();
    assert!(matches!(wrong, Error::NoPolicyFile { .. }), "{wrong}");
    let yantai = loaded("yantai-apg");
    let wrong = load_scenarios("low-line-0.6", &yantai).unwrap_err();
    assert!(render(&wrong).contains("hint: did you mean `low-line-0.5`?"), "{wrong}");
    for spec in ["", "+cap-8", "cap-8++low-line-0.5"] {
        let wrong = load_scenarios(spec, &yantai).unwrap_err();
        assert!(matches!(wrong, Error::ScenarioSpec { .. }), "{spec}: {wrong}");
    }
}

// shows: A02, A03, A04, A07, A09, A16, A21, A22, A24, A44, A49
#[test]
fn readings_that_may_be_left_out_take_the_default_of_the_readings() {
    // A09 first case by begntime, A02 means, A03 rescale, A04 all, A07 fee, A16 fee, A49 one pool,
    // A24 by points, A21 ÷ paid, A22 to the fund.
    let policy = good().policy;
    let cycle = policy.case.cycle.unwrap();
    assert_eq!((cycle.window_minutes, cycle.anchor), (1440, Anchor::First));
    assert_eq!(cycle.by_time, model::CycleTime::Begin);
    assert_eq!(policy.case.dated_by, model::CaseDate::Settlement); // A44
    assert_eq!(policy.weights.level, model::BlendLevel::Means);
    assert_eq!(policy.weights.single_year, model::SingleYear::Rescale);
    assert_eq!(policy.weights.denominator, model::Denominator::All);
    assert_eq!(policy.deviation.unwrap().compare, model::Compare::Fee);
    assert_eq!(policy.payment.ratio, RatioOf::Fee);
    assert_eq!(policy.budget.pools, model::Pools::One);
    assert_eq!(policy.sharing.by, model::ShareBy::Points);
    let cap = policy.surplus_cap.unwrap();
    assert_eq!(cap.base, model::CapBase::Paid);
    assert_eq!(cap.destination, model::CapDestination::Fund);
}

// shows: J08, A01, A05, A39, A41, A42, R04, R05, R13, R29
#[test]
fn jining_is_what_its_document_and_readings_say() {
    let policy = loaded("jining-apg").policy;
    assert_eq!(policy.identity.id, "jining-apg");
    assert_eq!(policy.scope.insutype, ["310", "390"]); // R05
    assert_eq!(policy.scope.med_type, ["14"]); // R05
    assert!(policy.scope.exclude_out_of_area && policy.scope.dise_codg.is_empty());
    assert!(policy.case.cycle.is_none() && policy.case.late.is_none()); // R04
    assert_eq!(policy.weights.years, [decimal("0.2"), decimal("0.8")]); // J08, A01
    assert_eq!(policy.weights.scale, Some(decimal("1000"))); // A05
    assert_eq!(policy.weights.trim, Trim::None); // A39
    assert_eq!(policy.weights.ungrouped_factor, decimal("0.7")); // A41
    assert!(policy.standards.is_empty() && policy.deviation.is_none());
    assert!(policy.surplus_cap.is_none());
    assert_eq!(policy.payment.method, PayMethod::Points); // J05
    assert_eq!(policy.budget.source, BudgetSource::Table { item: "budget".to_owned() });
    assert_eq!(policy.budget.basis, model::Basis::Fund); // A42
    assert_eq!(policy.sharing.surplus, decimal("1")); // R29
    let Method::Apg(apg) = policy.grouping.method else { panic!("jining groups by apg") };
    assert!(apg.disease_required); // R13
    assert_eq!(apg.charge_types[1], ["09", "10", "11"]); // A14
}

// shows: Y36, Y37, A13
#[test]
fn yantai_has_its_eight_printed_standards_and_no_ninth_group() {
    let loaded = loaded("yantai-apg");
    // The annex as printed (2.1, Y36), codes in bytewise order; 0_N18 is O_N18 (A13, Y37).
    let printed = [
        ("A_N18", 291),
        ("MA_N18", 1333),
        ("M_N18", 947),
        ("OA_N18", 1422),
        ("OMA_N18", 3344),
        ("OM_N18", 2666),
        ("O_N18", 415),
        ("QY_N18", 291),
    ];
    let standards: Vec<(&str, Fen)> = loaded
        .policy
        .standards
        .iter()
        .map(|standard| (standard.group_code.as_str(), standard.price))
        .collect();
    let wanted: Vec<(&str, Fen)> =
        printed.iter().map(|(code, yuan)| (*code, Fen(yuan * 100))).collect();
    assert_eq!(standards, wanted);
    assert_eq!(loaded.warnings.len(), 1);
    assert!(loaded.warnings[0].contains("`0_N18` is read as `O_N18` (A13)"));
    let names = &loaded.policy.grouping.names;
    let codes: Vec<&str> = names.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, printed.map(|(code, _)| code));
    assert!(names.contains(&("O_N18".to_owned(), "手术操作组-慢性肾功能衰竭".to_owned())));
}

// shows: Y03, Y08, Y17, Y22, Y23, Y24, Y34, A05, A12, A23, R04
#[test]
fn yantai_has_its_lines_cycle_and_cap() {
    let policy = loaded("yantai-apg").policy;
    let deviation = policy.deviation.unwrap();
    assert_eq!(deviation.reference, Reference::Standard);
    let seen: Vec<(Class, Option<String>, bool, BandPay, bool)> = deviation
        .bands
        .iter()
        .map(|Band { class, up_to, inclusive, pay, except_merged, .. }| {
            (*class, up_to.map(|end| end.to_string()), *inclusive, *pay, *except_merged)
        })
        .collect();
    // ≤ 0.4 by item, > 2 by item, merged never high (Y22–Y24).
    let wanted = [
        (Class::Low, Some("0.4".to_owned()), true, BandPay::Item, false),
        (Class::Normal, Some("2".to_owned()), true, BandPay::Group, false),
        (Class::High, None, false, BandPay::Item, true),
    ];
    assert_eq!(seen, wanted);
    let cycle = policy.case.cycle.unwrap();
    assert_eq!((cycle.window_minutes, cycle.anchor), (1440, Anchor::First)); // Y08, A09
    assert_eq!(cycle.except_groups, ["O_N18"]); // A12
    assert_eq!(policy.case.late.unwrap().deadline, Deadline::MonthEnd(1)); // A23
    assert_eq!(policy.scope.completed_from, Some(date(2022, 12, 1))); // Y17
    assert_eq!(policy.scope.dise_codg, ["N18"]); // Y03
    assert_eq!(policy.surplus_cap.unwrap().rate, decimal("0.10")); // Y34
    assert_eq!(policy.weights.scale, None); // A05
    assert_eq!(policy.budget.source, BudgetSource::Table { item: "control_total".to_owned() });
}

#[test]
fn the_low_line_of_yantai_stands_in_one_line() {
    let source = loaded("yantai-apg").source;
    assert_eq!(source.matches("clause = \"五(一)5(1)").count(), 1);
    assert_eq!(source.matches("\"0.4\"").count(), 1);
    let after = source.split("clause = \"五(一)5(1)").nth(1).unwrap();
    let low_line = after.lines().position(|line| line == "up_to = \"0.4\"").unwrap();
    assert!(low_line < 4, "the line follows its clause");
}

#[test]
fn every_shipped_scenario_composes_and_changes_its_policy() {
    for id in shipped() {
        let base = loaded(&id);
        let names = base.scenario_names();
        assert!(names.len() > 15, "{id}: {names:?}");
        for name in names {
            let scenario = load_scenarios(&name, &base).unwrap();
            let changed = composed(&base, &scenario);
            assert_ne!(changed.policy, base.policy, "{id} {name}");
            assert_ne!(changed.digest(), base.digest(), "{id} {name}");
            assert_eq!(scenario[0].name, name);
        }
    }
}

#[test]
fn composition_commutes() {
    for id in shipped() {
        let base = loaded(&id);
        let all: Vec<Scenario> =
            base.scenario_names().iter().map(|name| load_scenario(name, &base).unwrap()).collect();
        let mut both = 0;
        for (index, a) in all.iter().enumerate() {
            for b in &all[index + 1..] {
                let ab = compose(&base, &[a.clone(), b.clone()]);
                let ba = compose(&base, &[b.clone(), a.clone()]);
                match (ab, ba) {
                    (Ok(ab), Ok(ba)) => {
                        assert_eq!(ab.policy, ba.policy, "{} {}", a.name, b.name);
                        assert_eq!(ab.digest(), ba.digest());
                        assert_eq!(citations(&ab), citations(&ba));
                        both += 1;
                    }
                    (Err(_), Err(_)) => {}
                    _ => panic!("{} and {} compose in one order only", a.name, b.name),
                }
            }
        }
        assert!(both > 100, "{id}: {both}");
    }
}

#[test]
fn scenarios_may_be_applied_together_or_one_after_the_other() {
    for (id, a, b) in [
        ("jining-apg", "share-95", "cap-10"),
        ("jining-apg", "trim-percentile", "blend-totals"),
        ("yantai-apg", "low-line-0.5", "cap-off"),
        ("yantai-apg", "rolling-cycle", "cycle-48h"),
    ] {
        let base = loaded(id);
        let of = |spec: &str| load_scenarios(spec, &base).unwrap();
        let together = composed(&base, &of(&format!("{a}+{b}")));
        for (first, then) in [(a, b), (b, a)] {
            let later = composed(&composed(&base, &of(first)), &of(then));
            assert_eq!(later.policy, together.policy, "{id} {first} {then}");
            assert_eq!(later.digest(), together.digest());
        }
    }
}

#[test]
fn without_scenarios_or_with_an_empty_one_the_policy_is_unchanged() {
    for id in shipped() {
        let base = loaded(&id);
        let text = format!("title = \"公布的政策\"\nbase = \"{id}\"\n");
        let empty = Scenario::parse("empty.toml", &text).unwrap();
        for same in [composed(&base, &[]), composed(&base, &[empty])] {
            assert_eq!(same.policy, base.policy);
            assert_eq!(same.digest(), base.digest());
            assert_eq!(same.warnings, base.warnings);
            assert_eq!(citations(&same), citations(&base));
        }
    }
}

#[test]
fn a_changed_value_is_the_only_thing_that_changes() {
    let base = loaded("yantai-apg");
    let scenarios = load_scenarios("low-line-0.5", &base).unwrap();
    let changed = composed(&base, &scenarios);
    let mut wanted = base.policy.clone();
    let band = &mut wanted.deviation.as_mut().unwrap().bands[0];
    band.up_to = Some(decimal("0.5"));
    band.cite.clause = Some(format!("{}；五(一)5(1)", band.cite.clause.clone().unwrap()));
    band.cite.reading = Some("A06".to_owned());
    assert_eq!(changed.policy, wanted);
    assert_eq!(scenarios[0].changes[0].value_text, "0.5");
    assert_eq!(changed.source, base.source, "the source stays that of the published policy");
}

#[test]
fn a_section_is_added_with_the_cite_of_the_change_and_removed_again() {
    let jining = loaded("jining-apg");
    let capped = composed(&jining, &load_scenarios("cap-10", &jining).unwrap());
    let cap = capped.policy.surplus_cap.unwrap();
    assert_eq!(cap.rate, decimal("0.10"));
    assert_eq!(cap.cite.reading.as_deref(), Some("A21, A22"));
    let yantai = loaded("yantai-apg");
    let open = composed(&yantai, &load_scenarios("cap-off", &yantai).unwrap());
    assert!(open.policy.surplus_cap.is_none());
}

#[test]
fn bands_inside_an_added_section_take_the_cite_of_the_change() {
    let base = good();
    let deviation = "\"deviation\" = { value = { reference = \"mean\", band = [\
        { class = \"low\", up_to = \"0.3\", inclusive = false, pay = \"item\" }, \
        { class = \"normal\", pay = \"group\", clause = \"自有\" }] }, \
        reason = \"试\", reading = \"A06\" }";
    let bands = composed(&base, &[set(deviation)]).policy.deviation.unwrap().bands;
    assert_eq!(bands[0].cite, model::Cite { clause: None, reading: Some("A06".to_owned()) });
    assert_eq!(bands[1].cite, model::Cite { clause: Some("自有".to_owned()), reading: None });
}

#[test]
fn a_dated_price_is_added_beside_the_older_one() {
    let base = loaded("yantai-apg");
    let newest = ("standard[A_N18@2022-12-01].price".to_owned(), date(2022, 12, 1));
    assert_eq!(latest_dated_value(&base), Some(newest));
    let text = "title = \"涨价\"\nbase = \"yantai-apg\"\n[set]\n\"standard[0_N18].price\" = \
        { value = \"430\", from = 2024-07-01, reason = \"试\", reading = \"A13\" }\n";
    let dearer = composed(&base, &[Scenario::parse("dearer.toml", text).unwrap()]);
    let prices: Vec<(NaiveDate, Fen)> = dearer
        .policy
        .standards
        .iter()
        .filter(|standard| standard.group_code == "O_N18")
        .map(|standard| (standard.from, standard.price))
        .collect();
    let (old, new) = (date(2022, 12, 1), date(2024, 7, 1));
    assert_eq!(prices, [(old, Fen(41_500)), (new, Fen(43_000))]);
    let newest = ("standard[O_N18@2024-07-01].price".to_owned(), new);
    assert_eq!(latest_dated_value(&dearer), Some(newest));
}

#[test]
fn any_value_of_a_scenario_may_be_dated() {
    let base = good();
    let share = set("\"sharing.surplus\" = { value = \"0.9\", from = 2025-01-01, \
        reason = \"试\", reading = \"R29\" }");
    let changed = composed(&base, &[share]);
    let dated = ("sharing.surplus".to_owned(), date(2025, 1, 1));
    assert_eq!(latest_dated_value(&changed), Some(dated));
    let undated =
        set("\"sharing.surplus\" = { value = \"0.9\", reason = \"试\", reading = \"R29\" }");
    assert_ne!(composed(&base, &[undated]).digest(), changed.digest());
}

#[test]
fn an_entry_may_be_named_by_every_spelling_but_set_once() {
    let base = loaded("yantai-apg");
    let price = |path: &str| {
        let text = format!(
            "title = \"价\"\nbase = \"yantai-apg\"\n[set]\n\
             \"{path}\" = {{ value = \"400\", reason = \"试\", reading = \"A13\" }}\n"
        );
        Scenario::parse("price.toml", &text).unwrap()
    };
    let spellings = [
        "standard[O_N18].price",
        "standard[0_N18].price",
        "standard[O_N18@2022-12-01].price",
        "standard[0_N18@2022-12-01].price",
    ];
    let first = composed(&base, &[price(spellings[0])]);
    for path in &spellings[1..] {
        assert_eq!(composed(&base, &[price(path)]).policy, first.policy, "{path}");
        let twice = compose(&base, &[price(spellings[0]), price(path)]);
        assert!(matches!(twice, Err(Error::SetTwice { .. })), "{path}");
    }
}

#[test]
fn sections_changed_are_the_first_parts_of_the_paths() {
    let base = loaded("yantai-apg");
    let scenarios = load_scenarios("low-line-0.5+rolling-cycle+cap-off", &base).unwrap();
    let changed: Vec<String> = sections_changed(&scenarios).into_iter().collect();
    assert_eq!(changed, ["case", "deviation", "surplus_cap"]);
}

#[test]
fn the_digest_is_that_of_the_content_wherever_it_lies() {
    for id in shipped() {
        let embedded = loaded(&id);
        let disk = loaded(&format!("catalogs/{id}"));
        let file = loaded(&format!("catalogs/{id}/policy.toml"));
        assert_eq!(embedded.digest(), disk.digest());
        assert_eq!(embedded.digest(), file.digest());
        assert_eq!(embedded.policy, disk.policy);
        assert_eq!(embedded.scenario_names(), disk.scenario_names(), "rebuild after adding files");
        assert_eq!(embedded.digest().len(), 64);
    }
    let read = |text: &str| {
        let root = document::parse("a.toml", text).unwrap();
        let mut content = String::new();
        root.canonical(&mut content);
        content
    };
    assert_eq!(read("a = 1 # so\nb = \"2\"\n"), read("b = \"2\"\n\na = 1\n"));
    assert_ne!(read("a = \"1\"\n"), read("a = 1\n"));
    assert_ne!(read("a = [\"bc\"]\n"), read("a = [\"b\", \"c\"]\n"));
}

#[test]
fn item_lists_and_names_come_from_the_files_the_policy_names() {
    let lists = loaded("tests/policy/lists");
    let files: Vec<&str> = lists.files().keys().map(String::as_str).collect();
    assert_eq!(files, ["groups.csv", "items.csv"]);
    let Method::Apg(apg) = &lists.policy.grouping.method else { panic!("lists groups by apg") };
    let items: Vec<(&str, bool, usize)> =
        apg.items.iter().map(|item| (item.code.as_str(), item.prefix, item.class)).collect();
    assert_eq!(items, [("X01", false, 0), ("XA", true, 1), ("XA,1", false, 2)]);
    assert_eq!(apg.important, [vec![], vec![], vec!["X09".to_owned()]]);
    let names = [("M_N18", "内科服务组"), ("QY_N18", "歧义组")];
    assert_eq!(
        lists.policy.grouping.names,
        names.map(|(code, name)| (code.to_owned(), name.to_owned()))
    );
    let mut other = lists.clone();
    other.folder.files.insert("items.csv".to_owned(), b"other".to_vec());
    assert_ne!(other.digest(), lists.digest(), "files are part of the digest");
}

// shows: A33, A50, R01, R32
#[test]
fn a_dip_policy_takes_the_readings_it_leaves_open() {
    let loaded = loaded("tests/policy/dip");
    let Method::Dip(dip) = &loaded.policy.grouping.method else { panic!("groups by DIP") };
    assert_eq!((dip.diagnosis_characters, dip.residual_characters), (4, 3));
    assert_eq!((dip.threshold, dip.count), (15, model::YearCount::Mean));
    assert_eq!(dip.residual_below, model::ResidualBelow::Keep);
    assert_eq!(dip.ties, [model::Tie::MostMatched, model::Tie::NearestMean]);
    assert_eq!(dip.matching.len(), 4);
    assert_eq!(dip.attributes["36.0700"], model::Attribute::Surgery);
    assert!(loaded.policy.weights.exclude.is_empty());
    assert!(unsettled(&loaded.policy).is_empty());
    assert!(unsettled(&good().policy).is_empty());
}

#[test]
fn every_path_of_a_policy_leads_to_the_place_it_names() {
    for id in shipped() {
        let base = loaded(&id);
        let paths = path::list(&base.root);
        assert!(paths.len() > 60, "{id}: {}", paths.len());
        for (written, target) in &paths {
            assert!(paths.contains_key(&target.canonical), "{written}: {}", target.canonical);
            assert_eq!(paths[&target.canonical].steps, target.steps, "{written}");
            let end = written.rsplit(['.', ']']).next().unwrap();
            match target.steps.last().unwrap() {
                path::Step::Key(key) => assert_eq!(*key, end, "{written}"),
                path::Step::Name(name) => assert_eq!(name, end, "{written}"),
                path::Step::Entry(_) => panic!("{written} ends at an entry"),
            }
        }
    }
}

#[test]
fn every_section_with_a_cite_is_listed_once() {
    let yantai = loaded("yantai-apg");
    let listed = citations(&yantai);
    assert!(listed.iter().all(|cite| cite.clause.is_some() || cite.reading.is_some()));
    let mut sections: Vec<&str> = listed.iter().map(|cite| cite.section.as_str()).collect();
    for wanted in
        ["case.cycle", "weights.trim", "deviation.band[low]", "standard[M_N18@2022-12-01]"]
    {
        assert!(sections.contains(&wanted), "{sections:?}");
    }
    let count = sections.len();
    sections.sort_unstable();
    sections.dedup();
    assert_eq!(sections.len(), count);
    // As many cites as headings that need one: every heading but [policy] and [….charge_types].
    let headings = yantai.source.lines().filter(|line| line.starts_with('[')).count();
    assert_eq!(count, headings - 2);
}

#[test]
fn a_policy_on_disk_wins_over_the_shipped_one_of_the_same_name() {
    let folder: PathBuf = std::env::temp_dir().join(format!("dianshu-{}", std::process::id()));
    let home = folder.join("yantai-apg");
    fs::create_dir_all(home.join("scenarios")).unwrap();
    let source = loaded("yantai-apg").source.replace("\"0.4\"", "\"0.5\"");
    fs::write(home.join("policy.toml"), source).unwrap();
    let scenario = "title = \"本地\"\nbase = \"yantai-apg\"\n";
    fs::write(home.join("scenarios/local.toml"), scenario).unwrap();
    let here = loaded(home.to_str().unwrap());
    let scenarios = load_scenarios("local", &here).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(here.policy.deviation.unwrap().bands[0].up_to, Some(decimal("0.5")));
    assert_eq!(scenarios[0].title, "本地");
}

// shows: J02
#[test]
fn a_budget_of_one_institution_is_no_key_of_a_policy() {
    let wrong = load(&format!("{BAD}/budget-of-an-institution.toml")).unwrap_err();
    assert!(matches!(&wrong, Error::UnknownKey { key, .. } if key == "institution"), "{wrong}");
    assert_eq!(wrong.kind().exit_code(), 2);
}

/// A refund belongs to the year of its settlement until that is cleared, the day itself included.
// shows: A45, R03
#[test]
fn a_year_is_cleared_on_its_last_day_or_when_the_policy_says() {
    let both = loaded("tests/policy/cleared.toml");
    let (both, none) = (both.policy, good().policy);
    assert_eq!(both.cleared_on(2023), Some(date(2024, 3, 31)));
    for (year, day, by_default, as_said) in [
        (2023, date(2023, 12, 31), false, false),
        (2023, date(2024, 1, 1), true, false),
        (2023, date(2024, 3, 31), true, false),
        (2023, date(2024, 4, 1), true, true),
        (2022, date(2022, 12, 31), false, false),
        (2022, date(2023, 1, 1), true, true),
        (2021, date(2022, 1, 1), true, true),
    ] {
        assert_eq!(none.is_cleared(year, day), by_default, "{year} {day}");
        assert_eq!(both.is_cleared(year, day), as_said, "{year} {day}");
    }
}
