-- Sources: where an organisation's reports come from.

-- named --
SELECT s.name, s.is_trusted, s.location_uncertainty_m
  FROM sources AS s
 WHERE s.organisation_id = :organisation_id AND s.name = ANY (:names)

-- add --
INSERT INTO sources (organisation_id, name, title, is_trusted, location_uncertainty_m)
SELECT o.id, :name, :title, :is_trusted, :location_uncertainty_m FROM organisations AS o WHERE o.slug = :organisation
