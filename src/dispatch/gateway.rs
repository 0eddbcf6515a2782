//! Whether answers of something in front of the API (a page, a text, an empty body of any status) come and go with the pace.
//!
//! A gateway that is down answers all requests, and a broken page is its own request's. Where requests pass that got such an
//! answer a moment before, it is a limiter that says so in its own way. A record; what follows is decided in `complete`.

/// This many requests passed after such an answer, and none got it again and again meanwhile.
const BELIEVED: u32 = 2;

/// A request that got it this often may get it always.
const OFTEN: u32 = 3;

/// What became of requests that a gateway had answered.
#[derive(Debug, Default)]
pub(crate) struct GatewayRecord {
    passed_later: u32,
}

impl GatewayRecord {
    /// A request got such an answer, `times` in all.
    pub(crate) fn answered(&mut self, times: u32) {
        if times >= OFTEN {
            self.passed_later = 0;
        }
    }

    /// A request passed that had got such answers, `times` in all.
    pub(crate) fn passed(&mut self, times: u32) {
        self.passed_later = self.passed_later.saturating_add(u32::from(times > 0));
    }

    /// Whether such an answer may be meant for the pace.
    pub(crate) fn may_be_limiter(&self) -> bool {
        self.passed_later >= BELIEVED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_may_be_a_limiter_once_two_requests_pass_that_it_had_answered() {
        for (name, passed, often, expected) in [
            ("never answered", [0, 0, 0], false, false),
            ("one of them", [1, 0, 0], false, false),
            ("two", [1, 0, 2], false, true),
            ("one of which got it again and again", [1, 1, 2], true, false),
        ] {
            let mut record = GatewayRecord::default();
            for times in passed {
                record.passed(times);
            }
            record.answered(if often { OFTEN } else { OFTEN - 1 });
            assert_eq!(record.may_be_limiter(), expected, "{name}");
        }
    }
}
