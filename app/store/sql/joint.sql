-- The joint picture of a local police area. What the joint login may use is row-level security's to say.

-- police_areas --
-- Where somebody gives something to the joint analysis.
SELECT DISTINCT o.local_police_area AS code
  FROM sharing_rules AS s
  JOIN organisations AS o ON o.id = s.giver_id
 WHERE s.receiver_id IS NULL AND in_force(s.valid_until, s.ended_at) AND o.local_police_area IS NOT NULL
 ORDER BY 1 LIMIT :limit

-- parties --
-- Everybody who may read the picture.
SELECT o.slug FROM organisations AS o WHERE o.local_police_area = :police_area ORDER BY o.slug LIMIT :limit

-- points --
-- Approved incidents that rules give to the joint analysis, with who has them and the catchment they lie in.
SELECT ST_X(i.geom_metric) AS x, ST_Y(i.geom_metric) AS y,
       CAST(extract(epoch FROM i.occurred_from) AS double precision) AS from_s,
       CAST(extract(epoch FROM coalesce(i.occurred_to, i.occurred_from)) AS double precision) AS to_s,
       CAST(coalesce(i.location_uncertainty_m, 'NaN') AS double precision) AS uncertainty_m,
       i.category, o.slug AS controller, CAST(p.catchment_id AS text) AS cell, CAST(i.id AS text) AS sort_key
  FROM incidents AS i
  JOIN organisations AS o ON o.id = i.organisation_id
  LEFT JOIN incident_places AS p ON p.incident_id = i.id
 WHERE o.local_police_area = :police_area AND i.state = 'approved'
   AND i.organisation_id || '/' || i.category = ANY ((SELECT joint_keys())::text[])
   AND i.occurred_from < :until AND coalesce(i.occurred_to, i.occurred_from) >= :since
 ORDER BY x, y, i.occurred_from, i.id
 LIMIT :limit

-- add --
INSERT INTO joint_runs (id, local_police_area, params, fingerprint, k, made_at, code_version, hotspot_count)
VALUES (:id, :police_area, CAST(:params AS json), :fingerprint, :k, :now, :code_version, :hotspot_count)

-- add_hotspot --
INSERT INTO joint_hotspots (run_id, rank, local_police_area, properties, geom)
SELECT :run_id, :rank, :police_area, CAST(:properties AS json), ST_ForcePolygonCCW(ST_Multi(ST_Union(c.geom)))
  FROM catchments AS c
 WHERE c.id = ANY (CAST(:cells AS uuid[]))

-- latest --
SELECT r.id, r.local_police_area, r.made_at, r.k, r.hotspot_count, r.fingerprint, CAST(r.params AS text) AS params
  FROM joint_runs AS r
 WHERE r.local_police_area = :police_area
 ORDER BY r.made_at DESC, r.id LIMIT 1

-- features --
SELECT coalesce(string_agg('{"type":"Feature","id":"' || h.rank || '","geometry":' || ST_AsGeoJSON(h.geom, 6, 0)
                           || ',"properties":' || h.properties || '}', ',' ORDER BY h.rank), '') AS features,
       count(*) AS n
  FROM joint_hotspots AS h
 WHERE h.run_id = :run_id AND h.local_police_area = :police_area
