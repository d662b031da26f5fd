-- Catchments: what positions are snapped to. One set a year for each municipality; a set is never changed.

-- municipality --
SELECT a.id, ST_AsBinary(a.geom) AS wkb FROM areas AS a WHERE a.code = :code AND a.kind = 'municipality'

-- municipalities --
SELECT a.code FROM areas AS a WHERE a.kind = 'municipality' ORDER BY a.code LIMIT :limit

-- newest_year --
SELECT max(c.year) AS year FROM catchments AS c WHERE c.municipality_id = :municipality_id

-- cells --
-- How many different places of incidents lie in each grid square: nothing finer leaves the database.
SELECT c.ix, c.iy, c.n FROM cell_counts(:municipality_id, :cell_m) AS c

-- close_set --
-- Reports of the new set's year are snapped by the new set.
UPDATE catchments SET until_year = :year WHERE municipality_id = :municipality_id AND until_year > :year

-- add --
-- The first set of a municipality serves the years before it as well.
INSERT INTO catchments (municipality_id, year, number, from_year, basis, k, point, radius_m, geom, geom_metric)
SELECT CAST(:municipality_id AS uuid), CAST(:year AS smallint), n.number,
       CASE WHEN EXISTS (SELECT FROM catchments AS c WHERE c.municipality_id = :municipality_id) THEN CAST(:year AS smallint) ELSE 0 END,
       :basis, :k, ST_SetSRID(ST_GeomFromWKB(n.point), 4326), n.radius_m, ST_SetSRID(ST_GeomFromWKB(n.wkb), 4326),
       ST_SetSRID(ST_GeomFromWKB(n.wkb_metric), (SELECT d.metric_srid FROM deployment AS d))
  FROM unnest(CAST(:numbers AS integer[]), CAST(:points AS bytea[]), CAST(:radii AS real[]), CAST(:wkbs AS bytea[]),
              CAST(:wkbs_metric AS bytea[])) AS n (number, point, radius_m, wkb, wkb_metric)

-- features --
-- Of one year, or of each municipality's newest.
SELECT coalesce(string_agg('{"type":"Feature","id":"' || f.code || '-' || f.year || '-' || f.number || '","geometry":'
                           || ST_AsGeoJSON(f.geom, 6, 0) || ',"properties":'
                           || json_build_object('municipality', f.code, 'year', f.year, 'number', f.number,
                                                'basis', f.basis, 'k', f.k, 'radius_m', f.radius_m,
                                                'point', json_build_array(ST_X(f.point), ST_Y(f.point))) || '}',
                           ',' ORDER BY f.code, f.number), '') AS features,
       count(*) AS n
  FROM (SELECT a.code, c.year, c.number, c.basis, c.k, c.radius_m, c.point, c.geom
          FROM catchments AS c
          JOIN areas AS a ON a.id = c.municipality_id
         WHERE (CAST(:municipality AS text) IS NULL OR a.code = :municipality)
           AND c.year = coalesce(CAST(:year AS integer),
                                 (SELECT max(n.year) FROM catchments AS n WHERE n.municipality_id = a.id))
         ORDER BY a.code, c.number LIMIT :limit) AS f
