-- What `lagesbild doctor` asks of the database; from the catalogue, and of rows only how many there are.

-- server --
SELECT current_setting('server_version') AS version,
       CAST(current_setting('server_version_num') AS integer) / 10000 AS major,
       (SELECT e.extversion FROM pg_extension AS e WHERE e.extname = 'postgis') AS postgis,
       (SELECT a.default_version FROM pg_available_extensions AS a WHERE a.name = 'postgis') AS postgis_on_offer,
       (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user) AS is_superuser

-- unmarked --
-- The three functions that must be leakproof for the spatial index to work under row-level security.
SELECT p.oid::regprocedure::text AS name
  FROM pg_proc AS p
 WHERE NOT p.proleakproof
   AND p.oid IN (to_regprocedure('geometry_overlaps(geometry, geometry)'),
                 to_regprocedure('st_dwithin(geometry, geometry, double precision)'),
                 to_regprocedure('st_intersects(geometry, geometry)'))
 ORDER BY 1

-- role --
-- The app role: what it owns here, and whether it could get around row-level security.
SELECT r.rolsuper OR r.rolbypassrls AS is_unbound, r.rolcreaterole OR r.rolcreatedb AS may_create,
       pg_has_role(r.oid, 'lagesbild_owner', 'MEMBER') AS is_owner,
       pg_has_role(r.oid, 'lagesbild_joint', 'MEMBER') AS is_joint,
       (SELECT count(*) FROM pg_shdepend AS d
         WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype = 'o'
           AND d.dbid IN (0, (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database()))) AS owned
  FROM pg_roles AS r
 WHERE r.rolname = 'lagesbild_app'

-- login --
-- Who signs in for the app, before it takes the app role on.
SELECT session_user AS name, r.rolsuper OR r.rolbypassrls AS is_unbound FROM pg_roles AS r WHERE r.rolname = session_user

-- joint_login --
-- Who signs in for the joint analysis, and whether that may become its role.
SELECT session_user AS name, pg_has_role(session_user, 'lagesbild_joint', 'MEMBER') AS is_joint

-- unforced --
-- Tables of ours on which row-level security is not on, or not on for their owner.
SELECT c.relname AS name
  FROM pg_class AS c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
   AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
   AND NOT EXISTS (SELECT FROM pg_depend AS d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY c.relname

-- unsnapped --
-- Municipalities without catchments.
SELECT a.name
  FROM areas AS a
 WHERE a.kind = 'municipality' AND NOT EXISTS (SELECT FROM catchments AS c WHERE c.municipality_id = a.id)
 ORDER BY a.name
 LIMIT 1000

-- waiting --
SELECT count(*) AS n FROM jobs.procrastinate_jobs AS j WHERE j.status = 'todo' AND j.queue_name = 'analyse'
