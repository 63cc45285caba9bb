//! The costs of a day and the limits that are reached as users are added: the tables in
//! `docs/costs.md` and `docs/scaling.md`. `UPDATE=1 cargo test --workspace --test scaling` writes
//! them.

#![expect(clippy::unwrap_used, reason = "a failure in a helper is the failure of the test that called it")]

mod use_of_a_day;

use std::fs;

use test_support::{expect_generated, workspace};
use use_of_a_day::{COSTS, Day, PAUSE_SECONDS, bytes_per_message};

/// The numbers of users in the table.
const USERS: [f64; 3] = [1e3, 1e5, 1e7];

// Assumed.

/// The part of a day's use in its busiest hour.
const BUSIEST_HOUR: f64 = 0.1;
/// The seconds of an invocation, as in the prices.
const INVOCATION_SECONDS: f64 = 0.02;
/// The processes that exist for each one that is busy, since Lambda keeps idle ones.
const PROCESSES_PER_BUSY: f64 = 2.0;
/// The bytes that the indexes of `log` take per message.
const INDEX_BYTES: f64 = 80.0;
/// The writes per second that one replica set takes.
const WRITES_PER_SECOND: f64 = 5_000.0;
/// The commands per second that one replica set takes.
const COMMANDS_PER_SECOND: f64 = 20_000.0;
/// The data that one replica set holds, in GB.
const GIGABYTES: f64 = 2_000.0;

// The code.

/// The connections of a process to the primary: `max_pool_size` in `shared/src/database.rs`, and one
/// of the driver's own.
const CONNECTIONS_PER_PROCESS: f64 = 3.0;
/// `ThrottlingRateLimit` of the default route settings in `template.yaml`.
const ROUTE_LIMIT: f64 = 500.0;

// Documented.

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
const NEW_CONNECTIONS_PER_SECOND: f64 = 500.0;
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const REQUESTS_PER_SECOND: f64 = 10_000.0;
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const CONCURRENT_INVOCATIONS: f64 = 1_000.0;
/// Ten per second and unit of concurrency:
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html>
const INVOCATIONS_PER_SECOND: f64 = 10.0 * CONCURRENT_INVOCATIONS;
/// Of an M30 cluster, per node: <https://www.mongodb.com/docs/atlas/reference/atlas-limits/>
const DATABASE_CONNECTIONS: f64 = 3_000.0;

/// A limit, and the part of it that one user takes.
struct Limit {
    name: &'static str,
    value: f64,
    source: &'static str,
    per_user: f64,
}

impl Limit {
    /// Returns the number of users who reach it.
    fn users(&self) -> f64 {
        self.value / self.per_user
    }

    fn row(&self) -> String {
        let cells = USERS.map(|users| {
            let used = users * self.per_user;
            let text = format!("{} ({} %)", number(used), number(100.0 * used / self.value));
            if used > self.value { format!("**{text}**") } else { text }
        });
        let [few, some, many] = cells;
        let Self { name, value, source, .. } = self;
        format!(
            "| {name} | {} | {source} | {few} | {some} | {many} | {} |",
            number(*value),
            number(rounded(self.users()))
        )
    }
}

/// Returns the limits, the one that is reached first at the top.
fn limits(day: &Day) -> Vec<Limit> {
    let per_second = BUSIEST_HOUR / 3600.0;
    let invocations = per_second * day.sum(|action| action.invocations);
    let requests = day.sum(|action| action.requests + action.frames_in + action.frames_out) + day.connections();
    let waiting = per_second * day.watched_ends() * PAUSE_SECONDS;
    let busy = invocations * INVOCATION_SECONDS + waiting;
    let bytes = day.messages() * 365.0 * (bytes_per_message() + INDEX_BYTES);
    let limit = |name, value, source, per_user| Limit { name, value, source, per_user };
    let mut limits = vec![
        limit(
            "template: frames per second of the busiest route",
            ROUTE_LIMIT,
            "code",
            per_second * day.busiest_route(),
        ),
        limit(
            "API Gateway: new connections per second",
            NEW_CONNECTIONS_PER_SECOND,
            "documented",
            per_second * day.connections(),
        ),
        limit(
            "API Gateway: requests, frames and posts per second",
            REQUESTS_PER_SECOND,
            "documented",
            per_second * requests,
        ),
        limit("Lambda: concurrent invocations", CONCURRENT_INVOCATIONS, "documented", busy),
        limit("Lambda: invocations per second", INVOCATIONS_PER_SECOND, "documented", invocations),
        limit(
            "MongoDB: connections, on an M30 cluster",
            DATABASE_CONNECTIONS,
            "documented",
            busy * PROCESSES_PER_BUSY * CONNECTIONS_PER_PROCESS,
        ),
        limit("MongoDB: writes per second", WRITES_PER_SECOND, "assumed", per_second * day.sum(|action| action.writes)),
        limit(
            "MongoDB: commands per second",
            COMMANDS_PER_SECOND,
            "assumed",
            per_second * day.sum(|action| action.commands),
        ),
        limit("MongoDB: GB of messages after a year", GIGABYTES, "assumed", bytes / 1e9),
    ];
    limits.sort_by(|one, other| one.users().total_cmp(&other.users()));
    limits
}

/// Returns a number with two significant digits.
fn rounded(number: f64) -> f64 {
    let unit = 10_f64.powf(number.log10().floor() - 1.0);
    (number / unit).round() * unit
}

/// Returns a number as text, with commas between thousands, and two significant digits if it is
/// small.
fn number(number: f64) -> String {
    if number < 9.95 {
        let digits = if number < 0.095 {
            3
        } else if number < 0.995 {
            2
        } else {
            1
        };
        return format!("{number:.digits$}").trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{number:.0}");
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

#[test]
fn the_documentation_says_what_a_day_costs() {
    let (table, idle, all) = Day::read().costs();
    expect_generated(COSTS, "day", &table);
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    for amount in [idle, all] {
        let amount = format!("${amount:.0} a month");
        assert!(readme.contains(&amount), "according to {COSTS}, README.md must contain: {amount}");
    }
}

#[test]
fn the_documentation_says_which_limit_is_reached_first() {
    let day = Day::read();
    let limits = limits(&day);
    let is_as_described = |limit: &Limit| USERS[1] < limit.users() && limit.users() < USERS[2];
    assert!(limits.iter().all(is_as_described), "correct the text below the table in docs/scaling.md");
    let heading = "| Limit | Value | Source | 1,000 users | 100,000 | 10,000,000 | Reached at about |\n\
                   |---|--:|---|--:|--:|--:|--:|\n";
    let rows: Vec<String> = limits.iter().map(Limit::row).collect();
    expect_generated("docs/scaling.md", "limits", &(heading.to_owned() + &rows.join("\n")));

    let connected = day.connected_minutes() * BUSIEST_HOUR / 60.0;
    let minutes = USERS[1..].iter().map(|users| number(users * connected / NEW_CONNECTIONS_PER_SECOND / 60.0));
    let minutes: Vec<String> = minutes.collect();
    let text = format!(
        "After an outage, all clients connect again. In the busiest hour, {} % of the users are connected.\n\
         At {} connections per second, this takes at least {} min for 100,000 users, and {} min for\n\
         10,000,000.",
        number(100.0 * connected),
        number(NEW_CONNECTIONS_PER_SECOND),
        minutes[0],
        minutes[1]
    );
    expect_generated("docs/scaling.md", "reconnecting", &text);
}

#[test]
fn the_limits_of_the_code_are_those_of_the_calculation() {
    let contains = |file: &str, text: &str| fs::read_to_string(workspace().join(file)).unwrap().contains(text);
    assert!(contains("template.yaml", &format!("DefaultRouteSettings: {{ThrottlingRateLimit: {ROUTE_LIMIT},")));
    assert!(contains(
        "shared/src/sockets/presence.rs",
        &format!("PAUSE: Duration = Duration::from_secs({PAUSE_SECONDS})")
    ));
    let pool = CONNECTIONS_PER_PROCESS - 1.0;
    assert!(contains("shared/src/database.rs", &format!("max_pool_size.get_or_insert({pool})")));
}
