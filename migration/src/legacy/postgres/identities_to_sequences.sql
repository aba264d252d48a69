-- Numbers go on from where they are.
DO $$
DECLARE
    old text;
    place record;
BEGIN
    FOREACH old IN ARRAY ARRAY['mentors', 'coders', 'snippet']
    LOOP
        EXECUTE 'SELECT last_value, is_called FROM ' || pg_get_serial_sequence(old, 'id') INTO place;
        EXECUTE format('ALTER TABLE %s ALTER COLUMN id DROP IDENTITY', old);
        EXECUTE format('CREATE SEQUENCE %s_id_seq AS integer OWNED BY %1$s.id', old);
        EXECUTE format('ALTER TABLE %s ALTER COLUMN id SET DEFAULT nextval(''%1$s_id_seq'')', old);
        PERFORM setval(old || '_id_seq', place.last_value, place.is_called);
    END LOOP;
END $$;
