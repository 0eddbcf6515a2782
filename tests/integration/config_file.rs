//! The config file: several networks by name, each with its account; whose value counts; what is said of mistakes.

use offerlinks::sandbox::{Account, EMAIL, Sandbox};
use serde_json::Value;

use crate::support::{Folder, KEY, KEY_FILE, Ran, command_in, network, network_with};

/// The key of the second network.
const OTHER_KEY: &str = "0ther-k3y-N0B0DY-SEES";

/// Two networks with a key of their own, and a folder with a config file that names them.
struct Scene {
    demo: Sandbox,
    acme: Sandbox,
    folder: Folder,
}

impl Scene {
    fn new() -> Self {
        Self::with(network_with(|options| (options.api_key, options.listed) = (OTHER_KEY.into(), 3)))
    }

    fn with(acme: Sandbox) -> Self {
        let (demo, folder) = (network_with(|options| options.listed = 2), Folder::new());
        let scene = Self { demo, acme, folder };
        scene.folder.write(KEY_FILE, KEY);
        let text = format!(
            "rate = \"none\"\nemail = \"{EMAIL}\"\n\n[networks.demo]\nbase_url = \"{}\"\napi_key_file = \"{KEY_FILE}\"\n\n\
             [networks.acme]\nbase_url = \"{}\"\napi_key_env = \"ACME_KEY\"\nrate = \"1000/s\"\n",
            scene.demo.base_url(),
            scene.acme.base_url(),
        );
        scene.folder.write("config.toml", text);
        scene
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let run = command_in(&self.folder, arguments).args(&["--config", "config.toml"]);
        let ran = run.env("ACME_KEY", OTHER_KEY).run();
        assert!(![&ran.stdout, &ran.stderr].iter().any(|text| text.contains(OTHER_KEY)), "{ran:#?}");
        ran
    }
}

#[test]
fn check_gives_each_network_its_own_result_and_the_worst_code() {
    let scene = Scene::new();
    let all = scene.run(&["check", "--all-networks"]).expect(0);
    let headings: Vec<_> = all.stdout.lines().filter(|line| line.starts_with("network ")).collect();
    assert_eq!(headings, ["network demo", "network acme"], "{}", all.stdout);
    let config = scene.folder.path("config.toml");
    for part in [
        "--rate             none (config.toml line 1)",
        "--rate             1000/s (config.toml line 11)",
        "demo         ok",
        "acme         ok",
    ] {
        assert!(all.stdout.contains(part), "{part}\n{}", all.stdout);
    }
    assert!(config.is_file());
    assert_eq!((scene.demo.calls().len(), scene.acme.calls().len()), (1, 1));

    let locked = Scene::with(network_with(|options| {
        options.api_key = OTHER_KEY.into();
        options.account = Account::Locked;
    }));
    let json = locked.run(&["check", "--network", "demo,acme", "--log-format", "json"]).expect(4);
    let lines: Vec<Value> = json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let codes: Vec<_> = lines.iter().map(|line| (line["network"].as_str(), line["exit_code"].as_u64())).collect();
    assert_eq!(codes, [(Some("demo"), Some(0)), (Some("acme"), Some(4)), (None, Some(4))], "{}", json.stdout);
    assert_eq!(lines[2]["networks"][1]["network"], "acme");

    // Wrong settings of one network are that network's result.
    let no_key = command_in(&scene.folder, &["check", "--all-networks", "--config", "config.toml"]).run().expect(2);
    assert!(
        no_key.stdout.contains("ACME_KEY (api_key_env), which is to hold the API key, is not set"),
        "{}",
        no_key.stdout
    );
    assert!(no_key.stdout.contains("demo         ok"), "{}", no_key.stdout);
}

#[test]
fn list_over_several_networks_has_a_column_for_them() {
    let scene = Scene::new();
    let list = scene.run(&["list", "--all-networks", "--type", "all", "-o", "offers.csv"]).expect(0);
    list.says(&["of 2 of 2 networks to offers.csv"]);
    let rows = std::fs::read_to_string(scene.folder.path("offers.csv")).unwrap();
    assert!(rows.starts_with("offer_id,network,name,status,"), "{rows}");
    let of = |network: &str| rows.lines().filter(|row| row.split(',').nth(1) == Some(network)).count();
    assert_eq!((of("demo"), of("acme")), (9, 10), "{rows}");

    // One is as ever: without the column.
    let one = scene.run(&["list", "--network", "Demo", "--type", "all"]).expect(0);
    assert!(one.stdout.starts_with("offer_id,name,status,"), "{}", one.stdout);
}

#[test]
fn a_network_that_refuses_its_list_holds_up_no_other() {
    let scene = Scene::with(network_with(|options| options.api_key = "yet-another".into()));
    let list = scene.run(&["list", "--all-networks", "--type", "all", "-o", "offers.csv"]).expect(4);
    let list = list.says(&["listed 9 offers of 1 of 2 networks", "acme: stopped: "]);
    let rows = std::fs::read_to_string(scene.folder.path("offers.csv")).unwrap();
    assert_eq!(rows.lines().count(), 10, "{rows}\n{}", list.stderr);

    std::fs::write(scene.folder.path("offers.csv"), "old\n").unwrap();
    std::fs::write(scene.folder.path(KEY_FILE), "a-wrong-key").unwrap();
    scene.run(&["list", "--all-networks", "-o", "offers.csv"]).expect(4).says(&["nothing was written"]);
    assert_eq!(std::fs::read_to_string(scene.folder.path("offers.csv")).unwrap(), "old\n");
}

#[test]
fn a_network_without_its_key_is_named_with_the_way_out_before_any_call() {
    let scene = Scene::new();
    scene.folder.write("offers.csv", "offer_id,network\n16,demo\n17,acme\n");
    let export = ["export", "offers.csv", "-o", "links.csv", "--config", "config.toml"];
    let ran = command_in(&scene.folder, &export).run().expect(2);
    ran.says(&[
        "config.toml, line 10: [networks.acme]: the variable ACME_KEY (api_key_env), which is to hold the API key, is not set",
        "; to call only the others, name them: --network NAME,NAME",
    ]);
    assert_eq!((scene.demo.calls().len(), scene.acme.calls().len()), (0, 0));

    // Where it is the only one, there is no way round it.
    let ran = command_in(&scene.folder, &[&export[..], &["--network", "acme"]].concat()).run().expect(2);
    assert!(!ran.stderr.contains("only the others"), "{}", ran.stderr);
}

#[test]
fn one_network_of_the_file_is_exported_as_ever() {
    let scene = Scene::new();
    scene.folder.write("offers.csv", "offer_id\n16\n");
    let ran = scene.run(&["export", "offers.csv", "-o", "links.csv", "--network", "acme", "-v"]).expect(0);
    let ran = ran.says(&[
        "setting: --rate             1000/s (config.toml line 11)",
        "setting: --email            affiliate@sandbox.example (config.toml line 2)",
        "by api_key_env ACME_KEY (config.toml line 10)",
        "setting: --network          acme (command line)",
    ]);
    let links = std::fs::read_to_string(scene.folder.path("links.csv")).unwrap();
    assert!(links.starts_with("offer_id,offer_url_type,"), "{links}\n{}", ran.stderr);
    assert_eq!((scene.demo.calls().len(), scene.acme.calls().len()), (0, 1));
}

#[test]
fn rows_that_name_another_network_than_the_one_that_is_called_are_pointed_out() {
    let warning = "line 3 names the network \"demo\", and every row is called at acme (--network)";
    for (column, cell, keep, warns) in [
        ("network", "demo", "all", true),
        ("Network", " DEMO ", "none", true),
        ("network", "ACME", "all", false),
        // Where the clicks come from, not whose the offer is.
        ("network", "facebook", "all", false),
        ("campaign", "demo", "all", false),
    ] {
        let scene = Scene::new();
        scene.folder.write("offers.csv", format!("offer_id,{column}\n16,acme\n17,{cell}\n18,{cell}\n"));
        let export = ["export", "offers.csv", "-o", "links.csv", "--network", "acme", "--keep", keep];
        let ran = scene.run(&export).expect(0);
        assert_eq!(ran.stderr.matches(warning).count(), usize::from(warns), "{column} {cell}: {}", ran.stderr);
        assert_eq!((scene.demo.calls().len(), scene.acme.calls().len()), (0, 3));
        let links = std::fs::read_to_string(scene.folder.path("links.csv")).unwrap();
        assert_eq!(links.starts_with("offer_id,offer_url_type,"), keep == "none", "{links}");
    }
}

#[test]
fn a_flag_beats_a_variable_beats_the_table_beats_the_top() {
    let scene = Scene::new();
    let settings = |arguments: &[&str], variables: &[(&str, &str)]| {
        let run = command_in(&scene.folder, &["check", "--network", "acme"]).args(arguments).env("ACME_KEY", OTHER_KEY);
        let run = variables.iter().fold(run, |run, (name, value)| run.env(name, *value));
        run.env("OFFERSLOOK_CONFIG", "config.toml").run().stdout
    };
    for (arguments, variables, part) in [
        (&["--rate", "7/s"][..], &[][..], "--rate             7/s (command line)"),
        (&[], &[], "--rate             1000/s (config.toml line 11)"),
        (&["--email", "flag@a.example"], &[("OFFERSLOOK_EMAIL", "env@a.example")], "flag@a.example (command line)"),
        (&[], &[("OFFERSLOOK_EMAIL", "env@a.example")], "env@a.example (OFFERSLOOK_EMAIL)"),
        (&[], &[("OFFERSLOOK_EMAIL", "")], "affiliate@sandbox.example (config.toml line 2)"),
        (&[], &[("OFFERSLOOK_API_KEY", "an-0ld-k3y")], "set, 10 characters (OFFERSLOOK_API_KEY)"),
        (&[], &[("OFFERSLOOK_API_KEY", "an-0ld-k3y")], "not with that of config.toml line 10"),
    ] {
        let shown = settings(arguments, variables);
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn the_account_of_the_environment_is_used_for_no_other_network() {
    let scene = Scene::new();
    let run =
        command_in(&scene.folder, &["check", "--all-networks", "--config", "config.toml"]).env("ACME_KEY", OTHER_KEY);
    let ran = run.env("OFFERSLOOK_API_KEY", "an-0ld-k3y").env("OFFERSLOOK_EMAIL", "old@a.example").run().expect(0);
    assert!(!ran.stdout.contains("old@a.example"), "{}", ran.stdout);
    for flag in [["--email", "me@a.example"], ["--api-key-file", "key"], ["--base-url", "https://a.example"]] {
        scene.run(&[&["list", "--all-networks"], &flag[..]].concat()).expect(2).says(&[flag[0], "gives one account"]);
    }
}

#[test]
fn a_file_in_the_config_folder_changes_nothing_for_those_who_name_their_network() {
    let (network, folder) = (network(), Folder::new());
    std::fs::create_dir_all(folder.path(".config/offerlinks")).unwrap();
    let text =
        "timeout = \"7s\"\n[networks.demo]\napi_key_env = \"NO_SUCH\"\n[networks.acme]\napi_key_env = \"NO_SUCH\"\n";
    folder.write(".config/offerlinks/config.toml", text);
    let ran = command_in(&folder, &["check", "--rate", "none"]).on(&network).run();
    if cfg!(not(windows)) {
        assert!(ran.stdout.contains("--timeout          7s ("), "{}", ran.stdout);
    }
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    // Nothing is read where the sandbox is meant, not even a file that is broken.
    folder.write(".config/offerlinks/config.toml", "what is this");
    command_in(&folder, &["check", "--sandbox"]).run().expect(0);
}

#[test]
fn what_is_not_clear_is_a_question() {
    let scene = Scene::new();
    for (arguments, parts) in [
        (&["list"][..], &["several networks (demo, acme)", "--all-networks"][..]),
        (&["check"], &[]),
        (&["list", "--network", "demo,shop"], &["\"shop\" is not in the config file", "demo, acme"]),
        (&["list", "--network", "demo", "--all-networks"], &["cannot be used together"]),
        (&["export", "--network", "demo", "--network-column", "site"], &["--network-column"]),
    ] {
        let ran = scene.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?} {ran:#?}");
        ran.says(parts);
    }
    let folder = Folder::new();
    let none = command_in(&folder, &["list", "--all-networks"]).run().expect(2);
    none.says(&["--all-networks takes networks from a config file, and there is none"]);
    command_in(&folder, &["list", "--config", "missing.toml"]).run().expect(2).says(&["missing.toml (--config)"]);
    assert_eq!(scene.demo.calls().len() + scene.acme.calls().len(), 0);
}

#[test]
fn each_mistake_names_its_line_before_any_call_and_no_secret_is_shown() {
    let secret = "9f86d081884c7d659a2feaa0c55ad015";
    let text = format!(
        "rates = \"5/s\"\ntimeout = \"soon\"\nemail = {secret}\n{secret} = 1\n\n[networks.demo]\nhistory = \"h.db\"\n\
         api_key = \"{secret}\nrate = \"{secret}\"\napi_key_file = \"{secret}\"\n"
    );
    let folder = Folder::new();
    folder.write("config.toml", &text);
    for arguments in [
        &["export", "offers.csv", "-o", "links.csv", "-v", "--log-format", "json"][..],
        &["export", "--dry-run"],
        &["list", "-v"],
        &["check", "--show-reply"],
        &["check", "--log-format", "json"],
    ] {
        let ran = command_in(&folder, arguments).args(&["--config", "config.toml"]).run().expect(2);
        let said = ran.stdout.clone() + &ran.stderr;
        for line in [1, 2, 3, 4, 7, 8, 9, 10] {
            assert!(said.contains(&format!("line {line}: ")), "{arguments:?} line {line}\n{said}");
        }
        assert!(!said.contains(&secret[..8]) && said.contains("config.toml"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn a_command_gives_the_key_and_its_failure_shows_none() {
    let (network, folder) = (network(), Folder::new());
    folder.write(KEY_FILE, KEY);
    let config = |command: &str| {
        let (url, email) = (network.base_url(), EMAIL);
        format!("[networks.demo]\nbase_url = \"{url}\"\nemail = \"{email}\"\napi_key_command = {command}\n")
    };
    folder.write("config.toml", config("[\"cat\", \"key\"]"));
    let run = || command_in(&folder, &["list", "--rate", "none", "--config", "config.toml"]).run();
    assert!(run().expect(0).stdout.starts_with("offer_id,"));

    folder.write("config.toml", config("[\"sh\", \"-c\", \"cat key >&2; cat key; exit 1\"]"));
    run().expect(2).says(&["line 4: [networks.demo]: api_key_command: \"sh\" failed (exit status: 1)", "[hidden]"]);
    folder.write("config.toml", config("[\"no-such-program\", \"key\"]"));
    run().expect(2).says(&["cannot start \"no-such-program\""]);
}

#[test]
fn the_history_of_the_file_is_kept_without_a_flag() {
    let scene = Scene::new();
    let text = std::fs::read_to_string(scene.folder.path("config.toml")).unwrap();
    scene.folder.write("config.toml", format!("history = \"links.db\"\n{text}"));
    scene.folder.write("offers.csv", "offer_id,network\n16,demo\n16,acme\n");
    let export = ["export", "offers.csv", "-o", "links.csv", "--keep-last-good"];
    let ran = scene.run(&export).expect(0);
    assert!(scene.folder.path("links.db").is_file(), "{ran:#?}");
    let told = command_in(&scene.folder, &["history", "16", "--history", "links.db"]).run().expect(0);
    assert!(told.stdout.contains("demo") && told.stdout.contains("acme"), "{}", told.stdout);
}
