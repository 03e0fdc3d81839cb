use auth::principal::PermissionSet;
use domain::id::ObjectId;
use uuid::Uuid;

use super::*;

fn application(client_id: &str) -> Principal {
    let object = ObjectId::new(Uuid::from_u128(7));
    Principal::application(object, client_id, PermissionSet::EMPTY)
}

fn user(number: u128, client_id: &str) -> Principal {
    let mut principal =
        Principal::user(ObjectId::new(Uuid::from_u128(number)), PermissionSet::EMPTY);
    if let Kind::Delegated { client_id: own, .. } = &mut principal.kind {
        *own = Some(client_id.to_owned());
    }
    principal
}

const READ: Work = Work {
    is_directory: false,
    is_write: false,
};

const DIRECTORY_WRITE: Work = Work {
    is_directory: true,
    is_write: true,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// How many of so many calls at once get in.
fn admitted(gate: &Gate, principal: &Principal, work: Work, calls: usize) -> usize {
    (0..calls)
        .filter(|_| gate.admit(principal, work, at(0)).is_ok())
        .count()
}

#[test]
fn th_1_without_a_setting_nobody_is_slowed_down() {
    let gate = Gate::new(Limits::default());

    assert_eq!(admitted(&gate, &application("a"), READ, 10_000), 10_000);
}

#[test]
fn th_1_each_pair_of_application_and_user_has_its_own_bucket() {
    let gate = Gate::new(Limits {
        requests_per_second: Some(2),
        burst: Some(3),
        ..Limits::default()
    });

    assert_eq!(admitted(&gate, &application("a"), READ, 9), 3);
    assert_eq!(admitted(&gate, &application("b"), READ, 9), 3);
    assert_eq!(admitted(&gate, &user(1, "a"), READ, 9), 3);
    assert_eq!(admitted(&gate, &user(2, "a"), READ, 9), 3);
    assert_eq!(admitted(&gate, &user(1, "b"), READ, 9), 3);
    let refused = gate.admit(&application("a"), READ, at(0)).unwrap_err();
    assert!(matches!(refused, Error::TooMany { retry_after: 1 }));
    assert!(gate.admit(&application("a"), READ, at(1)).is_ok());
}

#[test]
fn th_1_a_client_is_one_however_its_id_is_spelled() {
    let gate = Gate::new(Limits {
        requests_per_second: Some(1),
        burst: Some(2),
        imitate_graph: true,
        ..Limits::default()
    });
    let spelled = |id: &str| [application(id), user(1, id)];
    let lower = spelled("5d3a2c11-77a1-4f0e-9b54-2f6d0e8c4a11");
    let upper = spelled("5D3A2C11-77A1-4F0E-9B54-2F6D0E8C4A11");

    for (lower, upper) in lower.iter().zip(&upper) {
        assert_eq!(admitted(&gate, lower, READ, 9), 2);
        assert_eq!(admitted(&gate, upper, READ, 9), 0);
    }
    // Names that are no such ids are their issuer's, which may tell them apart by case.
    assert_eq!(admitted(&gate, &application("App"), READ, 9), 2);
    assert_eq!(admitted(&gate, &application("app"), READ, 9), 2);
}

#[test]
fn th_1_the_documented_limits_hold_for_an_application_whoever_uses_it() {
    let gate = Gate::new(Limits {
        imitate_graph: true,
        ..Limits::default()
    });

    let by_one = admitted(&gate, &user(1, "a"), DIRECTORY_WRITE, 2_000);
    let by_another = admitted(&gate, &user(2, "a"), DIRECTORY_WRITE, 2_000);
    let by_other_application = admitted(&gate, &user(1, "b"), DIRECTORY_WRITE, 10);

    assert_eq!((by_one, by_another), (2_000, 1_000));
    assert_eq!(by_other_application, 10);
    assert_eq!(admitted(&gate, &user(1, "c"), READ, 131_000), 130_000);
}

#[test]
fn a_caller_has_so_many_requests_at_once_and_others_are_not_in_its_way() {
    let gate = Gate::new(Limits {
        requests_per_caller: 2,
        ..Limits::default()
    });
    let first = gate.admit(&application("a"), READ, at(0)).unwrap();
    let _second = gate.admit(&application("a"), READ, at(0)).unwrap();

    let third = gate.admit(&application("a"), READ, at(0));

    assert!(matches!(third, Err(Error::TooMany { .. })));
    assert!(gate.admit(&application("b"), READ, at(0)).is_ok());
    drop(first);
    assert!(gate.admit(&application("a"), READ, at(0)).is_ok());
}

#[test]
fn guesses_are_counted_by_address_and_by_network_of_the_newer_kind() {
    let gate = Gate::new(Limits {
        refused_tokens_per_minute: 2,
        ..Limits::default()
    });
    let address = |text: &str| text.parse::<IpAddr>().unwrap();

    for from in ["2001:db8::1", "2001:db8::2", "192.0.2.1"] {
        gate.guessed(address(from), at(0));
    }

    assert!(gate.may_guess(address("2001:db8::3"), at(0)).is_err());
    assert!(gate.may_guess(address("2001:db8:0:1::1"), at(0)).is_ok());
    assert!(gate.may_guess(address("192.0.2.1"), at(0)).is_ok());
    assert!(gate.may_guess(address("2001:db8::3"), at(60)).is_ok());
}

#[test]
fn places_run_out_and_come_back() {
    let gate = Gate::new(Limits {
        requests: 1,
        ..Limits::default()
    });
    let place = gate.place().unwrap();

    assert!(matches!(gate.place(), Err(Error::Busy)));
    drop(place);
    assert!(gate.place().is_ok());
}
