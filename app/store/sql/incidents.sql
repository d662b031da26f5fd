-- Incidents: reported, corrected, listed, handed to an analysis.

-- stage --
-- Where reports wait a moment for `add`: seen by this connection only, emptied at every commit, made once.
-- Row-level security forbids COPY into incidents itself, and arrays as parameters take twice the time.
CREATE TEMPORARY TABLE IF NOT EXISTS sent (
    line integer, id uuid, source text, source_ref text, category text, occurred_from timestamptz, occurred_to timestamptz,
    lon double precision, lat double precision, location_uncertainty_m real, text text, marks text[], state text,
    reported_at timestamptz, content_hash bytea
) ON COMMIT DELETE ROWS

-- clear --
-- A second `add` in the same transaction finds only its own. Cheaper here, where nothing is left as a rule, than
-- taking ten thousand rows away while they are read.
DELETE FROM pg_temp.sent

-- fill --
COPY pg_temp.sent FROM STDIN (FORMAT binary)

-- add --
-- One report or ten thousand in one statement. A reference that is already stored inserts nothing.
-- In one order for everybody, so that two batches with the same references wait for each other, and no deadlock comes.
-- Of two rows with one reference the first wins.
INSERT INTO incidents (id, organisation_id, source, source_ref, category, occurred_from, occurred_to, geom,
                       location_uncertainty_m, text, marks, state, reported_at, reported_by, changed_at, content_hash)
SELECT n.id, :organisation_id, n.source, n.source_ref, n.category, n.occurred_from, n.occurred_to,
       ST_SetSRID(ST_MakePoint(n.lon, n.lat), 4326), n.location_uncertainty_m, n.text, n.marks, n.state,
       n.reported_at, :reported_by, :now, n.content_hash
  FROM pg_temp.sent AS n
 ORDER BY n.source COLLATE "C", n.source_ref COLLATE "C", n.line
    ON CONFLICT (organisation_id, source, source_ref) WHERE source_ref IS NOT NULL DO NOTHING

-- added --
-- Which of the reports `add` has stored, when it has not stored all.
SELECT i.id FROM incidents AS i WHERE i.id = ANY (CAST(:ids AS uuid[]))

-- replace --
-- What sources tell anew of incidents they told of before: new content, new hash, and what it was as a version. A
-- place given anew is exact again, until retention comes by.
WITH n AS (DELETE FROM pg_temp.sent RETURNING *),
old AS (
    SELECT i.* FROM incidents AS i
     WHERE i.id IN (SELECT n.id FROM n) AND i.organisation_id = ANY (:organisations)
     ORDER BY i.id
       FOR UPDATE
), kept AS (
    INSERT INTO incident_versions (incident_id, version, organisation_id, replaced_at, replaced_by, content)
    SELECT o.id, o.version, o.organisation_id, :now, :actor_id,
           jsonb_build_object('category', o.category, 'occurred_from', o.occurred_from, 'occurred_to', o.occurred_to,
                              'lon', ST_X(o.geom), 'lat', ST_Y(o.geom),
                              'location_uncertainty_m', o.location_uncertainty_m, 'text', o.text, 'marks', o.marks,
                              'state', o.state, 'content_hash', encode(o.content_hash, 'hex'))
      FROM old AS o
)
UPDATE incidents AS i
   SET category = n.category, occurred_from = n.occurred_from, occurred_to = n.occurred_to,
       geom = ST_SetSRID(ST_MakePoint(n.lon, n.lat), 4326), location_uncertainty_m = n.location_uncertainty_m,
       text = n.text, marks = n.marks, state = n.state, version = old.version + 1, changed_at = :now,
       content_hash = n.content_hash, position_purged_at = NULL
  FROM n
  JOIN old ON old.id = n.id
 WHERE i.id = n.id
RETURNING i.id, i.version

-- by_reference --
-- What is stored under these references, to tell a repeat from a conflict.
SELECT i.source, i.source_ref, i.id, i.content_hash, i.state
  FROM unnest(CAST(:sources AS text[]), CAST(:source_refs AS text[])) AS n (source, source_ref)
  JOIN incidents AS i ON i.organisation_id = :organisation_id AND i.source = n.source AND i.source_ref = n.source_ref

-- page --
-- One page of GeoJSON features, newest first, by keyset; one row more than the page tells whether more follow.
-- Everything acts on the position that the reader sees.
SELECT '{"type":"Feature","id":"' || i.id || '","geometry":' || ST_AsGeoJSON(i.geom, 6, 0) || ',"properties":'
       || json_build_object('category', i.category, 'occurred_from', i.occurred_from, 'occurred_to', i.occurred_to,
                            'location_uncertainty_m', i.location_uncertainty_m, 'source', i.source,
                            'source_ref', i.source_ref, 'text', i.text, 'organisation', o.slug, 'state', i.state,
                            'marks', i.marks, 'reported_at', i.reported_at, 'version', i.version,
                            'precision', i.precision, 'area', i.area) || '}' AS feature,
       i.occurred_from, i.id
  FROM seen_incidents AS i
  JOIN organisations AS o ON o.id = i.organisation_id
 WHERE i.organisation_id = ANY (:organisations)
   AND (CAST(:since AS timestamptz) IS NULL OR i.occurred_from >= :since)
   AND (CAST(:until AS timestamptz) IS NULL OR i.occurred_from < :until)
   AND (CAST(:categories AS text[]) IS NULL OR i.category = ANY (:categories))
   AND (CAST(:sources AS text[]) IS NULL OR i.source = ANY (:sources))
   AND i.state = ANY (:states)
   AND (CAST(:area AS text) IS NULL
        OR ST_Intersects(i.geom, (SELECT a.geom FROM areas AS a WHERE a.code = :area)))
   AND (CAST(:west AS double precision) IS NULL OR i.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326))
   AND (CAST(:after_from AS timestamptz) IS NULL OR (i.occurred_from, i.id) < (:after_from, CAST(:after_id AS uuid)))
 ORDER BY i.occurred_from DESC, i.id DESC
 LIMIT :limit

-- one --
-- An incident as its own organisation has it, for those who correct it.
SELECT i.id, i.organisation_id, o.slug AS organisation, i.source, i.source_ref, i.category, i.occurred_from,
       i.occurred_to, ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat, i.location_uncertainty_m, i.text, i.marks, i.state,
       i.reported_at, i.reported_by, i.version, i.changed_at
  FROM incidents AS i
  JOIN organisations AS o ON o.id = i.organisation_id
 WHERE i.id = :id AND i.organisation_id = ANY (:organisations)
   AND (CAST(:reporter AS uuid) IS NULL OR i.reported_by = :reporter)

-- seen --
-- An incident as the reader may see it.
SELECT i.id, i.organisation_id, o.slug AS organisation, i.precision, i.source, i.source_ref, i.category,
       i.occurred_from, i.occurred_to, ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat, i.area, i.location_uncertainty_m,
       i.text, i.marks, i.state, i.reported_at, i.version, i.changed_at
  FROM seen_incidents AS i
  JOIN organisations AS o ON o.id = i.organisation_id
 WHERE i.id = :id AND i.organisation_id = ANY (:organisations)

-- lock --
-- Hold the incident while its correction is worked out.
SELECT i.id
  FROM incidents AS i
 WHERE i.id = :id AND i.organisation_id = ANY (:organisations)
   FOR UPDATE

-- keep_version --
INSERT INTO incident_versions (incident_id, version, organisation_id, replaced_at, replaced_by, content)
VALUES (:incident_id, :version, :organisation_id, :replaced_at, :replaced_by, CAST(:content AS jsonb))

-- correct --
-- The hash of what was first sent stays, so that a repeat of the first report is still a repeat. A place given anew is
-- exact again, until retention comes by.
UPDATE incidents
   SET category = :category, occurred_from = :occurred_from, occurred_to = :occurred_to,
       geom = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), location_uncertainty_m = :location_uncertainty_m,
       text = :text, marks = CAST(:marks AS text[]), state = :state, version = version + 1, changed_at = :now,
       position_purged_at = CASE WHEN ST_Distance(geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) < 1e-6
                                 THEN position_purged_at END
 WHERE id = :id AND organisation_id = ANY (:organisations)

-- points --
-- Everything an analysis may count, in a stable order, as packed arrays: rows to objects would cost thirty times more.
-- `occurred_from < until` and `occurred_to >= since` is wider than the rule (the midpoint counts); the core decides.
SELECT count(*) AS n, max(p.changed_at) AS newest,
       string_agg(float8send(p.x), ''::bytea) AS xs, string_agg(float8send(p.y), ''::bytea) AS ys,
       string_agg(float8send(p.from_s), ''::bytea) AS froms, string_agg(float8send(p.to_s), ''::bytea) AS tos,
       string_agg(float8send(p.uncertainty_m), ''::bytea) AS uncertainties,
       array_agg(p.category) AS categories, array_agg(p.source) AS sources, array_agg(p.sort_key) AS sort_keys
  FROM (SELECT ST_X(i.geom_metric) AS x, ST_Y(i.geom_metric) AS y,
               CAST(extract(epoch FROM i.occurred_from) AS double precision) AS from_s,
               CAST(extract(epoch FROM coalesce(i.occurred_to, i.occurred_from)) AS double precision) AS to_s,
               CAST(coalesce(i.location_uncertainty_m, 'NaN') AS double precision) AS uncertainty_m,
               i.category COLLATE "C" AS category, (o.slug || ':' || i.source) COLLATE "C" AS source, i.changed_at,
               (o.slug || ':' || i.source || ':' || coalesce(i.source_ref, '')) COLLATE "C" AS sort_key
          FROM incidents AS i
          JOIN organisations AS o ON o.id = i.organisation_id
         WHERE i.state = 'approved'
           AND (i.organisation_id = ANY (:organisations)
                OR (i.organisation_id = ANY (CAST(:shared AS uuid[]))
                    AND i.organisation_id || '/' || i.category = ANY ((SELECT exact_keys())::text[])))
           AND NOT (:counts_linked_once
                    AND EXISTS (SELECT FROM incident_links AS l
                                  JOIN incidents AS f ON f.id = l.first_id AND f.state = 'approved'
                                 WHERE l.second_id = i.id AND l.state = 'confirmed'))
           AND i.occurred_from < :until AND coalesce(i.occurred_to, i.occurred_from) >= :since
           AND (CAST(:area AS text) IS NULL
                OR ST_Intersects(i.geom, (SELECT a.geom FROM areas AS a WHERE a.code = :area)))
         ORDER BY x, y, i.occurred_from, sort_key, category) AS p
