-- Stages of approval whose approvers an extension names when the stage begins (AP-15).

-- Which policies have such stages. Written with the policy's document and never apart from it.
CREATE TABLE dynamic_approval_stage (
    policy_id TEXT NOT NULL REFERENCES assignment_policy (id) ON DELETE CASCADE,
    ordinal BIGINT NOT NULL,
    custom_extension_id TEXT NOT NULL REFERENCES custom_extension (id),
    PRIMARY KEY (policy_id, ordinal)
);
CREATE INDEX dynamic_approval_stage_extension ON dynamic_approval_stage (custom_extension_id);

-- The extension as it was when the approval began: what happens to the policy later does not count.
ALTER TABLE approval_stage ADD COLUMN custom_extension_id TEXT;
-- The stage that it answered with, as a document in the shape of a policy's stages.
ALTER TABLE approval_stage ADD COLUMN answer TEXT;
CREATE INDEX approval_stage_extension ON approval_stage (custom_extension_id) WHERE status = 'Initializing';
