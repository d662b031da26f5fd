-- Organisations, the areas they work in, who gives them what.

-- page --
SELECT o.slug, o.name, o.kind, o.municipality, o.local_police_area, a.code AS area, o.outside_area
  FROM organisations AS o
  LEFT JOIN areas AS a ON a.id = o.area_id
 ORDER BY o.name COLLATE "sv-SE-x-icu", o.slug
 LIMIT :limit

-- area_of --
-- Where an organisation's incidents may lie, and what to do with one that lies elsewhere.
SELECT ST_AsBinary(a.geom) AS wkb, o.outside_area
  FROM organisations AS o
  LEFT JOIN areas AS a ON a.id = o.area_id
 WHERE o.id = :id

-- by_slug --
SELECT o.id, o.slug, o.name FROM organisations AS o WHERE o.slug = :slug

-- slugs_of --
SELECT o.id, o.slug FROM organisations AS o WHERE o.id = ANY (:ids) ORDER BY o.slug

-- givers --
-- Whose incidents may be counted in this organisation's analyses: sharing rules in force give some of them exactly.
SELECT g.counted_givers AS ids FROM given_to(:receiver) AS g

-- add --
INSERT INTO organisations (slug, name, kind, area_id, municipality, local_police_area, outside_area)
VALUES (:slug, :name, :kind, (SELECT a.id FROM areas AS a WHERE a.code = :area), :municipality, :local_police_area,
        :outside_area)
RETURNING id

-- metric_srid --
SELECT d.metric_srid FROM deployment AS d
