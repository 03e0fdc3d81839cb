use std::collections::BTreeSet;

use uuid::Uuid;

use super::*;
use crate::id::{ConnectedOrganizationId, ObjectId};
use crate::membership_rule::{Attribute, Fact};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn object(number: u128) -> ObjectId {
    ObjectId::new(Uuid::from_u128(number))
}

const ALWAYS: AutomaticSettings = AutomaticSettings {
    adds: true,
    removes: true,
    grace: None,
};

fn settings() -> PolicySettings {
    PolicySettings {
        targets: Vec::new(),
        expiration: Expiration::Never,
        requestors: RequestorSettings {
            self_add: true,
            ..RequestorSettings::default()
        },
        approval: ApprovalSettings::default(),
        notifications_disabled: false,
        questions: Vec::new(),
        automatic: None,
        extensions: Vec::new(),
        needs_verified_credentials: false,
    }
}

fn policy(number: u128, scope: TargetScope) -> Policy {
    Policy {
        id: PolicyId::new(Uuid::from_u128(number)),
        access_package_id: AccessPackageId::new(Uuid::from_u128(1)),
        display_name: format!("policy {number}"),
        scope,
        can_extend: true,
        settings: settings(),
        created_at: NOW,
    }
}

fn listing(number: u128, sets: Vec<SubjectSet>) -> Policy {
    let mut policy = policy(number, TargetScope::SpecificDirectoryUsers);
    policy.settings.targets = sets;
    policy
}

fn target(kind: TargetKind) -> Target {
    Target {
        kind,
        object_id: (kind != TargetKind::External).then(|| object(9)),
        groups: BTreeSet::new(),
        organization: None,
        facts: None,
    }
}

fn stage() -> ApprovalStage {
    ApprovalStage {
        lasts_for: DEFAULT_STAGE_TIME,
        approver_justification_required: false,
        visibility: ApproverVisibility::Default,
        escalates_after: None,
        extension: None,
        primary: vec![SubjectSet::SingleUser(object(1))],
        fallback_primary: Vec::new(),
        escalation: Vec::new(),
        fallback_escalation: Vec::new(),
    }
}

#[test]
fn a_tenant_shows_approvers_to_members_where_the_policy_leaves_it_to_the_tenant_az_21() {
    use ApproverVisibility::{Default, NotVisible, Visible};
    for (visibility, tenant, is_member, shown) in [
        (Visible, false, false, true),
        (NotVisible, true, true, false),
        (Default, true, true, true),
        (Default, true, false, false),
        (Default, false, true, false),
    ] {
        assert_eq!(visibility.shows(tenant, is_member), shown, "{visibility}");
    }
}

fn flaw_of(scope: TargetScope, settings: &PolicySettings) -> String {
    check(scope, settings, Some(NOW)).unwrap_err().target
}

mod applicability {
    use super::*;

    #[test]
    fn each_scope_admits_its_kinds_of_identities() {
        use TargetKind as K;
        use TargetScope as S;
        let kinds = [K::Member, K::Guest, K::External, K::ServicePrincipal];
        let expected: &[(S, &[K])] = &[
            (S::NotSpecified, &[]),
            (S::AllMemberUsers, &[K::Member]),
            (S::AllDirectoryUsers, &[K::Member, K::Guest]),
            (S::AllDirectoryServicePrincipals, &[K::ServicePrincipal]),
            (S::AllExternalUsers, &[K::Guest, K::External]),
            (S::AllDirectoryAgentIdentities, &[]),
            // These name somebody, and here they name nobody (PO-3).
            (S::SpecificDirectoryUsers, &[]),
            (S::SpecificDirectoryServicePrincipals, &[]),
            (S::SpecificConnectedOrganizationUsers, &[]),
            (S::AllConfiguredConnectedOrganizationUsers, &[]),
        ];

        assert_eq!(expected.len(), S::ALL.len());
        for (scope, admitted) in expected {
            for kind in kinds {
                assert_eq!(
                    policy(2, *scope).allows(&target(kind)),
                    admitted.contains(&kind),
                    "{scope} {kind:?}"
                );
            }
        }
    }

    #[test]
    fn listed_users_and_members_of_listed_groups_are_in_scope() {
        let by_user = listing(2, vec![SubjectSet::SingleUser(object(9))]);
        let by_group = listing(3, vec![SubjectSet::GroupMembers(object(50))]);
        let outsider = target(TargetKind::Member);
        let insider = Target {
            groups: [object(50)].into(),
            ..outsider.clone()
        };

        assert!(by_user.allows(&outsider));
        assert!(by_group.allows(&insider));
        assert!(!by_group.allows(&outsider));
    }

    #[test]
    fn a_listed_user_id_does_not_admit_a_service_principal() {
        let by_user = listing(2, vec![SubjectSet::SingleUser(object(9))]);

        assert!(!by_user.allows(&target(TargetKind::ServicePrincipal)));
    }

    #[test]
    fn users_of_organizations_need_a_configured_one_ex_2() {
        let scope = TargetScope::AllConfiguredConnectedOrganizationUsers;
        let organization = ConnectedOrganizationId::new(Uuid::from_u128(4));
        let of = |configured| Target {
            organization: Some((organization, configured)),
            ..target(TargetKind::Guest)
        };

        assert!(policy(2, scope).allows(&of(true)));
        assert!(!policy(2, scope).allows(&of(false)));
    }

    #[test]
    fn direct_assignment_policies_fit_everybody_in_the_directory_rq_12() {
        let direct = policy(2, TargetScope::NotSpecified);

        assert!(direct.allows_direct_assignment(&target(TargetKind::Guest)));
        assert!(!direct.allows_direct_assignment(&target(TargetKind::External)));
        assert!(
            !policy(3, TargetScope::AllMemberUsers)
                .allows_direct_assignment(&target(TargetKind::Guest))
        );
    }

    #[test]
    fn only_the_best_rank_counts_po_10() {
        let everybody = policy(2, TargetScope::AllDirectoryUsers);
        let members = policy(3, TargetScope::AllMemberUsers);
        let listed = listing(4, vec![SubjectSet::SingleUser(object(9))]);
        let other = listing(5, vec![SubjectSet::SingleUser(object(8))]);
        let all = [everybody, members, listed, other];

        let ids = |policies: &[Policy], target| {
            applicable(policies, target)
                .iter()
                .map(|policy| policy.id.uuid().as_u128())
                .collect::<Vec<_>>()
        };

        let member = target(TargetKind::Member);
        assert_eq!(ids(&all, &member), [4]);
        assert_eq!(ids(&all[..2], &member), [3]);
        assert_eq!(ids(&all[..1], &member), [2]);
        assert_eq!(ids(&all, &target(TargetKind::External)), [0_u128; 0]);
    }

    #[test]
    fn within_a_rank_the_oldest_comes_first_po_11() {
        let mut young = policy(2, TargetScope::AllMemberUsers);
        young.created_at = NOW.plus(Duration::from_days(1));
        let old = policy(3, TargetScope::AllMemberUsers);
        let twin = policy(4, TargetScope::AllMemberUsers);
        let all = [young, twin, old];

        let order: Vec<_> = applicable(&all, &target(TargetKind::Member))
            .iter()
            .map(|policy| policy.id.uuid().as_u128())
            .collect();

        assert_eq!(order, [3, 4, 2]);
    }

    #[test]
    fn a_rule_selects_users_by_what_is_known_of_them_au_7() {
        let rule = "user.department -eq \"Sales\"".to_owned();
        let policy = listing(2, vec![SubjectSet::AttributeRuleMembers { rule }]);
        let of = |department: &str| Target {
            facts: Some(
                [(
                    Attribute::named("department").unwrap(),
                    Fact::Text(department.to_owned()),
                )]
                .into_iter()
                .collect(),
            ),
            ..target(TargetKind::Member)
        };

        assert!(policy.allows(&of("sales")));
        assert!(!policy.allows(&of("Finance")));
        assert!(!policy.allows(&target(TargetKind::Member)));
    }

    #[test]
    fn disabled_automatic_and_direct_policies_never_appear_po_11() {
        let direct = policy(2, TargetScope::NotSpecified);
        let mut disabled = policy(3, TargetScope::AllMemberUsers);
        disabled.settings.requestors.self_add = false;
        let mut automatic = policy(4, TargetScope::AllMemberUsers);
        automatic.settings.automatic = Some(ALWAYS);

        assert!(applicable(&[direct, disabled, automatic], &target(TargetKind::Member)).is_empty());
    }
}

mod approval {
    use super::*;

    #[test]
    fn approval_depends_on_the_kind_of_change_ap_1() {
        let for_add = ApprovalSettings {
            required_for_add: true,
            ..ApprovalSettings::default()
        };
        let for_update = ApprovalSettings {
            required_for_update: true,
            ..ApprovalSettings::default()
        };
        let none = ApprovalExemptions::default();

        for asker in [Asker::User, Asker::Administrator] {
            assert!(for_add.is_needed(AccessChange::Add, asker, none));
            assert!(!for_add.is_needed(AccessChange::Update, asker, none));
            assert!(for_update.is_needed(AccessChange::Update, asker, none));
            assert!(!for_update.is_needed(AccessChange::Add, asker, none));
        }
    }

    #[test]
    fn only_administrators_are_exempt_ap_12() {
        let both = ApprovalSettings {
            required_for_add: true,
            required_for_update: true,
            ..ApprovalSettings::default()
        };
        let bypass = ApprovalExemptions {
            bypass: true,
            ..ApprovalExemptions::default()
        };
        let automatic = ApprovalExemptions {
            admin_add_auto_approves: true,
            ..ApprovalExemptions::default()
        };

        assert!(!both.is_needed(AccessChange::Add, Asker::Administrator, bypass));
        assert!(!both.is_needed(AccessChange::Update, Asker::Administrator, bypass));
        assert!(!both.is_needed(AccessChange::Add, Asker::Administrator, automatic));
        assert!(both.is_needed(AccessChange::Update, Asker::Administrator, automatic));
        assert!(both.is_needed(AccessChange::Add, Asker::User, bypass));
        assert!(both.is_needed(AccessChange::Add, Asker::User, automatic));
    }
}

mod schedule {
    use super::*;

    const DAY: Duration = Duration::from_days(1);

    fn by(
        expiration: Expiration,
        requested: RequestedExpiration,
    ) -> Result<EffectiveSchedule, ScheduleError> {
        asked(expiration, requested, Asker::Administrator, false)
    }

    fn asked(
        expiration: Expiration,
        requested: RequestedExpiration,
        asker: Asker,
        is_update: bool,
    ) -> Result<EffectiveSchedule, ScheduleError> {
        let mut policy = policy(2, TargetScope::AllMemberUsers);
        policy.settings.expiration = expiration;
        let requested = RequestedSchedule {
            starts_at: None,
            expiration: requested,
        };
        let context = ScheduleContext {
            now: NOW,
            asker,
            is_update,
        };
        effective_schedule(&policy, &requested, context)
    }

    fn days(count: i64) -> Timestamp {
        NOW.plus(Duration::from_days(count))
    }

    #[test]
    fn without_wishes_the_policy_decides_sc_2() {
        let nothing = RequestedExpiration::NotSpecified;

        let forever = by(Expiration::Never, nothing).unwrap();
        assert_eq!((forever.ends_at, forever.lasts_for), (None, None));
        let dated = by(Expiration::At(days(5)), nothing).unwrap();
        assert_eq!((dated.ends_at, dated.lasts_for), (Some(days(5)), None));
        let counted = by(Expiration::After(DAY), nothing).unwrap();
        assert_eq!((counted.ends_at, counted.lasts_for), (None, Some(DAY)));
    }

    #[test]
    fn the_earliest_end_wins_sc_2() {
        let dated = by(Expiration::At(days(5)), RequestedExpiration::At(days(9))).unwrap();
        assert_eq!(dated.ends_at, Some(days(5)));

        let both = by(
            Expiration::At(days(5)),
            RequestedExpiration::After(Duration::from_days(3)),
        )
        .unwrap();
        assert_eq!(both.ends_after_start(NOW), Some(days(3)));
        assert_eq!(both.ends_after_start(days(4)), Some(days(5)));
    }

    #[test]
    fn a_period_counts_from_delivery_on_sc_3() {
        let counted = by(Expiration::After(DAY), RequestedExpiration::NotSpecified).unwrap();

        assert_eq!(counted.ends_after_start(days(2)), Some(days(3)));
    }

    #[test]
    fn a_start_in_the_past_is_now_sc_2() {
        let policy = policy(2, TargetScope::AllMemberUsers);
        let context = ScheduleContext {
            now: NOW,
            asker: Asker::Administrator,
            is_update: false,
        };
        let starting = |starts_at| RequestedSchedule {
            starts_at: Some(starts_at),
            expiration: RequestedExpiration::NotSpecified,
        };

        let past = effective_schedule(&policy, &starting(NOW.minus(DAY)), context).unwrap();
        let future = effective_schedule(&policy, &starting(days(2)), context).unwrap();

        assert_eq!(past.starts_at, NOW);
        assert_eq!(future.starts_at, days(2));
    }

    #[test]
    fn ends_before_the_start_are_refused_sc_5() {
        for requested in [
            RequestedExpiration::At(NOW),
            RequestedExpiration::At(NOW.minus(DAY)),
            RequestedExpiration::After(Duration::default()),
        ] {
            assert_eq!(
                by(Expiration::Never, requested),
                Err(ScheduleError::EndsTooEarly)
            );
        }
        assert_eq!(
            by(Expiration::At(NOW), RequestedExpiration::NotSpecified),
            Err(ScheduleError::PolicyEnded)
        );
    }

    #[test]
    fn nothing_lasts_longer_than_the_policy_allows_sc_5() {
        let longest = Expiration::After(DAY);
        for requested in [
            RequestedExpiration::After(Duration::from_days(2)),
            RequestedExpiration::At(days(2)),
        ] {
            assert_eq!(by(longest, requested), Err(ScheduleError::LongerThanPolicy));
        }
        assert!(by(longest, RequestedExpiration::After(DAY)).is_ok());
        assert!(by(Expiration::Never, RequestedExpiration::At(days(9000))).is_ok());
    }

    #[test]
    fn extensions_stay_within_a_fixed_end_sc_4() {
        let extended = |end| {
            asked(
                Expiration::At(days(5)),
                RequestedExpiration::At(end),
                Asker::User,
                true,
            )
        };

        assert_eq!(extended(days(6)), Err(ScheduleError::PastPolicyEnd));
        assert_eq!(extended(days(5)).unwrap().ends_at, Some(days(5)));
    }

    #[test]
    fn requestors_choose_dates_only_where_the_policy_lets_them() {
        let wish = RequestedExpiration::At(days(1));

        assert_eq!(
            asked(Expiration::Never, wish, Asker::User, false),
            Err(ScheduleError::CustomNotAllowed)
        );
        assert!(asked(Expiration::Never, wish, Asker::User, true).is_ok());
        assert!(asked(Expiration::Never, wish, Asker::Administrator, false).is_ok());
        assert!(
            asked(
                Expiration::Never,
                RequestedExpiration::NotSpecified,
                Asker::User,
                false
            )
            .is_ok()
        );
    }
}

mod checking {
    use super::*;

    fn with_stage(stage: ApprovalStage) -> PolicySettings {
        PolicySettings {
            approval: ApprovalSettings {
                required_for_add: true,
                stages: vec![stage],
                ..ApprovalSettings::default()
            },
            ..settings()
        }
    }

    #[test]
    fn each_scope_takes_its_own_kinds_of_targets_po_3() {
        let user = PolicySettings {
            targets: vec![SubjectSet::SingleUser(object(1))],
            ..settings()
        };

        assert!(check(TargetScope::SpecificDirectoryUsers, &user, Some(NOW)).is_ok());
        assert!(check(TargetScope::SpecificDirectoryUsers, &settings(), Some(NOW)).is_ok());
        for scope in TargetScope::ALL.iter().copied() {
            if scope != TargetScope::SpecificDirectoryUsers {
                assert_eq!(flaw_of(scope, &user), "specificAllowedTargets/0", "{scope}");
            }
        }
    }

    #[test]
    fn managers_have_a_level_within_bounds_po_4() {
        let with_level = |set| {
            with_stage(ApprovalStage {
                primary: vec![set],
                ..stage()
            })
        };
        let target = "requestApprovalSettings/stages/0/primaryApprovers/0/managerLevel";

        for level in [0, 3] {
            let wrong = with_level(SubjectSet::RequestorManager { level });
            assert_eq!(flaw_of(TargetScope::AllMemberUsers, &wrong), target);
        }
        for level in [0, 5] {
            let wrong = with_level(SubjectSet::TargetManager { level });
            assert_eq!(flaw_of(TargetScope::AllMemberUsers, &wrong), target);
        }
        let right = with_level(SubjectSet::TargetManager { level: 4 });
        assert!(check(TargetScope::AllMemberUsers, &right, Some(NOW)).is_ok());
    }

    #[test]
    fn approval_has_one_to_three_stages_ap_2() {
        for count in [0, 4] {
            let mut wrong = with_stage(stage());
            wrong.approval.stages = vec![stage(); count];
            assert_eq!(
                flaw_of(TargetScope::AllMemberUsers, &wrong),
                "requestApprovalSettings/stages"
            );
        }
        let mut ignored = with_stage(stage());
        ignored.approval.required_for_add = false;
        ignored.approval.stages = vec![stage(); 4];
        assert!(check(TargetScope::AllMemberUsers, &ignored, Some(NOW)).is_ok());
    }

    #[test]
    fn a_stage_needs_somebody_to_decide_and_a_fallback_will_do() {
        let empty = ApprovalStage {
            primary: Vec::new(),
            ..stage()
        };
        let fallback = ApprovalStage {
            fallback_primary: vec![SubjectSet::GroupMembers(object(2))],
            ..empty.clone()
        };

        assert_eq!(
            flaw_of(TargetScope::AllMemberUsers, &with_stage(empty)),
            "requestApprovalSettings/stages/0/primaryApprovers"
        );
        assert!(
            check(
                TargetScope::AllMemberUsers,
                &with_stage(fallback),
                Some(NOW)
            )
            .is_ok()
        );
    }

    #[test]
    fn escalation_leaves_primaries_a_day_and_the_stage_four_ap_6() {
        let timed = |escalates_after, lasts_for| {
            with_stage(ApprovalStage {
                escalates_after: Some(escalates_after),
                lasts_for,
                ..stage()
            })
        };
        let (day, four) = (Duration::from_days(1), Duration::from_days(4));

        assert!(check(TargetScope::AllMemberUsers, &timed(day, four), Some(NOW)).is_ok());
        for (escalates_after, lasts_for, member) in [
            (
                Duration::from_secs(86_399),
                four,
                "durationBeforeEscalation",
            ),
            (four, four, "durationBeforeEscalation"),
            (day, Duration::from_days(3), "durationBeforeAutomaticDenial"),
        ] {
            assert_eq!(
                flaw_of(
                    TargetScope::AllMemberUsers,
                    &timed(escalates_after, lasts_for)
                ),
                format!("requestApprovalSettings/stages/0/{member}")
            );
        }
    }

    #[test]
    fn a_past_end_is_refused_for_new_policies_only() {
        let dead = PolicySettings {
            expiration: Expiration::At(NOW),
            ..settings()
        };

        assert_eq!(
            flaw_of(TargetScope::AllMemberUsers, &dead),
            "expiration/endDateTime"
        );
        assert!(check(TargetScope::AllMemberUsers, &dead, None).is_ok());
    }

    #[test]
    fn questions_are_few_and_complete() {
        let question = Question {
            id: None,
            text: "Why?".to_owned(),
            is_required: true,
            is_answer_editable: false,
            sequence: 1,
            answer: AnswerKind::Text { pattern: None },
        };
        let asking = |questions| PolicySettings {
            questions,
            ..settings()
        };
        let choosing = |values: &[&str]| Question {
            answer: AnswerKind::Choice {
                values: values.iter().map(|value| (*value).to_owned()).collect(),
                multiple: false,
            },
            ..question.clone()
        };
        let scope = TargetScope::AllMemberUsers;

        assert!(check(scope, &asking(vec![question.clone(); 20]), Some(NOW)).is_ok());
        assert!(check(scope, &asking(vec![choosing(&["a", "b"])]), Some(NOW)).is_ok());
        assert_eq!(
            flaw_of(scope, &asking(vec![question.clone(); 21])),
            "questions"
        );
        assert_eq!(
            flaw_of(scope, &asking(vec![choosing(&[])])),
            "questions/0/choices"
        );
        assert_eq!(
            flaw_of(scope, &asking(vec![choosing(&["a", "a"])])),
            "questions/0/choices/0/actualValue"
        );
        let blank = Question {
            text: " ".to_owned(),
            ..question
        };
        assert_eq!(flaw_of(scope, &asking(vec![blank])), "questions/0/text");
    }

    #[test]
    fn settings_that_nothing_carries_out_are_refused_vc_3() {
        let verified = PolicySettings {
            needs_verified_credentials: true,
            ..settings()
        };

        let scope = TargetScope::SpecificDirectoryUsers;
        assert_eq!(flaw_of(scope, &verified), "verifiableCredentialSettings");
    }

    fn by_rule(rule: &str) -> PolicySettings {
        PolicySettings {
            targets: vec![SubjectSet::AttributeRuleMembers {
                rule: rule.to_owned(),
            }],
            ..settings()
        }
    }

    const RULE: &str = "user.department -eq \"Sales\"";

    #[test]
    fn an_automatic_policy_is_for_the_users_of_one_rule_au_1() {
        let users = TargetScope::SpecificDirectoryUsers;
        let automatic = |mut settings: PolicySettings| {
            settings.automatic = Some(ALWAYS);
            settings
        };
        let mut twice = automatic(by_rule(RULE));
        twice.targets.push(twice.targets[0].clone());

        assert_eq!(check(users, &automatic(by_rule(RULE)), Some(NOW)), Ok(()));
        for (scope, settings, target) in [
            (users, automatic(settings()), "specificAllowedTargets"),
            (users, twice, "specificAllowedTargets"),
            (
                TargetScope::AllMemberUsers,
                automatic(settings()),
                "allowedTargetScope",
            ),
        ] {
            assert_eq!(flaw_of(scope, &settings), target);
        }
    }

    #[test]
    fn rules_are_for_the_targets_of_a_policy_and_have_to_be_understood_au_7() {
        let users = TargetScope::SpecificDirectoryUsers;
        let principals = TargetScope::SpecificDirectoryServicePrincipals;
        let mut for_others = settings();
        for_others.requestors.on_behalf_requestors = by_rule(RULE).targets;

        assert_eq!(check(users, &by_rule(RULE), Some(NOW)), Ok(()));
        assert_eq!(
            flaw_of(users, &by_rule("user.department -eq Sales")),
            "specificAllowedTargets/0/membershipRule"
        );
        assert_eq!(
            flaw_of(principals, &by_rule(RULE)),
            "specificAllowedTargets/0"
        );
        assert_eq!(
            flaw_of(users, &for_others),
            "requestorSettings/onBehalfRequestors/0"
        );
    }
}
