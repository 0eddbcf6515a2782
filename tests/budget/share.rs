//! What the network sees of hosts that share its limit.

use crate::redis::Redis;
use crate::site::Site;

/// The most arrivals in any 10 s.
pub(crate) fn most(arrivals: &[(f64, usize)]) -> usize {
    let within = |n: usize| arrivals[n..].iter().take_while(|later| later.0 < arrivals[n].0 + 10.0).count();
    (0..arrivals.len()).map(within).max().unwrap_or_default()
}

/// How much of the limit all hosts use in this time, and of its own part the host that has least.
pub(crate) fn used(arrivals: &[(f64, usize)], hosts: usize, from: f64, to: f64) -> (f64, f64) {
    let limit = 5.0 * (to - from);
    let of = |host: usize| arrivals.iter().filter(|(at, n)| *n == host && (from..to).contains(at)).count() as f64;
    let least = (0..hosts).map(of).fold(f64::INFINITY, f64::min) * hosts as f64 / limit;
    ((0..hosts).map(of).sum::<f64>() / limit, least)
}

/// The longest time without a call of this host.
pub(crate) fn longest_pause(arrivals: &[(f64, usize)], host: usize, from: f64, to: f64) -> f64 {
    let own = arrivals.iter().filter(|(at, n)| *n == host && (from..to).contains(at)).map(|(at, _)| *at);
    let times: Vec<f64> = [from].into_iter().chain(own).chain([to]).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
}

/// Runs this many hosts for this long, with answers that take 20 to 300 ms.
fn hosts_share(hosts: usize, seconds: u64, at_least: f64) {
    let Some(mut site) = Site::new(hosts) else { return };
    let Some(redis) = Redis::start(site.ip()) else { return };
    for host in 0..hosts {
        site.run(host, &redis.url(), &[]);
    }
    site.sleep_until(seconds);
    let arrivals = site.arrivals();
    // The first window is for meeting each other.
    let (all, least) = used(&arrivals, hosts, 15.0, seconds as f64 - 1.0);
    println!("{hosts} hosts: at most {} in 10 s, {all:.3} of the limit, the least {least:.3}", most(&arrivals));
    assert!(most(&arrivals) <= 50, "{} in 10 s\n{}", most(&arrivals), site.said());
    assert_eq!(site.refused(), 0, "{}", site.said());
    assert!(all >= at_least && least >= 0.8, "{all} used, at least {least}\n{}", site.said());
    assert!(site.said().contains(&format!("{hosts} runs on {hosts} hosts")), "{}", site.said());
    assert_eq!(redis.ask(&["DBSIZE"]).trim(), "1", "one key");
    let expires: i64 = redis.ask(&["PTTL", redis.ask(&["KEYS", "*"]).trim()]).trim().parse().unwrap();
    assert!(expires > 0, "and it expires");
}

/// The short form; a busy machine is allowed for.
#[test]
fn two_hosts_keep_the_limit_together_and_share_it_alike() {
    hosts_share(2, 40, 0.85);
}

#[test]
#[ignore = "takes two minutes"]
fn two_hosts_use_95_percent_of_the_limit() {
    hosts_share(2, 120, 0.95);
}

#[test]
#[ignore = "takes two minutes"]
fn five_hosts_use_95_percent_of_the_limit() {
    hosts_share(5, 120, 0.95);
}

#[test]
#[ignore = "takes two minutes"]
fn hosts_that_are_killed_slow_the_others_for_no_longer_than_a_window() {
    let Some(mut site) = Site::new(5) else { return };
    let Some(redis) = Redis::start(site.ip()) else { return };
    for host in 0..5 {
        site.run(host, &redis.url(), &[]);
    }
    site.sleep_until(40);
    (2..5).for_each(|host| site.hosts[host].kill());
    site.sleep_until(100);
    let arrivals = site.arrivals();
    let (after_a_window, _) = used(&arrivals, 2, 51.0, 61.0);
    let (later, least) = used(&arrivals, 2, 61.0, 99.0);
    println!("of five hosts, three killed: {after_a_window:.3} of the limit a window later, {later:.3} after that");
    assert!(most(&arrivals) <= 50, "{}", most(&arrivals));
    assert!(after_a_window >= 0.85 && later >= 0.95 && least >= 0.8, "{}", site.said());
    assert_eq!(site.refused(), 0);
}
