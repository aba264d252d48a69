WITH old (relation) AS (VALUES ('mentors'::regclass), ('coders'::regclass), ('snippet'::regclass)),
expected (relation, name, types) AS (VALUES
    ('mentors', 'id', '{integer}'::text[]), ('mentors', 'username', '{character varying, text}'),
    ('coders', 'id', '{integer}'), ('coders', 'username', '{character varying, text}'),
    ('coders', 'mentor_id', '{integer}'),
    ('snippet', 'id', '{integer}'), ('snippet', 'snippet_name', '{character varying, text}'),
    ('snippet', 'coder_id', '{integer}'), ('snippet', 'code', '{character varying, text}'),
    ('snippet', 'comments', '{character varying, text}'), ('snippet', 'needs_review', '{boolean}')),
found AS (
    SELECT attrelid::regclass::text AS relation, attname::text AS name, format_type(atttypid, NULL) AS type,
           attnotnull AND NOT atthasdef AND attidentity = '' AS must_be_given
    FROM pg_attribute JOIN old ON attrelid = relation WHERE attnum > 0 AND NOT attisdropped)

SELECT format('the table %s belongs to the role %s, and %s may not change it', relation, pg_get_userbyid(relowner), current_user) AS what,
       format('as %s or a superuser: GRANT %1$I TO %I;', pg_get_userbyid(relowner), current_user) AS remedy
FROM old JOIN pg_class ON pg_class.oid = relation
WHERE NOT pg_has_role(relowner, 'USAGE')

UNION ALL
SELECT format('%s may not make tables in the schema %s', current_user, current_schema()),
       format('as its owner or a superuser: GRANT CREATE ON SCHEMA %I TO %I;', current_schema(), current_user)
WHERE NOT has_schema_privilege(current_schema(), 'CREATE')

UNION ALL
SELECT CASE WHEN type IS NULL THEN format('the column %s.%s is missing', expected.relation, expected.name)
            ELSE format('the column %s.%s is of type %s', expected.relation, expected.name, type) END,
       CASE WHEN type IS NULL THEN format('ALTER TABLE %s ADD COLUMN %I %s;', expected.relation, expected.name, types[1])
            ELSE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s;', expected.relation, expected.name, types[1]) END
FROM expected LEFT JOIN found USING (relation, name)
WHERE type IS NULL OR type <> ALL (types)

UNION ALL
SELECT format('the column %s.%s has to be given for each row, and nobody will give it', relation, name),
       format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL;', relation, name)
FROM found WHERE must_be_given AND NOT EXISTS (
    SELECT FROM expected WHERE expected.relation = found.relation AND expected.name = found.name)

UNION ALL
SELECT format('there is something called %s, a name that is needed', name::regclass),
       format('ALTER %s %s RENAME TO ...;', CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'i' THEN 'INDEX' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, name::regclass)
FROM unnest('{users, snippets, legacy_schema, legacy_nulls, users_id_seq, snippets_id_seq}'::text[]) AS name
JOIN pg_class ON pg_class.oid = to_regclass(name)

UNION ALL
SELECT DISTINCT format('the view %s reads the old tables', ev_class::regclass),
       format('keep its definition, and: DROP VIEW %s;', ev_class::regclass)
FROM old JOIN pg_depend ON refobjid = relation AND classid = 'pg_rewrite'::regclass
JOIN pg_rewrite ON pg_rewrite.oid = objid WHERE ev_class <> relation
