use super::*;

fn draft() -> ExtensionDraft {
    ExtensionDraft {
        object_type: ExtensionType::Request,
        display_name: "Ticket".to_owned(),
        description: None,
        endpoint: Endpoint::Http {
            target_url: "https://hooks.example.com/in".to_owned(),
        },
        authentication: None,
        client: None,
        callback: None,
    }
}

fn hosts() -> HostPolicy {
    HostPolicy {
        allowed_hosts: vec!["hooks.example.com".to_owned()],
        ..HostPolicy::default()
    }
}

fn refused_at(draft: &ExtensionDraft) -> Option<String> {
    draft.check(&hosts()).err().map(|flaw| flaw.target)
}

#[test]
fn po_31_a_type_fits_the_stages_of_its_own_kind() {
    for stage in Stage::ALL {
        let is_timed = stage.before_end().is_some();
        assert_eq!(ExtensionType::Request.fits(*stage), !is_timed, "{stage}");
        assert_eq!(ExtensionType::Assignment.fits(*stage), is_timed, "{stage}");
        let needs_answer = *stage == Stage::DeterminingApproval;
        assert_eq!(ExtensionType::Legacy.fits(*stage), !needs_answer, "{stage}");
    }
}

#[test]
fn rq_19_nobody_holds_a_removal_up_before_it_is_done() {
    for request_type in RequestType::ALL {
        let removes = request_type.purpose() == Purpose::Remove;
        let early = Stage::RequestCreated.is_reached_by(*request_type)
            || Stage::RequestApproved.is_reached_by(*request_type);
        assert!(!(removes && early), "{request_type}");
        assert_eq!(
            Stage::RequestRemoved.is_reached_by(*request_type),
            removes,
            "{request_type}"
        );
    }
}

#[test]
fn cx_7_patience_has_bounds() {
    for (timeout, retries, at) in [
        (200, 0, None),
        (2000, 1, None),
        (199, 0, Some("clientConfiguration/timeoutInMilliseconds")),
        (2001, 0, Some("clientConfiguration/timeoutInMilliseconds")),
        (1000, 2, Some("clientConfiguration/maximumRetries")),
        (1000, -1, Some("clientConfiguration/maximumRetries")),
    ] {
        let mut draft = draft();
        draft.client = Some(ClientConfiguration {
            timeout_in_milliseconds: Some(timeout),
            maximum_retries: Some(retries),
        });

        assert_eq!(refused_at(&draft).as_deref(), at, "{timeout} {retries}");
    }
}

#[test]
fn cx_11_a_request_waits_from_five_minutes_to_fourteen_days() {
    for (timeout, fits) in [
        (Duration::from_minutes(5), true),
        (Duration::from_days(14), true),
        (Duration::from_secs(299), false),
        (Duration::from_days(15), false),
    ] {
        let mut draft = draft();
        draft.callback = Some(Callback {
            type_name: None,
            timeout,
        });

        assert_eq!(refused_at(&draft).is_none(), fits, "{timeout}");
    }
}

#[test]
fn an_assignment_waits_for_nobody() {
    let mut draft = draft();
    draft.object_type = ExtensionType::Assignment;
    draft.callback = Some(Callback {
        type_name: None,
        timeout: Duration::from_days(1),
    });

    assert_eq!(refused_at(&draft).as_deref(), Some("callbackConfiguration"));
}

#[test]
fn a_change_keeps_what_it_does_not_name_and_never_the_type() {
    let change = ExtensionChange {
        object_type: None,
        display_name: Some("Other".to_owned()),
        description: Change::Keep,
        endpoint: None,
        authentication: Change::Set(Authentication::ProofOfPossession),
        client: Change::Keep,
        callback: Change::Clear,
    };

    let changed = change.clone().over(draft()).unwrap();
    let retyped = ExtensionChange {
        object_type: Some(ExtensionType::Assignment),
        ..change
    };

    assert_eq!(changed.display_name, "Other");
    assert_eq!(changed.endpoint, draft().endpoint);
    assert!(changed.authentication.is_some());
    assert_eq!(
        retyped.over(draft()).unwrap_err().target,
        "@odata.type".to_owned()
    );
}
