//! Explanations in words.
//!
//! **Invariant:** what the server left out is left out here, and what is here is what it said.

use std::fmt::Write;

use serde_json::Value;

fn word<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn rows<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool) == Some(true)
}

/// Text that grows line by line.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, depth: usize, text: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{:1$}{text}", "", depth * 2);
    }
}

/// A check, with its mark.
fn check(lines: &mut Lines, depth: usize, step: &Value) {
    let mark = match word(step, "/outcome") {
        "passed" => "ok",
        "needed" => "needs",
        _ => "NO",
    };
    let (name, rule) = (word(step, "/check"), word(step, "/rule"));
    match word(step, "/code") {
        "" => lines.add(depth, format_args!("{mark:5} {name} ({rule})")),
        code => lines.add(
            depth,
            format_args!(
                "{mark:5} {name} ({rule}): {code}: {}",
                word(step, "/reason")
            ),
        ),
    }
}

pub(super) fn request(answer: &Value) -> String {
    let mut lines = Lines::default();
    lines.add(
        0,
        format_args!("{}: {}", word(answer, "/decision"), word(answer, "/reason")),
    );
    lines.add(
        0,
        format_args!(
            "access package: {}",
            word(answer, "/accessPackage/displayName")
        ),
    );
    lines.add(0, "checks, in their order:");
    for step in rows(answer, "/checks") {
        check(&mut lines, 1, step);
    }
    for policy in rows(answer, "/policies") {
        let rank = policy.pointer("/rank").and_then(Value::as_u64);
        let rank = rank.map_or_else(String::new, |rank| format!(", rank {rank}"));
        lines.add(
            0,
            format_args!(
                "policy {} ({}{rank}): {}: {}",
                word(policy, "/displayName"),
                word(policy, "/allowedTargetScope"),
                word(policy, "/standing"),
                word(policy, "/reason")
            ),
        );
        for step in rows(policy, "/checks").filter(|step| word(step, "/outcome") != "passed") {
            check(&mut lines, 1, step);
        }
    }
    lines.0
}

fn names(value: &Value, pointer: &str) -> String {
    let names: Vec<&str> = rows(value, pointer)
        .map(|one| match word(one, "/displayName") {
            "" => word(one, "/id"),
            name => name,
        })
        .collect();
    names.join(", ")
}

pub(super) fn approval(answer: &Value) -> String {
    let mut lines = Lines::default();
    if rows(answer, "/approvals").next().is_none() {
        lines.add(
            0,
            "no policy lets the user ask, so that nobody is asked to approve",
        );
    }
    if let Some(whom) = answer
        .pointer("/target/displayName")
        .and_then(Value::as_str)
    {
        lines.add(0, format_args!("for {whom}"));
    }
    for approval in rows(answer, "/approvals") {
        let policy = word(approval, "/policyName");
        if !flag(approval, "/isApprovalNeeded") {
            lines.add(0, format_args!("policy {policy}: nobody has to approve"));
            continue;
        }
        lines.add(0, format_args!("policy {policy}:"));
        for stage in rows(approval, "/stages") {
            one_stage(&mut lines, stage);
        }
    }
    lines.0
}

fn one_stage(lines: &mut Lines, stage: &Value) {
    let number = stage
        .pointer("/stage")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    lines.add(
        1,
        format_args!(
            "stage {number}: {}, {}",
            word(stage, "/status"),
            word(stage, "/reviewResult")
        ),
    );
    let who = if !flag(stage, "/asksSomebody") {
        "nobody: it waits until somebody is there, or its time is over (AP-8)".to_owned()
    } else if flag(stage, "/areNamesShown") {
        let more = if flag(stage, "/hasMorePeople") {
            ", and more"
        } else {
            ""
        };
        format!("{}{more}", names(stage, "/people"))
    } else {
        "somebody whose name is not shown".to_owned()
    };
    lines.add(2, format_args!("decides: {who}"));
    let until = match word(stage, "/dueDateTime") {
        "" => format!(
            "{} after it opens",
            word(stage, "/durationBeforeAutomaticDenial")
        ),
        due => due.to_owned(),
    };
    lines.add(2, format_args!("denied by itself: {until}"));
    for tier in rows(stage, "/tiers") {
        let principals = names(tier, "/principals");
        if principals.is_empty() && !flag(tier, "/standsForSomebody") {
            continue;
        }
        let shown = if principals.is_empty() {
            String::new()
        } else {
            format!(" {principals}")
        };
        lines.add(
            2,
            format_args!(
                "{}:{shown} ({})",
                word(tier, "/tier"),
                word(tier, "/reason")
            ),
        );
    }
}

pub(super) fn access(answer: &Value) -> String {
    let mut lines = Lines::default();
    let verdict = match word(answer, "/access") {
        "has" => "has access",
        "partly" => "has some of it",
        "onItsWay" => "access is on its way",
        _ => "has no access",
    };
    lines.add(
        0,
        format_args!(
            "{verdict}: {} ({})",
            word(answer, "/reason"),
            word(answer, "/rule")
        ),
    );
    for one in rows(answer, "/assignments") {
        let end = match word(one, "/endsAt") {
            "" => "without end".to_owned(),
            end => format!("until {end}"),
        };
        lines.add(
            1,
            format_args!(
                "assignment {}: {}, {end}",
                word(one, "/id"),
                word(one, "/state")
            ),
        );
    }
    for one in rows(answer, "/requests") {
        let failure = match word(one, "/failureCode") {
            "" => String::new(),
            code => format!(", {code}"),
        };
        lines.add(
            1,
            format_args!(
                "request {}: {}, {}{failure}",
                word(one, "/id"),
                word(one, "/requestType"),
                word(one, "/state")
            ),
        );
    }
    for one in rows(answer, "/grants") {
        let wanted = if flag(one, "/desired") {
            "wanted"
        } else {
            "not wanted"
        };
        let failure = match (word(one, "/errorCode"), word(one, "/errorMessage")) {
            ("", _) => String::new(),
            (code, "") => format!(", {code}"),
            (code, message) => format!(", {code}: {message}"),
        };
        lines.add(
            1,
            format_args!(
                "grant {}: {wanted}, seen {} at {}, {}{failure}",
                word(one, "/id"),
                word(one, "/observed"),
                word(one, "/observedAt"),
                word(one, "/phase")
            ),
        );
    }
    match answer.pointer("/inDirectory").and_then(Value::as_bool) {
        Some(true) => lines.add(1, "the directory has them in it"),
        Some(false) => lines.add(1, "the directory does not have them in it"),
        None => {}
    }
    lines.0
}

pub(super) fn resource(answer: &Value) -> String {
    let mut lines = Lines::default();
    lines.add(0, format_args!("resource {}", word(answer, "/resource")));
    for package in rows(answer, "/accessPackages") {
        let live = package.pointer("/liveAssignments").and_then(Value::as_i64);
        lines.add(
            1,
            format_args!(
                "given by access package {} ({} live assignments); policies: {}",
                word(package, "/displayName"),
                live.unwrap_or_default(),
                names(package, "/policies")
            ),
        );
    }
    for one in rows(answer, "/value") {
        let name = match word(one, "/displayName") {
            "" => word(one, "/id"),
            name => name,
        };
        let source = match word(one, "/source") {
            "reeve" => "by an assignment",
            "both" => "by an assignment, and had it before",
            "otherwise" => "not by an assignment",
            _ if flag(one, "/desired") => "is to have it, and does not yet",
            _ => "had it",
        };
        lines.add(1, format_args!("{name}: {source}"));
    }
    lines.0
}

pub(super) fn authorization(answer: &Value) -> String {
    let mut lines = Lines::default();
    lines.add(
        0,
        format_args!(
            "{}: {} ({})",
            word(answer, "/decision"),
            word(answer, "/reason"),
            word(answer, "/rule")
        ),
    );
    match word(answer, "/basis/type") {
        "" => {}
        "role" => lines.add(
            1,
            format_args!(
                "by the role {} in {}",
                word(answer, "/basis/role"),
                word(answer, "/basis/scope")
            ),
        ),
        basis => lines.add(1, format_args!("by {basis}")),
    }
    let listed = |pointer: &str| -> String {
        let names: Vec<&str> = rows(answer, pointer).filter_map(Value::as_str).collect();
        names.join(", ")
    };
    for (label, pointer) in [
        ("any of these permissions", "/needed/permissions"),
        ("any of these roles", "/needed/roles"),
    ] {
        let names = listed(pointer);
        if !names.is_empty() {
            lines.add(1, format_args!("needs {label}: {names}"));
        }
    }
    lines.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refused_request_is_told_by_the_check_that_refuses_it() {
        let step = |check: &str, outcome: &str, code: Option<&str>| json!({"check": check, "rule": "RQ-9", "outcome": outcome, "code": code, "reason": "because"});
        let text = request(&json!({
            "decision": "denied",
            "reason": "because",
            "accessPackage": {"displayName": "Sales"},
            "checks": [step("caller", "passed", None), step("compatible", "failed", Some("IncompatibleAccess"))],
            "policies": [],
        }));
        assert!(text.starts_with("denied: because\n"), "{text}");
        assert!(text.contains("  ok    caller (RQ-9)\n"), "{text}");
        assert!(
            text.contains("  NO    compatible (RQ-9): IncompatibleAccess: because\n"),
            "{text}"
        );
    }

    #[test]
    fn names_that_are_not_shown_are_not_told() {
        let stage = json!({
            "stage": 1, "status": "InProgress", "reviewResult": "NotReviewed", "asksSomebody": true,
            "areNamesShown": false, "people": null, "durationBeforeAutomaticDenial": "P14D",
            "tiers": [{"tier": "primary", "standsForSomebody": true, "principals": null, "reason": "asked first"}],
        });
        let text = approval(&json!({
            "approvals": [{"policyName": "All", "isApprovalNeeded": true, "stages": [stage]}],
        }));
        assert!(
            text.contains("decides: somebody whose name is not shown"),
            "{text}"
        );
        assert!(
            text.contains("denied by itself: P14D after it opens"),
            "{text}"
        );
        assert!(approval(&json!({"approvals": []})).contains("nobody is asked"));
    }
}
