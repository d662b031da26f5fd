-- Map features: one relation for each collection of app/core/features.py, with a column for each property. They are
-- put into FROM as they stand; what a request asks for comes round them.

-- hotspots --
-- As in /api/v1/hotspots: ids that are kept from run to run where this reader is told of steps; `told` is the finished
-- text of all properties.
SELECT coalesce(s.known_id, h.hotspot_id) AS id, h.geom, h.rank, h.incident_count AS count, h.weighted_value,
       h.properties ->> 'weighting' AS weighting,
       CAST(h.properties ->> 'density_per_km2' AS double precision) AS density_per_km2,
       CAST(h.properties ->> 'area_m2' AS double precision) AS area_m2,
       CAST(h.properties ->> 'period_from' AS timestamptz) AS period_from,
       CAST(h.properties ->> 'period_to' AS timestamptz) AS period_to,
       CAST(h.properties ->> 'first_seen' AS timestamptz) AS first_seen,
       CAST(h.properties ->> 'last_seen' AS timestamptz) AS last_seen,
       h.properties ->> 'dominant_category' AS dominant_category, h.categories AS category_codes,
       CAST(h.properties ->> 'place_uncertainty_m' AS double precision) AS place_uncertainty_m,
       CAST(h.properties ->> 'recent_count' AS integer) AS recent_count,
       CAST(h.properties ->> 'usual_count' AS double precision) AS usual_count,
       CAST(h.properties ->> 'p_value' AS double precision) AS p_value,
       CAST(h.properties ->> 'is_significant' AS boolean) AS is_significant,
       CAST(h.properties ->> 'place_certainty' AS double precision) AS place_certainty,
       s.change, o.slug AS organisation,
       CASE WHEN s.known_id IS NULL THEN CAST(h.properties AS text)
            ELSE left(CAST(h.properties AS text), -1) || ',"change":"' || s.change
                 || '","related":' || to_json(s.related) || '}' END AS told
  FROM seen_hotspots AS h
  JOIN organisations AS o ON o.id = h.organisation_id
  LEFT JOIN adoptions AS a ON a.run_id = h.run_id AND a.taken_back_at IS NULL
  LEFT JOIN hotspot_steps AS s ON s.adoption_id = a.id AND s.run_hotspot_id = h.hotspot_id
 WHERE h.run_id = :run_id AND h.organisation_id = ANY (:organisations)

-- hotspot_history --
-- Every run that is adopted. A hot spot is in many of them, so its own id is a property here.
SELECT a.run_id || '-' || h.rank AS id, h.geom, coalesce(s.known_id, h.hotspot_id)::text AS hotspot,
       a.run_id::text AS run, a.adopted_at, h.rank, h.incident_count AS count, h.weighted_value,
       h.properties ->> 'weighting' AS weighting,
       CAST(h.properties ->> 'density_per_km2' AS double precision) AS density_per_km2,
       CAST(h.properties ->> 'area_m2' AS double precision) AS area_m2,
       CAST(h.properties ->> 'period_from' AS timestamptz) AS period_from,
       CAST(h.properties ->> 'period_to' AS timestamptz) AS period_to,
       CAST(h.properties ->> 'first_seen' AS timestamptz) AS first_seen,
       CAST(h.properties ->> 'last_seen' AS timestamptz) AS last_seen,
       h.properties ->> 'dominant_category' AS dominant_category, h.categories AS category_codes,
       CAST(h.properties ->> 'place_uncertainty_m' AS double precision) AS place_uncertainty_m,
       CAST(h.properties ->> 'recent_count' AS integer) AS recent_count,
       CAST(h.properties ->> 'usual_count' AS double precision) AS usual_count,
       CAST(h.properties ->> 'p_value' AS double precision) AS p_value,
       CAST(h.properties ->> 'is_significant' AS boolean) AS is_significant,
       CAST(h.properties ->> 'place_certainty' AS double precision) AS place_certainty,
       s.change, o.slug AS organisation
  FROM adoptions AS a
  JOIN seen_hotspots AS h ON h.run_id = a.run_id
  JOIN organisations AS o ON o.id = h.organisation_id
  LEFT JOIN hotspot_steps AS s ON s.adoption_id = a.id AND s.run_hotspot_id = h.hotspot_id
 WHERE a.taken_back_at IS NULL AND h.organisation_id = ANY (:organisations)

-- incidents --
-- As the reader sees them: filters, order, counts and tiles are those of the coarse image.
SELECT i.id, i.geom, i.category, i.occurred_from, i.occurred_to, i.location_uncertainty_m, i.source, i.source_ref,
       i.text, o.slug AS organisation, i.state, i.marks, i.reported_at, i.version, i.precision, i.area
  FROM seen_incidents AS i
  JOIN organisations AS o ON o.id = i.organisation_id
 WHERE i.organisation_id = ANY (:organisations) AND i.state = ANY (:states)

-- own_incidents --
-- The same for readers who see everything within reach as it is: row-level security keeps the table to just that, and
-- planning the coarse half of the view would take longer than the answer.
SELECT i.id, i.geom, i.category, i.occurred_from, i.occurred_to, i.location_uncertainty_m, i.source, i.source_ref,
       CASE WHEN (SELECT current_setting('lagesbild.texts', true) = 'on') THEN i.text END AS text,
       o.slug AS organisation, i.state, i.marks, i.reported_at, i.version, 'exact' AS precision, NULL::text AS area
  FROM incidents AS i
  JOIN organisations AS o ON o.id = i.organisation_id
 WHERE i.organisation_id = ANY (:organisations) AND i.state = ANY (:states)

-- areas --
SELECT a.code AS id, a.geom, a.code, a.name, a.kind, p.code AS parent
  FROM areas AS a
  LEFT JOIN areas AS p ON p.id = a.parent_id

-- revision --
-- What changes whenever an organisation's rows do.
SELECT coalesce(sum(c.revision), 0) AS revision
  FROM collection_counters AS c
 WHERE c.collection = :collection AND c.organisation_id = ANY (:organisations)

-- adoptions --
-- What changes whenever a run is adopted, or an adoption taken back.
SELECT count(*) AS n, count(a.taken_back_at) AS taken_back, max(a.id) AS newest, max(a.adopted_at) AS adopted_at
  FROM adoptions AS a
 WHERE a.organisation_id = ANY (:organisations)

-- areas_revision --
-- Areas have no counter: an administrator loads them, seldom. The newest transaction that touched one tells it.
SELECT count(*) AS n, max(CAST(CAST(a.xmin AS text) AS bigint)) AS newest
  FROM areas AS a
