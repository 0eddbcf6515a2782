//! Messages about the workbook.

use std::path::{Path, PathBuf};

use crate::report::format;
use crate::report::level::Level;
use crate::report::message::form::Message;

/// The messages when the workbook is made.
pub(super) fn written(rows_in: &Path, cut_cells: &[(PathBuf, u64)]) -> Vec<Message> {
    let text = format!("the workbook's rows are in {} too", rows_in.display());
    let cut = cut_cells.iter().filter(|(_, cells)| *cells > 0).map(|(file, cells)| {
        let [were, hold, them] =
            if *cells == 1 { ["was", "holds only its", "it"] } else { ["were", "hold only their", "them"] };
        let cells = format::counted(*cells, "cell");
        format!("{cells} {were} too long for a workbook and {hold} start; {} has {them} whole", file.display())
    });
    let cut = cut.map(|text| Message::plain(Level::Warning, "workbook", text));
    [Message::plain(Level::Info, "workbook", text)].into_iter().chain(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_named_that_has_the_cells_which_were_cut() {
        let cut = |cells: &[(&str, u64)]| {
            let cells: Vec<_> = cells.iter().map(|(file, cells)| (PathBuf::from(file), *cells)).collect();
            written(Path::new("x.csv"), &cells).into_iter().map(|message| message.text).collect::<Vec<_>>()
        };
        let rows = "the workbook's rows are in x.csv too";
        assert_eq!(cut(&[("x.csv", 0), ("changes.csv", 0)]), [rows]);
        assert_eq!(
            cut(&[("x.csv", 1), ("changes.csv", 2)]),
            [
                rows,
                "1 cell was too long for a workbook and holds only its start; x.csv has it whole",
                "2 cells were too long for a workbook and hold only their start; changes.csv has them whole"
            ]
        );
    }
}
