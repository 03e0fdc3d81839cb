-- Faults that a development tenant injects (ADR 30), and what was learned about targets that a restart must not forget.

CREATE TABLE injected_fault (
    id TEXT NOT NULL PRIMARY KEY,
    -- Either a target or a route of the API misbehaves.
    target TEXT,
    route TEXT,
    fault TEXT NOT NULL,
    -- For so many calls alone; for so many of a million of them.
    calls BIGINT,
    share BIGINT,
    seed BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO injected_fault (id, target, route, fault, calls, share, seed, created_at)
    SELECT 'target-' || target, target, NULL, fault, NULL, NULL, 0, changed_at
    FROM target_switch WHERE fault IS NOT NULL;

-- Calls in a thousand seconds that a target may be asked, at which rate it once refused, and until when it asked for
-- patience.
CREATE TABLE target_lesson (
    target TEXT NOT NULL PRIMARY KEY,
    rate BIGINT,
    refused_at_rate BIGINT,
    held_until BIGINT,
    learned_at BIGINT NOT NULL
);
