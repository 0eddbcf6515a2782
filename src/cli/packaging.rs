//! Shell completions and manual pages.
//!
//! Made from the same definition as the help, so that they always agree.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::Cli;

/// Arguments of `completions`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Shell that is to read it
    pub shell: Shell,
}

/// Arguments of `man`
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Command whose page to print [default: the page of offerlinks]
    pub command: Option<String>,
    /// Folder to write the pages of all commands into
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub dir: Option<PathBuf>,
}

/// Why there is no manual page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManError {
    /// There is no such command.
    #[error("there is no command {name:?}; the commands are: {commands}")]
    NoSuchCommand {
        /// As typed.
        name: String,
        /// The commands that exist.
        commands: String,
    },
    /// The pages cannot be written.
    #[error("cannot write the manual pages: {0}")]
    Write(#[from] io::Error),
}

impl CompletionsArgs {
    /// The script.
    pub(crate) fn text(&self) -> String {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "offerlinks", &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl ManArgs {
    /// The requested page; empty where the pages were written to a folder.
    ///
    /// # Errors
    /// There is no such command, or the folder cannot be written.
    pub(crate) fn text(&self) -> Result<String, ManError> {
        // Not the build's version: the pages must be the same on every machine.
        let version = env!("CARGO_PKG_VERSION");
        let mut cli = Cli::command().version(version).long_version(version).disable_help_subcommand(true);
        cli.build();
        if let Some(dir) = &self.dir {
            std::fs::create_dir_all(dir)?;
            for command in std::iter::once(&cli).chain(cli.get_subcommands()) {
                let name = command.get_display_name().unwrap_or(command.get_name());
                std::fs::write(dir.join(format!("{name}.1")), page(command)?)?;
            }
            return Ok(String::new());
        }
        match &self.command {
            None => Ok(page(&cli)?),
            Some(name) => Ok(page(find(&cli, name).ok_or_else(|| no_such_command(&cli, name))?)?),
        }
    }
}

/// A command's page. The text below the help gets the headings of a manual page, and keeps its line ends.
fn page(command: &Command) -> io::Result<String> {
    // clap_mangen leaves out the texts of flags that the short help leaves out.
    let command = command.clone().mut_args(|argument| argument.hide_short_help(false));
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    // Without a date, clap_mangen puts the version into its place.
    let page = String::from_utf8_lossy(&page).replacen(" 1  \"", " 1 \"\" \"", 1);
    let Some((before, extra)) = page.split_once(".SH EXTRA\n") else { return Ok(page) };
    let extra = extra.replacen("Examples:\n", ".nf\n", 1).replacen("Exit codes:\n", ".fi\n.SH EXIT STATUS\n.nf\n", 1);
    let (extra, after) = extra.split_once("\n.SH VERSION").map_or((extra.as_str(), None), |(e, a)| (e, Some(a)));
    let after = after.map(|after| format!("\n.SH VERSION{after}")).unwrap_or_default();
    Ok(format!("{before}.SH EXAMPLES\n{}\n.fi{after}\n", extra.trim_end()))
}

fn find<'a>(cli: &'a Command, name: &str) -> Option<&'a Command> {
    cli.get_subcommands().find(|command| command.get_name() == name)
}

fn no_such_command(cli: &Command, name: &str) -> ManError {
    let names: Vec<_> = cli.get_subcommands().map(Command::get_name).collect();
    ManError::NoSuchCommand { name: name.to_owned(), commands: names.join(", ") }
}
