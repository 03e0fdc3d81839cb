-- What was given up is counted and listed beside the drift; there is little of it.
CREATE INDEX ledger_attention ON ledger (target, id) WHERE phase = 'needsAttention';
