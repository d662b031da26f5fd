-- Organisations, the areas they work in, what they share.

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
-- Whose incidents may be counted in this organisation's analyses, by sharing rules in force.
SELECT sharing_givers(:receiver, 'incidents') AS ids

-- add --
INSERT INTO organisations (slug, name, kind, area_id, municipality, local_police_area, outside_area)
VALUES (:slug, :name, :kind, (SELECT a.id FROM areas AS a WHERE a.code = :area), :municipality, :local_police_area,
        :outside_area)
RETURNING id

-- share --
INSERT INTO sharing_rules (giver_id, receiver_id, what, purpose, valid_until)
SELECT g.id, r.id, :what, :purpose, :valid_until
  FROM organisations AS g, organisations AS r
 WHERE g.slug = :giver AND r.slug = :receiver

-- metric_srid --
SELECT d.metric_srid FROM deployment AS d
