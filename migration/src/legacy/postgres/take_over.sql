-- Makes the old tables, freed of their own names and types, those of the first three steps.

-- People. Their numbers among mentors and coders stay; those among users are new.
INSERT INTO users (username, role, status, created_at)
SELECT username, 'mentor', 'active', now() FROM mentors ORDER BY id;
INSERT INTO users (username, role, status, created_at)
SELECT username, 'coder', 'active', now() FROM coders ORDER BY id;
ANALYZE users;

-- The column of the name becomes that of the role, and so the way back finds it in its old place.
ALTER TABLE mentors RENAME COLUMN username TO role;
ALTER TABLE mentors ADD COLUMN user_id integer;
UPDATE mentors SET user_id = users.id, role = 'mentor'
FROM users WHERE users.username = mentors.role AND users.role = 'mentor';
ALTER TABLE mentors
    ALTER COLUMN role SET NOT NULL,
    ALTER COLUMN role SET DEFAULT 'mentor',
    ADD CONSTRAINT mentors_role_check CHECK (role = 'mentor'),
    ALTER COLUMN user_id SET NOT NULL,
    ADD CONSTRAINT mentors_user_id_key UNIQUE (user_id),
    ADD CONSTRAINT mentors_user_fkey FOREIGN KEY (user_id, role) REFERENCES users (id, role);

ALTER TABLE coders RENAME COLUMN username TO role;
ALTER TABLE coders ADD COLUMN user_id integer;
UPDATE coders SET user_id = users.id, role = 'coder'
FROM users WHERE users.username = coders.role AND users.role = 'coder';
ALTER TABLE coders
    ALTER COLUMN role SET NOT NULL,
    ALTER COLUMN role SET DEFAULT 'coder',
    ADD CONSTRAINT coders_role_check CHECK (role = 'coder'),
    ALTER COLUMN user_id SET NOT NULL,
    ADD CONSTRAINT coders_user_id_key UNIQUE (user_id),
    ADD CONSTRAINT coders_user_fkey FOREIGN KEY (user_id, role) REFERENCES users (id, role);
CREATE INDEX coders_mentor_id_id_idx ON coders (mentor_id, id);

-- Snippets. Only those with a null are written.
CREATE TABLE legacy_nulls (
    snippet_id integer PRIMARY KEY,
    name boolean NOT NULL,
    code boolean NOT NULL,
    needs_review boolean NOT NULL
);
INSERT INTO legacy_nulls
SELECT id, snippet_name IS NULL, code IS NULL, needs_review IS NULL FROM snippet
WHERE snippet_name IS NULL OR code IS NULL OR needs_review IS NULL;

ALTER TABLE snippet RENAME TO snippets;
ALTER TABLE snippets RENAME COLUMN snippet_name TO name;
UPDATE snippets SET
    name = coalesce(snippets.name, ''),
    code = coalesce(snippets.code, ''),
    needs_review = coalesce(snippets.needs_review, false)
FROM legacy_nulls WHERE legacy_nulls.snippet_id = snippets.id;
ALTER TABLE snippets
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN created_at timestamp with time zone NOT NULL DEFAULT now(),
    ADD COLUMN updated_at timestamp with time zone NOT NULL DEFAULT now();
ALTER TABLE snippets
    ALTER COLUMN created_at DROP DEFAULT,
    ALTER COLUMN updated_at DROP DEFAULT,
    ALTER COLUMN needs_review SET DEFAULT false,
    ALTER COLUMN needs_review SET NOT NULL,
    ALTER COLUMN coder_id SET NOT NULL,
    ALTER COLUMN name SET NOT NULL,
    ALTER COLUMN code SET NOT NULL;
CREATE INDEX snippets_coder_id_id_idx ON snippets (coder_id, id);

-- The planner has not seen these columns yet.
ANALYZE mentors, coders, snippets;
