//! `reeve doctor` before targets that are there, with right and wrong secrets.

use std::process::Output;

use super::systems::{HR, Secrets, Systems, UNIX, WRONG, assert_no_secret};
use crate::support::{run, text};

#[test]
fn doctor_says_before_the_first_start_which_target_lets_reeve_in_and_never_a_secret() {
    let Some(systems) = Systems::start(&[]) else {
        return;
    };
    let right = Secrets::RIGHT;

    let well = doctor(&systems, &right);
    let wrong_password = doctor(
        &systems,
        &Secrets {
            password: WRONG,
            ..right
        },
    );
    let wrong_token = doctor(
        &systems,
        &Secrets {
            token: WRONG,
            ..right
        },
    );

    for (told, faulty) in [
        (&well, None),
        (&wrong_password, Some(UNIX)),
        (&wrong_token, Some(HR)),
    ] {
        let lines = text(&told.stdout);
        assert_eq!(told.status.success(), faulty.is_none(), "{lines}");
        assert!(lines.contains("ok    database: not there yet"), "{lines}");
        for target in [HR, UNIX] {
            let verdict = if faulty == Some(target) {
                "FAULT"
            } else {
                "ok   "
            };
            assert!(
                lines.contains(&format!("{verdict} target {target}: ")),
                "{lines}"
            );
        }
        for output in [&lines, &text(&told.stderr)] {
            assert_no_secret("doctor", output);
        }
    }
}

fn doctor(systems: &Systems, secrets: &Secrets<'_>) -> Output {
    let configuration = systems.configuration(secrets);
    run(&[
        "doctor",
        "--data",
        systems.data().to_str().unwrap(),
        "--config",
        configuration.to_str().unwrap(),
    ])
}
