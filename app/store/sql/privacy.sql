-- What the report for impact assessments says of the present: counts and rules, no content.

-- figures --
SELECT (SELECT c.row_count FROM collection_counters AS c
         WHERE c.collection = 'incidents' AND c.organisation_id = :organisation_id) AS incidents,
       (SELECT d.audit_keep_months FROM deployment AS d) AS audit_keep_months

-- sharing --
-- What the organisation gives and is given, by rules in force.
SELECT g.slug AS giver, r.slug AS receiver, s.what, s.purpose, s.valid_until
  FROM sharing_rules AS s
  JOIN organisations AS g ON g.id = s.giver_id
  JOIN organisations AS r ON r.id = s.receiver_id
 WHERE :organisation_id IN (s.giver_id, s.receiver_id) AND s.valid_until >= :today
 ORDER BY g.slug, r.slug, s.what, s.valid_until
 LIMIT 1000
