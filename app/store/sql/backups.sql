-- What a backup holds and what a restored database must hold again.

-- tables --
-- Every table with rows of ours that last; what an extension brings, the extension brings again.
SELECT n.nspname AS schema, c.relname AS name
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_depend AS d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY n.nspname, c.relname

-- parents --
-- Tables whose rows lie in parts of their own.
SELECT n.nspname || '.' || c.relname AS name
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'p'

-- hidden --
-- Tables whose rows row-level security could hide from this login: no policy of a role it has says "all".
SELECT c.oid::regclass::text AS name
  FROM pg_class AS c
 WHERE c.relkind = 'r' AND c.relrowsecurity
   AND NOT EXISTS (SELECT FROM pg_policy AS p
                    WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', 'r')
                      AND pg_get_expr(p.polqual, p.polrelid) = 'true'
                      AND EXISTS (SELECT FROM unnest(p.polroles) AS r
                                   WHERE r = 0 OR pg_has_role(r, 'USAGE')))
 ORDER BY 1

-- sees_all --
-- Superusers and logins with BYPASSRLS see every row, FORCE or not.
SELECT r.rolsuper OR r.rolbypassrls AS sees_all FROM pg_roles AS r WHERE r.rolname = current_user

-- snapshot --
-- What this transaction sees, so that pg_dump and the counts speak of the same moment.
SELECT pg_export_snapshot() AS snapshot
