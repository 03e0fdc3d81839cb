//! Lives go well, are the same each time, and are judged: whoever sabotages one is found out.

use simulation::{Counts, Sabotage, Template, live};

/// Lives in a test run; `cargo xtask simulate` lives as many as one likes.
const LIVES: u64 = 120;

#[test]
fn whatever_happens_in_a_life_access_ends_as_assignments_justify() {
    let mut template = Template::make().unwrap();
    let mut counts = Counts::default();

    for seed in 1..=LIVES {
        match live(&mut template, seed, Sabotage::None) {
            Ok(life) => counts.add(life.counts),
            Err(fault) => panic!("{fault}"),
        }
    }

    let happened = [
        counts.requests,
        counts.reprocessed,
        counts.crashes,
        counts.troubles,
        counts.failed,
        counts.sweeps,
        counts.jobs,
        counts.jumps,
    ];
    assert!(
        happened.iter().all(|count| *count >= 20),
        "lives are too quiet to say anything: {counts:?}"
    );
}

#[test]
fn the_same_seed_gives_the_same_life() {
    let mut template = Template::make().unwrap();

    for seed in [3, 1_000, u64::MAX] {
        let [first, second] = [(); 2].map(|()| live(&mut template, seed, Sabotage::None).unwrap());

        assert_eq!(first, second);
        assert!(first.story.len() >= 20, "{:?}", first.story);
    }
}

#[test]
fn the_judge_finds_out_whoever_sabotages() {
    let mut template = Template::make().unwrap();
    for (sabotage, finding) in [
        (Sabotage::Liar, "the ledger says what is not so"),
        (Sabotage::Thief, "the ledger says what is not so"),
        (Sabotage::Keeper, "the ledger says what is not so"),
        (Sabotage::Hider, "sweeps do not tell who is there"),
        (Sabotage::Shredder, "accepted work is lost"),
    ] {
        let found = (1..=LIVES)
            .filter_map(|seed| live(&mut template, seed, sabotage).err())
            .find(|fault| fault.what.contains(finding));

        assert!(found.is_some(), "{sabotage:?} was not found out");
    }
}
