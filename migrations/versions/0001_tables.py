"""Tables: organisations and their areas, accounts, incidents, analysis runs, hot spots, audit."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "audit_lines collection_counters adoptions run_hotspots analysis_runs idempotency_keys incident_versions"
    " incidents sources category_weights categories sessions tokens accounts sharing_rules organisations"
    " areas deployment"
)


def upgrade() -> None:
    """Everything in the words of docs/glossary.md; app/store/tables.py says the same in Python."""
    srid = int(op.get_context().config.attributes["metric_srid"])
    op.execute(PLACES_AND_PARTIES)
    op.execute(ACCOUNTS)
    op.execute(INCIDENTS.replace("METRIC_SRID", str(srid)))
    op.execute(ANALYSIS)
    op.execute(RECORDS)
    op.execute(f"INSERT INTO deployment (metric_srid) VALUES ({srid})")


def downgrade() -> None:
    op.execute(f"DROP TABLE {', '.join(TABLES.split())}")


PLACES_AND_PARTIES = """
CREATE TABLE deployment (
    id          boolean     NOT NULL DEFAULT true,
    metric_srid integer     NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT deployment_pkey PRIMARY KEY (id),
    CONSTRAINT deployment_one_row CHECK (id)
);

CREATE TABLE areas (
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    code      text NOT NULL,
    name      text NOT NULL,
    kind      text NOT NULL,
    parent_id uuid,
    geom      geometry(MultiPolygon, 4326) NOT NULL,
    CONSTRAINT areas_pkey PRIMARY KEY (id),
    CONSTRAINT areas_code_key UNIQUE (code),
    CONSTRAINT areas_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES areas (id),
    CONSTRAINT areas_kind CHECK (kind IN ('municipality', 'local_police_area', 'district'))
);
CREATE INDEX areas_geom_idx ON areas USING gist (geom);

CREATE TABLE organisations (
    id                uuid        NOT NULL DEFAULT gen_random_uuid(),
    slug              text        NOT NULL,
    name              text        NOT NULL,
    kind              text        NOT NULL,
    area_id           uuid,
    municipality      text,
    local_police_area text,
    outside_area      text        NOT NULL DEFAULT 'refuse',
    created_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT organisations_pkey PRIMARY KEY (id),
    CONSTRAINT organisations_slug_key UNIQUE (slug),
    CONSTRAINT organisations_area_id_fkey FOREIGN KEY (area_id) REFERENCES areas (id),
    CONSTRAINT organisations_kind CHECK (
        kind IN ('municipality', 'police', 'housing_company', 'guards', 'school', 'rescue_service')
    ),
    CONSTRAINT organisations_outside_area CHECK (outside_area IN ('refuse', 'mark'))
);

CREATE TABLE sharing_rules (
    id          uuid        NOT NULL DEFAULT gen_random_uuid(),
    giver_id    uuid        NOT NULL,
    receiver_id uuid        NOT NULL,
    what        text        NOT NULL,
    purpose     text        NOT NULL,
    valid_until date        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sharing_rules_pkey PRIMARY KEY (id),
    CONSTRAINT sharing_rules_giver_id_fkey FOREIGN KEY (giver_id) REFERENCES organisations (id),
    CONSTRAINT sharing_rules_receiver_id_fkey FOREIGN KEY (receiver_id) REFERENCES organisations (id),
    CONSTRAINT sharing_rules_what CHECK (what IN ('incidents', 'hotspots')),
    CONSTRAINT sharing_rules_two_parties CHECK (giver_id <> receiver_id)
);
"""

ACCOUNTS = """
CREATE TABLE accounts (
    id              uuid        NOT NULL DEFAULT gen_random_uuid(),
    organisation_id uuid        NOT NULL,
    name            text        NOT NULL,
    role            text        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    closed_at       timestamptz,
    CONSTRAINT accounts_pkey PRIMARY KEY (id),
    CONSTRAINT accounts_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT accounts_role CHECK (
        role IN ('reporter', 'external_reporter', 'coordinator', 'police', 'analyst', 'leadership', 'map_client',
                 'auditor', 'admin')
    )
);
CREATE UNIQUE INDEX accounts_organisation_id_name_key ON accounts (organisation_id, name);

CREATE TABLE tokens (
    id              uuid        NOT NULL DEFAULT gen_random_uuid(),
    organisation_id uuid        NOT NULL,
    account_id      uuid        NOT NULL,
    name            text        NOT NULL,
    token_hash      bytea       NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz,
    revoked_at      timestamptz,
    last_used_on    date,
    CONSTRAINT tokens_pkey PRIMARY KEY (id),
    CONSTRAINT tokens_token_hash_key UNIQUE (token_hash),
    CONSTRAINT tokens_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id)
);

CREATE TABLE sessions (
    session_hash    bytea       NOT NULL,
    organisation_id uuid        NOT NULL,
    token_id        uuid        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (session_hash),
    CONSTRAINT sessions_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT sessions_token_id_fkey FOREIGN KEY (token_id) REFERENCES tokens (id)
);
"""

# Incidents come ten thousand at a time, and a foreign key is checked row by row: a quarter of the insert. Their
# organisation is checked by the counter row that each statement writes, their category once a statement (0002).
INCIDENTS = """
CREATE TABLE categories (
    code         text    NOT NULL,
    sv           text    NOT NULL,
    en           text    NOT NULL,
    harm_weight  real    NOT NULL,
    is_clustered boolean NOT NULL,
    position     integer NOT NULL,
    CONSTRAINT categories_pkey PRIMARY KEY (code)
);

CREATE TABLE category_weights (
    organisation_id uuid NOT NULL,
    category        text NOT NULL,
    weight          real NOT NULL,
    CONSTRAINT category_weights_pkey PRIMARY KEY (organisation_id, category),
    CONSTRAINT category_weights_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT category_weights_category_fkey FOREIGN KEY (category) REFERENCES categories (code),
    CONSTRAINT category_weights_range CHECK (weight >= 0 AND weight <= 10)
);

CREATE TABLE sources (
    organisation_id        uuid    NOT NULL,
    name                   text    NOT NULL,
    title                  text    NOT NULL,
    is_trusted             boolean NOT NULL DEFAULT false,
    location_uncertainty_m real,
    CONSTRAINT sources_pkey PRIMARY KEY (organisation_id, name),
    CONSTRAINT sources_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id)
);

CREATE TABLE incidents (
    id                     uuid        NOT NULL DEFAULT gen_random_uuid(),
    organisation_id        uuid        NOT NULL,
    source                 text        NOT NULL,
    source_ref             text,
    category               text        NOT NULL,
    occurred_from          timestamptz NOT NULL,
    occurred_to            timestamptz,
    geom                   geometry(Point, 4326) NOT NULL,
    geom_metric            geometry(Point, METRIC_SRID) GENERATED ALWAYS AS (ST_Transform(geom, METRIC_SRID)) STORED,
    location_uncertainty_m real,
    text                   text,
    marks                  text[]      NOT NULL DEFAULT '{}'::text[],
    state                  text        NOT NULL,
    reported_at            timestamptz NOT NULL,
    reported_by            uuid,
    version                integer     NOT NULL DEFAULT 1,
    changed_at             timestamptz NOT NULL,
    content_hash           bytea       NOT NULL,
    CONSTRAINT incidents_pkey PRIMARY KEY (id),
    CONSTRAINT incidents_interval CHECK (occurred_to >= occurred_from),
    CONSTRAINT incidents_state CHECK (
        state IN ('submitted', 'reviewed', 'supplement_wanted', 'duplicate', 'rejected', 'approved', 'withdrawn',
                  'purged')
    )
);
CREATE UNIQUE INDEX incidents_source_ref_key ON incidents (organisation_id, source, source_ref)
    WHERE source_ref IS NOT NULL;
CREATE INDEX incidents_latest_idx ON incidents (organisation_id, occurred_from DESC, id DESC);
CREATE INDEX incidents_geom_idx ON incidents USING gist (geom);

CREATE TABLE incident_versions (
    incident_id     uuid        NOT NULL,
    version         integer     NOT NULL,
    organisation_id uuid        NOT NULL,
    replaced_at     timestamptz NOT NULL,
    replaced_by     uuid        NOT NULL,
    content         jsonb       NOT NULL,
    CONSTRAINT incident_versions_pkey PRIMARY KEY (incident_id, version),
    CONSTRAINT incident_versions_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents (id)
        ON DELETE CASCADE,
    CONSTRAINT incident_versions_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id)
);

CREATE TABLE idempotency_keys (
    account_id      uuid        NOT NULL,
    key             text        NOT NULL,
    organisation_id uuid        NOT NULL,
    request_hash    bytea       NOT NULL,
    incident_ids    uuid[]      NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (account_id, key),
    CONSTRAINT idempotency_keys_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT idempotency_keys_length CHECK (length(key) <= 200)
);
"""

ANALYSIS = """
CREATE TABLE analysis_runs (
    id              uuid        NOT NULL DEFAULT gen_random_uuid(),
    organisation_id uuid        NOT NULL,
    params          json        NOT NULL,
    fingerprint     text        NOT NULL,
    state           text        NOT NULL DEFAULT 'queued',
    requested_at    timestamptz NOT NULL,
    requested_by    uuid        NOT NULL,
    started_at      timestamptz,
    finished_at     timestamptz,
    data_cut_off    timestamptz,
    code_version    text        NOT NULL,
    incident_count  integer,
    noise_count     integer,
    hotspot_count   integer,
    failure         text,
    CONSTRAINT analysis_runs_pkey PRIMARY KEY (id),
    CONSTRAINT analysis_runs_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT analysis_runs_state CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled'))
);
CREATE INDEX analysis_runs_latest_idx ON analysis_runs (organisation_id, requested_at DESC, id DESC);

CREATE TABLE run_hotspots (
    run_id          uuid             NOT NULL,
    hotspot_id      uuid             NOT NULL,
    organisation_id uuid             NOT NULL,
    rank            integer          NOT NULL,
    incident_count  integer          NOT NULL,
    weighted_value  double precision NOT NULL,
    categories      text[]           NOT NULL,
    properties      json             NOT NULL,
    statistics      json             NOT NULL,
    geom            geometry(Polygon, 4326) NOT NULL,
    CONSTRAINT run_hotspots_pkey PRIMARY KEY (run_id, hotspot_id),
    CONSTRAINT run_hotspots_run_id_fkey FOREIGN KEY (run_id) REFERENCES analysis_runs (id) ON DELETE CASCADE,
    CONSTRAINT run_hotspots_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id)
);
CREATE UNIQUE INDEX run_hotspots_rank_key ON run_hotspots (run_id, rank);
CREATE INDEX run_hotspots_hotspot_id_idx ON run_hotspots (hotspot_id);

CREATE TABLE adoptions (
    id              bigint      NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    organisation_id uuid        NOT NULL,
    run_id          uuid        NOT NULL,
    adopted_at      timestamptz NOT NULL,
    adopted_by      uuid        NOT NULL,
    taken_back_at   timestamptz,
    taken_back_by   uuid,
    CONSTRAINT adoptions_pkey PRIMARY KEY (id),
    CONSTRAINT adoptions_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT adoptions_run_id_fkey FOREIGN KEY (run_id) REFERENCES analysis_runs (id)
);
CREATE UNIQUE INDEX adoptions_run_id_key ON adoptions (run_id) WHERE taken_back_at IS NULL;
CREATE INDEX adoptions_latest_idx ON adoptions (organisation_id, id DESC);
"""

RECORDS = """
CREATE TABLE collection_counters (
    collection      text   NOT NULL,
    organisation_id uuid   NOT NULL,
    row_count       bigint NOT NULL DEFAULT 0,
    revision        bigint NOT NULL DEFAULT 0,
    CONSTRAINT collection_counters_pkey PRIMARY KEY (collection, organisation_id),
    CONSTRAINT collection_counters_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id)
);

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
"""
