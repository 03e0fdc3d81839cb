-- Which items of a bulk job leave what a single call leaves: `everything`, or those with `changes`.
ALTER TABLE reprocess_job ADD COLUMN tracking TEXT NOT NULL DEFAULT 'everything';
