//! What an `--append` value says that can hardly be meant. Nothing here is an error: networks know more than we do.

use std::fmt;

/// Something that is taken as it is typed, and was most probably meant otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// `{campaign}` or `{Row.campaign}`, where the cell of a column is meant.
    Column {
        /// As typed, with its braces.
        place: String,
        /// The column.
        column: String,
    },
    /// `{clickid`
    Brace {
        /// The parameter.
        parameter: String,
    },
    /// `aff_sub1=`
    NoValue {
        /// The parameter.
        parameter: String,
    },
    /// `aff`, without a `=`; a place or a macro may be whole parameters.
    NoEquals {
        /// The parameter.
        parameter: String,
    },
    /// `=x`
    NoName {
        /// The parameter.
        parameter: String,
    },
    /// A name that was used before.
    Twice {
        /// The name.
        name: String,
    },
}

impl Doubt {
    /// Whether the shell or a crontab seems to have changed the text, which should be found before the links are used.
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::NoValue { .. } | Self::NoEquals { .. } | Self::NoName { .. })
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { place, column } => {
                write!(
                    f,
                    "--append: {place} goes into the links as it is; for the column's cell write {{row.{column}}}"
                )
            }
            Self::Brace { parameter } => write!(f, "--append: a brace is left open or closed twice in {parameter}"),
            Self::NoValue { parameter } => {
                write!(f, "--append: {parameter} has no value (in a crontab, a % has to be written \\%)")
            }
            Self::NoEquals { parameter } => {
                write!(f, "--append: {parameter} has no = and no value: parameters are NAME=VALUE with & between them")
            }
            Self::NoName { parameter } => write!(f, "--append: {parameter} has no name before the ="),
            Self::Twice { name } => write!(f, "--append: {name} is in it twice"),
        }
    }
}

/// The names of a query's parameters.
pub(crate) fn names(query: &str) -> impl Iterator<Item = &str> {
    let names = query.split('&').map(|parameter| parameter.split('=').next().unwrap_or_default());
    names.filter(|name| !name.is_empty())
}

/// What is doubtful about a template's text.
pub(crate) fn of(text: &str, columns: &[String]) -> Vec<Doubt> {
    let mut doubts: Vec<_> = places(text).filter_map(|place| column(place, columns)).collect();
    for parameter in text.split('&').filter(|parameter| !parameter.is_empty()) {
        let owned = parameter.to_owned();
        if !is_balanced(parameter) {
            doubts.push(Doubt::Brace { parameter: owned });
        } else if let Some(("", _)) = parameter.split_once('=') {
            doubts.push(Doubt::NoName { parameter: owned });
        } else if let Some((_, "")) = parameter.split_once('=') {
            doubts.push(Doubt::NoValue { parameter: owned });
        } else if !parameter.contains(['=', '{']) {
            doubts.push(Doubt::NoEquals { parameter: owned });
        }
    }
    let all: Vec<_> = names(text).collect();
    let is_again = |at: usize, name: &str| all.iter().take(at).filter(|other| **other == name).count() == 1;
    let again = all.iter().enumerate().filter(|(at, name)| is_again(*at, name));
    doubts.extend(again.map(|(_, name)| Doubt::Twice { name: (*name).to_owned() }));
    doubts
}

/// The text in braces.
fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|after| after.split_once('}')).map(|(place, _)| place)
}

/// The column that a macro is named like.
fn column(place: &str, columns: &[String]) -> Option<Doubt> {
    let name = place.trim();
    let typed = format!("{{{place}}}");
    if name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("row.")) {
        let column = name.get(4..).unwrap_or_default();
        return (!place.starts_with("row.")).then(|| Doubt::Column { place: typed, column: column.to_owned() });
    }
    let same = |column: &&String| column.strip_prefix("input_").unwrap_or(column).eq_ignore_ascii_case(name);
    let column = columns.iter().find(same)?;
    Some(Doubt::Column { place: typed, column: column.strip_prefix("input_").unwrap_or(column).to_owned() })
}

fn is_balanced(parameter: &str) -> bool {
    let mut open = 0_i32;
    for c in parameter.chars() {
        open += i32::from(c == '{') - i32::from(c == '}');
        if open < 0 {
            return false;
        }
    }
    open == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_told_and_what_can_be_is_not() {
        let columns = ["campaign".to_owned(), "Click ID".to_owned(), "input_status".to_owned()];
        let place = |place: &str, column: &str| Doubt::Column { place: place.to_owned(), column: column.to_owned() };
        for (text, doubt) in [
            ("s={campaign}", Some(place("{campaign}", "campaign"))),
            ("s={Campaign}", Some(place("{Campaign}", "campaign"))),
            ("s={status}", Some(place("{status}", "status"))),
            ("s={Row.campaign}", Some(place("{Row.campaign}", "campaign"))),
            ("s={ row.campaign}", Some(place("{ row.campaign}", "campaign"))),
            ("aff_sub1={clickid", Some(Doubt::Brace { parameter: "aff_sub1={clickid".to_owned() })),
            ("a={{m}&b=1", Some(Doubt::Brace { parameter: "a={{m}".to_owned() })),
            ("a=m}", Some(Doubt::Brace { parameter: "a=m}".to_owned() })),
            ("aff_sub1=", Some(Doubt::NoValue { parameter: "aff_sub1=".to_owned() })),
            ("a=1&=x", Some(Doubt::NoName { parameter: "=x".to_owned() })),
            ("a=1&b=2&a=3&a=4", Some(Doubt::Twice { name: "a".to_owned() })),
            ("aff_sub1={clickid}&s={row.campaign}", None),
            ("aff", Some(Doubt::NoEquals { parameter: "aff".to_owned() })),
            ("a={{m}}&b=[m]&c", Some(Doubt::NoEquals { parameter: "c".to_owned() })),
            ("a={{m}}&b=[m]&{row.query}&{macro}", None),
            ("", None),
        ] {
            assert_eq!(of(text, &columns), doubt.into_iter().collect::<Vec<_>>(), "{text}");
        }
    }
}
