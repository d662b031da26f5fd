"""Imports of files: what became of each row, profiles, the place register, crime codes, area figures, links."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OWN = "organisation_id = ANY ((SELECT scope_ids('own'))::uuid[])"
WRITES = "organisation_id = ANY ((SELECT scope_ids('writes'))::uuid[])"
ALL_INCIDENTS = (  # whoever reads all of an organisation's incidents, not only the own ones
    "organisation_id = ANY ((SELECT scope_ids('incidents'))::uuid[]) AND (SELECT scope_ids('reporter')) IS NULL"
)
ALL_WRITES = f"{WRITES} AND (SELECT scope_ids('reporter')) IS NULL"
IMPORTER = f"{OWN} AND account_id = ANY ((SELECT scope_ids('actor'))::uuid[])"

# table: (who sees a row, who may write it)
POLICIES = {
    "imports": (ALL_INCIDENTS, ALL_WRITES),
    "import_uploads": (IMPORTER, IMPORTER),
    "import_rows": (ALL_INCIDENTS, ALL_WRITES),
    "import_problems": (ALL_INCIDENTS, ALL_WRITES),
    "import_profiles": (OWN, ALL_WRITES),
    "places": (OWN, ALL_WRITES),
    "crime_codes": (OWN, ALL_WRITES),
    "area_figures": (ALL_INCIDENTS, ALL_WRITES),
    "incident_links": (ALL_INCIDENTS, ALL_WRITES),
}

# Rows and problems of an import come in tens of thousands: the chunk that writes them changes incidents or its
# import's state in the same transaction, and is audited through those. How far a dry run has come is not audited.
AUDITED = {
    "imports": "INSERT OR DELETE OR UPDATE OF state, choice, profile",
    "import_uploads": "INSERT OR DELETE",
    "import_profiles": "INSERT OR UPDATE OR DELETE",
    "places": "INSERT OR UPDATE OR DELETE",
    "crime_codes": "INSERT OR UPDATE OR DELETE",
    "area_figures": "INSERT OR UPDATE OR DELETE",
    "incident_links": "INSERT OR UPDATE OR DELETE",
}


def upgrade() -> None:
    op.execute(TABLES)
    for table, (sees, writes) in POLICIES.items():
        op.execute(_secured(table, sees, writes))
    for table, changes in AUDITED.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_audited AFTER {changes} ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_audited()"
        )
    op.execute(FUNCTIONS)
    op.execute(GRANTS)


def downgrade() -> None:
    op.execute("DROP FUNCTION ended_uploads(timestamptz, integer), kept_uploads(uuid[])")
    op.execute(f"DROP TABLE {', '.join(reversed(POLICIES))}")
    op.execute("DROP INDEX incidents_unreferenced_idx")


def _secured(table: str, sees: str, writes: str) -> str:
    app = "TO lagesbild_app, lagesbild_read"
    return f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY {table}_owner ON {table} TO lagesbild_owner USING (true) WITH CHECK (true);
CREATE POLICY {table}_sees ON {table} FOR SELECT {app} USING ({sees});
CREATE POLICY {table}_adds ON {table} FOR INSERT {app} WITH CHECK ({writes});
CREATE POLICY {table}_changes ON {table} FOR UPDATE {app} USING ({writes}) WITH CHECK ({writes});
CREATE POLICY {table}_removes ON {table} FOR DELETE {app} USING ({writes});
"""


TABLES = """
CREATE TABLE imports (
    id              uuid        NOT NULL,
    organisation_id uuid        NOT NULL,
    source          text        NOT NULL,
    file_name       text        NOT NULL,
    file_bytes      bigint      NOT NULL,
    state           text        NOT NULL,
    choice          text,
    given           json,
    profile         json,
    failure         json,
    requested_at    timestamptz NOT NULL,
    requested_by    uuid        NOT NULL,
    pass_started_at timestamptz,
    finished_at     timestamptz,
    changed_at      timestamptz NOT NULL,
    upload_ends_at  timestamptz NOT NULL,
    row_count       integer,
    only_waiting    boolean     NOT NULL DEFAULT false,
    next_row        integer     NOT NULL DEFAULT 0,
    read_count      integer     NOT NULL DEFAULT 0,
    good_count      integer     NOT NULL DEFAULT 0,
    bad_count       integer     NOT NULL DEFAULT 0,
    held_count      integer     NOT NULL DEFAULT 0,
    waiting_count   integer     NOT NULL DEFAULT 0,
    doubled_count   integer     NOT NULL DEFAULT 0,
    created_count   integer     NOT NULL DEFAULT 0,
    updated_count   integer     NOT NULL DEFAULT 0,
    CONSTRAINT imports_pkey PRIMARY KEY (id),
    CONSTRAINT imports_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT imports_state CHECK (state IN ('queued', 'checking', 'checked', 'importing', 'done', 'refused', 'failed',
                                              'cancelling', 'cancelled', 'refusing', 'undoing', 'undone')),
    CONSTRAINT imports_choice CHECK (choice IN ('good_rows', 'all_or_nothing'))
);
CREATE INDEX imports_latest_idx ON imports (organisation_id, requested_at DESC, id DESC);

CREATE TABLE import_uploads (
    import_id       uuid NOT NULL,
    organisation_id uuid NOT NULL,
    account_id      uuid NOT NULL,
    preview         json,
    CONSTRAINT import_uploads_pkey PRIMARY KEY (import_id),
    CONSTRAINT import_uploads_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports (id),
    CONSTRAINT import_uploads_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id)
);

CREATE TABLE import_rows (
    import_id       uuid    NOT NULL,
    row_number      integer NOT NULL,
    organisation_id uuid    NOT NULL,
    incident_id     uuid    NOT NULL,
    outcome         text    NOT NULL,
    version         integer NOT NULL,
    CONSTRAINT import_rows_pkey PRIMARY KEY (import_id, row_number),
    CONSTRAINT import_rows_outcome CHECK (outcome IN ('created', 'updated', 'revived', 'doubled', 'undone'))
);
CREATE INDEX import_rows_incident_id_idx ON import_rows (incident_id);

CREATE TABLE import_problems (
    import_id       uuid    NOT NULL,
    row_number      integer NOT NULL,
    organisation_id uuid    NOT NULL,
    kind            text    NOT NULL,
    problems        jsonb   NOT NULL,
    CONSTRAINT import_problems_pkey PRIMARY KEY (import_id, row_number),
    CONSTRAINT import_problems_kind CHECK (kind IN ('bad', 'held', 'waiting', 'doubled'))
);

CREATE TABLE import_profiles (
    organisation_id uuid        NOT NULL,
    source          text        NOT NULL,
    profile         json        NOT NULL,
    changed_at      timestamptz NOT NULL,
    changed_by      uuid        NOT NULL,
    CONSTRAINT import_profiles_pkey PRIMARY KEY (organisation_id, source),
    CONSTRAINT import_profiles_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id)
);

CREATE TABLE places (
    id                     uuid   NOT NULL,
    organisation_id        uuid   NOT NULL,
    name                   text   NOT NULL,
    aliases                text[] NOT NULL DEFAULT '{}'::text[],
    within                 text   NOT NULL DEFAULT '',
    geom                   geometry(Point, 4326) NOT NULL,
    location_uncertainty_m real   NOT NULL,
    CONSTRAINT places_pkey PRIMARY KEY (id),
    CONSTRAINT places_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id)
);
CREATE INDEX places_name_idx ON places (organisation_id, name);

CREATE TABLE crime_codes (
    organisation_id uuid NOT NULL,
    code            text NOT NULL,
    category        text NOT NULL,
    CONSTRAINT crime_codes_pkey PRIMARY KEY (organisation_id, code),
    CONSTRAINT crime_codes_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT crime_codes_category_fkey FOREIGN KEY (category) REFERENCES categories (code)
);

CREATE TABLE area_figures (
    import_id       uuid        NOT NULL,
    row_number      integer     NOT NULL,
    organisation_id uuid        NOT NULL,
    source          text        NOT NULL,
    area            text        NOT NULL,
    category        text        NOT NULL,
    since           timestamptz NOT NULL,
    until           timestamptz NOT NULL,
    count           bigint      NOT NULL,
    CONSTRAINT area_figures_pkey PRIMARY KEY (import_id, row_number),
    CONSTRAINT area_figures_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT area_figures_counts CHECK (count >= 0 AND since <= until)
);
CREATE UNIQUE INDEX area_figures_key ON area_figures (organisation_id, source, area, category, since, until);

CREATE TABLE incident_links (
    id              uuid        NOT NULL DEFAULT gen_random_uuid(),
    organisation_id uuid        NOT NULL,
    first_id        uuid        NOT NULL,
    second_id       uuid        NOT NULL,
    distance_m      real        NOT NULL,
    hours_apart     real        NOT NULL,
    state           text        NOT NULL DEFAULT 'proposed',
    proposed_at     timestamptz NOT NULL,
    decided_at      timestamptz,
    decided_by      uuid,
    CONSTRAINT incident_links_pkey PRIMARY KEY (id),
    CONSTRAINT incident_links_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT incident_links_state CHECK (state IN ('proposed', 'confirmed', 'dismissed')),
    CONSTRAINT incident_links_two_incidents CHECK (first_id <> second_id)
);
CREATE UNIQUE INDEX incident_links_pair_key ON incident_links (first_id, second_id);
CREATE INDEX incident_links_second_id_idx ON incident_links (second_id);
CREATE INDEX incident_links_open_idx ON incident_links (organisation_id, state, proposed_at DESC, id DESC);

-- A file without references that comes again: its rows are found by what they say.
CREATE INDEX incidents_unreferenced_idx ON incidents (organisation_id, source, content_hash) WHERE source_ref IS NULL;
"""

FUNCTIONS = """
-- Uploads whose time is over, for the job that deletes them: whose they are, and nothing of what they hold.
CREATE FUNCTION ended_uploads(at timestamptz, most integer)
RETURNS TABLE (import_id uuid, organisation_id uuid, account_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.import_id, u.organisation_id, u.account_id
      FROM import_uploads u JOIN imports i ON i.id = u.import_id
     WHERE i.upload_ends_at <= at
     ORDER BY i.upload_ends_at LIMIT most
$$;

-- Which of these uploads somebody still has a right to: a file that is in nobody's list is a dead request's.
CREATE FUNCTION kept_uploads(ids uuid[]) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(array_agg(u.import_id), '{}') FROM import_uploads u WHERE u.import_id = ANY (ids)
$$;
REVOKE ALL ON FUNCTION ended_uploads(timestamptz, integer), kept_uploads(uuid[]) FROM public;
GRANT EXECUTE ON FUNCTION ended_uploads(timestamptz, integer), kept_uploads(uuid[]) TO lagesbild_app;
"""

GRANTS = """
GRANT SELECT ON imports, import_rows, import_problems, import_profiles, places, crime_codes, area_figures, incident_links
    TO lagesbild_app, lagesbild_read;
GRANT SELECT ON import_uploads TO lagesbild_app;
GRANT INSERT, UPDATE ON imports, import_uploads, import_rows, import_profiles, crime_codes, area_figures, incident_links
    TO lagesbild_app;
GRANT INSERT ON import_problems, places TO lagesbild_app;
GRANT DELETE ON import_uploads, import_problems, places, crime_codes, area_figures TO lagesbild_app;
"""
