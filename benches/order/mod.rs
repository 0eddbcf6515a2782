//! The script that has the linker put the functions of an export beside each other: `-- order PROGRAM`
//!
//! Which functions those are is known from callgrind, their sizes from `nm`. The hash at the end of a name changes with
//! compiler and dependencies, so a star stands in its place. Where other functions of that name have as much or more, those
//! that are called come first by their full names, which serve until the hash changes, and then the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::Result;

/// The functions of one name, but for the hash.
#[derive(Debug, Default)]
struct Alike<'n> {
    /// Bytes of all of them.
    all: u64,
    /// Bytes of those that an export runs through.
    called: u64,
    /// Their full names.
    names: Vec<&'n str>,
}

/// The script, from callgrind's output (names as the linker knows them) for a program with its symbols.
pub(crate) fn script(counts: &str, program: &Path) -> Result<String> {
    let called = functions(counts);
    let listed = Command::new("nm").arg("-S").arg(program).output()?;
    let listed = String::from_utf8(listed.stdout)?;
    // Equal functions share one place, under several names.
    let mut places = BTreeMap::<&str, (u64, Vec<&str>)>::new();
    for line in listed.lines() {
        if let [place, size, "t" | "T" | "w" | "W", name] = line.split(' ').collect::<Vec<_>>()[..] {
            let (bytes, names) = places.entry(place).or_default();
            *bytes = u64::from_str_radix(size, 16)?;
            names.push(name);
        }
    }
    let mut patterns = BTreeMap::<String, Alike>::new();
    for (size, names) in places.values() {
        let is_called = names.iter().any(|name| called.contains(name));
        for name in names {
            let alike = patterns.entry(pattern(name)).or_default();
            alike.all += size;
            if is_called {
                alike.called += size;
                alike.names.push(name);
            }
        }
    }
    patterns.retain(|_, alike| alike.called > 0);
    if patterns.len() < 100 {
        return Err("the program was built without its symbols".into());
    }
    let (dense, sparse): (Vec<_>, Vec<_>) = patterns.iter().partition(|(_, alike)| alike.called * 2 >= alike.all);
    let named = sparse.iter().flat_map(|(_, alike)| alike.names.iter().copied());
    let mut script = String::from(
        "/* The functions of an export beside each other: less memory. Written by .ci/order; build.rs says more. */\n\
         SECTIONS\n{\n  .text.export :\n  {\n",
    );
    for name in dense.iter().map(|(pattern, _)| pattern.as_str()).chain(named) {
        script += &format!("    *(.text*.{name})\n");
    }
    for (pattern, _) in sparse {
        script += &format!("    *(.text*.{pattern})\n");
    }
    Ok(script + "  }\n}\nINSERT BEFORE .text;\n")
}

/// The names of functions that were called; one that calls itself has a number of its own, as in `name'2`.
fn functions(counts: &str) -> BTreeSet<&str> {
    let named = counts.lines().filter_map(|line| line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")));
    named.filter_map(|named| named.split_once(' ')?.1.split('\'').next()).collect()
}

/// A name with a star for what another compiler or another version of a dependency changes in it: the hash at its end, those
/// of crates (`Cs1a2b_`), and the module that LTO took it from.
fn pattern(name: &str) -> String {
    const HASH: &str = "17h";
    if let Some(at) = name.rfind(HASH)
        && name[at..].len() > 16 + HASH.len()
        && name[at + HASH.len()..][..16].bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return format!("{}*", &name[..at + HASH.len()]);
    }
    let (name, star) = name.split_once(".llvm.").map_or((name, ""), |(name, _)| (name, "*"));
    let mut parts = name.split("Cs");
    let mut pattern = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.split_once('_').filter(|(hash, _)| hash.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        pattern += &rest.map_or_else(|| format!("Cs{part}"), |(_, rest)| format!("Cs*_{rest}"));
    }
    pattern + star
}
