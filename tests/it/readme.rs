//! The documents say what the program does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::tools::dianshu;

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Shell lines of the fenced blocks.
fn commands(text: &str) -> Vec<String> {
    text.split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines)
        .map(|line| line.split('#').next().unwrap_or_default().trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn both_readmes_show_the_same_commands() {
    assert_eq!(commands(&document("README.md")), commands(&document("README.zh-CN.md")));
}

/// What a reader copies is what runs, on a city of the reader's own.
#[test]
fn the_commands_of_the_readme_run_in_their_order() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    dianshu(path, "synth jining-apg --people 120 --clean --out exports --format csv-gb18030").ok();
    let mut run = String::new();
    let own = commands(&document("README.md"));
    let own: Vec<&String> = own.iter().filter(|line| line.starts_with("dianshu ")).collect();
    assert!(own.len() >= 5, "{own:?}");
    for line in own {
        let words = line.trim_start_matches("dianshu ").replace("runs/<id>", &run);
        let ran = dianshu(path, &words);
        assert!(ran.code <= 1, "`{line}`: {}\n{}", ran.stdout, ran.stderr);
        if let Some(found) = ran.stdout.lines().find_map(|line| line.strip_prefix("run: ")) {
            found.clone_into(&mut run);
        }
    }
    assert!(path.join(&run).join("report/report.html").is_file());
}

#[test]
fn the_readme_names_every_command() {
    let home = tempfile::tempdir().unwrap();
    let help = dianshu(home.path(), "--help").ok().stdout;
    let names: BTreeSet<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() >= 9, "{help}");
    let readme = document("README.md");
    for name in names {
        assert!(readme.contains(&format!("| `{name}")), "README does not list `{name}`");
    }
}
