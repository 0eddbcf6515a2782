//! The documents name what there is: a picture or a recipe that has become wrong fails here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repository;

fn read(name: &str) -> String {
    fs::read_to_string(repository().join(name)).unwrap()
}

/// The modules at the top of the library.
fn modules() -> BTreeSet<String> {
    let entries = fs::read_dir(repository().join("src")).unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| path.is_file() || path.join("mod.rs").is_file());
    let names = entries.map(|path| path.file_name().unwrap().display().to_string());
    let modules = names.map(|name| name.trim_end_matches(".rs").to_owned());
    modules.filter(|name| name != "lib" && name != "main").collect()
}

#[test]
fn the_table_of_modules_is_that_of_the_code() {
    let text = read("docs/architecture.md");
    let (_, table) = text.split_once("## Modules").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let named: BTreeSet<String> = rows.map(|row| row.split_once('`').unwrap().0.to_owned()).collect();
    assert_eq!(named, modules());
}

#[test]
fn the_picture_shows_modules_that_there_are() {
    let picture = read("docs/architecture.svg");
    let boxes = picture.split("class=\"n\"").skip(1).map(|rest| {
        let (_, rest) = rest.split_once('>').unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    });
    let shown: BTreeSet<String> = boxes.collect();
    assert!(shown.len() > 10, "{shown:?}");
    assert_eq!(shown.difference(&modules()).collect::<Vec<_>>(), Vec::<&String>::new());
    // Small helpers would only crowd it.
    let helpers = ["cell", "core_dumps", "error", "exit", "panic_guard", "signals", "text"];
    let left_out: Vec<_> = modules().into_iter().filter(|name| !shown.contains(name)).collect();
    assert_eq!(left_out, helpers);
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let folder = repository().join("docs");
    let mut documents = vec![repository().join("CONTRIBUTING.md"), repository().join("README.md")];
    for folder in [folder.clone(), folder.join("decisions")] {
        documents.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    let mut named = 0;
    for document in documents.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let text = fs::read_to_string(document).unwrap();
        for quoted in text.split('`').skip(1).step_by(2).filter(|quoted| is_path_of_ours(quoted)) {
            named += 1;
            assert!(repository().join(quoted).exists(), "{} names {quoted}", document.display());
        }
        for target in links(&text) {
            named += 1;
            assert!(document.parent().unwrap().join(target).exists(), "{} links to {target}", document.display());
        }
    }
    assert!(named > 20, "{named}");
}

fn is_path_of_ours(quoted: &str) -> bool {
    let folders = ["src/", "tests/", "docs/", "benches/", "examples/", ".ci/"];
    folders.iter().any(|folder| quoted.starts_with(folder))
        && !quoted.contains([' ', '*', '{'])
        && !quoted.contains("NAME")
}

/// Where the links of a Markdown text lead to in this repository.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let files = targets.map(|target| target.split_once('#').map_or(target, |(file, _)| file));
    files.filter(|target| !target.is_empty() && !target.contains("://") && Path::new(target).is_relative())
}

#[test]
fn no_file_of_code_is_longer_than_300_lines() {
    const MOST: usize = 300;
    fn code(folder: &Path, found: &mut Vec<PathBuf>) {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                code(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let mut files = Vec::new();
    for top in ["src", "tests", "benches", "examples"] {
        code(&repository().join(top), &mut files);
    }
    assert!(files.len() > 300, "{}", files.len());
    let too_long = files.iter().filter(|path| fs::read_to_string(path).unwrap().lines().count() > MOST);
    assert_eq!(too_long.collect::<Vec<_>>(), Vec::<&PathBuf>::new(), "split these by concept");
}
