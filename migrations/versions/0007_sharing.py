"""Who sees what how exactly: whole sharing rules, catchments, coarse positions, the joint analysis.

The doors to incidents and hot spots are two views, `seen_incidents` and `seen_hotspots`: each row as the reader may
see it. The tables behind them are closed by row-level security to everything that is not seen exactly; the coarse
rows come through views of the owner's that hold coarse columns only and repeat the scope and the rules.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REPORTER = "((SELECT scope_ids('reporter')) IS NULL OR reported_by = ANY ((SELECT scope_ids('reporter'))::uuid[]))"
IN_SCOPE = "organisation_id = ANY ((SELECT scope_ids('incidents'))::uuid[])"
OWN_INCIDENTS = f"({IN_SCOPE} AND {REPORTER} AND (SELECT scope_rank()) = 1)"
GIVEN_INCIDENTS = (
    "(state = 'approved' AND organisation_id = ANY ((SELECT scope_ids('shared'))::uuid[])"
    " AND organisation_id::text || '/' || category = ANY ((SELECT exact_keys())::text[]))"
)
HOTSPOTS = "organisation_id = ANY ((SELECT hotspot_givers(3))::uuid[])"
OF_MY_POLICE_AREA = (  # members who may read hot spots; the joint picture is never finer than snapped
    "(SELECT scope_rank()) <= 2 AND local_police_area IN (SELECT o.local_police_area FROM organisations AS o"
    " WHERE o.id = ANY (scope_ids('own')) AND o.id = ANY (scope_ids('hotspots')))"
)
SEEN_EXACTLY = "organisation_id = ANY ((SELECT hotspot_givers(1))::uuid[])"
ALL_INCIDENTS = (  # migration 0006; what imports tell is exact, and told to those who see exactly
    f"{IN_SCOPE} AND (SELECT scope_ids('reporter')) IS NULL"
)
IMPORTER = "organisation_id = ANY ((SELECT scope_ids('own'))::uuid[]) AND account_id = ANY ((SELECT scope_ids('actor'))::uuid[])"
OF_IMPORTS = {
    **dict.fromkeys(("imports", "import_rows", "import_problems", "area_figures", "incident_links"), ALL_INCIDENTS),
    "import_uploads": IMPORTER,
}
SEES = {  # table: who sees a row from now on
    "incidents": f"{OWN_INCIDENTS} OR {GIVEN_INCIDENTS}",
    "run_hotspots": SEEN_EXACTLY,
    "hotspot_steps": SEEN_EXACTLY,  # who sees hot spots coarsely is not told which one became which
    "analysis_runs": HOTSPOTS,
    "adoptions": HOTSPOTS,
    "collection_counters": f"{HOTSPOTS} OR {IN_SCOPE}",
    **{table: f"{sees} AND (SELECT scope_rank()) = 1" for table, sees in OF_IMPORTS.items()},
}
IN_SCOPE_BEFORE = "organisation_id = ANY ((SELECT scope_ids('hotspots'))::uuid[])"
SAW = {  # and until now: migrations 0002, 0004 and 0006
    "incidents": f"{IN_SCOPE} AND {REPORTER}",
    "run_hotspots": IN_SCOPE_BEFORE,
    "hotspot_steps": IN_SCOPE_BEFORE,
    "analysis_runs": IN_SCOPE_BEFORE,
    "adoptions": IN_SCOPE_BEFORE,
    "collection_counters": f"{IN_SCOPE_BEFORE} OR {IN_SCOPE}",
    **OF_IMPORTS,
}


def upgrade() -> None:
    """Columns and tables first, then the functions that policies and views name, then those."""
    srid = op.get_bind().exec_driver_sql("SELECT metric_srid FROM deployment").scalar_one()
    op.execute(TABLES.replace("METRIC_SRID", str(int(srid))))
    op.execute(FUNCTIONS)
    for table, sees in SEES.items():
        op.execute(f"ALTER POLICY {table}_sees ON {table} USING ({sees})")
    op.execute(POLICIES)
    op.execute(VIEWS)
    op.execute(GRANTS)


def downgrade() -> None:
    op.execute("DROP VIEW seen_incidents, seen_hotspots, coarse_incidents, coarse_hotspots")
    for table, sees in SAW.items():
        op.execute(f"ALTER POLICY {table}_sees ON {table} USING ({sees})")
    op.execute(DOWN)


TABLES = """
-- A rule gives some or all categories, at a precision, to an organisation or (receiver_id NULL) to the joint analysis.
ALTER TABLE sharing_rules
    ALTER COLUMN receiver_id DROP NOT NULL,
    ADD COLUMN precision text NOT NULL DEFAULT 'exact',
    ADD COLUMN categories text[],
    ADD COLUMN ended_at timestamptz,
    ADD CONSTRAINT sharing_rules_precision CHECK (precision IN ('exact', 'snapped', 'area')),
    ADD CONSTRAINT sharing_rules_whole_hotspots CHECK (what = 'incidents' OR categories IS NULL),
    ADD CONSTRAINT sharing_rules_joint CHECK (receiver_id IS NOT NULL OR (what = 'incidents' AND precision = 'exact'));
CREATE INDEX sharing_rules_receiver_id_idx ON sharing_rules (receiver_id);

ALTER TABLE areas ADD COLUMN point geometry(Point, 4326) GENERATED ALWAYS AS (ST_PointOnSurface(geom)) STORED;

-- The parts of a municipality that positions are snapped to: one set a year, never changed. A report is snapped by the
-- set of the year it came in, so that no second set narrows it down.
CREATE TABLE catchments (
    id              uuid     NOT NULL DEFAULT gen_random_uuid(),
    municipality_id uuid     NOT NULL,
    year            smallint NOT NULL,
    number          integer  NOT NULL,
    from_year       smallint NOT NULL,
    until_year      smallint NOT NULL DEFAULT 9999,
    basis           text     NOT NULL,
    k               integer  NOT NULL,
    point           geometry(Point, 4326) NOT NULL,
    radius_m        real     NOT NULL,
    geom            geometry(MultiPolygon, 4326) NOT NULL,
    geom_metric     geometry(MultiPolygon, METRIC_SRID) NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT catchments_pkey PRIMARY KEY (id),
    CONSTRAINT catchments_municipality_id_fkey FOREIGN KEY (municipality_id) REFERENCES areas (id),
    CONSTRAINT catchments_basis CHECK (basis IN ('addresses', 'incidents'))
);
CREATE UNIQUE INDEX catchments_number_key ON catchments (municipality_id, year, number);
CREATE INDEX catchments_geom_idx ON catchments USING gist (geom);
CREATE INDEX catchments_geom_metric_idx ON catchments USING gist (geom_metric);

-- Where each incident lies for a coarse reader; kept by triggers on incidents.
CREATE TABLE incident_places (
    incident_id     uuid NOT NULL,
    organisation_id uuid NOT NULL,
    area_id         uuid,
    catchment_id    uuid,
    CONSTRAINT incident_places_pkey PRIMARY KEY (incident_id),
    CONSTRAINT incident_places_incident_id_fkey
        FOREIGN KEY (incident_id) REFERENCES incidents (id) ON DELETE CASCADE
);
CREATE INDEX incident_places_catchment_id_idx ON incident_places (catchment_id);
CREATE INDEX incident_places_area_id_idx ON incident_places (area_id);

-- The joint picture of a local police area: made by a login of its own, read by the members.
CREATE TABLE joint_runs (
    id                uuid        NOT NULL DEFAULT gen_random_uuid(),
    local_police_area text        NOT NULL,
    params            json        NOT NULL,
    fingerprint       text        NOT NULL,
    k                 integer     NOT NULL,
    made_at           timestamptz NOT NULL,
    code_version      text        NOT NULL,
    hotspot_count     integer     NOT NULL,
    CONSTRAINT joint_runs_pkey PRIMARY KEY (id)
);
CREATE INDEX joint_runs_latest_idx ON joint_runs (local_police_area, made_at DESC);
CREATE TABLE joint_hotspots (
    run_id            uuid    NOT NULL,
    rank              integer NOT NULL,
    local_police_area text    NOT NULL,
    properties        json    NOT NULL,
    geom              geometry(MultiPolygon, 4326) NOT NULL,
    CONSTRAINT joint_hotspots_pkey PRIMARY KEY (run_id, rank),
    CONSTRAINT joint_hotspots_run_id_fkey FOREIGN KEY (run_id) REFERENCES joint_runs (id) ON DELETE CASCADE
);
"""

FUNCTIONS = """
-- Names are qualified: a temporary table cannot pose as one of ours. Functions without SECURITY DEFINER read what the
-- reader may read: rules that the own organisation has a part in.

CREATE FUNCTION in_force(valid_until date, ended_at timestamptz) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT ended_at IS NULL AND valid_until >= (now() AT TIME ZONE 'Europe/Stockholm')::date $$;

-- 1 exact, 2 snapped, 3 area: nothing is told more exactly than this. A word that is none of them closes everything.
CREATE FUNCTION scope_rank() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN coalesce(current_setting('lagesbild.precision', true), '') = '' THEN 1
                ELSE array_position(ARRAY['exact', 'snapped', 'area'], current_setting('lagesbild.precision')) END
$$;

-- What sharing rules in force give the own organisation, of the givers in scope, each category by its finest rule.
CREATE FUNCTION shared_ranks() RETURNS TABLE (organisation_id uuid, category text, rank integer)
LANGUAGE sql STABLE AS $$
    SELECT r.giver_id, c.code, min(array_position(ARRAY['exact', 'snapped', 'area'], r.precision))
      FROM public.sharing_rules AS r
      JOIN public.categories AS c ON r.categories IS NULL OR c.code = ANY (r.categories)
     WHERE r.receiver_id = ANY (public.scope_ids('own')) AND r.giver_id = ANY (public.scope_ids('shared'))
       AND r.what = 'incidents' AND public.in_force(r.valid_until, r.ended_at)
     GROUP BY r.giver_id, c.code
$$;

-- "organisation/category" of all that rules give exactly.
CREATE FUNCTION exact_keys() RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF coalesce(current_setting('lagesbild.shared', true), '') = '' THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT array_agg(organisation_id::text || '/' || category)
              FROM public.shared_ranks() WHERE rank = 1 AND public.scope_rank() = 1);
END $$;

-- How exactly the reader sees each organisation's incidents, by category; the own account's reports stand apart.
CREATE FUNCTION incident_ranks() RETURNS TABLE (organisation_id uuid, category text, rank integer)
LANGUAGE sql STABLE AS $$
    SELECT g.organisation_id, g.category, greatest(min(g.rank), public.scope_rank())
      FROM (SELECT o AS organisation_id, c.code AS category, 1 AS rank
              FROM unnest(public.scope_ids('incidents')) AS o, public.categories AS c
             WHERE public.scope_ids('reporter') IS NULL
             UNION ALL
            SELECT o, c.code, 2 FROM unnest(public.scope_ids('coarse')) AS o, public.categories AS c
             UNION ALL
            SELECT s.organisation_id, s.category, s.rank FROM public.shared_ranks() AS s) AS g
     WHERE public.scope_rank() IS NOT NULL
     GROUP BY g.organisation_id, g.category
$$;

-- How exactly the reader sees each organisation's hot spots.
CREATE FUNCTION hotspot_ranks() RETURNS TABLE (organisation_id uuid, rank integer) LANGUAGE sql STABLE AS $$
    SELECT g.organisation_id, greatest(min(g.rank), public.scope_rank())
      FROM (SELECT o AS organisation_id, CASE WHEN o = ANY (public.scope_ids('coarse')) THEN 2 ELSE 1 END AS rank
              FROM unnest(public.scope_ids('own')) AS o
             WHERE o = ANY (public.scope_ids('hotspots'))
             UNION ALL
            SELECT r.giver_id, array_position(ARRAY['exact', 'snapped', 'area'], r.precision)
              FROM public.sharing_rules AS r
             WHERE r.receiver_id = ANY (public.scope_ids('own')) AND r.giver_id = ANY (public.scope_ids('hotspots'))
               AND r.what = 'hotspots' AND public.in_force(r.valid_until, r.ended_at)) AS g
     WHERE public.scope_rank() IS NOT NULL
     GROUP BY g.organisation_id
$$;

-- Whose hot spots the reader sees, at this rank or finer.
-- The usual reader, of the own organisation's alone and without any limit, is answered without a query.
CREATE FUNCTION hotspot_givers(coarsest integer) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    wanted uuid[] := public.scope_ids('hotspots');
BEGIN
    IF wanted <@ public.scope_ids('own') AND coalesce(current_setting('lagesbild.coarse', true), '') = ''
       AND coalesce(current_setting('lagesbild.precision', true), '') IN ('', 'exact') THEN
        RETURN wanted;
    END IF;
    RETURN (SELECT array_agg(organisation_id) FROM public.hotspot_ranks() WHERE rank <= coarsest);
END $$;

-- "organisation/category" of all that rules give to the joint analysis.
CREATE FUNCTION joint_keys() RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(r.giver_id::text || '/' || c.code)
      FROM public.sharing_rules AS r
      JOIN public.categories AS c ON r.categories IS NULL OR c.code = ANY (r.categories)
     WHERE r.receiver_id IS NULL AND public.in_force(r.valid_until, r.ended_at)
$$;

CREATE OR REPLACE FUNCTION sharing_givers(receiver uuid, thing text) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT giver_id ORDER BY giver_id), '{}')
      FROM sharing_rules
     WHERE receiver_id = receiver AND what = thing AND in_force(valid_until, ended_at)
$$;

-- What others give an organisation, for its scope. `counted`: those who give something exactly, for analyses; `coarse`:
-- those who give hot spots, by one rule at least, less than exactly.
CREATE FUNCTION given_to(organisation uuid)
RETURNS TABLE (incident_givers uuid[], counted_givers uuid[], coarse_givers uuid[], rules text,
               local_police_area text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN QUERY
    SELECT coalesce(array_agg(DISTINCT r.giver_id) FILTER (WHERE r.what = 'incidents'), '{}'),
           coalesce(array_agg(DISTINCT r.giver_id) FILTER (WHERE r.what = 'incidents' AND r.precision = 'exact'), '{}'),
           coalesce(array_agg(DISTINCT r.giver_id) FILTER (WHERE r.what = 'hotspots' AND r.precision <> 'exact'), '{}'),
           coalesce(md5(string_agg(r.id::text, ',' ORDER BY r.id)), ''),
           (SELECT o.local_police_area FROM organisations AS o WHERE o.id = organisation)
      FROM sharing_rules AS r
     WHERE r.receiver_id = organisation AND in_force(r.valid_until, r.ended_at);
END $$;

-- District or municipality, and catchment, of positions. The nearest catchment of the municipality is the one it lies
-- in; between two whose common edge bends in the projection it is still one of them.
CREATE FUNCTION coarse_place(place geometry, place_metric geometry, reported_at timestamptz)
RETURNS TABLE (area_id uuid, catchment_id uuid)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(d.id, m.id), c.id
      FROM (SELECT a.id FROM public.areas AS a
             WHERE a.kind = 'municipality' AND public.ST_Intersects(a.geom, place) ORDER BY a.code LIMIT 1) AS m
      LEFT JOIN LATERAL (
            SELECT a.id FROM public.areas AS a
             WHERE a.kind = 'district' AND a.parent_id = m.id AND public.ST_Intersects(a.geom, place)
             ORDER BY a.code LIMIT 1) AS d ON true
      LEFT JOIN LATERAL (
            SELECT n.id FROM public.catchments AS n
             WHERE n.municipality_id = m.id
               AND extract(year FROM reported_at) >= n.from_year AND extract(year FROM reported_at) < n.until_year
             ORDER BY n.geom_metric OPERATOR(public.<->) place_metric, n.number LIMIT 1) AS c ON true
$$;

CREATE FUNCTION place_incidents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO incident_places (incident_id, organisation_id, area_id, catchment_id)
        SELECT n.id, n.organisation_id, p.area_id, p.catchment_id
          FROM added AS n LEFT JOIN LATERAL coarse_place(n.geom, n.geom_metric, n.reported_at) AS p ON true;
    ELSE
        UPDATE incident_places AS o
           SET organisation_id = n.organisation_id, area_id = p.area_id, catchment_id = p.catchment_id
          FROM added AS n
          JOIN removed AS b ON b.id = n.id
          LEFT JOIN LATERAL coarse_place(n.geom, n.geom_metric, n.reported_at) AS p ON true
         WHERE o.incident_id = n.id
           AND (n.organisation_id <> b.organisation_id OR ST_AsBinary(n.geom) <> ST_AsBinary(b.geom));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER incidents_placed_insert AFTER INSERT ON incidents REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION place_incidents();
CREATE TRIGGER incidents_placed_update AFTER UPDATE ON incidents REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION place_incidents();

-- Catchments were made: what has none yet is placed. What has one keeps it.
CREATE FUNCTION place_the_rest() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE incident_places AS o
       SET area_id = p.area_id, catchment_id = p.catchment_id
      FROM incidents AS i
      CROSS JOIN LATERAL coarse_place(i.geom, i.geom_metric, i.reported_at) AS p
     WHERE o.incident_id = i.id AND o.catchment_id IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER catchments_placed AFTER INSERT ON catchments FOR EACH STATEMENT EXECUTE FUNCTION place_the_rest();

-- How many different places of incidents lie in each square of a municipality: all that making catchments needs to
-- know, and all that an administrator's transaction learns. Places closer than a metre are one.
CREATE FUNCTION cell_counts(municipality uuid, cell_m integer) RETURNS TABLE (ix integer, iy integer, n integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT floor(x / cell_m)::integer, floor(y / cell_m)::integer, count(*)::integer
      FROM (SELECT DISTINCT round(ST_X(i.geom_metric)) AS x, round(ST_Y(i.geom_metric)) AS y
              FROM areas AS a
              JOIN incidents AS i ON ST_Intersects(a.geom, i.geom)
             WHERE a.id = municipality AND a.kind = 'municipality' AND i.state = 'approved'
               AND current_setting('lagesbild.administers', true) = 'on') AS places
     GROUP BY 1, 2 ORDER BY 1, 2
$$;
"""

POLICIES = (
    """
ALTER TABLE catchments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY catchments_owner ON catchments TO lagesbild_owner USING (true) WITH CHECK (true);
CREATE POLICY catchments_sees ON catchments FOR SELECT TO lagesbild_app, lagesbild_read USING (true);
CREATE POLICY catchments_adds ON catchments FOR INSERT TO lagesbild_app
    WITH CHECK ((SELECT current_setting('lagesbild.administers', true) = 'on'));
CREATE POLICY catchments_changes ON catchments FOR UPDATE TO lagesbild_app
    USING ((SELECT current_setting('lagesbild.administers', true) = 'on'));
CREATE CONSTRAINT TRIGGER catchments_audited AFTER INSERT OR UPDATE OR DELETE ON catchments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_audited();

ALTER TABLE incident_places ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY incident_places_owner ON incident_places TO lagesbild_owner USING (true) WITH CHECK (true);

-- The joint analysis: a login of its own sees what rules give it, and writes the joint picture. Nobody else can.
CREATE POLICY incidents_joint ON incidents FOR SELECT TO lagesbild_joint
    USING (state = 'approved' AND organisation_id::text || '/' || category = ANY ((SELECT joint_keys())::text[]));
CREATE POLICY incident_places_joint ON incident_places FOR SELECT TO lagesbild_joint USING (true);
CREATE POLICY sharing_rules_joint ON sharing_rules FOR SELECT TO lagesbild_joint USING (receiver_id IS NULL);
ALTER TABLE joint_runs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE joint_hotspots ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY joint_runs_owner ON joint_runs TO lagesbild_owner USING (true) WITH CHECK (true);
CREATE POLICY joint_hotspots_owner ON joint_hotspots TO lagesbild_owner USING (true) WITH CHECK (true);
CREATE POLICY joint_runs_adds ON joint_runs FOR INSERT TO lagesbild_joint WITH CHECK (true);
CREATE POLICY joint_hotspots_adds ON joint_hotspots FOR INSERT TO lagesbild_joint WITH CHECK (true);
CREATE CONSTRAINT TRIGGER joint_runs_audited AFTER INSERT OR UPDATE OR DELETE ON joint_runs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_audited();
"""
    + "".join(
        f"CREATE POLICY {table}_sees ON {table} FOR SELECT TO lagesbild_app, lagesbild_read USING ({OF_MY_POLICE_AREA});\n"
        for table in ("joint_runs", "joint_hotspots")
    )
    + """
"""
)

VIEWS = """
-- Incidents that the reader sees coarsely: no column here tells more. It reads with its owner's eyes, so the scope and
-- the rules stand in it.
CREATE VIEW coarse_incidents WITH (security_barrier) AS
WITH seen AS (
    SELECT i.id, i.organisation_id, i.category, i.occurred_from, i.occurred_to, i.source, r.rank
      FROM incident_ranks() AS r
      JOIN incidents AS i ON i.organisation_id = r.organisation_id AND i.category = r.category
     WHERE r.rank > 1 AND i.state = 'approved'
       -- one's own reports are seen as they are
       AND NOT ((SELECT scope_rank()) = 1 AND i.organisation_id = ANY (coalesce(scope_ids('incidents'), '{}'))
                AND coalesce(i.reported_by = ANY (scope_ids('reporter')), false))
)
SELECT s.id, s.organisation_id, 'snapped' AS precision, s.category, s.occurred_from, s.occurred_to, c.point AS geom,
       NULL::text AS area, c.radius_m AS location_uncertainty_m, s.source
  FROM seen AS s
  JOIN incident_places AS p ON p.incident_id = s.id
  JOIN catchments AS c ON c.id = p.catchment_id
 WHERE s.rank = 2
 UNION ALL
SELECT s.id, s.organisation_id, 'area', s.category, s.occurred_from, s.occurred_to, a.point, a.code, NULL, s.source
  FROM seen AS s
  JOIN incident_places AS p ON p.incident_id = s.id
  JOIN areas AS a ON a.id = p.area_id
 WHERE s.rank = 3;

-- Incidents as the reader may see them: the one door for every face. Filters, order and counts on it are those of what
-- is seen. app/core/disclosure.py names what goes with each precision.
CREATE VIEW seen_incidents WITH (security_invoker) AS
SELECT i.id, i.organisation_id, 'exact' AS precision, i.category, i.occurred_from, i.occurred_to, i.geom,
       NULL::text AS area, i.location_uncertainty_m, i.source, i.source_ref,
       CASE WHEN (SELECT current_setting('lagesbild.texts', true) = 'on')
             AND i.organisation_id = ANY ((SELECT scope_ids('incidents'))::uuid[]) THEN i.text END AS text,
       i.marks, i.state, i.reported_at, i.reported_by, i.version, i.changed_at
  FROM incidents AS i
 WHERE IS_SEEN
 UNION ALL
SELECT c.id, c.organisation_id, c.precision, c.category, c.occurred_from, c.occurred_to, c.geom, c.area,
       c.location_uncertainty_m, c.source, NULL, NULL, '{}'::text[], 'approved', NULL, NULL, NULL, NULL
  FROM coarse_incidents AS c;

-- Hot spots that the reader sees coarsely: the catchments, of one municipality, that the outline touches, or the area
-- around its middle. The id of a hot spot is made of exact places, so another stands here.
CREATE VIEW coarse_hotspots WITH (security_barrier) AS
SELECT h.run_id, md5(h.run_id::text || '/' || h.rank::text)::uuid AS hotspot_id, h.organisation_id,
       CASE r.rank WHEN 2 THEN 'snapped' ELSE 'area' END AS precision, h.rank, h.incident_count, h.weighted_value,
       h.categories,
       (h.properties::jsonb
        - '{place_certainty,p_value,p_low,p_high,is_significant,certainty,expected_count,excess_ratio}'::text[]
        || jsonb_build_object(
               'precision', CASE r.rank WHEN 2 THEN 'snapped' ELSE 'area' END, 'place_uncertainty_m', NULL,
               'centre', jsonb_build_array(round(ST_X(o.point)::numeric, 6), round(ST_Y(o.point)::numeric, 6)),
               'area_m2', round(o.area_m2), 'density_per_km2', round((1e6 * h.incident_count / o.area_m2)::numeric, 1)
           ))::json AS properties,
       (h.statistics::jsonb - 'explanation' || '{"sources": [], "core_incident_count": null}')::json AS statistics, o.geom
  FROM hotspot_ranks() AS r
  JOIN run_hotspots AS h ON h.organisation_id = r.organisation_id
  JOIN analysis_runs AS n ON n.id = h.run_id
 CROSS JOIN LATERAL (SELECT ST_PointOnSurface(h.geom) AS middle, extract(year FROM n.finished_at) AS year) AS m
  JOIN LATERAL (
      SELECT a.id FROM areas AS a
       WHERE a.kind = 'municipality' AND ST_Intersects(a.geom, m.middle) ORDER BY a.code LIMIT 1) AS t ON true
 CROSS JOIN LATERAL (
      SELECT u.geom, ST_PointOnSurface(u.geom) AS point, ST_Area(u.geom::geography) AS area_m2
        FROM (SELECT ST_ForcePolygonCCW(ST_Multi(ST_Union(c.geom ORDER BY c.number))) AS geom
                FROM catchments AS c
               WHERE r.rank = 2 AND c.municipality_id = t.id AND m.year >= c.from_year AND m.year < c.until_year
                 AND ST_Intersects(c.geom, h.geom)
               UNION ALL
              SELECT coalesce((SELECT d.geom FROM areas AS d
                                WHERE d.kind = 'district' AND d.parent_id = t.id AND ST_Intersects(d.geom, m.middle)
                                ORDER BY d.code LIMIT 1),
                              (SELECT a.geom FROM areas AS a WHERE a.id = t.id))
               WHERE r.rank = 3) AS u
       WHERE u.geom IS NOT NULL) AS o
 WHERE r.rank > 1;

-- Hot spots as the reader may see them: the one door for every face.
CREATE VIEW seen_hotspots WITH (security_invoker) AS
SELECT h.run_id, h.hotspot_id, h.organisation_id, 'exact' AS precision, h.rank, h.incident_count, h.weighted_value,
       h.categories, h.properties, h.statistics, h.geom::geometry AS geom
  FROM run_hotspots AS h
 WHERE h.organisation_id = ANY ((SELECT hotspot_givers(1))::uuid[])
 UNION ALL
SELECT c.run_id, c.hotspot_id, c.organisation_id, c.precision, c.rank, c.incident_count, c.weighted_value,
       c.categories, c.properties, c.statistics, c.geom
  FROM coarse_hotspots AS c;
""".replace("IS_SEEN", SEES["incidents"])

GRANTS = """
-- Reports that are here already.
INSERT INTO incident_places (incident_id, organisation_id, area_id, catchment_id)
SELECT i.id, i.organisation_id, p.area_id, p.catchment_id
  FROM incidents AS i LEFT JOIN LATERAL coarse_place(i.geom, i.geom_metric, i.reported_at) AS p ON true;

GRANT UPDATE (ended_at) ON sharing_rules TO lagesbild_app;
REVOKE DELETE ON sharing_rules FROM lagesbild_app;  -- a rule is ended; what was shared when stays known
GRANT SELECT ON catchments, seen_incidents, seen_hotspots, coarse_incidents, coarse_hotspots, joint_runs, joint_hotspots
    TO lagesbild_app, lagesbild_read;
GRANT INSERT ON catchments TO lagesbild_app;
GRANT UPDATE (until_year) ON catchments TO lagesbild_app;
GRANT INSERT ON joint_runs, joint_hotspots TO lagesbild_joint;
GRANT SELECT ON incident_places TO lagesbild_joint;
REVOKE ALL ON FUNCTION given_to(uuid), cell_counts(uuid, integer), joint_keys() FROM public;
GRANT EXECUTE ON FUNCTION given_to(uuid), cell_counts(uuid, integer) TO lagesbild_app;
GRANT EXECUTE ON FUNCTION joint_keys() TO lagesbild_joint;
"""

DOWN = """
DROP POLICY incidents_joint ON incidents;
DROP POLICY sharing_rules_joint ON sharing_rules;
DROP TABLE joint_hotspots, joint_runs;
DROP TRIGGER incidents_placed_insert ON incidents;
DROP TRIGGER incidents_placed_update ON incidents;
DROP TABLE incident_places, catchments;
DROP FUNCTION cell_counts(uuid, integer), place_the_rest(), place_incidents(),
    coarse_place(geometry, geometry, timestamptz), given_to(uuid), joint_keys(), hotspot_givers(integer),
    hotspot_ranks(), incident_ranks(), exact_keys(), shared_ranks(), scope_rank();
CREATE OR REPLACE FUNCTION sharing_givers(receiver uuid, thing text) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT giver_id ORDER BY giver_id), '{}')
      FROM sharing_rules
     WHERE receiver_id = receiver AND what = thing AND valid_until >= (now() AT TIME ZONE 'Europe/Stockholm')::date
$$;
DROP FUNCTION in_force(date, timestamptz);
ALTER TABLE areas DROP COLUMN point;
DROP INDEX sharing_rules_receiver_id_idx;
-- What the older schema cannot say is not kept: it would give more than the rule did.
DELETE FROM sharing_rules
 WHERE receiver_id IS NULL OR ended_at IS NOT NULL OR precision <> 'exact' OR categories IS NOT NULL;
ALTER TABLE sharing_rules
    DROP COLUMN precision, DROP COLUMN categories, DROP COLUMN ended_at, ALTER COLUMN receiver_id SET NOT NULL;
REVOKE UPDATE ON sharing_rules FROM lagesbild_app;
GRANT DELETE ON sharing_rules TO lagesbild_app;
"""
