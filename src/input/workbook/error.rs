//! Why there is no sheet to read.

/// Why there is no sheet. Each message says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAWorkbook {
    /// calamine 0.38 drops cells of it.
    #[error("it is a binary workbook (.xlsb), and some cells would be lost; save it as .xlsx")]
    Xlsb,
    /// Apple's own format.
    #[error("it is an Apple Numbers document; export it as .xlsx or CSV (File, Export To)")]
    Numbers,
    /// An archive that is no workbook.
    #[error("it is a zip archive with {file} in it; unzip it and pass the file with the offers")]
    Archive {
        /// The first file in it.
        file: String,
    },
    /// An office file without sheets.
    #[error("it is {0}; save the table in it as .xlsx or as CSV")]
    Other(&'static str),
    /// Encrypted.
    #[error("it has a password; save it without one, as .xlsx or as CSV")]
    Password,
    /// Nothing to read in it.
    #[error("it has no sheets; save the offers as .xlsx or as CSV")]
    NoSheets,
    /// It cannot be read.
    #[error("{0}; open it in Excel or LibreOffice and save it as .xlsx without a password, or as CSV")]
    Damaged(String),
}

/// Why there is no sheet to read.
#[derive(Debug)]
pub(in crate::input) enum OpenFailure {
    Unreadable(NotAWorkbook),
    Unknown { sheets: Vec<String> },
}
