-- The organisation's own changes to the crosswalk from the police's crime codes to categories.

-- all --
SELECT c.code, c.category
  FROM crime_codes AS c
 WHERE c.organisation_id = :organisation_id
 ORDER BY c.code
 LIMIT :limit

-- put --
INSERT INTO crime_codes (organisation_id, code, category) VALUES (:organisation_id, :code, :category)
    ON CONFLICT (organisation_id, code) DO UPDATE SET category = excluded.category

-- remove --
DELETE FROM crime_codes WHERE organisation_id = :organisation_id AND code = :code
