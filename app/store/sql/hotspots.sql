-- Hot spots of a run, kept as finished GeoJSON properties and served as text.

-- add --
INSERT INTO run_hotspots (run_id, hotspot_id, organisation_id, rank, incident_count, weighted_value, categories,
                          properties, statistics, geom)
SELECT :run_id, n.hotspot_id, :organisation_id, n.rank, n.incident_count, n.weighted_value,
       string_to_array(n.categories, ' '), n.properties, n.statistics, ST_SetSRID(ST_GeomFromWKB(n.wkb), 4326)
  FROM unnest(CAST(:hotspot_ids AS uuid[]), CAST(:ranks AS integer[]), CAST(:counts AS integer[]),
              CAST(:weighted_values AS double precision[]), CAST(:categories AS text[]), CAST(:properties AS json[]),
              CAST(:statistics AS json[]), CAST(:wkbs AS bytea[]))
    AS n (hotspot_id, rank, incident_count, weighted_value, categories, properties, statistics, wkb)

-- current_run --
-- The run a reader means: the one named, else the own latest adopted one, else the latest that others share.
SELECT r.id, o.slug AS organisation, o.name AS organisation_name, r.fingerprint, CAST(r.params AS text) AS params,
       r.data_cut_off, r.incident_count, r.noise_count, r.hotspot_count, a.adopted_at,
       coalesce((SELECT sum(c.revision) FROM collection_counters AS c
                  WHERE c.collection = 'hotspots' AND c.organisation_id = ANY (:organisations)), 0) AS revision
  FROM analysis_runs AS r
  JOIN organisations AS o ON o.id = r.organisation_id
  LEFT JOIN adoptions AS a ON a.run_id = r.id AND a.taken_back_at IS NULL
 WHERE r.organisation_id = ANY (:organisations) AND r.state = 'done'
   AND (CAST(:run AS uuid) IS NULL OR r.id = :run)
   AND (a.id IS NOT NULL OR (r.id = :run AND r.organisation_id = :own AND :may_read_runs))
 ORDER BY (r.organisation_id = :own) DESC, a.id DESC NULLS LAST
 LIMIT 1

-- features --
-- Finished text, in rank order: no row becomes an object on the way.
SELECT coalesce(string_agg('{"type":"Feature","id":"' || h.hotspot_id || '","geometry":'
                           || ST_AsGeoJSON(h.geom, 6, 0) || ',"properties":' || h.properties || '}',
                           ',' ORDER BY h.rank), '') AS features,
       count(*) AS n
  FROM run_hotspots AS h
 WHERE h.run_id = :run_id AND h.organisation_id = ANY (:organisations)
   AND (CAST(:west AS double precision) IS NULL OR h.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326))
   AND (CAST(:min_count AS integer) IS NULL OR h.incident_count >= :min_count)
   AND (CAST(:categories AS text[]) IS NULL OR h.categories && :categories)

-- one --
SELECT h.hotspot_id, CAST(h.properties AS text) AS properties, CAST(h.statistics AS text) AS statistics,
       ST_AsGeoJSON(h.geom, 6, 0) AS geometry
  FROM run_hotspots AS h
 WHERE h.run_id = :run_id AND h.hotspot_id = :hotspot_id AND h.organisation_id = ANY (:organisations)

-- latest_run_with --
-- The newest adopted run, within reach, in which the hot spot was found.
SELECT h.run_id
  FROM run_hotspots AS h
  JOIN adoptions AS a ON a.run_id = h.run_id AND a.taken_back_at IS NULL
 WHERE h.hotspot_id = :hotspot_id AND h.organisation_id = ANY (:organisations)
 ORDER BY (h.organisation_id = :own) DESC, a.id DESC
 LIMIT 1

-- ranked --
-- The list beside the map.
SELECT h.hotspot_id, h.rank, CAST(h.properties AS text) AS properties, ST_AsGeoJSON(h.geom, 6, 0) AS geometry
  FROM run_hotspots AS h
 WHERE h.run_id = :run_id AND h.organisation_id = ANY (:organisations)
 ORDER BY h.rank
 LIMIT :limit
