//! One signal ends the program in any state, also while it waits for something that never comes.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Place, Scene, can_trace, input, wait_until};

/// The promise is a second; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(4);

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// An export from somewhere to somewhere, with all its ends closed or not read.
fn export(place: &Place<'_>, input: &Path, output: &Path, arguments: &[&str]) -> Command {
    let mut command = crate::signals_heard::command(env!("CARGO_BIN_EXE_offerlinks"));
    command.arg("export").arg(input).arg("-o").arg(output).args(["--rate", "none"]).args(arguments);
    place.furnish(&mut command);
    command
}

/// A pipe that takes nothing more.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer)
}

/// What the program's first thread is doing: `S` is waiting.
fn waits(child: &Child) -> bool {
    let id = child.id();
    let stat = fs::read_to_string(format!("/proc/{id}/task/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('S'))
}

/// Sends one signal when it waits, and checks that it dies of it.
fn ends(case: &str, mut child: Child, (name, number): (&str, i32)) {
    std::thread::sleep(Duration::from_millis(1200));
    wait_until("it waits", || waits(&child) || child.try_wait().unwrap().is_some());
    assert!(child.try_wait().unwrap().is_none(), "{case}: it is over");
    let sent = Instant::now();
    assert!(Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
    wait_until(case, || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().signal(), Some(number), "{case}");
    assert!(sent.elapsed() < SOON, "{case}: SIG{name} took {:?}", sent.elapsed());
}

const SIGNALS: [(&str, i32); 2] = [("INT", 2), ("TERM", 15)];

#[test]
fn one_signal_ends_it_at_every_blocked_end() {
    let scene = Scene::new(3000, Duration::ZERO);
    let long = scene.input();
    let short = scene.place("short").folder.join("short.csv");
    fs::write(&short, input(4)).unwrap();
    for signal in SIGNALS {
        let place = scene.place(signal.0);
        let (out, pipe) = (place.out(), place.folder.join("pipe"));
        make_pipe(&pipe);
        let start =
            |input: &Path, output: &Path, arguments: &[&str]| export(&place, input, output, arguments).spawn().unwrap();
        let dash = Path::new("-");
        ends("a pipe as input that nobody opens", start(&pipe, &out, &[]), signal);
        ends("a pipe as output that nobody opens", start(&short, &pipe, &[]), signal);
        ends("a reader of stdout who has stopped", start(&long, dash, &[]), signal);
        let mut command = export(&place, &long, &out, &["-v"]);
        let (_reader, full) = full_pipe();
        ends("a reader of stderr who has stopped", command.stderr(full).spawn().unwrap(), signal);
        for (case, text) in [("before its first line", ""), ("after its first rows", "offer_id\n1001\n1002\n1003\n")] {
            let mut command = export(&place, dash, &out, &[]);
            let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(text.as_bytes()).unwrap();
            ends(&format!("stdin that pauses {case}"), child, signal);
            let named = place.folder.join("named");
            let _ = fs::remove_file(&named);
            make_pipe(&named);
            let child = start(&named, &out, &[]);
            let mut writer = fs::OpenOptions::new().write(true).open(&named).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            ends(&format!("a named pipe that pauses {case}"), child, signal);
        }
    }
}

#[test]
fn a_report_that_nobody_reads_is_given_up() {
    let scene = Scene::new(5, Duration::ZERO);
    let place = scene.place("report");
    let (short, pipe) = (place.folder.join("short.csv"), place.folder.join("pipe"));
    fs::write(&short, input(4)).unwrap();
    make_pipe(&pipe);
    let mut child = export(&place, &short, &place.out(), &["--report", pipe.to_str().unwrap()]).spawn().unwrap();
    wait_until("it gives up", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(3), "the input has offers that fail");
    assert!(place.out().is_file());
}

#[test]
fn one_signal_ends_it_while_input_is_typed_and_it_says_what_it_waits_for() {
    let scene = Scene::new(5, Duration::ZERO);
    for signal in SIGNALS {
        let place = scene.place(signal.0);
        let terminal = nix::pty::openpty(None, None).unwrap();
        let mut command = export(&place, Path::new("-"), &place.out(), &[]);
        let log = fs::File::create(place.folder.join("log")).unwrap();
        let child = command.stdin(Stdio::from(terminal.slave)).stderr(log).spawn().unwrap();
        let said = || fs::read_to_string(place.folder.join("log")).unwrap();
        wait_until("it says so", || said().contains("reading offers from the terminal; end with Ctrl-D"));
        ends("a terminal", child, signal);
        assert!(said().contains("ended at once"), "{}", said());
    }
}

#[test]
fn one_signal_ends_it_while_the_disk_hangs() {
    if !can_trace("a disk that hangs") {
        return;
    }
    let scene = Scene::new(200, Duration::from_millis(10));
    let place = scene.place("hangs");
    let strace = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e"];
    let inject = ["inject=fdatasync:delay_enter=8000000:when=1"];
    let mut child = place.export_under(&[&strace[..], &inject].concat(), &["-j", "4"]).spawn().unwrap();
    scene.wait_for_calls(180);
    std::thread::sleep(Duration::from_millis(1500));
    let sent = Instant::now();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    // The tracer lets the rest of the process go only when the delay is over.
    let status = format!("/proc/{}/status", child.id());
    wait_until("the end", || fs::read_to_string(&status).is_ok_and(|status| status.contains("Z (zombie)")));
    assert!(sent.elapsed() < SOON, "{:?}", sent.elapsed());
    child.kill().unwrap();
    child.wait().unwrap();
    place.assert_old_output();
    place.resume();
}
