-- Areas: municipalities, local police areas, districts.

-- features --
SELECT coalesce(string_agg('{"type":"Feature","id":"' || a.code || '","geometry":' || ST_AsGeoJSON(a.geom, 6, 0)
                           || ',"properties":' || json_build_object('code', a.code, 'name', a.name, 'kind', a.kind,
                                                                    'parent', p.code) || '}',
                           ',' ORDER BY a.kind, a.name COLLATE "sv-SE-x-icu", a.code), '') AS features,
       count(*) AS n
  FROM (SELECT * FROM areas
         WHERE (CAST(:kind AS text) IS NULL OR kind = :kind)
         ORDER BY kind, code LIMIT :limit) AS a
  LEFT JOIN areas AS p ON p.id = a.parent_id

-- outlines --
-- For an import that says where a file's points land.
SELECT a.code, a.name, ST_AsBinary(a.geom) AS wkb
  FROM areas AS a
 ORDER BY a.code
 LIMIT :limit

-- exists --
SELECT EXISTS (SELECT FROM areas AS a WHERE a.code = :code)

-- add --
-- Right-hand rule (RFC 7946) from the first: stored outlines are served as they are.
INSERT INTO areas (code, name, kind, parent_id, geom)
VALUES (:code, :name, :kind, (SELECT p.id FROM areas AS p WHERE p.code = :parent),
        ST_Multi(ST_ForcePolygonCCW(ST_SetSRID(ST_GeomFromGeoJSON(:geojson), 4326))))
