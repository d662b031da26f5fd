-- Categories of incidents, and what each is worth.

-- page --
SELECT c.code, c.sv, c.en, c.harm_weight, w.weight AS own_weight, c.is_clustered
  FROM categories AS c
  LEFT JOIN category_weights AS w ON w.category = c.code AND w.organisation_id = :organisation_id
 ORDER BY c.position

-- add --
INSERT INTO categories (code, sv, en, harm_weight, is_clustered, position)
VALUES (:code, :sv, :en, :harm_weight, :is_clustered, :position)
    ON CONFLICT (code) DO NOTHING
