//! `sandbox`: the embedded network on an address of its own, for rehearsals by hand.
//!
//! Starts it, prints the settings to use it, and waits. How it answers is up to `sandbox`.

use crate::cli::SandboxArgs;
use crate::error::Error;
use crate::report::print;
use crate::sandbox::limit::Rules;
use crate::sandbox::{self, Sandbox};
use crate::signals::{Signal, Signals};

/// Serves the sandbox network until a signal comes.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) async fn rehearse(arguments: &SandboxArgs) -> Result<Signal, Error> {
    let SandboxArgs { listen, rate, listed, batch } = *arguments;
    let mut signals = Signals::listen(|_| ()).map_err(Error::system("listen to signals"))?;
    let rules = rate.limit().map(|limit| Rules { limit, ..Rules::PUBLISHED });
    let sandbox =
        Sandbox::start(sandbox::Options { listen, limit: rules, listed, batch, ..sandbox::Options::default() });
    let sandbox = sandbox.map_err(|source| Error::Listen { address: listen, source })?;
    let settings = [
        ("OFFERSLOOK_BASE_URL", sandbox.base_url()),
        ("OFFERSLOOK_EMAIL", sandbox::EMAIL.to_owned()),
        ("OFFERSLOOK_API_KEY", sandbox::API_KEY.to_owned()),
    ];
    print(&if cfg!(windows) { for_windows(&settings) } else { for_posix(&settings) })
        .map_err(Error::system("print the settings"))?;
    Ok(signals.next().await)
}

fn for_posix(settings: &[(&str, String)]) -> String {
    let words: Vec<_> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("export {}\n", words.join(" "))
}

/// A line for PowerShell and one for cmd. In cmd, a blank before `&&` would become part of the value.
fn for_windows(settings: &[(&str, String)]) -> String {
    let powershell: Vec<_> = settings.iter().map(|(name, value)| format!("$env:{name}='{value}'")).collect();
    let cmd: Vec<_> = settings.iter().map(|(name, value)| format!("set {name}={value}")).collect();
    format!("PowerShell:  {}\ncmd:         {}\n", powershell.join("; "), cmd.join("&& "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_gets_the_settings_in_its_syntax() {
        let settings = [("A", "1".to_owned()), ("B", "x@y".to_owned())];
        assert_eq!(for_posix(&settings), "export A=1 B=x@y\n");
        assert_eq!(for_windows(&settings), "PowerShell:  $env:A='1'; $env:B='x@y'\ncmd:         set A=1&& set B=x@y\n");
    }
}
