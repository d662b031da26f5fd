-- The place register of an organisation.

-- all --
-- Every entry, for an import that looks up names.
SELECT p.id, p.name, p.aliases, p.within, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, p.location_uncertainty_m
  FROM places AS p
 WHERE p.organisation_id = :organisation_id
 ORDER BY p.name, p.within, p.id
 LIMIT :limit

-- clear --
DELETE FROM places WHERE organisation_id = :organisation_id

-- add --
INSERT INTO places (id, organisation_id, name, aliases, within, geom, location_uncertainty_m)
VALUES (:id, :organisation_id, :name, :aliases, :within, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326),
        :location_uncertainty_m)
