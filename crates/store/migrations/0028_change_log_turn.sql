-- Whoever writes to the log of changes locks this row until the commit, so that positions grow in the order of commits.
CREATE TABLE change_log_turn (
    id BIGINT NOT NULL PRIMARY KEY
);
INSERT INTO change_log_turn (id) VALUES (1);
