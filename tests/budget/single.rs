//! One run, or two on one machine, with a real redis-server.

use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;

use offerlinks::sandbox::{API_KEY, EMAIL, Options, Sandbox};
use tempfile::TempDir;

use crate::redis::Redis;

const SECRET: &str = "pa55-THAT-N0B0DY-MAY-SEE";

fn command(network: &Sandbox, folder: &TempDir, budget: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offerlinks"));
    command.args(arguments).current_dir(folder.path()).env_clear();
    command.env("OFFERSLOOK_BASE_URL", network.base_url());
    command.env("OFFERSLOOK_EMAIL", EMAIL).env("OFFERSLOOK_API_KEY", API_KEY).env("OFFERSLOOK_BUDGET", budget);
    command
}

/// Exit code, stdout and stderr.
fn run(network: &Sandbox, budget: &str, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("offers.csv"), "offer_id\n16\n17\n").unwrap();
    let done = command(network, &folder, budget, arguments).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    let report = fs::read_to_string(folder.path().join("report.json")).unwrap_or_default();
    (done.status.code().unwrap(), said + &report)
}

const EXPORT: [&str; 6] = ["export", "offers.csv", "-o", "links.csv", "--report", "report.json"];

#[test]
fn a_run_joins_the_budget_and_leaves_it() {
    let network = Sandbox::start(Options::default()).unwrap();
    let Some(redis) = Redis::start(Ipv4Addr::LOCALHOST) else { return };
    let (code, said) = run(&network, &redis.url(), &EXPORT);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the limit is shared through redis://127.0.0.1:"), "{said}");
    assert!(said.contains("1 run on 1 host"), "{said}");
    assert!(said.contains(r#""outages": 0"#), "{said}");
    let (code, said) = run(&network, &redis.url(), &["check"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.lines().any(|line| line.starts_with("budget       ok ")), "{said}");
    assert!(said.contains("nobody shares it at the moment"), "{said}");
}

#[test]
fn a_script_that_redis_has_lost_is_loaded_again() {
    let network = Sandbox::start(Options::default()).unwrap();
    let Some(redis) = Redis::start(Ipv4Addr::LOCALHOST) else { return };
    for _ in 0..2 {
        redis.ask(&["SCRIPT", "FLUSH"]);
        let (code, said) = run(&network, &redis.url(), &EXPORT);
        assert!(code == 0 && !said.contains("is away"), "{said}");
    }
}

#[test]
fn a_budget_that_is_away_is_said_and_costs_half_of_the_pace_and_nothing_else() {
    let network = Sandbox::start(Options::default()).unwrap();
    for arguments in [&EXPORT[..], &["export", "offers.csv", "-o", "links.csv", "--report", "report.json", "-q"]] {
        let (code, said) = run(&network, "redis://127.0.0.1:1/", arguments);
        assert_eq!(code, 0, "{said}");
        let away =
            "warning: the budget redis://127.0.0.1:1/ is away (connection refused); going on at 1/2 of the limit";
        assert_eq!(said.matches(away).count(), 1, "{said}");
        assert!(said.contains(r#""outages": 1"#), "{said}");
    }
    let (code, said) = run(&network, "redis://127.0.0.1:1/", &["check"]);
    assert!(code == 1 && said.contains("budget       FAILED       connection refused"), "{code} {said}");
}

#[test]
fn a_password_is_used_and_never_shown() {
    let network = Sandbox::start(Options::default()).unwrap();
    let Some(redis) = Redis::start(Ipv4Addr::LOCALHOST) else { return };
    redis.ask(&["CONFIG", "SET", "requirepass", SECRET]);
    let url = |password: &str| format!("redis://:{password}@{}/", redis.address);
    let wrong = format!("wrong-{SECRET}");
    for (budget, expected) in
        [(url(SECRET), "1 run on 1 host"), (url(&wrong), "is away"), (redis.url(), "it wants a password")]
    {
        let (code, said) = run(&network, &budget, &[&EXPORT[..], &["-v"]].concat());
        assert!(code == 0 && said.contains(expected), "{code} {said}");
        assert!(!said.contains(SECRET), "{said}");
    }
    let with_password = url(SECRET);
    let typed = [&EXPORT[..], &["--budget", &with_password, "-v"]].concat();
    let (code, said) = run(&network, "", &typed);
    assert!(code == 2 && said.contains("OFFERSLOOK_BUDGET") && !said.contains(SECRET), "{code} {said}");
    assert_eq!(network.calls().len(), 0, "the log is off");
}

#[test]
fn an_address_that_would_be_misread_is_refused_before_any_call() {
    let network = Sandbox::start(Options::default()).unwrap();
    for (budget, expected) in [
        (format!("redis://me@h/{SECRET}"), "a user and no password"),
        (format!("redis://h/?x={SECRET}"), "the database is the path"),
        (format!("redis://:x#{SECRET}@h/"), "%23"),
        (SECRET.to_owned(), "expected redis://HOST/"),
    ] {
        for command in ["export", "list", "check"] {
            let (code, said) = run(&network, &budget, &[command]);
            assert!(code == 2 && said.contains(expected), "{command} {code} {said}");
            assert!(!said.contains(SECRET), "{said}");
        }
    }
}
