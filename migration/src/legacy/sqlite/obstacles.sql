WITH old (name) AS (VALUES ('mentors'), ('coders'), ('snippet')),
expected (relation, name, type) AS (VALUES
    ('mentors', 'id', 'INTEGER'), ('mentors', 'username', 'VARCHAR'),
    ('coders', 'id', 'INTEGER'), ('coders', 'username', 'VARCHAR'), ('coders', 'mentor_id', 'INTEGER'),
    ('snippet', 'id', 'INTEGER'), ('snippet', 'snippet_name', 'VARCHAR'), ('snippet', 'coder_id', 'INTEGER'),
    ('snippet', 'code', 'VARCHAR'), ('snippet', 'comments', 'VARCHAR'), ('snippet', 'needs_review', 'BOOLEAN')),
found AS (SELECT old.name AS relation, "column".name FROM old, pragma_table_info(old.name) AS "column")

SELECT 'the column ' || relation || '.' || name || ' is missing' AS what,
       'ALTER TABLE ' || relation || ' ADD COLUMN ' || name || ' ' || type || ';' AS remedy
FROM expected WHERE (relation, name) NOT IN (SELECT relation, name FROM found)

UNION ALL
SELECT 'the column ' || relation || '.' || name || ' is not of the old application, and has no place in the new tables',
       'keep it in a table of your own, and: ALTER TABLE ' || relation || ' DROP COLUMN "' || name || '";'
FROM found WHERE (relation, name) NOT IN (SELECT relation, name FROM expected)

UNION ALL
SELECT 'there is something called ' || name || ', a name that is needed',
       'ALTER TABLE ' || name || ' RENAME TO ...;'
FROM sqlite_master
WHERE name IN ('users', 'snippets', 'legacy_schema', 'legacy_nulls', 'old_mentors', 'old_coders', 'old_snippet')

UNION ALL
SELECT 'the ' || type || ' ' || name || ' works with the old tables',
       'keep its definition, and: DROP ' || upper(type) || ' "' || name || '";'
FROM sqlite_master
WHERE type IN ('view', 'trigger')
    AND (sql LIKE '%mentors%' OR sql LIKE '%coders%' OR sql LIKE '%snippet%')

UNION ALL
SELECT DISTINCT 'the table ' || child.name || ' has a foreign key to ' || parent."table",
       'make it anew without that key'
FROM sqlite_master AS child, pragma_foreign_key_list(child.name) AS parent
WHERE child.type = 'table' AND child.name NOT IN (SELECT name FROM old) AND parent."table" IN (SELECT name FROM old)
