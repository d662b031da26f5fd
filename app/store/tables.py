"""The schema: every table, for Alembic to compare with and for readers to look up.

Row-level security, triggers and functions live in the migrations; Alembic does not compare them.
Table and column words are those of docs/glossary.md.
"""

from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB

METRIC_SRID = 3006  # what these definitions say; the migration reads the deployment's own

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

Instant = DateTime(timezone=True)
NEW_ID = text("gen_random_uuid()")
NOW = text("now()")
EMPTY_TEXTS = text("'{}'::text[]")


def _organisation() -> Column[object]:
    return Column("organisation_id", Uuid, ForeignKey("organisations.id"), nullable=False)


deployment = Table(
    "deployment",
    metadata,
    Column("id", Boolean, CheckConstraint("id", name="one_row"), primary_key=True, server_default=text("true")),
    Column("metric_srid", Integer, nullable=False),
    Column(
        "audit_keep_months",
        Integer,
        CheckConstraint("audit_keep_months BETWEEN 6 AND 240", name="audit_keep_months"),
        nullable=False,
        server_default=text("24"),
    ),
    Column("created_at", Instant, nullable=False, server_default=NOW),
)

areas = Table(
    "areas",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("parent_id", Uuid, ForeignKey("areas.id")),
    Column("geom", Geometry("MultiPolygon", 4326, spatial_index=False), nullable=False),
    Column(
        "point",
        Geometry("Point", 4326, spatial_index=False),
        Computed("st_pointonsurface(geom)", persisted=True),
    ),
    CheckConstraint("kind IN ('municipality', 'local_police_area', 'district')", name="kind"),
    Index("areas_geom_idx", "geom", postgresql_using="gist"),
)

organisations = Table(
    "organisations",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("area_id", Uuid, ForeignKey("areas.id")),  # where its incidents may lie; none = anywhere
    Column("municipality", Text),  # slug of the municipality it belongs to
    Column("local_police_area", Text),  # code of the local police area
    Column("outside_area", Text, nullable=False, server_default=text("'refuse'")),
    Column("created_at", Instant, nullable=False, server_default=NOW),
    CheckConstraint(
        "kind IN ('municipality', 'police', 'housing_company', 'guards', 'school', 'rescue_service')",
        name="kind",
    ),
    CheckConstraint("outside_area IN ('refuse', 'mark')", name="outside_area"),
)

sharing_rules = Table(
    "sharing_rules",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    Column("giver_id", Uuid, ForeignKey("organisations.id"), nullable=False),
    Column("receiver_id", Uuid, ForeignKey("organisations.id")),  # none = the joint analysis
    Column("what", Text, nullable=False),  # incidents: may be seen so exactly and, where exactly, counted
    Column("purpose", Text, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=NOW),
    Column("precision", Text, nullable=False, server_default=text("'exact'")),
    Column("categories", ARRAY(Text)),  # none = all
    Column("ended_at", Instant),
    CheckConstraint("what IN ('incidents', 'hotspots')", name="what"),
    CheckConstraint("giver_id <> receiver_id", name="two_parties"),
    CheckConstraint("precision IN ('exact', 'snapped', 'area')", name="precision"),
    CheckConstraint("what = 'incidents' OR categories IS NULL", name="whole_hotspots"),
    CheckConstraint("receiver_id IS NOT NULL OR (what = 'incidents' AND precision = 'exact')", name="joint"),
    Index("sharing_rules_receiver_id_idx", "receiver_id"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    _organisation(),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=NOW),
    Column("closed_at", Instant),
    CheckConstraint(
        "role IN ('reporter', 'external_reporter', 'coordinator', 'police', 'analyst',"
        " 'leadership', 'map_client', 'auditor', 'admin')",
        name="role",
    ),
    Index("accounts_organisation_id_name_key", "organisation_id", "name", unique=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    _organisation(),
    Column("account_id", Uuid, ForeignKey("accounts.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False, server_default=NOW),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_on", Date),
    Column("collections", ARRAY(Text), nullable=False, server_default=EMPTY_TEXTS),  # empty: all that the role opens
    Column("precision", Text),  # none: the role's own
    CheckConstraint("precision IN ('exact', 'snapped', 'area')", name="precision"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", LargeBinary, primary_key=True),
    _organisation(),
    Column("account_id", Uuid, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("token_id", Uuid, ForeignKey("tokens.id")),  # of a session that a token began: it ends with the token
    Column("created_at", Instant, nullable=False, server_default=NOW),
    Column("expires_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False, server_default=NOW),  # to the minute
    Column("idle_s", Integer, nullable=False),  # silent for longer, and it has ended
    Column("provider_hint", Text),  # the identity provider's word on who signed in, for signing out there as well
    Index("sessions_account_id_idx", "account_id"),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),  # the provider's name for the person
    Column("account_id", Uuid, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, unique=True),
)

passwords = Table(
    "passwords",
    metadata,
    Column("account_id", Uuid, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("username", Text, nullable=False, unique=True),  # lower case
    Column("password_hash", Text, nullable=False),  # argon2id, with its salt and costs
    Column("changed_at", Instant, nullable=False),
)

# Who asked how much lately. Unlogged: a crash forgets it, and nothing waits for the disk.
turns = Table(
    "turns",
    metadata,
    Column("key", LargeBinary, primary_key=True),  # a keyed hash of who and what: no address is stored
    Column("free_at", Instant, nullable=False),  # when everything taken so far is paid off
    Index("turns_free_at_idx", "free_at"),
    prefixes=["UNLOGGED"],
)

categories = Table(
    "categories",
    metadata,
    Column("code", Text, primary_key=True),
    Column("sv", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("harm_weight", REAL, nullable=False),
    Column("is_clustered", Boolean, nullable=False),
    Column("position", Integer, nullable=False),  # the order of the lists
)

category_weights = Table(
    "category_weights",
    metadata,
    Column("organisation_id", Uuid, ForeignKey("organisations.id"), primary_key=True),
    Column("category", Text, ForeignKey("categories.code"), primary_key=True),
    Column("weight", REAL, nullable=False),
    CheckConstraint("weight >= 0 AND weight <= 10", name="range"),
)

sources = Table(
    "sources",
    metadata,
    Column("organisation_id", Uuid, ForeignKey("organisations.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("is_trusted", Boolean, nullable=False, server_default=text("false")),
    Column("location_uncertainty_m", REAL),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    Column("organisation_id", Uuid, nullable=False),  # checked through collection_counters
    Column("source", Text, nullable=False),
    Column("source_ref", Text),
    Column("category", Text, nullable=False),  # checked once a statement: migration 0002
    Column("occurred_from", Instant, nullable=False),
    Column("occurred_to", Instant),
    Column("geom", Geometry("Point", 4326, spatial_index=False), nullable=False),
    Column(
        "geom_metric",
        Geometry("Point", METRIC_SRID, spatial_index=False),
        Computed(f"st_transform(geom, {METRIC_SRID})", persisted=True),
    ),
    Column("location_uncertainty_m", REAL),
    Column("text", Text),
    Column("marks", ARRAY(Text), nullable=False, server_default=EMPTY_TEXTS),
    Column("state", Text, nullable=False),
    Column("reported_at", Instant, nullable=False),
    Column("reported_by", Uuid),  # an account; no foreign key: accounts may be removed, reports stay
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("changed_at", Instant, nullable=False),
    Column(
        "content_hash", LargeBinary, nullable=False
    ),  # of what was sent first: tells a repeat from a conflict; empty once purged
    Column("position_purged_at", Instant),  # when retention moved it to the centre of a coarse square
    CheckConstraint(
        "state IN ('submitted', 'reviewed', 'supplement_wanted', 'duplicate',"
        " 'rejected', 'approved', 'withdrawn', 'purged')",
        name="state",
    ),
    CheckConstraint("occurred_to >= occurred_from", name="interval"),
    Index(
        "incidents_source_ref_key",
        "organisation_id",
        "source",
        "source_ref",
        unique=True,
        postgresql_where=text("source_ref IS NOT NULL"),
    ),
    Index("incidents_latest_idx", "organisation_id", text("occurred_from DESC"), text("id DESC")),
    Index("incidents_geom_idx", "geom", postgresql_using="gist"),
    Index(  # a file without references that comes again: migration 0006
        "incidents_unreferenced_idx",
        "organisation_id",
        "source",
        "content_hash",
        postgresql_where=text("source_ref IS NULL"),
    ),
)

incident_versions = Table(
    "incident_versions",
    metadata,
    Column("incident_id", Uuid, ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    _organisation(),
    Column("replaced_at", Instant, nullable=False),
    Column("replaced_by", Uuid, nullable=False),
    Column("content", JSONB, nullable=False),  # the incident as it was
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    _organisation(),
    Column("request_hash", LargeBinary, nullable=False),
    Column("incident_ids", ARRAY(Uuid), nullable=False),
    Column("created_at", Instant, nullable=False, server_default=NOW),
    CheckConstraint("length(key) <= 200", name="length"),
)

analysis_runs = Table(
    "analysis_runs",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    _organisation(),
    Column("params", JSON, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'queued'")),
    Column("requested_at", Instant, nullable=False),
    Column("requested_by", Uuid, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("data_cut_off", Instant),
    Column("code_version", Text, nullable=False),
    Column("incident_count", Integer),
    Column("noise_count", Integer),
    Column("hotspot_count", Integer),
    Column("failure", Text),
    Column("findings", JSON),  # the rule as used and why, positions to ask about, as text
    Column("coarsened_at", Instant),  # when retention made boxes of its outlines
    CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
    Index("analysis_runs_latest_idx", "organisation_id", text("requested_at DESC"), text("id DESC")),
)

run_hotspots = Table(
    "run_hotspots",
    metadata,
    Column("run_id", Uuid, ForeignKey("analysis_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("hotspot_id", Uuid, primary_key=True),
    _organisation(),
    Column("rank", Integer, nullable=False),
    Column("incident_count", Integer, nullable=False),
    Column("weighted_value", Double, nullable=False),
    Column("categories", ARRAY(Text), nullable=False),
    Column("properties", JSON, nullable=False),  # of the GeoJSON feature, as text: served byte for byte
    Column("statistics", JSON, nullable=False),  # of its members: hours, weekdays, weeks, sources
    Column("geom", Geometry("Polygon", 4326, spatial_index=False), nullable=False),
    Column("p_value", Double),  # against random towns; none = not tested
    Column("is_significant", Boolean),
    Column("place_certainty", Double),  # how often it is found again when incidents move as far as they are uncertain
    Column("core_places", ARRAY(Integer), nullable=False),  # column, row, cores of each 25 m square, one after another
    CheckConstraint("cardinality(core_places) > 0 AND cardinality(core_places) % 3 = 0", name="core_places"),
    Index("run_hotspots_rank_key", "run_id", "rank", unique=True),
    Index("run_hotspots_hotspot_id_idx", "hotspot_id"),
)

adoptions = Table(
    "adoptions",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _organisation(),
    Column("run_id", Uuid, ForeignKey("analysis_runs.id"), nullable=False),
    Column("adopted_at", Instant, nullable=False),
    Column("adopted_by", Uuid, nullable=False),
    Column("taken_back_at", Instant),
    Column("taken_back_by", Uuid),
    Column("profile", Text),  # what its hot spots are of; none = adopted before hot spots were followed
    Index("adoptions_run_id_key", "run_id", unique=True, postgresql_where=text("taken_back_at IS NULL")),
    Index("adoptions_latest_idx", "organisation_id", text("id DESC")),
)

# What each adoption said of the hot spots it found and of those it found no longer. Written once, never changed.
hotspot_steps = Table(
    "hotspot_steps",
    metadata,
    Column("adoption_id", BigInteger, ForeignKey("adoptions.id"), primary_key=True),
    Column("known_id", Uuid, primary_key=True),  # the id that a hot spot keeps from run to run
    _organisation(),
    Column("run_hotspot_id", Uuid),  # in the adopted run; none = no longer there
    Column("change", Text, nullable=False),
    Column("related", ARRAY(Uuid), nullable=False),  # known ids: split from or into, merged of or into
    Column("mark", JSON, nullable=False),  # what the next growing, shrinking or moving is measured from
    CheckConstraint(
        "change IN ('new', 'persisting', 'growing', 'shrinking', 'moved', 'split', 'merged', 'recurring', 'gone')",
        name="change",
    ),
    CheckConstraint("run_hotspot_id IS NOT NULL OR change IN ('gone', 'merged')", name="is_there"),
    Index(
        "hotspot_steps_run_hotspot_id_key",
        "adoption_id",
        "run_hotspot_id",
        unique=True,
        postgresql_where=text("run_hotspot_id IS NOT NULL"),
    ),
    Index("hotspot_steps_known_id_idx", "known_id", "adoption_id"),
)

collection_counters = Table(
    "collection_counters",
    metadata,
    Column("collection", Text, primary_key=True),
    Column("organisation_id", Uuid, ForeignKey("organisations.id"), primary_key=True),
    Column("row_count", BigInteger, nullable=False, server_default=text("0")),
    Column("revision", BigInteger, nullable=False, server_default=text("0")),
)

# --- imports of files: migration 0006 ---

imports = Table(
    "imports",
    metadata,
    Column("id", Uuid, primary_key=True),
    _organisation(),
    Column("source", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_bytes", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("choice", Text),  # what happens when rows are refused; none = not asked to go in yet
    Column("given", JSON),  # the profile that came with the file
    Column("profile", JSON),  # how the file is read
    Column("failure", JSON),  # a sentence in each language
    Column("requested_at", Instant, nullable=False),
    Column("requested_by", Uuid, nullable=False),  # an account; no foreign key: accounts may be removed
    Column("pass_started_at", Instant),
    Column("finished_at", Instant),
    Column("changed_at", Instant, nullable=False),
    Column("upload_ends_at", Instant, nullable=False),
    Column("row_count", Integer),
    Column("only_waiting", Boolean, nullable=False, server_default=text("false")),  # rows whose place was chosen
    Column("next_row", Integer, nullable=False, server_default=text("0")),  # of the file: where a restart goes on
    Column("read_count", Integer, nullable=False, server_default=text("0")),
    Column("good_count", Integer, nullable=False, server_default=text("0")),
    Column("bad_count", Integer, nullable=False, server_default=text("0")),
    Column("held_count", Integer, nullable=False, server_default=text("0")),
    Column("waiting_count", Integer, nullable=False, server_default=text("0")),  # of those that are held
    Column("doubled_count", Integer, nullable=False, server_default=text("0")),
    Column("created_count", Integer, nullable=False, server_default=text("0")),
    Column("updated_count", Integer, nullable=False, server_default=text("0")),
    CheckConstraint(
        "state IN ('queued', 'checking', 'checked', 'importing', 'done', 'refused', 'failed', 'cancelling',"
        " 'cancelled', 'refusing', 'undoing', 'undone')",
        name="state",
    ),
    CheckConstraint("choice IN ('good_rows', 'all_or_nothing')", name="choice"),
    Index("imports_latest_idx", "organisation_id", text("requested_at DESC"), text("id DESC")),
)

import_uploads = Table(
    "import_uploads",
    metadata,
    Column("import_id", Uuid, ForeignKey("imports.id"), primary_key=True),
    _organisation(),
    Column("account_id", Uuid, nullable=False),  # the importer, who alone reads it
    Column("preview", JSON),  # what a dry run shows: guesses, sample rows, a small map
)

import_rows = Table(  # no foreign keys: they would be checked row by row
    "import_rows",
    metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("row_number", Integer, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    Column("incident_id", Uuid, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("version", Integer, nullable=False),  # of the incident: what this import made of it
    CheckConstraint("outcome IN ('created', 'updated', 'revived', 'doubled', 'undone')", name="outcome"),
    Index("import_rows_incident_id_idx", "incident_id"),
)

import_problems = Table(
    "import_problems",
    metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("row_number", Integer, primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("problems", JSONB, nullable=False),  # codes, columns and our own words; never a cell's content
    CheckConstraint("kind IN ('bad', 'held', 'waiting', 'doubled')", name="kind"),
)

import_profiles = Table(
    "import_profiles",
    metadata,
    Column("organisation_id", Uuid, ForeignKey("organisations.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("profile", JSON, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", Uuid, nullable=False),
)

places = Table(
    "places",
    metadata,
    Column("id", Uuid, primary_key=True),
    _organisation(),
    Column("name", Text, nullable=False),
    Column("aliases", ARRAY(Text), nullable=False, server_default=EMPTY_TEXTS),
    Column("within", Text, nullable=False, server_default=text("''")),  # tells places of the same name apart
    Column("geom", Geometry("Point", 4326, spatial_index=False), nullable=False),
    Column("location_uncertainty_m", REAL, nullable=False),
    Index("places_name_idx", "organisation_id", "name"),
)

crime_codes = Table(
    "crime_codes",
    metadata,
    Column("organisation_id", Uuid, ForeignKey("organisations.id"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("category", Text, ForeignKey("categories.code"), nullable=False),
)

area_figures = Table(
    "area_figures",
    metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("row_number", Integer, primary_key=True),
    _organisation(),
    Column("source", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("count", BigInteger, nullable=False),
    CheckConstraint("count >= 0 AND since <= until", name="counts"),
    Index("area_figures_key", "organisation_id", "source", "area", "category", "since", "until", unique=True),
)

incident_links = Table(
    "incident_links",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    _organisation(),
    Column("first_id", Uuid, nullable=False),  # the incident that counts, when linked ones count once
    Column("second_id", Uuid, nullable=False),
    Column("distance_m", REAL, nullable=False),
    Column("hours_apart", REAL, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'proposed'")),
    Column("proposed_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", Uuid),
    CheckConstraint("state IN ('proposed', 'confirmed', 'dismissed')", name="state"),
    CheckConstraint("first_id <> second_id", name="two_incidents"),
    Index("incident_links_pair_key", "first_id", "second_id", unique=True),
    Index("incident_links_second_id_idx", "second_id"),
    Index("incident_links_open_idx", "organisation_id", "state", text("proposed_at DESC"), text("id DESC")),
)

catchments = Table(
    "catchments",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    Column("municipality_id", Uuid, ForeignKey("areas.id"), nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("from_year", SmallInteger, nullable=False),  # of the reports snapped to it, half-open
    Column("until_year", SmallInteger, nullable=False, server_default=text("9999")),
    Column("basis", Text, nullable=False),
    Column("k", Integer, nullable=False),  # how many addresses or places of incidents it holds at least
    Column("point", Geometry("Point", 4326, spatial_index=False), nullable=False),
    Column("radius_m", REAL, nullable=False),
    Column("geom", Geometry("MultiPolygon", 4326, spatial_index=False), nullable=False),
    Column("geom_metric", Geometry("MultiPolygon", METRIC_SRID, spatial_index=False), nullable=False),
    Column("created_at", Instant, nullable=False, server_default=NOW),
    CheckConstraint("basis IN ('addresses', 'incidents')", name="basis"),
    Index("catchments_number_key", "municipality_id", "year", "number", unique=True),
    Index("catchments_geom_idx", "geom", postgresql_using="gist"),
    Index("catchments_geom_metric_idx", "geom_metric", postgresql_using="gist"),
)

incident_places = Table(
    "incident_places",
    metadata,
    Column("incident_id", Uuid, ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("organisation_id", Uuid, nullable=False),
    Column("area_id", Uuid),
    Column("catchment_id", Uuid),
    Index("incident_places_catchment_id_idx", "catchment_id"),
    Index("incident_places_area_id_idx", "area_id"),
)

joint_runs = Table(
    "joint_runs",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    Column("local_police_area", Text, nullable=False),
    Column("params", JSON, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("k", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("hotspot_count", Integer, nullable=False),
    Index("joint_runs_latest_idx", "local_police_area", text("made_at DESC")),
)

joint_hotspots = Table(
    "joint_hotspots",
    metadata,
    Column("run_id", Uuid, ForeignKey("joint_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("local_police_area", Text, nullable=False),
    Column("properties", JSON, nullable=False),
    Column("geom", Geometry("MultiPolygon", 4326, spatial_index=False), nullable=False),
)

audit_lines = Table(
    "audit_lines",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("recorded_at", Instant, primary_key=True, server_default=text("clock_timestamp()")),
    Column("actor_id", Uuid),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("organisation_id", Uuid),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("figures", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("request_id", Text),
    Column("address", Text),
    Column("scope", Text),  # in short, for people
    Column("controllers", ARRAY(Uuid), nullable=False, server_default=text("'{}'::uuid[]")),  # whose rows were read
    postgresql_partition_by="RANGE (recorded_at)",  # a part for each month: migration 0009
)

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("sealed_at", Instant, nullable=False),
    Column("month", Date, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("line_ids", ARRAY(BigInteger)),  # none once the month has expired
    Column("line_hashes", ARRAY(LargeBinary)),
    Column("lines_hash", LargeBinary, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("seal_hash", LargeBinary, nullable=False),
    CheckConstraint("kind IN ('lines', 'expiry')", name="kind"),
    Index("audit_seals_month_idx", "month"),
)

retention_rules = Table(
    "retention_rules",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=NEW_ID),
    _organisation(),
    Column("source", Text),  # none = every source
    Column("category", Text, ForeignKey("categories.code")),  # none = every category
    Column("text_after_months", Integer),
    Column("position_after_months", Integer),
    Column("everything_after_months", Integer),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", Uuid, nullable=False),
    CheckConstraint(
        "least(text_after_months, position_after_months, everything_after_months) >= 1"
        " AND num_nonnulls(text_after_months, position_after_months, everything_after_months) > 0"
        " AND greatest(text_after_months, position_after_months, everything_after_months) <= 600",
        name="months",
    ),
    UniqueConstraint(
        "organisation_id", "source", "category", name="retention_rules_kind_key", postgresql_nulls_not_distinct=True
    ),
)
