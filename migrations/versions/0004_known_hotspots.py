"""Hot spots keep one id from one adopted run to the next: where their cores lie, and what each adoption said."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HOTSPOTS = "organisation_id = ANY ((SELECT scope_ids('hotspots'))::uuid[])"
WRITES = "organisation_id = ANY ((SELECT scope_ids('writes'))::uuid[])"


def upgrade() -> None:
    op.execute(CORE_PLACES)
    op.execute(STEPS)
    op.execute(SECURITY)


def downgrade() -> None:
    op.execute("DROP TABLE hotspot_steps")
    op.execute("ALTER TABLE adoptions DROP COLUMN profile")
    op.execute("ALTER TABLE run_hotspots DROP COLUMN core_places")


# Runs from before have no cores any more: the squares that their outlines touch stand for them. ST_SquareGrid counts
# squares from the origin, as app/core/analysis/core_places.py does.
CORE_PLACES = """
ALTER TABLE run_hotspots ADD COLUMN core_places integer[];
UPDATE run_hotspots AS h
   SET core_places = (SELECT array_agg(n.value ORDER BY g.i, g.j, n.place)
                        FROM deployment AS d,
                             ST_SquareGrid(25, ST_Transform(h.geom, d.metric_srid)) AS g (square, i, j),
                             unnest(ARRAY[g.i, g.j, 1]) WITH ORDINALITY AS n (value, place)
                       WHERE ST_Intersects(g.square, ST_Transform(h.geom, d.metric_srid)));
ALTER TABLE run_hotspots
    ALTER COLUMN core_places SET NOT NULL,
    ADD CONSTRAINT run_hotspots_core_places CHECK (cardinality(core_places) > 0 AND cardinality(core_places) % 3 = 0);
"""

STEPS = """
ALTER TABLE adoptions ADD COLUMN profile text;
CREATE TABLE hotspot_steps (
    adoption_id     bigint NOT NULL,
    known_id        uuid   NOT NULL,
    organisation_id uuid   NOT NULL,
    run_hotspot_id  uuid,
    change          text   NOT NULL,
    related         uuid[] NOT NULL,
    mark            json   NOT NULL,
    CONSTRAINT hotspot_steps_pkey PRIMARY KEY (adoption_id, known_id),
    CONSTRAINT hotspot_steps_adoption_id_fkey FOREIGN KEY (adoption_id) REFERENCES adoptions (id),
    CONSTRAINT hotspot_steps_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations (id),
    CONSTRAINT hotspot_steps_change CHECK (change IN ('new', 'persisting', 'growing', 'shrinking', 'moved', 'split',
                                                      'merged', 'recurring', 'gone')),
    CONSTRAINT hotspot_steps_is_there CHECK (run_hotspot_id IS NOT NULL OR change IN ('gone', 'merged'))
);
CREATE UNIQUE INDEX hotspot_steps_run_hotspot_id_key ON hotspot_steps (adoption_id, run_hotspot_id)
    WHERE run_hotspot_id IS NOT NULL;
CREATE INDEX hotspot_steps_known_id_idx ON hotspot_steps (known_id, adoption_id);
"""

SECURITY = f"""
ALTER TABLE hotspot_steps ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hotspot_steps_owner ON hotspot_steps TO lagesbild_owner USING (true) WITH CHECK (true);
CREATE POLICY hotspot_steps_sees ON hotspot_steps FOR SELECT TO lagesbild_app, lagesbild_read USING ({HOTSPOTS});
CREATE POLICY hotspot_steps_adds ON hotspot_steps FOR INSERT TO lagesbild_app, lagesbild_read WITH CHECK ({WRITES});
CREATE CONSTRAINT TRIGGER hotspot_steps_audited AFTER INSERT OR UPDATE OR DELETE ON hotspot_steps
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_audited();
GRANT SELECT ON hotspot_steps TO lagesbild_app, lagesbild_read;
GRANT INSERT ON hotspot_steps TO lagesbild_app;
"""
