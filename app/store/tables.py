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
    Table,
    Text,
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
    Column("receiver_id", Uuid, ForeignKey("organisations.id"), nullable=False),
    Column("what", Text, nullable=False),  # incidents: may be counted in the receiver's analysis
    Column("purpose", Text, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("created_at", Instant, nullable=False, server_default=NOW),
    CheckConstraint("what IN ('incidents', 'hotspots')", name="what"),
    CheckConstraint("giver_id <> receiver_id", name="two_parties"),
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
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", LargeBinary, primary_key=True),
    _organisation(),
    Column("token_id", Uuid, ForeignKey("tokens.id"), nullable=False),
    Column("created_at", Instant, nullable=False, server_default=NOW),
    Column("expires_at", Instant, nullable=False),
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
    Column("content_hash", LargeBinary, nullable=False),  # of what was sent first: tells a repeat from a conflict
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

audit_lines = Table(
    "audit_lines",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("recorded_at", Instant, nullable=False, server_default=text("clock_timestamp()")),
    Column("actor_id", Uuid),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("organisation_id", Uuid),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("figures", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("request_id", Text),
    Column("address", Text),
)
