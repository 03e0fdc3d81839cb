-- When somebody last worked at a bulk job, for the watchdog, and which jobs were over when, for letting go of them.
ALTER TABLE reprocess_job ADD COLUMN moved_at BIGINT;
CREATE INDEX reprocess_job_ended ON reprocess_job (ended_at, id) WHERE ended_at IS NOT NULL;
