-- What end users are offered, the questions of policies as rows, and who holds what does not go together.

-- An access package as whoever may ask for it sees it. Who may is decided for each caller.
CREATE VIEW available_access_package AS
    SELECT id, catalog_id, display_name, description FROM access_package;

-- A package that is suggested to the caller, who is asked for its reasons elsewhere.
CREATE VIEW access_package_suggestion AS
    SELECT id, display_name, CAST(NULL AS TEXT) AS reasons FROM access_package;

-- Assignments whose target also holds a package that theirs does not go with (SD-6).
CREATE VIEW held_beside AS
    SELECT a.id AS assignment_id, b.id AS other_id
    FROM assignment a
    JOIN incompatible_access_package i ON i.access_package_id = a.access_package_id
    JOIN assignment b ON b.target_id = a.target_id AND b.access_package_id = i.incompatible_id
    WHERE a.state IN ('delivering', 'delivered', 'partiallyDelivered')
        AND b.state IN ('delivering', 'delivered', 'partiallyDelivered');

-- The questions are stored within their policy; its version is theirs.
CREATE VIEW policy_question AS
    SELECT lower(q.value ->> 'id') AS id,
        p.id AS assignment_policy_id,
        replace(replace(q.value ->> '@odata.type', '#', ''), 'microsoft.graph.', '') AS object_type,
        (q.value ->> 'isRequired')::boolean AS is_required,
        (q.value ->> 'isAnswerEditable')::boolean AS is_answer_editable,
        (q.value ->> 'sequence')::bigint AS sequence,
        q.value ->> 'text' AS question_text,
        q.value ->> 'localizations' AS localizations,
        (q.value ->> 'isSingleLineQuestion')::boolean AS is_single_line,
        q.value ->> 'regexPattern' AS regex_pattern,
        (q.value ->> 'isMultipleSelectionAllowed')::boolean AS is_multiple_choice,
        q.value ->> 'choices' AS choices,
        p.version AS version
    FROM assignment_policy p
    CROSS JOIN LATERAL json_array_elements(CASE json_typeof(p.settings::json -> 'questions')
        WHEN 'array' THEN p.settings::json -> 'questions' ELSE '[]'::json END) AS q (value);
