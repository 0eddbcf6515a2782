//! What can be typed, and what is said about it.

use crate::support::{command, export, network};

#[test]
fn help_names_every_command_and_every_exit_code() {
    let ran = command(&["--help"]).run().expect(0);
    let parts =
        ["export", "list", "check", "sandbox", "completions", "man", "Exit codes:", "  129  ", "  130  ", "  143  "];
    for part in parts {
        assert!(ran.stdout.contains(part), "{part:?} is not in: {}", ran.stdout);
    }
    for code in 0..=5 {
        assert!(ran.stdout.lines().any(|line| line.starts_with(&format!("  {code}  "))), "{code}: {}", ran.stdout);
    }
    assert_eq!(ran.stderr, "");
}

#[test]
fn help_promises_no_flag_that_does_not_exist() {
    let export_help = command(&["export", "--help"]).run().expect(0).stdout;
    let sandbox_help = command(&["sandbox", "--help"]).run().expect(0).stdout;
    let help = command(&["--help"]).run().expect(0).stdout;
    let declared: Vec<_> = [&export_help, &sandbox_help, &help]
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| line.trim_start().starts_with('-'))
        .flat_map(flags)
        .collect();
    for flag in help.lines().chain(export_help.lines()).flat_map(flags) {
        assert!(declared.contains(&flag), "{flag} is mentioned, but there is no such flag");
    }
}

/// The long flags in a line.
fn flags(line: &str) -> Vec<&str> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| word.len() > 2 && word.starts_with("--")).collect()
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = concat!(" ", env!("CARGO_PKG_VERSION"));
    for (arguments, program) in [(&["--version"][..], "offerlinks"), (&["export", "--version"], "offerlinks-export")] {
        let ran = command(arguments).run().expect(0);
        let mut lines = ran.stdout.lines();
        assert_eq!(lines.next(), Some(format!("{program}{version}").as_str()));
        let shown: Vec<_> = lines.filter_map(|line| line.split_once(':')).collect();
        let names: Vec<_> = shown.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["commit", "target", "features"], "{}", ran.stdout);
        assert!(shown.iter().all(|(_, value)| !value.trim().is_empty()), "{}", ran.stdout);
    }
    let short = command(&["-V"]).run().expect(0).stdout;
    assert!(short.starts_with(&format!("offerlinks{version} (")) && short.lines().count() == 1, "{short}");
    // A manual page is the same whatever it was built for.
    let page = command(&["man", "export"]).run().expect(0).stdout;
    assert!(page.ends_with(&format!(".SH VERSION\nv{}\n\n", version.trim())) && !page.contains("commit:"), "{page}");
}

#[test]
fn nothing_typed_is_a_usage_error_with_the_help() {
    command(&[]).run().expect(2).says(&["Usage: offerlinks <COMMAND>"]);
}

#[test]
fn a_flag_that_makes_no_sense_is_refused_before_any_call_with_its_name() {
    let network = network();
    let cases: &[(&[&str], &str)] = &[
        (&["--nonsense"], "--nonsense"),
        (&["--rate", "50"], "--rate"),
        (&["--rate", "0/s"], "--rate"),
        (&["--rate", "50/10"], "--rate"),
        (&["--rate=-1/s"], "--rate"),
        (&["--rate", ""], "--rate"),
        (&["-j", "0"], "--concurrency"),
        (&["-j", "many"], "--concurrency"),
        (&["--retries=-1"], "--retries"),
        (&["--timeout", "0s"], "--timeout"),
        (&["--timeout", "soon"], "--timeout"),
        (&["--max-duration", "1 fortnight"], "--max-duration"),
        (&["--max-errors", "101%"], "at most 100%"),
        // The usage names nothing that must not stand beside what is typed.
        (&["--type", "all"], "Usage: offerlinks export [OPTIONS] [INPUT]\n"),
        (&["--max-body", "0"], "--max-body"),
        (&["--max-body", "8MB of data"], "--max-body"),
        (&["-d", "ab"], "--delimiter"),
        (&["-d", "\""], "--delimiter"),
        (&["--format", "pdf"], "--format"),
        (&["--column", "0"], "--column"),
        (&["--excel", "--format", "jsonl"], "--excel"),
        (&["-q", "-v"], "--quiet"),
        (&["--proxy", "not a URL"], "--proxy"),
        (&["--append", "a=b&c={row.nope}"], "nope"),
        (&["--append", "a={row.offer_id"], "--append"),
        (&["--log-format", "xml"], "--log-format"),
        (&["--progress", "maybe"], "--progress"),
        (&["--api-key", "secret"], "--api-key"),
    ];
    for (arguments, named) in cases {
        let mut run = export().offers(&["16"]).on(&network);
        if arguments[0].starts_with("--rate") {
            // `export()` has one already, and that it is there twice would be the error.
            run = run.without_rate();
        }
        let ran = run.args(arguments).run();
        assert!(ran.code == 2 && ran.stderr.contains(named), "{arguments:?}: {ran:#?}");
        assert_eq!((ran.output, ran.stdout.as_str()), (None, ""), "{arguments:?}");
    }
    assert_eq!(network.calls(), []);
}

#[test]
fn the_sandbox_prints_the_settings_to_use_it() {
    let sandbox = command(&["sandbox", "--listen", "127.0.0.1:0", "--rate", "none"]).start();
    let line = sandbox.first_line();
    let value = |name: &str| {
        let words = line.split_whitespace().map(|word| word.trim_start_matches("$env:"));
        let value = words.into_iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        // PowerShell's line has quotes and semicolons.
        value.unwrap_or_else(|| panic!("{name} is not in {line:?}")).replace(['\'', ';'], "")
    };
    let mut run = export().offers(&["16", "17"]);
    for name in ["OFFERSLOOK_BASE_URL", "OFFERSLOOK_EMAIL", "OFFERSLOOK_API_KEY"] {
        run = run.env(name, value(name));
    }
    run.run().expect(0);
    sandbox.kill();
}
