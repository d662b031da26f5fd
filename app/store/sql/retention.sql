-- Rules of retention, what is due by them, and the purge itself.

-- rules --
SELECT r.source, r.category, r.text_after_months, r.position_after_months, r.everything_after_months, r.changed_at
  FROM retention_rules AS r
 WHERE r.organisation_id = :organisation_id
 ORDER BY r.source NULLS FIRST, r.category NULLS FIRST
 LIMIT 1000

-- clear --
DELETE FROM retention_rules WHERE organisation_id = :organisation_id

-- add --
INSERT INTO retention_rules (organisation_id, source, category, text_after_months, position_after_months,
                             everything_after_months, changed_at, changed_by)
VALUES (:organisation_id, :source, :category, :text_after_months, :position_after_months, :everything_after_months,
        :now, :changed_by)

-- organisations --
-- Those that have rules, for the nightly run.
SELECT DISTINCT o.id, o.slug
  FROM retention_rules AS r
  JOIN organisations AS o ON o.id = r.organisation_id
 ORDER BY o.slug
 LIMIT 100000

-- due --
-- How much each rule would take at a moment; counts only.
SELECT r.source, r.category, count(*) FILTER (WHERE d.is_text_due) AS texts,
       count(*) FILTER (WHERE d.is_position_due) AS positions, count(*) FILTER (WHERE d.is_everything_due) AS incidents
  FROM retention_due(:organisation_id, :moment) AS d
  JOIN retention_rules AS r ON r.id = d.rule_id
 GROUP BY r.source, r.category
 ORDER BY r.source NULLS FIRST, r.category NULLS FIRST
 LIMIT 1000

-- purge --
-- By the stored rules and the database's clock (migration 0009); so many incidents at a time.
SELECT p.texts, p.positions, p.incidents, p.keys, p.runs, p.outlines FROM purge_incidents(:organisation_id, :most) AS p
