//! Help, completions and manual pages.

use std::path::Path;
use std::process::Command;

use crate::support::{command_in, contents, folder_with};

#[test]
fn help_that_is_piped_has_no_colour() {
    let folder = folder_with("");
    for arguments in [&["--help"][..], &["export", "-h"], &["export", "--nonsense"]] {
        let output = command_in(&folder, arguments).run();
        let text = output.stdout + &output.stderr;
        assert!(text.contains("Usage: ") && !text.contains('\u{1b}'), "{text}");
    }
}

#[test]
fn completions_load_in_the_shells_that_are_here() {
    let folder = folder_with("");
    let path = Path::new(env!("CARGO_BIN_EXE_offerlinks")).parent().unwrap();
    let path = format!("{}:{}", path.display(), std::env::var("PATH").unwrap_or_default());
    let bash = "source <(offerlinks completions bash) && COMP_WORDS=(offerlinks export --res) COMP_CWORD=2 && \
                _offerlinks offerlinks --res export && echo \"${COMPREPLY[@]}\"";
    let fish = "offerlinks completions fish | source; complete -C 'offerlinks export --res' | cut -f1";
    let zsh = "autoload -U compinit && compinit -D && source <(offerlinks completions zsh) && \
               whence -w _offerlinks >/dev/null && echo --resume";
    for (shell, script) in [("bash", bash), ("fish", fish), ("zsh", zsh)] {
        let mut command = Command::new(shell);
        let Ok(output) = command.args(["-c", script]).env("PATH", &path).env("HOME", folder.root()).output() else {
            eprintln!("{shell} is not installed: skipped");
            continue;
        };
        let [text, errors] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        assert!(output.status.success() && output.stderr.is_empty(), "{shell}: {text}{errors}");
        assert!(text.split_whitespace().any(|word| word == "--resume"), "{shell}: {text}");
    }
    for shell in ["powershell", "elvish"] {
        let output = command_in(&folder, &["completions", shell]).run();
        assert!(output.code == 0 && output.stdout.contains("retry-failed"), "{shell}");
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = folder_with("");
    let main = command_in(&folder, &["man"]).run().stdout;
    assert!(main.contains(".TH offerlinks 1 \"\" \"offerlinks ") && main.contains("offerlinks\\-export(1)"), "{main}");
    let export = command_in(&folder, &["man", "export"]).run().stdout;
    assert!(export.contains("retry\\-failed") && export.contains("143"), "{export}");
    // Also of the flags that the short help leaves out.
    assert!(export.contains("Largest answer that is accepted") && export.contains(".SH EXIT STATUS"), "{export}");
    let wrong = command_in(&folder, &["man", "nonsense"]).run();
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("the commands are: export, "), "{}", wrong.stderr);

    assert!(command_in(&folder, &["man", "--dir", "pages"]).run().code == 0);
    let pages = contents(&folder.root().join("pages"));
    let names: Vec<_> = pages.keys().map(String::as_str).collect();
    assert!(names.contains(&"offerlinks.1") && names.contains(&"offerlinks-export.1"), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("help")), "{names:?}");
}
