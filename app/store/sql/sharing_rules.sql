-- Sharing rules: who gives what to whom, how exactly, what for, until when.

-- add --
INSERT INTO sharing_rules (giver_id, receiver_id, what, precision, categories, purpose, valid_until)
SELECT g.id, r.id, :what, :precision, CAST(:categories AS text[]), :purpose, :valid_until
  FROM organisations AS g
  LEFT JOIN organisations AS r ON r.slug = :receiver
 WHERE g.slug = :giver AND (CAST(:receiver AS text) IS NULL OR r.id IS NOT NULL)
RETURNING id

-- page --
SELECT s.id, g.slug AS giver, r.slug AS receiver, s.what, s.precision, s.categories, s.purpose, s.valid_until,
       s.created_at, s.ended_at, in_force(s.valid_until, s.ended_at) AS is_in_force
  FROM sharing_rules AS s
  JOIN organisations AS g ON g.id = s.giver_id
  LEFT JOIN organisations AS r ON r.id = s.receiver_id
 WHERE :administers OR :own IN (s.giver_id, s.receiver_id)
 ORDER BY s.created_at DESC, s.id
 LIMIT :limit

-- end --
UPDATE sharing_rules SET ended_at = :now WHERE id = :id AND ended_at IS NULL RETURNING id
