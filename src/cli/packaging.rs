//! What packagers and shells want of a command line: completions and manual pages.
//!
//! Made from the same definition as the help, so that they cannot tell anything else.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Cli;

/// Arguments of `completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell that is to read it
    pub shell: Shell,
}

/// Arguments of `man`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Command whose page to print [default: the page of offerlinks]
    pub command: Option<String>,
    /// Folder to write the pages of all commands into
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    pub dir: Option<PathBuf>,
}

impl CompletionsArgs {
    /// The script.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "offerlinks", &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl ManArgs {
    /// The page that is asked for; empty where the pages were written to a folder.
    ///
    /// # Errors
    /// There is no such command, or the folder cannot be written.
    pub fn text(&self) -> io::Result<String> {
        let mut cli = Cli::command().disable_help_subcommand(true);
        cli.build();
        if let Some(dir) = &self.dir {
            std::fs::create_dir_all(dir)?;
            clap_mangen::generate_to(cli, dir)?;
            return Ok(String::new());
        }
        let command = match &self.command {
            None => cli,
            Some(name) => find(&cli, name).cloned().ok_or_else(|| no_such_command(&cli, name))?,
        };
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        Ok(String::from_utf8_lossy(&page).into_owned())
    }
}

fn find<'a>(cli: &'a Command, name: &str) -> Option<&'a Command> {
    cli.get_subcommands().find(|command| command.get_name() == name)
}

fn no_such_command(cli: &Command, name: &str) -> io::Error {
    let names: Vec<_> = cli.get_subcommands().map(Command::get_name).collect();
    let message = format!("there is no command {name:?}; the commands are: {}", names.join(", "));
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
