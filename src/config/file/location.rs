//! Where the config file is, and its text.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::mistakes::Mistakes;
use super::parse::parse;
use super::permissions;
use super::settings::ConfigFile;

/// What the file is called in the user's config folder.
const NAME: [&str; 2] = ["offerlinks", "config.toml"];
/// The variable that names it.
const VARIABLE: &str = "OFFERSLOOK_CONFIG";
/// A larger one is something else, or a device without an end.
const MOST: u64 = 1 << 20;

/// Who has named the config file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// `--config`.
    Flag,
    /// `OFFERSLOOK_CONFIG`.
    Variable,
    /// Nobody: it is in the usual place of config files.
    Default,
}

/// A config file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigFileError {
    /// It cannot be read.
    #[error("cannot read the config file {} ({}): {source}", path.display(), named_by.words())]
    Read {
        /// The file.
        path: PathBuf,
        /// Who named it.
        named_by: NamedBy,
        /// Why.
        source: io::Error,
    },
    /// What stands in it.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
}

impl NamedBy {
    const fn words(&self) -> &'static str {
        match self {
            Self::Flag => "--config",
            Self::Variable => VARIABLE,
            Self::Default => "where config files are looked for",
        }
    }
}

/// The config file, and warnings for the user; an empty one where there is none.
///
/// # Errors
/// A file that is named by the user cannot be read, or there are mistakes in it.
pub(crate) fn find(named: Option<(PathBuf, NamedBy)>) -> Result<(ConfigFile, Vec<String>), ConfigFileError> {
    let (path, named_by) = match named {
        Some(named) => named,
        None => match default_path(|name| std::env::var_os(name), std::env::home_dir()) {
            Some(path) => (path, NamedBy::Default),
            None => return Ok((ConfigFile::default(), Vec::new())),
        },
    };
    let text = match (read(&path), &named_by) {
        (Ok(text), _) => text,
        (Err(error), NamedBy::Default) if is_absent(&error) => return Ok((ConfigFile::default(), Vec::new())),
        // Another user's home, as sudo leaves it: no config file was asked for, so none is needed.
        (Err(error), NamedBy::Default) if error.kind() == io::ErrorKind::PermissionDenied => {
            let warning = format!("there may be a config file {}, but it cannot be read: {error}", path.display());
            return Ok((ConfigFile::default(), vec![warning]));
        }
        (Err(source), _) => return Err(ConfigFileError::Read { path, named_by, source }),
    };
    let file = parse(&decode(&text, &path)?, &path)?;
    let warnings = warning(&file).into_iter().collect();
    Ok((file, warnings))
}

/// `offerlinks/config.toml` in the user's config folder: `%APPDATA%` on Windows, else `$XDG_CONFIG_HOME` or `~/.config`.
fn default_path(variable: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    // Relative ones are invalid and ignored: XDG Base Directory Specification.
    let folder = |name| variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = if cfg!(windows) {
        folder("APPDATA")
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| Some(home.filter(|home| home.is_absolute())?.join(".config")))
    };
    folder.map(|folder| folder.join(NAME[0]).join(NAME[1]))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let file = std::fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    file.take(MOST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other("it is far longer than a config file"));
    }
    Ok(text)
}

/// The text of the file; TOML is always UTF-8.
fn decode(bytes: &[u8], path: &Path) -> Result<String, Mistakes> {
    let mistake = |line, message: &str| {
        let mut mistakes = Mistakes::new(path);
        mistakes.add(line, message);
        mistakes.or(String::new())
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return mistake(1, "the file is UTF-16; save it as UTF-8");
    }
    match std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + memchr::memchr_iter(b'\n', before).count();
            mistake(line, "there is a character that is not UTF-8; save the file as UTF-8")
        }
    }
}

/// A warning if others can read or change the file.
fn warning(file: &ConfigFile) -> Option<String> {
    let others = permissions::for_others(&file.path)?;
    let why = if file.has_secrets() && others.can_read() {
        "has API keys or passwords in it and can be read by others"
    } else if file.has_commands() && others.can_write() {
        "names commands that are run and can be changed by others"
    } else {
        return None;
    };
    let path = file.path.display();
    Some(format!("the config file {path} {why} (mode {:03o}); run: chmod 600 {path}", others.mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_file_is_in_the_config_folder() {
        let path = |xdg: Option<&str>, home: Option<&str>| {
            default_path(|name| xdg.filter(|_| name == "XDG_CONFIG_HOME").map(OsString::from), home.map(PathBuf::from))
        };
        for (xdg, home, expected) in [
            (None, Some("/home/me"), Some("/home/me/.config/offerlinks/config.toml")),
            (Some("/etc/xdg-me"), Some("/home/me"), Some("/etc/xdg-me/offerlinks/config.toml")),
            (Some("relative"), Some("/home/me"), Some("/home/me/.config/offerlinks/config.toml")),
            (Some(""), None, None),
            (None, None, None),
            (None, Some(""), None),
        ] {
            assert_eq!(path(xdg, home), expected.map(PathBuf::from), "{xdg:?} {home:?}");
        }
    }

    #[test]
    fn a_text_in_another_encoding_is_refused_with_its_line() {
        for (bytes, message) in [
            (b"\xff\xfer\0a\0".as_slice(), "line 1: the file is UTF-16"),
            (b"rate = \"5/s\"\nemail = \"caf\xe9@a.example\"\n", "line 2: there is a character that is not UTF-8"),
        ] {
            let error = decode(bytes, Path::new("c.toml")).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        assert_eq!(decode(b"\xef\xbb\xbfrate", Path::new("c.toml")).unwrap(), "rate");
    }

    #[test]
    fn only_a_config_file_that_nobody_named_may_be_missing() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none.toml");
        let error = find(Some((missing.clone(), NamedBy::Flag))).unwrap_err().to_string();
        assert!(error.contains("none.toml (--config): "), "{error}");
        assert!(find(Some((missing, NamedBy::Default))).unwrap().0.networks.is_empty());
        assert!(find(Some((folder.path().to_owned(), NamedBy::Variable))).is_err(), "a folder");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_keys_that_others_can_read_is_a_warning() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let key = "[networks.demo]\napi_key = \"k3y-k3y-k3y\"\n";
        let command = "[networks.demo]\napi_key_command = [\"true\"]\n";
        let proxy = "proxy = \"http://me:s3cret@proxy.example\"\n";
        for (text, mode, warned) in [
            (key, 0o600, None),
            (key, 0o640, Some("can be read by others (mode 640)")),
            (key, 0o604, Some("can be read by others (mode 604)")),
            (proxy, 0o644, Some("can be read by others (mode 644)")),
            (command, 0o644, None),
            (command, 0o664, Some("can be changed by others (mode 664)")),
            ("[networks.demo]\napi_key_file = \"x\"\n", 0o666, None),
        ] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let (_, warnings) = find(Some((path.clone(), NamedBy::Flag))).unwrap();
            assert_eq!(warnings.len(), usize::from(warned.is_some()), "{text} {mode:o} {warnings:?}");
            assert!(warnings.iter().all(|warning| warning.contains(warned.unwrap_or_default())), "{warnings:?}");
        }
    }
}
