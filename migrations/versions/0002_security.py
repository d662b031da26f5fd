"""Who reaches which rows: row-level security with FORCE, grants, audit and counters kept by triggers."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OWN = "organisation_id = ANY ((SELECT scope_ids('own'))::uuid[])"
WRITES = "organisation_id = ANY ((SELECT scope_ids('writes'))::uuid[])"
ADMINISTERS = "(SELECT current_setting('lagesbild.administers', true) = 'on')"
REPORTER = "((SELECT scope_ids('reporter')) IS NULL OR reported_by = ANY ((SELECT scope_ids('reporter'))::uuid[]))"
INCIDENTS = f"organisation_id = ANY ((SELECT scope_ids('incidents'))::uuid[]) AND {REPORTER}"
HOTSPOTS = "organisation_id = ANY ((SELECT scope_ids('hotspots'))::uuid[])"
PARTY = "(SELECT scope_ids('own'))::uuid[] && ARRAY[giver_id, receiver_id]"

# table: (who sees a row, who may write it). None = nobody but the owner.
POLICIES: dict[str, tuple[str | None, str | None]] = {
    "deployment": ("true", None),
    "areas": ("true", ADMINISTERS),
    "organisations": ("true", ADMINISTERS),
    "categories": ("true", ADMINISTERS),
    "sharing_rules": (f"{ADMINISTERS} OR {PARTY}", ADMINISTERS),
    "accounts": (ADMINISTERS, ADMINISTERS),
    "tokens": (ADMINISTERS, ADMINISTERS),
    "sessions": (OWN, OWN),
    "category_weights": (OWN, WRITES),
    "sources": (OWN, f"{WRITES} OR {ADMINISTERS}"),
    "incidents": (INCIDENTS, f"{WRITES} AND {REPORTER}"),
    "incident_versions": (
        "organisation_id = ANY ((SELECT scope_ids('incidents'))::uuid[])"  # noqa: ISC004
        " AND EXISTS (SELECT FROM incidents AS i WHERE i.id = incident_id)",  # which obeys its own policy
        WRITES,
    ),
    "idempotency_keys": (OWN, WRITES),
    "analysis_runs": (HOTSPOTS, WRITES),
    "run_hotspots": (HOTSPOTS, WRITES),
    "adoptions": (HOTSPOTS, WRITES),
    "collection_counters": (
        f"{HOTSPOTS} OR organisation_id = ANY ((SELECT scope_ids('incidents'))::uuid[])",
        None,
    ),
    "audit_lines": (None, None),  # the app may only add lines: see GRANTS
}

AUDITED = {  # table: the changes that must not commit without an audit line
    "areas": "INSERT OR UPDATE OR DELETE",
    "organisations": "INSERT OR UPDATE OR DELETE",
    "sharing_rules": "INSERT OR UPDATE OR DELETE",
    "accounts": "INSERT OR UPDATE OR DELETE",
    "tokens": "INSERT OR DELETE OR UPDATE OF account_id, token_hash, expires_at, revoked_at",
    "sessions": "INSERT",
    "categories": "INSERT OR UPDATE OR DELETE",
    "category_weights": "INSERT OR UPDATE OR DELETE",
    "sources": "INSERT OR UPDATE OR DELETE",
    "analysis_runs": "INSERT OR DELETE OR UPDATE OF state",
    "adoptions": "INSERT OR UPDATE OR DELETE",
    "collection_counters": "INSERT OR UPDATE OR DELETE",  # every change of incidents passes here
}

COUNTED = {"incidents": "incidents", "adoptions": "hotspots"}  # table: the collection it revises


def upgrade() -> None:
    """Functions first: the policies and triggers name them."""
    op.execute(FUNCTIONS)
    for table, (sees, writes) in POLICIES.items():
        op.execute(_secured(table, sees, writes))
    for table, changes in AUDITED.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_audited AFTER {changes} ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_audited()"
        )
    for table, collection in COUNTED.items():
        op.execute(_counted(table, collection))
    for change in ("insert", "update"):
        op.execute(
            f"CREATE TRIGGER incidents_category_{change} AFTER {change.upper()} ON incidents"
            " REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_categories()"
        )
    op.execute(GRANTS)


def downgrade() -> None:
    for change in ("insert", "update"):
        op.execute(f"DROP TRIGGER incidents_category_{change} ON incidents")
    for table in COUNTED:
        for change in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER {table}_counted_{change} ON {table}")
    for table in AUDITED:
        op.execute(f"DROP TRIGGER {table}_audited ON {table}")
    op.execute("DROP TRIGGER audit_lines_noted ON audit_lines")
    for table, (sees, writes) in POLICIES.items():
        for name, wanted in (
            ("owner", "true"),
            ("sees", sees),
            ("adds", writes),
            ("changes", writes),
            ("removes", writes),
        ):
            if wanted is not None:
                op.execute(f"DROP POLICY {table}_{name} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    op.execute("DROP POLICY audit_lines_adds ON audit_lines")
    op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM lagesbild_app, lagesbild_read")
    op.execute(
        "DROP FUNCTION signed_in(bytea, boolean), sharing_givers(uuid, text), count_rows(), check_audited(),"
        " note_audited(), check_categories(), scope_ids(text)"
    )


def _secured(table: str, sees: str | None, writes: str | None) -> str:
    parts = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_owner ON {table} TO lagesbild_owner USING (true) WITH CHECK (true)",
    ]
    app = "TO lagesbild_app, lagesbild_read"
    if sees is not None:
        parts.append(f"CREATE POLICY {table}_sees ON {table} FOR SELECT {app} USING ({sees})")
    if writes is not None:
        parts += [
            f"CREATE POLICY {table}_adds ON {table} FOR INSERT {app} WITH CHECK ({writes})",
            f"CREATE POLICY {table}_changes ON {table} FOR UPDATE {app} USING ({writes}) WITH CHECK ({writes})",
            f"CREATE POLICY {table}_removes ON {table} FOR DELETE {app} USING ({writes})",
        ]
    return ";\n".join(parts)


def _counted(table: str, collection: str) -> str:
    call = f"FOR EACH STATEMENT EXECUTE FUNCTION count_rows('{collection}')"
    return f"""
CREATE TRIGGER {table}_counted_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS added {call};
CREATE TRIGGER {table}_counted_update AFTER UPDATE ON {table} REFERENCING NEW TABLE AS added OLD TABLE AS removed {call};
CREATE TRIGGER {table}_counted_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS removed {call};
"""


FUNCTIONS = """
-- pg_temp stands last in every search path of the owner's power: else a temporary table could pose as one of ours.

-- The organisations (or the account) that this transaction's scope names; NULL when none.
CREATE FUNCTION scope_ids(list text) RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT string_to_array(nullif(current_setting('lagesbild.' || list, true), ''), ',')::uuid[] $$;

-- An audit line was written in this transaction.
CREATE FUNCTION note_audited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('lagesbild.audited', pg_current_xact_id()::text, true);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_lines_noted AFTER INSERT ON audit_lines FOR EACH STATEMENT EXECUTE FUNCTION note_audited();

-- At commit: a write without an audit line does not happen.
CREATE FUNCTION check_audited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('lagesbild.audited', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
        RAISE EXCEPTION 'a write to % has no audit line', TG_TABLE_NAME USING ERRCODE = 'LB001';
    END IF;
    RETURN NULL;
END $$;

-- Exact row counts and a revision for each collection and organisation, so that no request counts rows.
CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO collection_counters AS c (collection, organisation_id, row_count, revision)
        SELECT TG_ARGV[0], organisation_id, count(*), 1 FROM added GROUP BY organisation_id
            ON CONFLICT (collection, organisation_id)
            DO UPDATE SET row_count = c.row_count + excluded.row_count, revision = c.revision + 1;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE collection_counters AS c SET row_count = c.row_count - d.n, revision = c.revision + 1
          FROM (SELECT organisation_id, count(*) AS n FROM removed GROUP BY organisation_id) AS d
         WHERE c.collection = TG_ARGV[0] AND c.organisation_id = d.organisation_id;
    ELSE
        UPDATE collection_counters AS c SET row_count = c.row_count + d.n, revision = c.revision + 1
          FROM (SELECT organisation_id, sum(n) AS n
                  FROM (SELECT organisation_id, 1 AS n FROM added
                         UNION ALL
                        SELECT organisation_id, -1 FROM removed) AS changed
                 GROUP BY organisation_id) AS d
         WHERE c.collection = TG_ARGV[0] AND c.organisation_id = d.organisation_id;
    END IF;
    RETURN NULL;
END $$;

-- Every incident has a known category: one look for all rows of a statement.
CREATE FUNCTION check_categories() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added AS a LEFT JOIN categories AS c ON c.code = a.category WHERE c.code IS NULL) THEN
        RAISE EXCEPTION 'an incident has an unknown category' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;

-- The organisations that give this one something by a sharing rule that is in force.
CREATE FUNCTION sharing_givers(receiver uuid, thing text) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT giver_id ORDER BY giver_id), '{}')
      FROM sharing_rules
     WHERE receiver_id = receiver AND what = thing AND valid_until >= (now() AT TIME ZONE 'Europe/Stockholm')::date
$$;

-- Who holds this token or session: the only way the app looks at tokens without being an administrator.
CREATE FUNCTION signed_in(hash bytea, is_session boolean)
RETURNS TABLE (account_id uuid, token_id uuid, name text, role text, organisation_id uuid, organisation text,
               organisation_name text, hotspot_givers uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_token uuid;
BEGIN
    IF is_session THEN
        SELECT s.token_id INTO found_token FROM sessions s WHERE s.session_hash = hash AND s.expires_at > now();
    ELSE
        SELECT t.id INTO found_token FROM tokens t WHERE t.token_hash = hash;
    END IF;
    IF found_token IS NULL THEN
        RETURN;
    END IF;
    UPDATE tokens SET last_used_on = current_date
     WHERE id = found_token AND last_used_on IS DISTINCT FROM current_date;
    RETURN QUERY
    SELECT a.id, t.id, a.name, a.role, o.id, o.slug, o.name, sharing_givers(o.id, 'hotspots')
      FROM tokens t
      JOIN accounts a ON a.id = t.account_id
      JOIN organisations o ON o.id = a.organisation_id
     WHERE t.id = found_token AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
       AND a.closed_at IS NULL;
END $$;
"""

GRANTS = """
CREATE POLICY audit_lines_adds ON audit_lines FOR INSERT TO lagesbild_app WITH CHECK (true);
GRANT USAGE ON SCHEMA public TO lagesbild_app, lagesbild_read;
GRANT SELECT ON deployment, areas, organisations, categories, category_weights, sources, sharing_rules, incidents,
    incident_versions, analysis_runs, run_hotspots, adoptions, collection_counters TO lagesbild_app, lagesbild_read;
GRANT SELECT ON alembic_version TO lagesbild_app;
GRANT INSERT, UPDATE ON areas, organisations, categories, category_weights, sources, incidents, analysis_runs,
    adoptions, accounts, tokens TO lagesbild_app;
GRANT INSERT, DELETE ON sharing_rules, sessions, idempotency_keys TO lagesbild_app;
GRANT INSERT ON incident_versions, run_hotspots TO lagesbild_app;
-- Number and time of an audit line are the database's to give.
GRANT INSERT (actor_id, actor, role, organisation_id, action, subject, figures, request_id, address)
    ON audit_lines TO lagesbild_app;
GRANT SELECT ON accounts, tokens, sessions, idempotency_keys TO lagesbild_app;
REVOKE ALL ON FUNCTION signed_in(bytea, boolean), sharing_givers(uuid, text) FROM public;
GRANT EXECUTE ON FUNCTION signed_in(bytea, boolean), sharing_givers(uuid, text) TO lagesbild_app;
"""
