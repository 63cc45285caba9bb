//! Servers of the database are killed, frozen and cut off while clients use it.

use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;
use test_support::{ReplicaSet, Setup, skip_on_deployed_stack};

use crate::load::{a_while, under_load};
use crate::{replica_set, run, seeds};

/// Runs `fault` under load, once per seed. It returns the instant at which there is a primary again
/// that clients reach.
fn survives(name: &str, fault: impl AsyncFn(&mut ReplicaSet, &mut StdRng) -> Instant) {
    if skip_on_deployed_stack() {
        return;
    }
    run(async {
        for seed in seeds() {
            let mut set = replica_set().await;
            let set = set.as_mut().unwrap();
            let stack = Setup::default().set("DATABASE_URL", set.new_database()).start();
            let mut random = StdRng::seed_from_u64(seed);
            under_load(&stack, name, seed, async || fault(set, &mut random).await).await;
        }
    });
}

#[test]
fn nothing_is_lost_when_the_primary_is_killed() {
    survives("kill", async |set, random| {
        let primary = set.primary().await;
        set.kill(primary);
        set.primary_other_than(primary).await;
        let end = Instant::now();
        a_while(random).await;
        set.recover();
        end
    });
}

#[test]
fn nothing_is_lost_when_the_primary_steps_down() {
    survives("step-down", async |set, _| {
        set.step_down().await;
        set.primary().await;
        Instant::now()
    });
}

#[test]
fn nothing_is_lost_when_the_primary_freezes() {
    survives("freeze", async |set, random| {
        let primary = set.primary().await;
        set.freeze(primary);
        set.primary_other_than(primary).await;
        a_while(random).await;
        set.recover();
        set.primary().await;
        Instant::now()
    });
}

/// Clients reach the old primary all the time, which takes writes that it cannot replicate and later
/// takes back.
#[test]
fn nothing_is_lost_when_the_primary_is_cut_off_from_the_others() {
    survives("partition", async |set, random| {
        let primary = set.primary().await;
        set.isolate(primary);
        set.primary_other_than(primary).await;
        a_while(random).await;
        set.recover();
        set.primary().await;
        Instant::now()
    });
}

#[test]
fn nothing_is_lost_when_the_whole_database_is_gone_for_a_while() {
    survives("outage", async |set, random| {
        set.kill_all();
        a_while(random).await;
        set.recover();
        set.primary().await;
        Instant::now()
    });
}
