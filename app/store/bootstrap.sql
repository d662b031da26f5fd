-- What only a database administrator can do, once for each database: roles, PostGIS, leakproof marks.
-- `lagesbild migrate` runs it when its login may; otherwise run it by hand as superuser.

-- roles --
-- The owner owns every table and has no login; the app and read roles own nothing and obey row-level security.
-- The joint role may what the app may, and use what is shared with the joint analysis; no other role may become it.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['lagesbild_owner', 'lagesbild_app', 'lagesbild_read', 'lagesbild_joint'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of the same server was bootstrapped at the same moment
            END;
        END IF;
        IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
        END IF;
    END LOOP;
    IF NOT pg_has_role('lagesbild_joint', 'lagesbild_app', 'MEMBER') THEN
        GRANT lagesbild_app TO lagesbild_joint;
    END IF;
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO lagesbild_app', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO lagesbild_read', current_database());
    EXECUTE format('GRANT CREATE ON DATABASE %I TO lagesbild_owner', current_database());
    GRANT USAGE, CREATE ON SCHEMA public TO lagesbild_owner;
END
$$;

-- extension --
CREATE EXTENSION IF NOT EXISTS postgis;

-- leakproof --
-- Row-level security hides the GiST index from functions that might leak; these three, in their
-- geometry forms, tell nothing of a row they reject. Needs superuser; without it the scope's btree carries.
DO $$
DECLARE
    marked regprocedure;
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        FOREACH marked IN ARRAY ARRAY[
            'geometry_overlaps(geometry, geometry)'::regprocedure,
            'st_dwithin(geometry, geometry, double precision)'::regprocedure,
            'st_intersects(geometry, geometry)'::regprocedure
        ] LOOP
            EXECUTE format('ALTER FUNCTION %s LEAKPROOF', marked);
        END LOOP;
    END IF;
END
$$;
