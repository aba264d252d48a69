-- Takes back take_over.sql. What the old tables cannot hold goes: whom an account is bound to, the
-- versions and times of snippets, sign-ups that are not complete.

DROP INDEX snippets_coder_id_id_idx;
ALTER TABLE snippets
    DROP COLUMN version,
    DROP COLUMN created_at,
    DROP COLUMN updated_at,
    ALTER COLUMN needs_review DROP DEFAULT,
    ALTER COLUMN needs_review DROP NOT NULL,
    ALTER COLUMN coder_id DROP NOT NULL,
    ALTER COLUMN name DROP NOT NULL,
    ALTER COLUMN code DROP NOT NULL;
-- A cell that still holds what stands for null is null again.
UPDATE snippets SET
    name = CASE WHEN legacy_nulls.name THEN nullif(snippets.name, '') ELSE snippets.name END,
    code = CASE WHEN legacy_nulls.code THEN nullif(snippets.code, '') ELSE snippets.code END,
    needs_review = CASE WHEN legacy_nulls.needs_review THEN nullif(snippets.needs_review, false)
                        ELSE snippets.needs_review END
FROM legacy_nulls WHERE legacy_nulls.snippet_id = snippets.id;
ALTER TABLE snippets RENAME COLUMN name TO snippet_name;
ALTER TABLE snippets RENAME TO snippet;
-- Older forms of the table have room for 24 characters in a name, later ones for 200.
UPDATE legacy_schema SET undo = replace(undo, 'character varying(24)', 'character varying(200)')
WHERE undo LIKE 'ALTER TABLE snippet ALTER COLUMN snippet_name TYPE %'
    AND EXISTS (SELECT FROM snippet WHERE length(snippet_name) > 24);

DROP INDEX coders_mentor_id_id_idx;
ALTER TABLE coders
    DROP CONSTRAINT coders_user_fkey,
    DROP CONSTRAINT coders_user_id_key,
    DROP CONSTRAINT coders_role_check,
    ALTER COLUMN role DROP DEFAULT,
    ALTER COLUMN role DROP NOT NULL;
UPDATE coders SET role = users.username FROM users WHERE users.id = coders.user_id;
ALTER TABLE coders RENAME COLUMN role TO username;
ALTER TABLE coders DROP COLUMN user_id;

ALTER TABLE mentors
    DROP CONSTRAINT mentors_user_fkey,
    DROP CONSTRAINT mentors_user_id_key,
    DROP CONSTRAINT mentors_role_check,
    ALTER COLUMN role DROP DEFAULT,
    ALTER COLUMN role DROP NOT NULL;
UPDATE mentors SET role = users.username FROM users WHERE users.id = mentors.user_id;
ALTER TABLE mentors RENAME COLUMN role TO username;
ALTER TABLE mentors DROP COLUMN user_id;
