//! Runs on one machine that must share the limit, no matter who starts them and how.
//!
//! What a case needs that this machine does not give (root, mounts) is skipped by a printed line that begins with
//! `skipped:`.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "cargo shows it when a test fails, or with --nocapture")]

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use offerlinks::sandbox::{EMAIL, Sandbox};
use tempfile::TempDir;

use crate::support::{KEY, called, network, until};

/// Calls for this many offers in its own folder, as its own user and in its own environment.
struct Exporter {
    folder: TempDir,
    /// What starts it.
    wrapper: Vec<String>,
    host: &'static str,
    tmpdir: Option<&'static str>,
}

const PLAIN: [&str; 0] = [];
/// Another user, who has no other rights.
const ANOTHER_USER: [&str; 4] = ["setpriv", "--reuid=1001", "--regid=1001", "--clear-groups"];
const CLOSED_UMASK: [&str; 4] = ["sh", "-c", "umask 077; exec \"$@\"", "sh"];
/// What `PrivateTmp=` does, and a private /dev/shm besides.
const PRIVATE_FOLDERS: [&str; 6] = [
    "unshare",
    "-m",
    "sh",
    "-c",
    "mount -t tmpfs none /tmp && mount -t tmpfs none /var/tmp && mount -t tmpfs none /dev/shm; exec \"$@\"",
    "sh",
];

impl Exporter {
    /// Outside of /tmp, which may be another one for the run.
    fn new(wrapper: &[&[&str]]) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let wrapper = wrapper.concat().iter().map(|&word| word.to_owned()).collect();
        Self { folder, wrapper, host: "127.0.0.1", tmpdir: None }
    }

    fn start(&self, network: &Sandbox, offers: u32, arguments: &[&str]) -> Child {
        let ids: Vec<String> = (1000..1000 + offers).map(|id| id.to_string()).collect();
        fs::write(self.folder.path().join("offers.csv"), format!("offer_id\n{}\n", ids.join("\n"))).unwrap();
        let mut words = self.wrapper.clone();
        words.extend([env!("CARGO_BIN_EXE_offerlinks"), "export", "offers.csv", "-o", "links.csv"].map(String::from));
        words.extend(["--log-format", "json"].map(String::from));
        words.extend(arguments.iter().map(|&word| word.to_owned()));
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(self.folder.path()).env_clear();
        // Without a home the system would be asked for one, through a socket.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.folder.path());
        command.env("OFFERSLOOK_BASE_URL", network.base_url().replace("127.0.0.1", self.host));
        command.env("OFFERSLOOK_EMAIL", EMAIL).env("OFFERSLOOK_API_KEY", KEY);
        command.envs(self.tmpdir.map(|folder| ("TMPDIR", folder)));
        let log = fs::File::create(self.log()).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap()
    }
}

/// Whether a wrapper works here, said by name where it does not.
fn can(what: &str, wrapper: &[&str]) -> bool {
    let hidden = ["/tmp/", "/var/tmp/", "/dev/shm/"];
    let is_hidden = hidden.iter().any(|folder| env!("CARGO_BIN_EXE_offerlinks").starts_with(folder));
    if is_hidden && wrapper.contains(&PRIVATE_FOLDERS[0]) {
        println!("skipped: {what}: it hides the folder that the program was built in");
        return false;
    }
    let tried = wrapper.split_first().map(|(first, rest)| Command::new(first).args(rest).arg("true").output());
    let works = tried.is_none_or(|tried| tried.is_ok_and(|output| output.status.success()));
    if !works {
        println!("skipped: {what}: {wrapper:?} does not work here");
    }
    works
}

/// What it shows, and what starts the two runs.
type Pair = (&'static str, &'static [&'static [&'static str]], &'static [&'static [&'static str]]);

#[test]
fn two_runs_see_each_other_whoever_starts_them_and_from_wherever() {
    let pairs: [Pair; 6] = [
        ("the same user", &[&PLAIN], &[&PLAIN]),
        ("an umask that keeps others out", &[&CLOSED_UMASK], &[&PLAIN]),
        ("two users, the first with a closed umask", &[&CLOSED_UMASK], &[&ANOTHER_USER]),
        ("two other users", &[&ANOTHER_USER], &[&["setpriv", "--reuid=1002", "--regid=1002", "--clear-groups"]]),
        ("systemd's private folders beside cron", &[&PRIVATE_FOLDERS, &ANOTHER_USER], &[&PLAIN]),
        ("private folders on both sides", &[&PRIVATE_FOLDERS], &[&PRIVATE_FOLDERS, &CLOSED_UMASK]),
    ];
    for (case, first, second) in pairs {
        if !can(case, &first.concat()) || !can(case, &second.concat()) {
            continue;
        }
        assert_seen(case, &Exporter::new(first), &Exporter::new(second));
    }
    for host in ["localhost", "127.0.0.2"] {
        assert_seen(host, &Exporter::new(&[]), &Exporter { host, ..Exporter::new(&[]) });
    }
    for tmpdir in ["", "/var/tmp", "/nonexistent"] {
        let second = Exporter { tmpdir: Some(tmpdir), ..Exporter::new(&[]) };
        assert_seen("TMPDIR", &Exporter::new(&[]), &second);
        let names = fs::read_dir(second.folder.path()).unwrap();
        assert!(names.map(|name| name.unwrap().file_name()).all(|name| name != "offerlinks"), "no folder is made");
    }
}

/// The second run ends; the first is still there then.
#[track_caller]
fn assert_seen(case: &str, first: &Exporter, second: &Exporter) {
    println!("{case}");
    let network = network();
    let mut running = first.start(&network, 500, &["--rate", "50/10s"]);
    until(|| !called(&network).is_empty());
    let status = second.start(&network, 2, &["--rate", "50/10s"]).wait().unwrap();
    assert!(status.code().is_some(), "{case}: {status}");
    assert!(second.said().contains("2 runs on this machine share the limit"), "{case}: {}", second.said());
    until(|| first.said().contains("share the limit now: 2"));
    // And it is noticed that the other has gone, as it would be after kill -9.
    until(|| first.said().contains("share the limit now: 1"));
    running.kill().unwrap();
    running.wait().unwrap();
}

/// README's unit (a user of its own, private folders) and its cron line (umask 077), each with more to do than the limit
/// lets through in 10 s. Blind to each other they would make 80 calls in 10 s.
#[test]
fn the_unit_and_the_cron_line_of_the_readme_stay_within_the_limit_together() {
    let (unit, cron) = ([&PRIVATE_FOLDERS[..], &ANOTHER_USER], [&CLOSED_UMASK[..]]);
    if !can("the unit and the cron line of the README", &unit.concat()) {
        return;
    }
    let network = network();
    let (unit, cron) = (Exporter::new(&unit), Exporter::new(&cron));
    let started = [unit.start(&network, 40, &[]), cron.start(&network, 40, &[])];
    for (mut child, exporter) in started.into_iter().zip([&unit, &cron]) {
        assert_eq!(child.wait().unwrap().code(), Some(0), "{}", exporter.said());
    }
    let at: Vec<Instant> = network.calls().iter().map(|call| call.at).collect();
    assert!(at.len() >= 80, "{}", at.len());
    let within = |n: usize| at[n..].iter().take_while(|later| **later - at[n] < Duration::from_secs(10)).count();
    let most = (0..at.len()).map(within).max().unwrap();
    println!("at most {most} calls in 10 s");
    // On a quiet machine it is 50; calls that wait for a busy one arrive together.
    assert!(most <= 54, "{most} calls in 10 s");
}

#[test]
fn a_stranger_who_takes_all_places_takes_no_more_than_half() {
    let case = "a stranger's places";
    if !can(case, &ANOTHER_USER) {
        return;
    }
    let network = network();
    let port = network.base_url().rsplit_once(':').unwrap().1.trim_end_matches('/').to_owned();
    let bind = |slot: u32| {
        let name = format!("offerlinks/loopback_{port}/{slot:x}");
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap()
    };
    let places: Vec<_> = (0..100).map(bind).collect();
    let run = Exporter::new(&[&ANOTHER_USER]);
    let begin = Instant::now();
    assert_eq!(run.start(&network, 20, &[]).wait().unwrap().code(), Some(0), "{}", run.said());
    assert!(
        run.said().contains(&format!("{} runs on this machine share the limit", places.len() + 1)),
        "{}",
        run.said()
    );
    // 1.5 s to make room and 20 calls at half the pace are 10 s; a hundredth of it would be half an hour.
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}

/// Old versions kept locks in TMPDIR, where anybody could put a pipe that blocked every run.
#[test]
fn pipes_and_links_where_locks_could_be_stop_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let network = network();
    let locks = folder.path().join("offerlinks");
    fs::create_dir(&locks).unwrap();
    for slot in 0..3 {
        let pipe = locks.join(format!("127.0.0.1_{}.{slot}.lock", port_of(&network.base_url())));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    }
    let tmpdir: &'static str = Box::leak(folder.path().to_str().unwrap().to_owned().into_boxed_str());
    let run = Exporter { tmpdir: Some(tmpdir), ..Exporter::new(&[]) };
    assert_eq!(run.start(&network, 2, &[]).wait().unwrap().code(), Some(0), "{}", run.said());
}

fn port_of(url: &str) -> &str {
    url.rsplit_once(':').unwrap().1.trim_end_matches('/')
}

/// Without Unix sockets (a sandbox may forbid them) it says so, even when it is to be quiet, and counts by files.
#[test]
fn a_run_that_cannot_use_sockets_says_so_and_shares_by_files() {
    let no_sockets = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=socket", "-e"];
    // The first socket of a run is that of its place.
    let wrapper = [&no_sockets[..], &["inject=socket:error=EAFNOSUPPORT:when=1"]].concat();
    if !Path::new("/dev/shm").is_dir() || !can("no sockets", &wrapper) {
        println!("skipped: no sockets");
        return;
    }
    let network = network();
    let (first, second) = (Exporter::new(&[&wrapper]), Exporter::new(&[&wrapper]));
    let mut running = first.start(&network, 300, &["-q"]);
    until(|| !called(&network).is_empty());
    until(|| first.said().contains("add AF_UNIX to RestrictAddressFamilies="));
    second.start(&network, 1, &[]).wait().unwrap();
    assert!(second.said().contains("2 runs on this machine share the limit"), "{}", second.said());
    running.kill().unwrap();
    running.wait().unwrap();
    for slot in 0..2 {
        let lock = format!("/dev/shm/offerlinks-loopback_{}.{slot}.lock", port_of(&network.base_url()));
        fs::remove_file(lock).unwrap();
    }
}
