//! Writing and reading folders.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::build::{
    Folder, POLICY, contents, dec, group, policy, tiny, write_as, write_draft, yuan,
};
use crate::catalog::manifest::State;
use crate::catalog::model::Catalog;
use crate::catalog::{Artefact, Error, open, read, verify, write};
use crate::explain::{Explain, render};
use crate::units::Points;

#[test]
fn what_is_written_is_read_again_to_the_byte() {
    let folder = Folder::new("round-trip");
    let (one, two) = (folder.0.join("one"), folder.0.join("deeper/two"));
    let digest = write_draft(&tiny(), &one).unwrap();
    let stored = open(&one).unwrap();
    assert_eq!(stored.catalog, tiny());
    assert_eq!((stored.state, stored.digest.as_str()), (State::Draft, digest.as_str()));
    assert_eq!((stored.valid_from.as_str(), stored.valid_to), ("2024-01-01", None));
    assert_eq!(stored.policy_source, POLICY);
    assert_eq!(read(&one).unwrap(), tiny());

    // The same catalog with its rows in another order gives the same bytes.
    let mut shuffled = tiny();
    shuffled.groups.reverse();
    shuffled.institutions.reverse();
    assert_eq!(write_draft(&shuffled, &two).unwrap(), digest);
    assert_eq!(contents(&one), contents(&two));
    assert_eq!(folder.names(), ["deeper", "one"], "nothing is left beside the catalog");
}

// shows: J13
#[test]
fn groups_file_is_what_a_reader_expects() {
    let folder = Folder::new("groups");
    let dir = folder.0.join("c");
    write_draft(&tiny(), &dir).unwrap();
    let text = fs::read_to_string(dir.join("groups.csv")).unwrap();
    assert_eq!(
        text,
        "\u{feff}group_code,group_name,kind,parent,mark,cases_2022,cases_2023,mean_2022,mean_2023,\
         cases,mean,cv,computed_points,points,standard,flags\n\
         A,\"透析, \"\"常规\"\"\n第二行\",group,,,1,2,100.0000,250.0000,3,200.0000,0.408248,66.6667,\
         66.6667,,\n\
         B,,group,,,0,1,,600.0000,1,600.0000,,200.0000,200.0000,612.50,single_year;small\n"
    );
    let manifest = fs::read_to_string(dir.join("catalog.toml")).unwrap();
    for line in
        ["system = \"tiny\"", "state = \"draft\"", "base_mean = \"300.0000\"", "scale = \"100\""]
    {
        assert!(manifest.lines().any(|known| known == line), "{line}\n{manifest}");
    }
}

#[test]
fn intact_catalog_passes_every_check() {
    let folder = Folder::new("verify");
    let dir = folder.0.join("c");
    write_draft(&tiny(), &dir).unwrap();
    let report = verify(&dir).unwrap();
    assert!(report.passed(), "{report:#?}");
    let names: Vec<&str> = report.checks.iter().map(|check| check.check.as_str()).collect();
    assert_eq!(
        names,
        [
            "catalog.toml",
            "flow.csv",
            "groups.csv",
            "identity.csv",
            "institutions.csv",
            "items.csv",
            "policy.toml",
            "trimmed.csv",
            "files",
            "life",
            "cases of groups",
            "points",
            "published points",
            "identity",
            "points total",
            "cost",
            "cases of 2022",
            "cases of 2023",
        ]
    );
    assert_eq!(report.table().cell("result", 0).as_deref(), Some("passed"));
}

#[test]
fn draft_is_replaced_and_anything_further_is_not() {
    let folder = Folder::new("replace");
    let dir = folder.0.join("c");
    fs::create_dir(&dir).unwrap(); // an empty folder is as good as none
    write_draft(&tiny(), &dir).unwrap();
    let mut newer = tiny();
    newer.system = "newer".to_owned();
    write_draft(&newer, &dir).unwrap();
    assert_eq!(read(&dir).unwrap(), newer);
    assert_eq!(folder.names(), ["c"]);

    for state in [State::Reviewed, State::Published] {
        let kept = folder.0.join(state.as_str());
        write_as(&tiny(), state, &kept).unwrap();
        let before = contents(&kept);
        let err = write_draft(&newer, &kept).unwrap_err();
        assert_eq!(
            render(&err),
            format!(
                "error: catalog `{}` is {}; only a draft can be replaced\n\
                 hint: build the new catalog into another folder",
                kept.display(),
                state.as_str()
            )
        );
        assert_eq!(contents(&kept), before);
    }
    assert_eq!(folder.names(), ["c", "published", "reviewed"]);
}

#[test]
fn folders_and_files_of_others_are_left_alone() {
    let folder = Folder::new("foreign");
    let dir = folder.0.join("c");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("thesis.docx"), "years of work").unwrap();
    let err = write_draft(&tiny(), &dir).unwrap_err();
    assert!(matches!(err, Error::NotACatalog { .. }), "{err}");
    assert_eq!(err.kind().exit_code(), 2);
    let err = write_draft(&tiny(), &dir.join("thesis.docx")).unwrap_err();
    assert!(matches!(err, Error::NotACatalog { .. }), "{err}");

    let draft = folder.0.join("draft");
    write_draft(&tiny(), &draft).unwrap();
    fs::write(draft.join("notes.txt"), "mine").unwrap();
    let before = contents(&draft);
    let err = write_draft(&tiny(), &draft).unwrap_err();
    assert_eq!(
        render(&err),
        format!(
            "error: catalog `{}` holds `notes.txt`, which is not part of it\n\
             hint: move that file elsewhere, or name another folder",
            draft.display()
        )
    );
    assert_eq!(contents(&draft), before);
    let failed: Vec<_> =
        verify(&draft).unwrap().checks.into_iter().filter(|check| !check.passed).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].check.as_str(), failed[0].detail.as_str()), ("files", "notes.txt"));
}

#[test]
fn failed_write_leaves_the_old_catalog_and_nothing_else() {
    let folder = Folder::new("unwritable");
    let dir = folder.0.join("c");
    write_draft(&tiny(), &dir).unwrap();
    let before = contents(&dir);
    // The name of the new folder is taken by a file, so it cannot be made: the disk says no.
    let partial = folder.0.join(format!(".c.partial-{}", std::process::id()));
    fs::write(&partial, "in the way").unwrap();
    let err = write_draft(&tiny(), &dir).unwrap_err();
    assert!(matches!(err, Error::Io { .. }), "{err}");
    assert!(err.to_string().contains(".c.partial-"), "{err}");
    assert_eq!(contents(&dir), before);
    // A path through a file cannot be a folder.
    let inside = folder.0.join("c/groups.csv/deeper/d");
    let err = write_draft(&tiny(), &inside).unwrap_err();
    assert_eq!(err.kind().exit_code(), 2);
    assert_eq!(contents(&dir), before);
    let err = write_draft(&tiny(), Path::new("/")).unwrap_err();
    assert!(matches!(err, Error::NotACatalog { .. }), "{err}");
}

#[test]
fn numbers_and_names_that_do_not_fit_are_refused_before_anything_is_written() {
    let folder = Folder::new("refused");
    let dir = folder.0.join("c");
    let refused = |catalog: &Catalog| write_draft(catalog, &dir).unwrap_err().to_string();
    let mut odd = tiny();
    odd.groups[0].mean = dec("200.00001");
    assert_eq!(refused(&odd), "mean of group `A`: 200.00001 has more than 4 decimal places");
    let mut odd = tiny();
    odd.groups[1].points = Some(Points(1));
    assert_eq!(refused(&odd), "points of group `B`: 0.000001 has more than 4 decimal places");
    let mut odd = tiny();
    odd.groups[1].year_cases.pop();
    assert_eq!(refused(&odd), "cases of group `B`: 1 yearly values for 2 statistics years");
    for name in ["groups.csv", "catalog.toml", "../x", "a/b", "", ".hidden"] {
        let extra = [(name.to_owned(), Vec::new())].into();
        let (catalog, policy) = (tiny(), policy());
        let artefact =
            Artefact { catalog: &catalog, policy: &policy, policy_source: POLICY, extra: &extra };
        let err = write(&artefact, &dir).unwrap_err();
        assert!(matches!(err, Error::FileName { .. }), "{name}: {err}");
    }
    assert!(folder.names().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_text_survives(names in prop::collection::vec("\\PC{0,12}|[\"\r\n,; ]{1,4}", 1..6)) {
        let folder = Folder::new("any-text");
        let dir = folder.0.join("c");
        let mut catalog = tiny();
        catalog.groups = names
            .iter()
            .enumerate()
            .map(|(number, name)| {
                let mut group = group(&format!("G{number}"), 1, "5.25", "1.75");
                group.group_name = name.clone();
                group.standard = Some(yuan("-0.01"));
                group
            })
            .collect();
        write_draft(&catalog, &dir).unwrap();
        prop_assert_eq!(read(&dir).unwrap(), catalog);
    }
}
