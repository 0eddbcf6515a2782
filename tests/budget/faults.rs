//! What becomes of the hosts when something becomes of Redis.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::redis::Redis;
use crate::share::{longest_pause, most, used};
use crate::site::Site;
use crate::slow;

/// How often the hosts are to have said that the budget was away.
struct Expected {
    hosts: usize,
    times: usize,
    until: u64,
}

fn assert_borne(site: &Site, what: &str, expected: &Expected) {
    let Expected { hosts, times, until } = *expected;
    let arrivals = site.arrivals();
    let end = until as f64 - 1.0;
    let (all, least) = used(&arrivals, hosts, 15.0, end);
    let pause = (0..hosts).map(|host| longest_pause(&arrivals, host, 8.0, end)).fold(0.0, f64::max);
    println!(
        "{what}, {hosts} hosts: at most {} in 10 s, {all:.3} of the limit, the least {least:.3}, longest pause {pause:.1} s",
        most(&arrivals)
    );
    let said = site.said();
    assert!(most(&arrivals) <= 50, "{what}: {} in 10 s\n{said}", most(&arrivals));
    assert_eq!(site.refused(), 0, "{what}\n{said}");
    assert!(pause < 12.0 && least > 0.5, "{what}: {pause} s, {least}\n{said}");
    for host in &site.hosts {
        assert_eq!(host.said().matches("is away").count(), times, "{what}\n{said}");
        assert_eq!(host.said().matches("is back:").count(), times, "{what}\n{said}");
    }
}

fn started(hosts: usize) -> Option<(Site, Redis)> {
    let mut site = Site::new(hosts)?;
    let redis = Redis::start(site.ip())?;
    for host in 0..hosts {
        site.run(host, &redis.url(), &[]);
    }
    Some((site, redis))
}

#[test]
fn a_redis_that_is_killed_and_started_again_is_missed_once_and_used_again() {
    let Some((site, mut redis)) = started(2) else { return };
    site.sleep_until(14);
    redis.kill();
    site.sleep_until(22);
    redis.restart();
    site.sleep_until(36);
    assert_borne(&site, "killed for 8 s", &Expected { hosts: 2, times: 1, until: 36 });
    assert!(redis.ask(&["DBSIZE"]).trim() == "1", "it is used again");
}

#[test]
#[ignore = "takes minutes"]
fn a_redis_that_is_killed_twice_in_mid_run() {
    let Some((site, mut redis)) = started(5) else { return };
    for at in [30, 80] {
        site.sleep_until(at);
        redis.kill();
        site.sleep_until(at + 20);
        redis.restart();
    }
    site.sleep_until(130);
    assert_borne(&site, "killed twice for 20 s", &Expected { hosts: 5, times: 2, until: 130 });
}

#[test]
#[ignore = "takes minutes"]
fn a_redis_that_is_stopped_for_a_minute() {
    for hosts in [2, 5] {
        let Some((site, redis)) = started(hosts) else { return };
        site.sleep_until(30);
        redis.signal(Signal::SIGSTOP);
        site.sleep_until(90);
        redis.signal(Signal::SIGCONT);
        site.sleep_until(120);
        assert_borne(&site, "stopped for 60 s", &Expected { hosts, times: 1, until: 120 });
    }
}

#[test]
#[ignore = "takes minutes"]
fn a_redis_that_is_slow_by_half_a_second() {
    for each_way in [250, 500] {
        let Some(mut site) = Site::new(2) else { return };
        let Some(redis) = Redis::start(site.ip()) else { return };
        let port = slow::line_to(redis.address, site.ip(), Duration::from_millis(each_way));
        let slow = format!("redis://{}:{port}/", site.ip());
        // One is near, one is far.
        site.run(0, &redis.url(), &[]);
        site.run(1, &slow, &[]);
        site.sleep_until(80);
        assert_borne(&site, &format!("{each_way} ms each way"), &Expected { hosts: 2, times: 0, until: 80 });
    }
}

#[test]
#[ignore = "takes minutes"]
fn a_redis_whose_clock_is_set_by_an_hour() {
    let Some(mut site) = Site::new(3) else { return };
    let Some(redis) = Redis::with_clock(site.ip()) else { return };
    for host in 0..3 {
        site.run(host, &redis.url(), &[]);
    }
    let shown = || redis.ask(&["TIME"]).lines().next().unwrap().parse::<u64>().unwrap();
    site.sleep_until(30);
    let before = shown();
    redis.set_clock("+3600");
    assert!(shown() > before + 3500, "its clock is set");
    site.sleep_until(60);
    redis.set_clock("-3600");
    site.sleep_until(100);
    assert_borne(&site, "an hour ahead, then two back", &Expected { hosts: 3, times: 0, until: 100 });
}

#[test]
#[ignore = "takes minutes"]
fn a_redis_that_forgets_everything() {
    let Some((site, redis)) = started(3) else { return };
    for at in [30, 50, 53] {
        site.sleep_until(at);
        redis.ask(&["FLUSHALL"]);
        redis.ask(&["SCRIPT", "FLUSH"]);
    }
    site.sleep_until(90);
    assert_borne(&site, "FLUSHALL and SCRIPT FLUSH", &Expected { hosts: 3, times: 0, until: 90 });
}

#[test]
#[ignore = "takes minutes"]
fn a_redis_that_is_away_from_the_start() {
    let Some(mut site) = Site::new(2) else { return };
    let Some(mut redis) = Redis::start(site.ip()) else { return };
    redis.kill();
    for host in 0..2 {
        site.run(host, &redis.url(), &[]);
    }
    site.sleep_until(30);
    let (all, _) = used(&site.arrivals(), 2, 10.0, 30.0);
    assert!((0.9..=1.0).contains(&all), "each keeps to half: {all}\n{}", site.said());
    redis.restart();
    site.sleep_until(70);
    assert_borne(&site, "away from the start", &Expected { hosts: 2, times: 1, until: 70 });
}
