//! The same claims give the same catalog, whatever threads, file splits and memory.

use super::tools::{contents, dianshu, same_bytes, synth};

/// Two exports of one city, one whole and one in five parts, built with few and many threads and with
/// as little memory as a build runs in.
fn does_not_depend_on_the_machine(system: &str, people: u32, years: &str) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path();
    for (parts, warehouse, threads) in [(1, "whole", 1), (5, "split", 4)] {
        let export = format!("export-{warehouse}");
        let words = format!("--people {people} --years {years} --clean --seed 9 --parts {parts}");
        synth(path, system, &words, &export);
        let ingest = format!("ingest {export} --warehouse {warehouse} --threads {threads} --quiet");
        assert!(dianshu(path, &ingest).code <= 1);
    }
    let build = format!("catalog build --policy {system} --years {years} --quiet");
    for (name, warehouse, threads, memory) in
        [("one", "whole", 1, "2GiB"), ("four", "split", 4, "2GiB"), ("little", "split", 2, "64MiB")]
    {
        let limits = format!("--threads {threads} --memory {memory}");
        dianshu(path, &format!("{build} --warehouse {warehouse} {limits} --out {name}")).ok();
    }
    assert!(contents(&path.join("one")).len() > 5);
    same_bytes(&path.join("one"), &path.join("four"));
    same_bytes(&path.join("one"), &path.join("little"));
}

// shows: E22
#[test]
fn yantai_apg_does_not_depend_on_the_machine() {
    does_not_depend_on_the_machine("yantai-apg", 60, "2022,2023");
}

// shows: E22
#[test]
fn zibo_dip_does_not_depend_on_the_machine() {
    does_not_depend_on_the_machine("zibo-dip", 1500, "2021,2022,2023");
}

// shows: E22
#[test]
fn panzhihua_drg_does_not_depend_on_the_machine() {
    does_not_depend_on_the_machine("panzhihua-drg", 800, "2021,2022,2023");
}

// shows: E22
#[test]
fn jinhua_apg_does_not_depend_on_the_machine() {
    does_not_depend_on_the_machine("jinhua-apg", 120, "2022,2023");
}
