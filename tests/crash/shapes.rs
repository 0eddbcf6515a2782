//! Inputs in which the position to resume at is not simply a byte offset in UTF-8.

use std::fs;
use std::time::Duration;

use crate::support::{Scene, assert_same, input};

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn inputs_of_every_shape_are_continued() {
    let plain = input(64);
    let without_header = plain.lines().skip(1).filter(|line| !line.starts_with("abc")).collect::<Vec<_>>().join("\n");
    for (name, bytes) in [
        ("windows lines", plain.replace('\n', "\r\n").into_bytes()),
        ("old Mac lines", plain.replace('\n', "\r").into_bytes()),
        ("semicolons", plain.replace(',', ";").into_bytes()),
        ("UTF-8 with BOM", format!("\u{feff}{plain}").into_bytes()),
        ("UTF-16", utf16(&plain)),
        ("Windows-1252", plain.replace("campaign", "\u{e9}").chars().map(|c| c as u8).collect()),
        ("line breaks in cells", plain.replace("campaign ", "two\nlines, and a \"\"quote\"\" ").into_bytes()),
        ("blank lines", plain.replace('\n', "\n\n").into_bytes()),
        ("no header", without_header.into_bytes()),
        ("a sep= line", format!("sep=,\n{plain}").into_bytes()),
    ] {
        let scene = Scene::new(64, Duration::from_millis(8));
        fs::write(scene.input(), bytes).unwrap();
        let (killed, undisturbed) = (scene.place("killed"), scene.place("undisturbed-shape"));
        undisturbed.run(&[]).assert_code(3);
        for _ in 0..2 {
            let before = killed.committed();
            let running = killed.start(&["-j", "2", "--resume"]);
            crate::support::wait_until("a commit", || {
                killed.committed() > before || !killed.beside(".partial").exists()
            });
            running.kill();
            killed.assert_old_output();
        }
        let ended = killed.run(&["--resume"]);
        ended.assert_code(3);
        assert!(!ended.stderr.contains("set aside"), "{name}: {}", ended.stderr);
        println!("{name}");
        assert_same(&fs::read_to_string(killed.out()).unwrap(), &fs::read_to_string(undisturbed.out()).unwrap());
    }
}
