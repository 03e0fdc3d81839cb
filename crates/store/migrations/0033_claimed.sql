-- What somebody has just claimed is read without what was sent long ago.
CREATE INDEX notice_claimed ON notice (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX extension_callout_claimed ON extension_callout (lease_owner) WHERE lease_owner IS NOT NULL;
