-- Fills legacy_schema with what depends on how the old tables came to be: their types, and the names
-- and forms of their constraints and indexes. `change` is run now; `undo`, in reverse order, when the
-- tables are given back.
CREATE TABLE legacy_schema (
    position integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change text NOT NULL,
    undo text NOT NULL
);

CREATE TEMPORARY VIEW old_column AS
SELECT attrelid AS relation, attnum AS number, attname AS name, attnotnull AS is_not_null,
       format_type(atttypid, atttypmod) AS type, pg_get_expr(adbin, adrelid) AS fallback,
       format('ALTER TABLE %s ALTER COLUMN %I ', attrelid::regclass, attname) AS alter_column
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE (attrelid::regclass::text, attname) IN (
    ('mentors', 'username'), ('coders', 'username'), ('snippet', 'coder_id'), ('snippet', 'snippet_name'),
    ('snippet', 'code'), ('snippet', 'comments'), ('snippet', 'needs_review'));

-- Whatever is made of the usernames: the column that they stand in will hold the role.
INSERT INTO legacy_schema (change, undo)
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', relation::regclass, conname),
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', relation::regclass, conname, pg_get_constraintdef(oid))
FROM old_column JOIN pg_constraint ON conrelid = relation AND number = ANY (conkey)
WHERE name = 'username' AND contype IN ('c', 'u') ORDER BY relation, conname;

INSERT INTO legacy_schema (change, undo)
SELECT DISTINCT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM old_column
JOIN pg_depend ON refobjid = relation AND refobjsubid = number AND classid = 'pg_class'::regclass
JOIN pg_index ON indexrelid = objid
WHERE name = 'username' AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid);

INSERT INTO legacy_schema (change, undo)
SELECT alter_column || 'DROP DEFAULT', alter_column || 'SET DEFAULT ' || fallback
FROM old_column WHERE fallback IS NOT NULL;

INSERT INTO legacy_schema (change, undo)
SELECT alter_column || 'DROP NOT NULL', alter_column || 'SET NOT NULL'
FROM old_column WHERE is_not_null;

INSERT INTO legacy_schema (change, undo)
SELECT alter_column || 'TYPE text', alter_column || 'TYPE ' || type
FROM old_column WHERE name IN ('username', 'snippet_name', 'code', 'comments') ORDER BY relation, number;

-- Keys get the names that they have in a new database, or are made where there are none.
CREATE TEMPORARY VIEW new_key AS
SELECT kind::"char", relation::regclass, name, attnum AS number, definition
FROM (VALUES
    ('p', 'mentors', 'id', 'mentors_pkey', 'PRIMARY KEY (id)'),
    ('p', 'coders', 'id', 'coders_pkey', 'PRIMARY KEY (id)'),
    ('p', 'snippet', 'id', 'snippets_pkey', 'PRIMARY KEY (id)'),
    ('f', 'coders', 'mentor_id', 'coders_mentor_fkey', 'FOREIGN KEY (mentor_id) REFERENCES mentors (id)'),
    ('f', 'snippet', 'coder_id', 'snippets_coder_fkey', 'FOREIGN KEY (coder_id) REFERENCES coders (id)')
) AS new (kind, relation, column_name, name, definition)
JOIN pg_attribute ON attrelid = relation::regclass AND attname = column_name;

INSERT INTO legacy_schema (change, undo)
SELECT CASE WHEN conname IS NULL THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', relation, name, definition)
            ELSE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', relation, conname, name) END,
       CASE WHEN conname IS NULL THEN format('ALTER TABLE %s DROP CONSTRAINT %I', relation, name)
            ELSE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', relation, name, conname) END
FROM new_key LEFT JOIN pg_constraint ON conrelid = relation AND contype = kind AND conkey = ARRAY[number]
WHERE conname IS DISTINCT FROM name ORDER BY kind DESC, relation;

DROP VIEW old_column, new_key;
