//! The whole list or none: reads its pages, and reads them again where they do not add up.
//!
//! A list that breaks off looks like a shorter list. So what came must match the network's own counts and, for a list of
//! several pages, which may move between calls, two readings must match each other.

use crate::api::offers::Listed;
use crate::commands::list::doubt::Doubt;
use crate::commands::list::end::End;
use crate::commands::list::lister::{Lister, Turned};
use crate::commands::list::paging::Paging;
use crate::report::event::ListNext;
use crate::report::{Event, Report};

/// How sure a list has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Care {
    /// A list of several pages is read until two readings agree.
    pub twice: bool,
    /// A list that does not add up is accepted, with a warning.
    pub allow_short: bool,
}

/// A list that is whole.
#[derive(Debug)]
pub(crate) struct Whole {
    /// Its offers, in the network's order.
    pub offers: Vec<Listed>,
    /// Offers without an ID; they are among `offers` where the [`Lister`] keeps them.
    pub nameless: u64,
}

/// How often the list is read before it is given up.
const MOST_READINGS: u32 = 4;

impl Lister<'_> {
    /// Reads the list until it is whole.
    ///
    /// # Errors
    /// What the network did wrong.
    pub(crate) async fn whole(&mut self, care: Care, report: &Report) -> Result<Whole, End> {
        let mut before = None;
        for reading in 1.. {
            let Turned { offers, paging } = self.turn_pages(report).await?;
            let nameless = paging.nameless();
            let doubt = doubt(&paging, &offers, before.as_deref(), care);
            let Some(doubt) = doubt else { return Ok(Whole { offers, nameless }) };
            if reading >= MOST_READINGS {
                if !care.allow_short {
                    return Err(End::Short(doubt));
                }
                report.emit(&Event::ListDoubt { doubt: doubt.to_string(), then: ListNext::TakenAsIs });
                return Ok(Whole { offers, nameless });
            }
            if doubt != Doubt::Unsteady || before.is_some() {
                report.emit(&Event::ListDoubt { doubt: doubt.to_string(), then: ListNext::ReadAgain });
            }
            before = Some(ids(&offers));
        }
        Err(End::Short(Doubt::Unsteady))
    }
}

/// Why a reading is not enough, given the one before.
fn doubt(paging: &Paging, offers: &[Listed], before: Option<&[Option<String>]>, care: Care) -> Option<Doubt> {
    let steady = !care.twice || paging.is_vouched() || before.is_some_and(|before| before == ids(offers));
    paging.doubt().or((!steady).then_some(Doubt::Unsteady))
}

fn ids(offers: &[Listed]) -> Vec<Option<String>> {
    offers.iter().map(|offer| offer.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::offers::Page;
    use crate::commands::list::paging::Nameless;

    fn listed(ids: &[u32]) -> Vec<Listed> {
        ids.iter().map(|id| Listed { id: Some(id.to_string()), ..Listed::default() }).collect()
    }

    fn read(pages: &[&[u32]], total_rows: Option<u64>) -> (Paging, Vec<Listed>) {
        let (mut paging, mut offers) = (Paging::new(Nameless::Drop), Vec::new());
        for page in pages {
            let page = Page { offers: listed(page), total_pages: None, total_rows };
            offers.extend(paging.take(page).unwrap().0);
        }
        (paging, offers)
    }

    #[test]
    fn several_pages_need_two_readings_that_agree_and_one_page_with_its_count_does_not() {
        let [once, twice] = [false, true].map(|twice| Care { twice, allow_short: false });
        let two_pages: &[&[u32]] = &[&[1, 2], &[3]];
        let same: Vec<_> = [1, 2, 3].map(|id: u32| Some(id.to_string())).into();
        let other: Vec<_> = [1, 2, 4].map(|id: u32| Some(id.to_string())).into();
        for (pages, total, before, care, doubted) in [
            (two_pages, Some(3), None, once, None),
            (two_pages, Some(3), None, twice, Some(Doubt::Unsteady)),
            (two_pages, Some(3), Some(&same), twice, None),
            (two_pages, Some(3), Some(&other), twice, Some(Doubt::Unsteady)),
            (two_pages, Some(4), Some(&same), twice, Some(Doubt::Offers { said: 4, came: 3 })),
            (&[&[1, 2, 3]], Some(3), None, twice, None),
            (&[&[1, 2, 3], &[]], None, None, twice, Some(Doubt::Unsteady)),
            (&[&[]], Some(0), None, twice, None),
            // Nothing at all, and no count either: may be a hiccup.
            (&[&[]], None, None, twice, Some(Doubt::Unsteady)),
        ] {
            let (paging, offers) = read(pages, total);
            assert_eq!(doubt(&paging, &offers, before.map(Vec::as_slice), care), doubted, "{pages:?} {total:?}");
        }
    }
}
