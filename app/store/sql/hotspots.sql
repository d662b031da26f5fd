-- Hot spots of a run, kept as finished GeoJSON properties and served as text.

-- add --
INSERT INTO run_hotspots (run_id, hotspot_id, organisation_id, rank, incident_count, weighted_value, categories,
                          properties, statistics, core_places, p_value, is_significant, place_certainty, geom)
SELECT :run_id, n.hotspot_id, :organisation_id, n.rank, n.incident_count, n.weighted_value,
       string_to_array(n.categories, ' '), n.properties, n.statistics, CAST(n.core_places AS integer[]),
       n.p_value, n.is_significant, n.place_certainty, ST_SetSRID(ST_GeomFromWKB(n.wkb), 4326)
  FROM unnest(CAST(:hotspot_ids AS uuid[]), CAST(:ranks AS integer[]), CAST(:counts AS integer[]),
              CAST(:weighted_values AS double precision[]), CAST(:categories AS text[]), CAST(:properties AS json[]),
              CAST(:statistics AS json[]), CAST(:core_places AS text[]), CAST(:p_values AS double precision[]),
              CAST(:are_significant AS boolean[]), CAST(:place_certainties AS double precision[]),
              CAST(:wkbs AS bytea[]))
    AS n (hotspot_id, rank, incident_count, weighted_value, categories, properties, statistics, core_places, p_value,
          is_significant, place_certainty, wkb)

-- current_run --
-- The run a reader means: the one named, else the own latest adopted one, else the latest that others share. Doubtful
-- places are exact positions.
SELECT r.id, o.slug AS organisation, o.name AS organisation_name, r.fingerprint, CAST(r.params AS text) AS params,
       r.data_cut_off, r.incident_count, r.noise_count, r.hotspot_count, a.adopted_at,
       CASE WHEN r.organisation_id = ANY ((SELECT hotspot_givers(1))::uuid[]) THEN r.findings
            ELSE CAST(CAST(r.findings AS jsonb) - 'doubtful_places' AS json) END AS findings,
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
-- Finished text, in rank order: no row becomes an object on the way. In a run that is adopted, a hot spot has the id
-- it keeps from run to run, and is told what became of it; in any other run it has the run's own key. Steps are for
-- readers who see hot spots exactly: a coarse one has the coarse id of each run.
SELECT coalesce(string_agg('{"type":"Feature","id":"' || coalesce(s.known_id, h.hotspot_id) || '","geometry":'
                           || ST_AsGeoJSON(h.geom, 6, 0) || ',"properties":'
                           || CASE WHEN s.known_id IS NULL THEN CAST(h.properties AS text)
                                   ELSE left(CAST(h.properties AS text), -1) || ',"change":"' || s.change
                                        || '","related":' || to_json(s.related) || '}' END || '}',
                           ',' ORDER BY h.rank), '') AS features,
       count(*) AS n
  FROM seen_hotspots AS h
  LEFT JOIN adoptions AS a ON a.run_id = h.run_id AND a.taken_back_at IS NULL
  LEFT JOIN hotspot_steps AS s ON s.adoption_id = a.id AND s.run_hotspot_id = h.hotspot_id
 WHERE h.run_id = :run_id AND h.organisation_id = ANY (:organisations)
   AND (CAST(:west AS double precision) IS NULL OR h.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326))
   AND (CAST(:min_count AS integer) IS NULL OR h.incident_count >= :min_count)
   AND (CAST(:categories AS text[]) IS NULL OR h.categories && :categories)
   AND (CAST(:is_significant AS boolean) IS NULL OR CAST(h.properties ->> 'is_significant' AS boolean) = :is_significant)

-- one --
SELECT coalesce(s.known_id, h.hotspot_id) AS hotspot_id,
       CASE WHEN s.known_id IS NULL THEN CAST(h.properties AS text)
            ELSE left(CAST(h.properties AS text), -1) || ',"change":"' || s.change
                 || '","related":' || to_json(s.related) || '}' END AS properties,
       CAST(h.statistics AS text) AS statistics, ST_AsGeoJSON(h.geom, 6, 0) AS geometry
  FROM seen_hotspots AS h
  LEFT JOIN adoptions AS a ON a.run_id = h.run_id AND a.taken_back_at IS NULL
  LEFT JOIN hotspot_steps AS s ON s.adoption_id = a.id AND s.run_hotspot_id = h.hotspot_id
 WHERE h.run_id = :run_id AND coalesce(s.known_id, h.hotspot_id) = :hotspot_id
   AND h.organisation_id = ANY (:organisations)

-- latest_run_with --
-- The newest adopted run, within reach, in which the hot spot was found; by its id there where it is not followed, or
-- not for this reader.
SELECT a.run_id
  FROM adoptions AS a
  LEFT JOIN hotspot_steps AS s ON s.adoption_id = a.id AND s.known_id = :hotspot_id
  LEFT JOIN seen_hotspots AS h ON h.run_id = a.run_id AND h.hotspot_id = :hotspot_id
        AND NOT EXISTS (SELECT FROM hotspot_steps AS t WHERE t.adoption_id = a.id AND t.run_hotspot_id = h.hotspot_id)
 WHERE a.organisation_id = ANY (:organisations) AND a.taken_back_at IS NULL
   AND (s.run_hotspot_id IS NOT NULL OR h.hotspot_id IS NOT NULL)
 ORDER BY (a.organisation_id = :own) DESC, a.id DESC
 LIMIT 1

-- ranked --
-- The list beside the map.
SELECT coalesce(s.known_id, h.hotspot_id) AS hotspot_id, h.rank, CAST(h.properties AS text) AS properties,
       s.change, s.related, ST_AsGeoJSON(h.geom, 6, 0) AS geometry
  FROM seen_hotspots AS h
  LEFT JOIN adoptions AS a ON a.run_id = h.run_id AND a.taken_back_at IS NULL
  LEFT JOIN hotspot_steps AS s ON s.adoption_id = a.id AND s.run_hotspot_id = h.hotspot_id
 WHERE h.run_id = :run_id AND h.organisation_id = ANY (:organisations)
 ORDER BY h.rank
 LIMIT :limit
