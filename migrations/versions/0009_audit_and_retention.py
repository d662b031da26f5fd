"""An audit log in monthly parts, sealed in a chain; rules of retention, and the only function that purges.

What the app role may not do itself it asks of functions with the owner's power. None of them takes a moment or a
limit from the caller: the database's clock and the stored rules decide.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

AUDITS = "(SELECT scope_ids('audits'))::uuid[]"
OWN = "organisation_id = ANY ((SELECT scope_ids('own'))::uuid[])"
WRITES = "organisation_id = ANY ((SELECT scope_ids('writes'))::uuid[])"
ADMINISTERS = "(SELECT current_setting('lagesbild.administers', true) = 'on')"
DEPLOYMENT = "00000000-0000-0000-0000-000000000000"  # in place of an organisation: the installation at work
APP = "TO lagesbild_app, lagesbild_read"
# Columns whose values the planner's statistics would keep after a purge.
UNSAMPLED = {
    "incidents": ("text", "source_ref", "content_hash"),
    "incident_versions": ("content",),
    "idempotency_keys": ("key", "request_hash"),
}


def upgrade() -> None:
    op.execute("ALTER TABLE audit_lines RENAME TO audit_lines_before")
    op.execute("ALTER TABLE audit_lines_before RENAME CONSTRAINT audit_lines_pkey TO audit_lines_before_pkey")
    op.execute("ALTER SEQUENCE audit_lines_id_seq RENAME TO audit_lines_before_id_seq")
    op.execute("ALTER TABLE deployment ADD COLUMN audit_keep_months integer NOT NULL DEFAULT 24")
    op.execute(
        "ALTER TABLE deployment ADD CONSTRAINT deployment_audit_keep_months CHECK (audit_keep_months BETWEEN 6 AND 240)"
    )
    op.execute(AUDIT_TABLES)
    op.execute(AUDIT_FUNCTIONS)
    op.execute("SELECT keep_audit_months()")
    op.execute(_moved("audit_lines_before", "audit_lines"))
    op.execute("DROP TABLE audit_lines_before")
    op.execute("SELECT keep_audit_months()")  # months of old lines
    op.execute(AUDIT_RIGHTS)
    op.execute(RETENTION)
    op.execute(RETENTION_FUNCTIONS)
    seen = op.get_bind().exec_driver_sql("SELECT pg_get_viewdef('seen_incidents'::regclass)").scalar_one()
    op.execute("DROP VIEW seen_incidents")  # it holds on to the types of columns
    for table, columns in UNSAMPLED.items():
        for column in columns:  # the same type again forgets what was sampled before
            kind = {"content": "jsonb", "content_hash": "bytea", "request_hash": "bytea"}.get(column, "text")
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}, ALTER COLUMN {column} SET STATISTICS 0")
    op.get_bind().exec_driver_sql(f"CREATE VIEW seen_incidents WITH (security_invoker) AS {seen}")
    op.execute("GRANT SELECT ON seen_incidents TO lagesbild_app, lagesbild_read")


def downgrade() -> None:
    for table, columns in UNSAMPLED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1")
    op.execute("DROP FUNCTION purge_incidents(uuid, integer), retention_due(uuid, timestamptz)")
    op.execute("DROP FUNCTION coarse_place(geometry), coarse_box(geometry), coarse_cores(integer[])")
    op.execute("DROP POLICY collection_counters_audits ON collection_counters")
    op.execute("DROP TABLE retention_rules")
    op.execute("ALTER TABLE incidents DROP COLUMN position_purged_at")
    op.execute("ALTER TABLE analysis_runs DROP COLUMN coarsened_at")
    op.execute("ALTER TABLE audit_lines RENAME TO audit_lines_parts")
    op.execute("ALTER INDEX audit_lines_pkey RENAME TO audit_lines_parts_pkey")
    op.execute("ALTER SEQUENCE audit_lines_id_seq RENAME TO audit_lines_parts_id_seq")
    op.execute(AUDIT_BEFORE)
    op.execute(_moved("audit_lines_parts", "audit_lines"))
    op.execute("DROP TRIGGER audit_lines_noted ON audit_lines_parts")
    op.execute(
        "CREATE TRIGGER audit_lines_noted AFTER INSERT ON audit_lines FOR EACH STATEMENT EXECUTE FUNCTION"
        " note_audited()"
    )
    op.execute(
        "DROP FUNCTION seal_audit_lines(), keep_audit_months(), add_audit_month(date),"
        " add_audit_seal(audit_seals, text, timestamptz, date, integer, bigint[], bytea[], bytea)"
    )
    op.execute("DROP FUNCTION audit_line_hash(audit_lines_parts)")
    op.execute("DROP TABLE audit_lines_parts, audit_seals")
    op.execute("DROP FUNCTION audit_hash(text[])")
    op.execute("ALTER TABLE deployment DROP COLUMN audit_keep_months")


def _moved(old: str, new: str) -> str:
    """All lines with their numbers, and the next number after the last."""
    columns = "id, recorded_at, actor_id, actor, role, organisation_id, action, subject, figures, request_id, address"
    return (
        f"INSERT INTO {new} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {old};"
        f" SELECT setval('{new}_id_seq', greatest((SELECT last_value FROM {old}_id_seq), 1),"
        f" (SELECT is_called FROM {old}_id_seq))"
    )


AUDIT_TABLES = """
CREATE TABLE audit_lines (
    id              bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id        uuid,
    actor           text        NOT NULL,
    role            text        NOT NULL,
    organisation_id uuid,
    action          text        NOT NULL,
    subject         text,
    figures         jsonb       NOT NULL DEFAULT '{}'::jsonb,
    request_id      text,
    address         text,
    scope           text,
    controllers     uuid[]      NOT NULL DEFAULT '{}'::uuid[],
    CONSTRAINT audit_lines_pkey PRIMARY KEY (id, recorded_at)
) PARTITION BY RANGE (recorded_at);
ALTER TABLE audit_lines ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_lines_owner ON audit_lines TO lagesbild_owner USING (true) WITH CHECK (true);

-- Where a line goes whose month was not made in time; keep_audit_months() takes it home.
CREATE TABLE audit_lines_other PARTITION OF audit_lines DEFAULT;
ALTER TABLE audit_lines_other ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_lines_other_owner ON audit_lines_other TO lagesbild_owner USING (true) WITH CHECK (true);

CREATE TABLE audit_seals (
    position      bigint      NOT NULL,
    kind          text        NOT NULL,
    sealed_at     timestamptz NOT NULL,
    month         date        NOT NULL,
    line_count    integer     NOT NULL,
    line_ids      bigint[],
    line_hashes   bytea[],
    lines_hash    bytea       NOT NULL,
    previous_hash bytea       NOT NULL,
    seal_hash     bytea       NOT NULL,
    CONSTRAINT audit_seals_pkey PRIMARY KEY (position),
    CONSTRAINT audit_seals_kind CHECK (kind IN ('lines', 'expiry'))
);
CREATE INDEX audit_seals_month_idx ON audit_seals (month);
ALTER TABLE audit_seals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_seals_owner ON audit_seals TO lagesbild_owner USING (true) WITH CHECK (true);
"""

AUDIT_FUNCTIONS = """
-- SHA-256 of fields that cannot run together: length, colon, text; a dash for NULL. app/core/audit.py does the same.
CREATE FUNCTION audit_hash(VARIADIC fields text[]) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to(string_agg(
               coalesce(octet_length(convert_to(f, 'UTF8')) || ':' || f, '-'), '' ORDER BY n), 'UTF8'))
      FROM unnest(fields) WITH ORDINALITY AS u (f, n)
$$;

CREATE FUNCTION audit_line_hash(l audit_lines) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT audit_hash(l.id::text, to_char(l.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
                      l.actor_id::text, l.actor, l.role, l.organisation_id::text, l.action, l.subject,
                      l.figures::text, l.request_id, l.address, l.scope, l.controllers::text)
$$;

-- Seal what is visible and in no seal yet: a transaction that commits late is sealed late, and never lost. A seal
-- holds lines of one month only, so that a month can expire with its seals. Looked through: everything since the
-- month before the last sealing, longer than any transaction stays open. A line that turns up in an older month
-- is never sealed: verifying tells of it.
CREATE FUNCTION seal_audit_lines() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last   audit_seals;
    since  timestamptz;
    moment timestamptz;
    part   record;
    sealed bigint := 0;
    digest bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lagesbild.audit_seals'));
    moment := clock_timestamp();
    SELECT * INTO last FROM audit_seals ORDER BY position DESC LIMIT 1;
    since := (date_trunc('month', last.sealed_at AT TIME ZONE 'UTC') - interval '1 month') AT TIME ZONE 'UTC';
    FOR part IN
        WITH sealed AS MATERIALIZED (
            SELECT unnest(s.line_ids) AS id FROM audit_seals AS s
             WHERE since IS NULL OR s.month >= (since AT TIME ZONE 'UTC')::date
        ), unsealed AS (
            SELECT l.id, audit_line_hash(l) AS hash,
                   date_trunc('month', l.recorded_at AT TIME ZONE 'UTC')::date AS month
              FROM audit_lines AS l
             WHERE (since IS NULL OR l.recorded_at >= since)
               AND NOT EXISTS (SELECT FROM sealed AS s WHERE s.id = l.id)
        ), numbered AS (
            SELECT u.*, (row_number() OVER (PARTITION BY u.month ORDER BY u.id) - 1) / 20000 AS portion
              FROM unsealed AS u
        )
        SELECT n.month, count(*)::integer AS line_count, array_agg(n.id ORDER BY n.id) AS ids,
               array_agg(n.hash ORDER BY n.id) AS hashes, sha256(string_agg(n.hash, ''::bytea ORDER BY n.id)) AS hash
          FROM numbered AS n
         GROUP BY n.month, n.portion
         ORDER BY n.month, n.portion
    LOOP
        last := add_audit_seal(last, 'lines', moment, part.month, part.line_count, part.ids, part.hashes, part.hash);
        sealed := sealed + part.line_count;
    END LOOP;
    RETURN sealed;
END $$;

-- The next link of the chain.
CREATE FUNCTION add_audit_seal(last audit_seals, kind text, moment timestamptz, month date, line_count integer,
                               ids bigint[], hashes bytea[], lines_hash bytea)
RETURNS audit_seals LANGUAGE plpgsql AS $$
DECLARE
    made audit_seals;
BEGIN
    made := ROW(coalesce(last.position, 0) + 1, kind, moment, month, line_count, ids, hashes, lines_hash,
                coalesce(last.seal_hash, ''::bytea), ''::bytea);
    made.seal_hash := audit_hash(
        made.position::text, kind, to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), month::text,
        line_count::text, encode(lines_hash, 'hex'), encode(made.previous_hash, 'hex'));
    INSERT INTO audit_seals SELECT made.*;
    RETURN made;
END $$;

-- A part of the log for one month (UTC), with the lines that came too early for it.
CREATE FUNCTION add_audit_month(wanted date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name  text := 'audit_lines_' || to_char(wanted, 'YYYY_MM');
    since timestamptz := wanted::timestamp AT TIME ZONE 'UTC';
    until timestamptz := (wanted + interval '1 month')::timestamp AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE audit_lines INCLUDING DEFAULTS)', name);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY %I ON %I TO lagesbild_owner USING (true) WITH CHECK (true)', name || '_owner', name);
    EXECUTE format('WITH early AS (DELETE FROM audit_lines_other WHERE recorded_at >= %L AND recorded_at < %L'
                   ' RETURNING *) INSERT INTO %I SELECT * FROM early', since, until, name);
    EXECUTE format('ALTER TABLE audit_lines ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, since, until);
END $$;

-- Months to come are made, months past their time are dropped; how many were. A month that is not just as it was
-- sealed is left for people to look at.
CREATE FUNCTION keep_audit_months() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    present date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
    oldest  date;
    part    record;
    total   integer;
    whole   boolean;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lagesbild.audit_seals'));
    PERFORM add_audit_month(m)
       FROM (SELECT (present + make_interval(months => n))::date AS m FROM generate_series(0, 3) AS n
              UNION
             SELECT date_trunc('month', o.recorded_at AT TIME ZONE 'UTC')::date FROM audit_lines_other AS o) AS months;
    SELECT (present - make_interval(months => d.audit_keep_months))::date INTO oldest FROM deployment AS d;
    FOR part IN
        SELECT c.oid, c.relname AS name, to_date(right(c.relname, 7), 'YYYY_MM') AS month
          FROM pg_inherits AS i
          JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'audit_lines'::regclass AND c.relname ~ '^audit_lines_[0-9]{4}_[0-9]{2}$'
         ORDER BY c.relname
    LOOP
        CONTINUE WHEN part.month >= oldest;
        EXECUTE format(
            'SELECT count(*), count(*) = count(s.hash) AND count(*) = (SELECT coalesce(sum(line_count), 0) FROM'
            ' audit_seals WHERE month = %1$L AND kind = ''lines'') FROM %2$I AS l LEFT JOIN (SELECT u.* FROM'
            ' audit_seals AS s, unnest(s.line_ids, s.line_hashes) AS u (id, hash) WHERE s.month = %1$L) AS s'
            ' ON s.id = l.id AND s.hash = audit_line_hash(ROW(l.*)::audit_lines)', part.month, part.name)
            INTO total, whole;
        CONTINUE WHEN NOT whole;
        PERFORM add_audit_seal(
            (SELECT s FROM audit_seals AS s ORDER BY s.position DESC LIMIT 1),
            'expiry', clock_timestamp(), part.month, total, NULL, NULL, sha256(''));
        UPDATE audit_seals SET line_ids = NULL, line_hashes = NULL WHERE month = part.month;
        EXECUTE format('DROP TABLE %I', part.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
"""

AUDIT_RIGHTS = f"""
CREATE TRIGGER audit_lines_noted AFTER INSERT ON audit_lines FOR EACH STATEMENT EXECUTE FUNCTION note_audited();
CREATE POLICY audit_lines_adds ON audit_lines FOR INSERT TO lagesbild_app WITH CHECK (true);
-- The auditor sees what the own organisation's accounts did, who read the own organisation's incidents, and what was
-- done to the whole deployment.
CREATE POLICY audit_lines_sees ON audit_lines FOR SELECT {APP}
    USING (organisation_id = ANY ({AUDITS}) OR controllers && {AUDITS}
           OR organisation_id = '{DEPLOYMENT}' AND {AUDITS} IS NOT NULL);
CREATE POLICY audit_seals_sees ON audit_seals FOR SELECT {APP} USING ({AUDITS} IS NOT NULL);
GRANT SELECT ON audit_lines TO lagesbild_app, lagesbild_read;
GRANT INSERT (actor_id, actor, role, organisation_id, action, subject, figures, request_id, address, scope, controllers)
    ON audit_lines TO lagesbild_app;
GRANT SELECT (position, kind, sealed_at, month, line_count, seal_hash) ON audit_seals TO lagesbild_app, lagesbild_read;
REVOKE ALL ON FUNCTION seal_audit_lines(), keep_audit_months() FROM public;
GRANT EXECUTE ON FUNCTION seal_audit_lines(), keep_audit_months() TO lagesbild_app;
"""

AUDIT_BEFORE = """
CREATE TABLE audit_lines (
    id              bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id        uuid,
    actor           text        NOT NULL,
    role            text        NOT NULL,
    organisation_id uuid,
    action          text        NOT NULL,
    subject         text,
    figures         jsonb       NOT NULL DEFAULT '{}'::jsonb,
    request_id      text,
    address         text,
    CONSTRAINT audit_lines_pkey PRIMARY KEY (id)
);
ALTER TABLE audit_lines ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_lines_owner ON audit_lines TO lagesbild_owner USING (true) WITH CHECK (true);
CREATE POLICY audit_lines_adds ON audit_lines FOR INSERT TO lagesbild_app WITH CHECK (true);
GRANT INSERT (actor_id, actor, role, organisation_id, action, subject, figures, request_id, address)
    ON audit_lines TO lagesbild_app;
"""

RETENTION = f"""
CREATE TABLE retention_rules (
    id                      uuid        NOT NULL DEFAULT gen_random_uuid(),
    organisation_id         uuid        NOT NULL,
    source                  text,
    category                text,
    text_after_months       integer,
    position_after_months   integer,
    everything_after_months integer,
    changed_at              timestamptz NOT NULL,
    changed_by              uuid        NOT NULL,
    CONSTRAINT retention_rules_pkey PRIMARY KEY (id),
    CONSTRAINT retention_rules_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT retention_rules_category_fkey FOREIGN KEY (category) REFERENCES categories (code),
    CONSTRAINT retention_rules_kind_key UNIQUE NULLS NOT DISTINCT (organisation_id, source, category),
    CONSTRAINT retention_rules_months CHECK (
        least(text_after_months, position_after_months, everything_after_months) >= 1
        AND num_nonnulls(text_after_months, position_after_months, everything_after_months) > 0
        AND greatest(text_after_months, position_after_months, everything_after_months) <= 600
    )
);
ALTER TABLE retention_rules ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY retention_rules_owner ON retention_rules TO lagesbild_owner USING (true) WITH CHECK (true);
CREATE POLICY retention_rules_sees ON retention_rules FOR SELECT {APP} USING ({OWN} OR {ADMINISTERS});
CREATE POLICY retention_rules_adds ON retention_rules FOR INSERT {APP} WITH CHECK ({WRITES});
CREATE POLICY retention_rules_removes ON retention_rules FOR DELETE {APP} USING ({WRITES});
GRANT SELECT ON retention_rules TO lagesbild_app, lagesbild_read;
GRANT INSERT, DELETE ON retention_rules TO lagesbild_app;
CREATE CONSTRAINT TRIGGER retention_rules_audited AFTER INSERT OR UPDATE OR DELETE ON retention_rules
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_audited();

CREATE POLICY collection_counters_audits ON collection_counters FOR SELECT {APP}
    USING (organisation_id = ANY ({AUDITS}));
ALTER TABLE incidents ADD COLUMN position_purged_at timestamptz;
ALTER TABLE analysis_runs ADD COLUMN coarsened_at timestamptz;
"""

RETENTION_FUNCTIONS = """
-- Where an incident lies once its exact position is purged: the centre of its 500 m square.
CREATE FUNCTION coarse_place(place geometry) RETURNS geometry LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_Transform(ST_SetSRID(ST_MakePoint(floor(ST_X(place) / 500) * 500 + 250, floor(ST_Y(place) / 500) * 500 + 250),
                                   ST_SRID(place)), 4326)
$$;

-- The whole 500 m squares round a shape in degrees, as one box.
CREATE FUNCTION coarse_box(shape geometry) RETURNS geometry LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ST_Transform(ST_MakeEnvelope(floor(ST_XMin(m.shape) / 500) * 500, floor(ST_YMin(m.shape) / 500) * 500,
                                        ceil(ST_XMax(m.shape) / 500) * 500, ceil(ST_YMax(m.shape) / 500) * 500,
                                        m.srid), 4326)
      FROM (SELECT ST_Transform(shape, d.metric_srid) AS shape, d.metric_srid AS srid FROM deployment AS d) AS m
$$;

-- The cores of a hot spot, three numbers each (column and row of a 25 m square, how many), told by 500 m squares.
CREATE FUNCTION coarse_cores(cores integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(n.value ORDER BY s.i, s.j, n.place)
      FROM (SELECT floor(cores[k] / 20.0)::integer * 20 + 10 AS i, floor(cores[k + 1] / 20.0)::integer * 20 + 10 AS j,
                   sum(cores[k + 2])::integer AS held
              FROM generate_series(1, cardinality(cores), 3) AS k
             GROUP BY 1, 2) AS s,
           unnest(ARRAY[s.i, s.j, s.held]) WITH ORDINALITY AS n (value, place)
$$;

-- What an organisation's rules say is due at a moment, within the caller's scope. Of the rules for a source, a
-- category or both, the most particular one holds: both, then source, then category, then the rule for all.
CREATE FUNCTION retention_due(organisation uuid, moment timestamptz)
RETURNS TABLE (incident_id uuid, rule_id uuid, is_text_due boolean, is_position_due boolean, is_everything_due boolean)
LANGUAGE sql STABLE AS $$
    WITH kinds AS (
        SELECT DISTINCT i.source, i.category FROM incidents AS i WHERE i.organisation_id = organisation
    ), ruled AS (
        SELECT k.source, k.category, r.id, moment - make_interval(months => r.text_after_months) AS text_before,
               moment - make_interval(months => r.position_after_months) AS position_before,
               moment - make_interval(months => r.everything_after_months) AS everything_before
          FROM kinds AS k
         CROSS JOIN LATERAL (
               SELECT * FROM retention_rules AS r
                WHERE r.organisation_id = organisation AND (r.source IS NULL OR r.source = k.source)
                  AND (r.category IS NULL OR r.category = k.category)
                ORDER BY r.source IS NULL, r.category IS NULL
                LIMIT 1) AS r
    ), aged AS (
        SELECT i.id, r.id AS rule_id, i.text, i.position_purged_at,
               coalesce(i.occurred_to, i.occurred_from) < r.text_before AS is_text_old,
               coalesce(i.occurred_to, i.occurred_from) < r.position_before AS is_position_old,
               coalesce(coalesce(i.occurred_to, i.occurred_from) < r.everything_before, false) AS is_all_old
          FROM incidents AS i
          JOIN ruled AS r ON r.source = i.source AND r.category = i.category
         WHERE i.organisation_id = organisation
    ), due AS (
        SELECT a.id, a.rule_id, a.is_all_old,
               NOT a.is_all_old AND coalesce(a.is_position_old, false) AND a.position_purged_at IS NULL AS is_position,
               NOT a.is_all_old AND coalesce(a.is_text_old, false)
               AND (a.text IS NOT NULL
                    OR EXISTS (SELECT FROM incident_versions AS v
                                WHERE v.incident_id = a.id AND v.content ->> 'text' IS NOT NULL)) AS is_text
          FROM aged AS a
    )
    SELECT d.id, d.rule_id, d.is_text, d.is_position, d.is_all_old
      FROM due AS d
     WHERE d.is_text OR d.is_position OR d.is_all_old
$$;

-- Carry the rules out, for so many incidents at a time; nothing can bring back what this removes. Incidents first and
-- their history afterwards: a correction under way is waited for, and what it kept is seen.
CREATE FUNCTION purge_incidents(organisation uuid, most integer)
RETURNS TABLE (texts integer, positions integer, incidents integer, keys integer, runs integer, outlines integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    of_text  uuid[];
    of_place uuid[];
    gone     uuid[];
    n_keys   integer;
    n_runs   integer;
    n_shapes integer;
    old      timestamptz;  -- what was computed before it saw positions that are due by now
BEGIN
    IF NOT coalesce(organisation = ANY (scope_ids('writes')), false) THEN
        RAISE EXCEPTION 'row-level security: not an organisation of this scope' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT coalesce(array_agg(d.incident_id) FILTER (WHERE d.is_text_due), '{}'),
           coalesce(array_agg(d.incident_id) FILTER (WHERE d.is_position_due), '{}'),
           coalesce(array_agg(d.incident_id) FILTER (WHERE d.is_everything_due), '{}')
      INTO of_text, of_place, gone
      FROM (SELECT * FROM retention_due(organisation, now()) LIMIT most) AS d;
    DELETE FROM incidents AS i WHERE i.id = ANY (gone);
    UPDATE incidents AS i
       SET text = CASE WHEN i.id = ANY (of_text) THEN NULL ELSE i.text END,
           geom = CASE WHEN i.id = ANY (of_place) THEN coarse_place(i.geom_metric) ELSE i.geom END,
           location_uncertainty_m = CASE WHEN i.id = ANY (of_place)
                                         THEN least(coalesce(i.location_uncertainty_m, 0) + 354, 100000)
                                         ELSE i.location_uncertainty_m END,
           position_purged_at = CASE WHEN i.id = ANY (of_place) THEN now() ELSE i.position_purged_at END,
           content_hash = ''
     WHERE i.id = ANY (of_text || of_place);
    UPDATE incident_versions AS v SET content = v.content - 'content_hash' || '{"text": null}'
     WHERE v.incident_id = ANY (of_text);
    UPDATE incident_versions AS v SET content = v.content - 'content_hash' || '{"lon": null, "lat": null}'
     WHERE v.incident_id = ANY (of_place);
    -- The file that it came in says it all: once it is imported it goes, whatever is left of its week.
    DELETE FROM import_uploads AS u
     USING imports AS m, import_rows AS r
     WHERE u.organisation_id = organisation AND m.id = u.import_id AND m.finished_at IS NOT NULL
       AND r.import_id = u.import_id AND r.incident_id = ANY (of_text || of_place || gone);
    DELETE FROM import_rows AS r WHERE r.incident_id = ANY (gone);
    DELETE FROM incident_links AS l WHERE l.first_id = ANY (gone) OR l.second_id = ANY (gone);
    DELETE FROM idempotency_keys AS k
     WHERE k.organisation_id = organisation
       AND (k.created_at < now() - interval '30 days' OR k.incident_ids && (of_text || of_place || gone));
    GET DIAGNOSTICS n_keys = ROW_COUNT;
    SELECT now() - make_interval(months => min(least(r.position_after_months, r.everything_after_months))) INTO old
      FROM retention_rules AS r WHERE r.organisation_id = organisation;
    DELETE FROM analysis_runs AS r
     WHERE r.organisation_id = organisation AND r.requested_at < old
       AND NOT EXISTS (SELECT FROM adoptions AS a WHERE a.run_id = r.id);
    GET DIAGNOSTICS n_runs = ROW_COUNT;
    -- Adopted hot spots keep their figures; outline and centre, made of exact places, become a box of whole squares.
    UPDATE run_hotspots AS h
       SET geom = b.box, core_places = coarse_cores(h.core_places),
           properties = (CAST(h.properties AS jsonb) || jsonb_build_object(
               'centre', jsonb_build_array(round(CAST(ST_X(ST_Centroid(b.box)) AS numeric), 6),
                                           round(CAST(ST_Y(ST_Centroid(b.box)) AS numeric), 6)),
               'first_seen', left(h.properties ->> 'first_seen', 10) || 'T00:00:00Z',
               'last_seen', left(h.properties ->> 'last_seen', 10) || 'T00:00:00Z'))::json
      FROM (SELECT s.run_id, s.hotspot_id, coarse_box(s.geom) AS box
              FROM run_hotspots AS s
              JOIN analysis_runs AS r ON r.id = s.run_id
             WHERE r.organisation_id = organisation AND r.requested_at < old AND r.coarsened_at IS NULL) AS b
     WHERE b.run_id = h.run_id AND b.hotspot_id = h.hotspot_id;
    GET DIAGNOSTICS n_shapes = ROW_COUNT;
    UPDATE hotspot_steps AS s
       SET mark = CAST(CAST(s.mark AS jsonb) || jsonb_build_object(
               'x', floor(CAST(s.mark ->> 'x' AS float8) / 500) * 500 + 250,
               'y', floor(CAST(s.mark ->> 'y' AS float8) / 500) * 500 + 250) AS json)
      FROM adoptions AS a
      JOIN analysis_runs AS r ON r.id = a.run_id
     WHERE a.id = s.adoption_id AND r.organisation_id = organisation AND r.requested_at < old
       AND r.coarsened_at IS NULL;
    IF n_shapes > 0 THEN
        UPDATE analysis_runs AS r
           SET coarsened_at = now(), findings = CAST(CAST(r.findings AS jsonb) - 'doubtful_places' AS json)
         WHERE r.organisation_id = organisation AND r.requested_at < old AND r.coarsened_at IS NULL;
        UPDATE collection_counters AS c SET revision = c.revision + 1
         WHERE c.collection = 'hotspots' AND c.organisation_id = organisation;  -- who has the old outline fetches anew
        ANALYZE run_hotspots;
    END IF;
    IF cardinality(of_text || of_place || gone) > 0 THEN
        ANALYZE incidents;  -- the planner's samples are copies too
        ANALYZE incident_versions;
        ANALYZE idempotency_keys;
    END IF;
    RETURN QUERY SELECT cardinality(of_text), cardinality(of_place), cardinality(gone), n_keys, n_runs, n_shapes;
END $$;
REVOKE ALL ON FUNCTION purge_incidents(uuid, integer) FROM public;
GRANT EXECUTE ON FUNCTION purge_incidents(uuid, integer) TO lagesbild_app;
"""
