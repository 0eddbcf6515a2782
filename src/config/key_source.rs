//! Where an API key is read from. It lives in a [`SecretString`] from then on.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::account_error::AccountError;
use crate::config::key_command;
use crate::settings::pasted::{flaw_of_key, may_be_a_key};

/// Where the key is.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// It is there already.
    Value {
        /// The key.
        key: SecretString,
        /// Where it was found, for messages.
        from: String,
    },
    /// In a file.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
    /// A program prints it; its arguments follow.
    Command(Vec<String>),
}

impl KeySource {
    /// Reads the key, and adds warnings for the user.
    pub(super) fn read(self, warnings: &mut Vec<String>) -> Result<SecretString, AccountError> {
        let (key, from) = match self {
            Self::Value { key, from } => (key, from),
            Self::File(path) => (read_file(&path, warnings)?, path.display().to_string()),
            Self::Variable(name) => match std::env::var(&name) {
                Ok(key) if !key.trim().is_empty() => (SecretString::from(key), name),
                Ok(_) | Err(std::env::VarError::NotPresent) => return Err(AccountError::NoVariable(name)),
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(AccountError::BadKey(name, "it is not UTF-8".into()));
                }
            },
            Self::Command(words) => {
                let from = "api_key_command".to_owned();
                (key_command::run(&words, key_command::TIME_OUT).map_err(AccountError::Command)?, from)
            }
        };
        let trimmed = key.expose_secret().trim().trim_start_matches('\u{feff}').trim_start();
        flaw_of_key(trimmed).map_or_else(|| Ok(SecretString::from(trimmed)), |why| Err(AccountError::BadKey(from, why)))
    }
}

fn read_file(path: &Path, warnings: &mut Vec<String>) -> Result<SecretString, AccountError> {
    let key = read_short(path).map_err(|source| {
        if may_be_a_key(path) {
            AccountError::KeyForFile
        } else {
            AccountError::KeyFile { path: path.to_owned(), source }
        }
    })?;
    warnings.extend(readable_by_others(path));
    Ok(SecretString::from(key))
}

/// The text of a short file: a wrong file, or a device, may be endless.
fn read_short(path: &Path) -> io::Result<String> {
    const MOST: u64 = 64 << 10;
    let mut text = String::new();
    std::fs::File::open(path)?.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other("it is far longer than a key"));
    }
    Ok(text)
}

/// A warning if users other than the owner can read the key file.
#[cfg(unix)]
fn readable_by_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        let path = path.display();
        format!("the API key file {path} can be read by others (mode {:03o}); run: chmod 600 {path}", mode & 0o777)
    })
}

/// Elsewhere permissions are not bits of a mode.
#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: KeySource) -> (Result<String, String>, Vec<String>) {
        let mut warnings = Vec::new();
        let key = source.read(&mut warnings);
        (key.map(|key| key.expose_secret().to_owned()).map_err(|error| error.to_string()), warnings)
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_without_an_end_is_refused() {
        let error = read(KeySource::File("/dev/zero".into())).0.unwrap_err();
        assert!(error.contains("/dev/zero") && error.contains("longer than a key"), "{error}");
    }

    #[test]
    fn a_second_line_in_the_key_is_refused_and_not_shown() {
        let key = KeySource::Value { key: "secret\nmore".into(), from: "OFFERSLOOK_API_KEY".into() };
        let error = read(key).0.unwrap_err();
        assert!(error.contains("OFFERSLOOK_API_KEY") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error = read(KeySource::Variable("OFFERLINKS_NO_SUCH_KEY".into())).0.unwrap_err();
        assert!(error.contains("OFFERLINKS_NO_SUCH_KEY") && error.contains("not set"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_used_with_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "k3y\r\n").unwrap();
        for (mode, warned) in [(0o600, false), (0o644, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let (key, warnings) = read(KeySource::File(path.clone()));
            assert_eq!((key.as_deref(), warnings.len()), (Ok("k3y"), usize::from(warned)));
        }
    }
}
