//! The output's own columns, in the one place that knows them: name, order, JSON key, width and type in a workbook.
//!
//! Names and order are a promise to users. Everything else about columns, in every format and in the reader of earlier
//! outputs, derives from [`COLUMNS`]. Must not know how any format writes a cell.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The ID as called.
    OfferId,
    /// The network that was asked, where there are several.
    Network,
    /// `Default`, `Random` or `Offer URL`.
    EntryType,
    /// The landing page's name.
    EntryName,
    /// The landing page's tracking link.
    EntryTrackingLink,
    /// A sample of the landing page.
    EntryPreviewUrl,
    /// The offer's own link.
    Url,
    /// The offer's pixel.
    ImpressionPixel,
    /// `ok`, `stale` or `error`.
    Status,
    /// Why there is no new answer.
    ErrorKind,
    /// The HTTP status that came with that.
    ErrorHttpStatus,
    /// The API's code for it.
    ErrorCode,
    /// What the network said.
    ErrorMessage,
    /// When the links of a stale row were last confirmed.
    LastGoodAt,
}

/// What a value belongs to, which decides its place in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The input row: before the kept columns.
    Row,
    /// One landing page: differs between the rows of an offer. In JSON, an object of the list `offer_url`.
    Entry,
    /// The offer: the same on all its rows.
    Offer,
    /// How the offer ended: the same on all its rows.
    Outcome,
}

/// When a column is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In every output.
    Always,
    /// Where the job asks for it.
    Optional,
}

/// How a workbook types a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellType {
    /// Text, whatever it looks like.
    Text,
    /// A whole number, wherever it is one without a leading zero.
    Whole,
}

/// What `--retry-failed` does with an output without the column, which a user may have deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// Leaves it empty.
    Empty,
    /// Refuses the file: good rows would be lost, or could not be recognised.
    Refused,
}

/// A column of the output.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// What it holds.
    pub field: Field,
    /// Its name in the header.
    pub name: &'static str,
    /// Its key in JSON, in the object that [`Part`] says.
    pub key: &'static str,
    /// What its values belong to.
    pub part: Part,
    /// When it is there.
    pub presence: Presence,
    /// Its width in a workbook, in characters.
    pub width: u8,
    /// Its type in a workbook.
    pub cell: CellType,
    /// Whether a saved output can do without it.
    pub if_missing: IfMissing,
}

/// The key of the list of entries in JSON.
pub const ENTRIES_KEY: &str = "offer_url";

/// A column that is always there and holds text.
const fn text(field: Field, name: &'static str, part: Part, width: u8, if_missing: IfMissing) -> Column {
    let (presence, cell) = (Presence::Always, CellType::Text);
    Column { field, name, key: name, part, presence, width, cell, if_missing }
}

/// All columns, in their order. The kept input columns stand behind those of [`Part::Row`].
pub const COLUMNS: [Column; 14] = {
    use IfMissing::{Empty, Refused};
    [
        Column { cell: CellType::Whole, ..text(Field::OfferId, "offer_id", Part::Row, 12, Refused) },
        Column { presence: Presence::Optional, ..text(Field::Network, "network", Part::Row, 18, Refused) },
        Column { key: "type", ..text(Field::EntryType, "offer_url_type", Part::Entry, 16, Empty) },
        Column { key: "name", ..text(Field::EntryName, "offer_url_name", Part::Entry, 28, Empty) },
        Column {
            key: "tracking_link",
            ..text(Field::EntryTrackingLink, "offer_url_tracking_link", Part::Entry, 60, Refused)
        },
        Column { key: "preview_url", ..text(Field::EntryPreviewUrl, "offer_url_preview_url", Part::Entry, 30, Empty) },
        text(Field::Url, "url", Part::Offer, 60, Refused),
        text(Field::ImpressionPixel, "impression_pixel", Part::Offer, 30, Empty),
        text(Field::Status, "status", Part::Outcome, 10, Refused),
        text(Field::ErrorKind, "error_kind", Part::Outcome, 18, Refused),
        Column { cell: CellType::Whole, ..text(Field::ErrorHttpStatus, "error_http_status", Part::Outcome, 18, Empty) },
        Column { cell: CellType::Whole, ..text(Field::ErrorCode, "error_code", Part::Outcome, 18, Empty) },
        text(Field::ErrorMessage, "error_message", Part::Outcome, 60, Empty),
        Column { presence: Presence::Optional, ..text(Field::LastGoodAt, "last_good_at", Part::Outcome, 20, Empty) },
    ]
};

/// The columns of one output: those that every output has, and those that its job asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    columns: Vec<&'static Column>,
}

impl Default for Schema {
    fn default() -> Self {
        Self { columns: COLUMNS.iter().filter(|column| column.presence == Presence::Always).collect() }
    }
}

impl Schema {
    /// The same with an optional column, in its place.
    #[must_use]
    pub fn with(self, field: Field) -> Self {
        let has = |column: &&Column| column.field == field || self.has(column.field);
        Self { columns: COLUMNS.iter().filter(has).collect() }
    }

    /// The same without an optional column.
    #[must_use]
    pub fn without(mut self, field: Field) -> Self {
        self.columns.retain(|column| column.field != field || column.presence == Presence::Always);
        self
    }

    /// Whether it has the column.
    pub fn has(&self, field: Field) -> bool {
        self.columns.iter().any(|column| column.field == field)
    }

    /// Its columns, in order.
    pub fn columns(&self) -> impl DoubleEndedIterator<Item = &'static Column> + Clone {
        self.columns.iter().copied()
    }

    /// Those that hold values of this part, in order.
    pub fn of_part(&self, part: Part) -> impl Iterator<Item = &'static Column> + Clone {
        self.columns().filter(move |column| column.part == part)
    }

    /// How many columns it has.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Never: every output has columns.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// How many of them stand before the kept columns.
    pub fn lead(&self) -> usize {
        self.of_part(Part::Row).count()
    }

    /// The names of all columns, with the kept ones in their place.
    pub fn header<'k>(&self, kept: impl Iterator<Item = &'k str>) -> impl Iterator<Item = &'k str> {
        let names = self.columns().map(|column| column.name);
        names.clone().take(self.lead()).chain(kept).chain(names.skip(self.lead()))
    }

    /// The place of a column in a row with this many kept cells.
    pub fn position(&self, field: Field, kept: usize) -> Option<usize> {
        let at = self.columns.iter().position(|column| column.field == field)?;
        Some(if at < self.lead() { at } else { at + kept })
    }

    /// Whether a column of the output has this name, so that no kept column can.
    pub fn has_name(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    /// Whether an object of the output has this key, so that no kept column can.
    pub fn has_key(&self, key: &str) -> bool {
        key == ENTRIES_KEY || self.columns.iter().any(|column| column.part != Part::Entry && column.key == key)
    }

    /// What a header says: this schema, with or without `last_good_at`; and how many columns were kept.
    pub fn of_header(&self, names: &[String]) -> Option<(Self, usize)> {
        let candidates = [self.clone().with(Field::LastGoodAt), self.clone().without(Field::LastGoodAt)];
        candidates.into_iter().find_map(|schema| {
            let kept = names.len().checked_sub(schema.len())?;
            let between = names.iter().skip(schema.lead()).take(kept).map(String::as_str);
            let fits = schema.header(between).eq(names.iter().map(String::as_str));
            fits.then_some((schema, kept))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_parts_and_names_are_unique() {
        let order = |part: Part| [Part::Row, Part::Entry, Part::Offer, Part::Outcome].iter().position(|p| *p == part);
        assert!(COLUMNS.iter().map(|column| order(column.part)).is_sorted());
        for (at, column) in COLUMNS.iter().enumerate() {
            let others = COLUMNS.iter().skip(at + 1);
            assert!(others.clone().all(|other| (other.name, other.field) != (column.name, column.field)));
            assert!(
                others
                    .filter(|other| (other.part == Part::Entry) == (column.part == Part::Entry))
                    .all(|other| other.key != column.key)
            );
        }
    }

    #[test]
    fn optional_columns_stand_where_the_contract_says() {
        let all = Schema::default().with(Field::LastGoodAt).with(Field::Network);
        let names: Vec<_> = all.header(["kept"].into_iter()).collect();
        assert_eq!(&names[..4], ["offer_id", "network", "kept", "offer_url_type"]);
        assert_eq!(names.last(), Some(&"last_good_at"));
        assert_eq!(all.position(Field::Network, 1), Some(1));
        assert_eq!(all.position(Field::EntryType, 1), Some(3));
        assert_eq!(all.clone().without(Field::Network).without(Field::LastGoodAt), Schema::default());
        assert!(!Schema::default().has_name("network") && all.has_name("network"));
    }

    #[test]
    fn a_header_says_which_columns_there_are() {
        for schema in [Schema::default(), Schema::default().with(Field::LastGoodAt)] {
            let names: Vec<String> = schema.header(["a", "network"].into_iter()).map(str::to_owned).collect();
            assert_eq!(Schema::default().of_header(&names), Some((schema.clone(), 2)));
            assert_eq!(Schema::default().of_header(&names[1..]), None);
            let several: Vec<String> =
                schema.clone().with(Field::Network).header(["a"].into_iter()).map(str::to_owned).collect();
            let expected = schema.with(Field::Network);
            assert_eq!(Schema::default().with(Field::Network).of_header(&several), Some((expected, 1)));
        }
    }
}
