//! How long a refusal asks us to wait, from whichever header says so.
//!
//! `Retry-After` says it outright. Other headers say when a budget begins anew, which need not be the moment at which a
//! call passes, and in several units. So they only ever slow down, and never by more than a minute.

use std::time::{Duration, SystemTime};

use crate::api::retry_after;

/// The longest wait that a header other than `Retry-After` can bring about.
const LONGEST_HINT: Duration = Duration::from_secs(60);

/// A budget's number from here on is in milliseconds. Where that is wrong the wait is too short, and the freeze doubles.
const MILLISECONDS: f64 = 1000.0;

/// What a header means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    /// When to come back.
    Outright,
    /// The same in milliseconds.
    OutrightMillis,
    /// When a budget begins anew, in a unit that has to be guessed.
    Reset,
    /// `RateLimit` of the IETF's drafts: what is left of each budget, and when it begins anew.
    Budgets,
}

/// The wait that an answer's headers ask for. The longest, where several say it outright; else the shortest that is not
/// over, since the budget that is used up may be any of those named.
pub fn read<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    date: Option<SystemTime>,
    now: SystemTime,
) -> Option<Duration> {
    let server_now = date.unwrap_or(now);
    let (mut outright, mut hint) = (None, None);
    let shorter = |hint: &mut Option<Duration>, wait: Duration| {
        if !wait.is_zero() {
            *hint = Some(hint.map_or(wait, |before: Duration| before.min(wait)));
        }
    };
    for (name, value) in headers {
        let (Some(tells), Ok(value)) = (tells(name), std::str::from_utf8(value)) else { continue };
        match tells {
            Tells::Outright => outright = outright.max(retry_after::parse(value, server_now)),
            Tells::OutrightMillis => outright = outright.max(millis(value)),
            Tells::Reset => reset(value, server_now).into_iter().for_each(|wait| shorter(&mut hint, wait)),
            Tells::Budgets => used_up(value).into_iter().for_each(|wait| shorter(&mut hint, wait)),
        }
    }
    let hint = hint.map(|wait| wait.min(LONGEST_HINT));
    // Some round a wait down to zero and give the true value in the other header.
    if outright.is_some_and(|wait| !wait.is_zero()) { outright } else { hint.or(outright) }
}

fn tells(name: &str) -> Option<Tells> {
    Some(match name {
        "retry-after" | "x-retry-after" => Tells::Outright,
        "retry-after-ms" | "x-ms-retry-after-ms" => Tells::OutrightMillis,
        "ratelimit" => Tells::Budgets,
        // X-RateLimit-Reset, -Retry-After (Symfony), -After (tower_governor), -Reset-After (Discord), -UserReset (hapi),
        // X-Rate-Limit-Reset (Yii), -Retry-After-Seconds (Bucket4j), RateLimit-Reset (drafts up to 06).
        _ => {
            let name = name.strip_prefix("x-").unwrap_or(name);
            let rest = name.strip_prefix("ratelimit-").or_else(|| name.strip_prefix("rate-limit-"))?;
            let ends = ["reset", "after", "after-seconds"].iter().any(|end| rest.ends_with(end));
            if ends || rest.starts_with("reset-") { Tells::Reset } else { return None }
        }
    })
}

fn millis(value: &str) -> Option<Duration> {
    let millis: f64 = value.trim().parse().ok()?;
    Duration::try_from_secs_f64(millis / 1000.0).ok()
}

fn reset(value: &str, server_now: SystemTime) -> Option<Duration> {
    let wait = retry_after::parse(value, server_now)?;
    match value.trim().parse::<f64>() {
        // Not a time, else it would be shorter than the number.
        Ok(number) if number >= MILLISECONDS && wait.as_secs_f64() >= number => millis(value),
        _ => Some(wait),
    }
}

/// The shortest time to a new budget among those that are used up: `"50-in-10sec"; r=0; t=6` since draft 8, `limit=50,
/// remaining=0, reset=6` in draft 7. Budgets of which something is left do not refuse.
fn used_up(value: &str) -> Option<Duration> {
    let budgets = if value.contains(';') { value.split(',').collect() } else { vec![value] };
    budgets.into_iter().filter_map(budget).filter(|wait| !wait.is_zero()).min()
}

fn budget(text: &str) -> Option<Duration> {
    let of = |names: [&str; 2]| {
        let parts = text.split([';', ',']).filter_map(|part| part.split_once('='));
        let mut values = parts.filter(|(name, _)| names.contains(&name.trim()));
        values.next().and_then(|(_, value)| value.trim().parse::<f64>().ok())
    };
    if of(["r", "remaining"]).is_some_and(|left| left > 0.0) {
        return None;
    }
    Duration::try_from_secs_f64(of(["t", "reset"])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn wait(headers: &[(&str, &str)]) -> Option<Duration> {
        let date = httpdate::parse_http_date(DATE).unwrap();
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        read(headers, Some(date), SystemTime::now())
    }

    #[test]
    fn each_header_in_use_is_read() {
        for (name, value, millis) in [
            ("retry-after", "7", 7000),
            ("retry-after", "600", 600_000),
            ("x-retry-after", "7", 7000),
            ("retry-after-ms", "1500", 1500),
            ("x-ratelimit-retry-after", "6", 6000), // Symfony's documentation, as it is now
            ("x-ratelimit-retry-after", "784111783", 6000), // and as it was
            ("x-ratelimit-reset", "784111783", 6000), // GitHub, Flask-Limiter
            ("x-ratelimit-reset", "784111783.5", 6500), // slowapi, koa-ratelimit in memory
            ("x-ratelimit-reset", "6", 6000),       // fastify
            ("x-ratelimit-reset", "6000", 6000),    // in milliseconds
            ("x-ratelimit-reset", "784111783000", 6000), // since 1970, in milliseconds
            ("x-ratelimit-reset", "1994-11-06T08:49:43Z", 6000), // Atlassian
            ("x-ratelimit-userreset", "784111783000", 6000), // hapi-rate-limit
            ("x-ratelimit-reset-after", "0.75", 750), // Discord
            ("x-ratelimit-reset-requests", "1m2s", 60_000), // OpenAI
            ("x-ratelimit-after", "3", 3000),       // tower_governor
            ("x-rate-limit-reset", "10", 10_000),   // Yii
            ("x-rate-limit-retry-after-seconds", "9", 9000), // Bucket4j
            ("ratelimit-reset", "6", 6000),         // IETF drafts up to 06
            ("ratelimit", "limit=50, remaining=0, reset=6", 6000), // draft 07
            ("ratelimit", "\"50-in-10sec\"; r=0; t=6", 6000), // drafts from 08 on
            ("ratelimit", "\"burst\";r=0;t=6, \"daily\";r=900;t=40000", 6000),
            ("ratelimit", "\"hour\";r=0;t=1800", 60_000),
            ("x-ratelimit-reset", "784198177", 60_000), // tomorrow
        ] {
            let read = wait(&[(name, value)]).map(|wait| wait.as_secs_f64() * 1000.0);
            assert!(read.is_some_and(|read| (read - f64::from(millis)).abs() < 1.0), "{name}: {value}: {read:?}");
        }
    }

    #[test]
    fn headers_that_tell_of_no_wait_are_none() {
        for (name, value) in [
            ("retry-after", "soon"),
            ("x-ratelimit-limit", "50"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-used", "51"),
            ("ratelimit-policy", "\"50-in-10sec\"; q=50; w=10"),
            ("ratelimit", "\"50-in-10sec\"; r=3; t=6"),
            ("ratelimit", "\"50-in-10sec\"; r=0"),
            ("ratelimit", "t=nan"),
            ("ratelimit", ""),
            ("x-ratelimit-reset", "784111700"),
            ("x-ratelimit-reset", "-5"),
            ("date", "Sun, 06 Nov 1994 08:50:37 GMT"),
        ] {
            assert_eq!(wait(&[(name, value)]), None, "{name}: {value}");
        }
    }

    #[test]
    fn what_is_said_outright_counts_unless_it_is_nothing() {
        for (headers, seconds) in [
            (
                &[("retry-after", "1"), ("retry-after", "soon"), ("retry-after", "7"), ("retry-after", "-9")][..],
                Some(7),
            ),
            (&[("x-ratelimit-reset", "40"), ("retry-after", "7")], Some(7)),
            (&[("retry-after", "0"), ("x-ratelimit-reset", "784111783")], Some(6)), // Flask-Limiter, koa-ratelimit
            (&[("retry-after", "0"), ("x-ratelimit-reset", "784111700")], Some(0)),
            (&[("x-ratelimit-userreset", "784111783000"), ("x-ratelimit-userpathreset", "784111799000")], Some(6)),
            (&[], None),
        ] {
            assert_eq!(wait(headers), seconds.map(Duration::from_secs), "{headers:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_ignored_and_the_own_clock_stands_in() {
        let now = httpdate::parse_http_date(DATE).unwrap();
        assert_eq!(read([("retry-after", b"\xff5".as_slice())], None, now), None);
        let value = b"Sun, 06 Nov 1994 08:49:38 GMT".as_slice();
        assert_eq!(read([("retry-after", value)], None, now), Some(Duration::from_secs(1)));
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_it_panic(value: Vec<u8>, text in "[a-z0-9=;, \"-]{0,40}") {
            for name in ["retry-after", "retry-after-ms", "x-ratelimit-reset", "ratelimit"] {
                read([(name, value.as_slice()), (name, text.as_bytes())], None, SystemTime::now());
            }
        }
    }
}
