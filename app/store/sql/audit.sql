-- The audit log: read by auditors, sealed by a job, verified with the owner's login.

-- page --
-- Lines newest first, by number; one more than the page tells whether more follow. Row-level security holds whose.
SELECT l.id, l.recorded_at, l.actor, l.role, o.slug AS organisation, o.name AS organisation_name, l.action, l.subject,
       l.figures, l.request_id, l.address, l.scope
  FROM audit_lines AS l
  LEFT JOIN organisations AS o ON o.id = l.organisation_id
 WHERE (l.organisation_id = ANY (:audits) OR l.controllers && CAST(:audits AS uuid[]) OR l.organisation_id = :deployment)
   AND (CAST(:since AS timestamptz) IS NULL OR l.recorded_at >= :since)
   AND (CAST(:until AS timestamptz) IS NULL OR l.recorded_at < :until)
   AND (CAST(:actor AS text) IS NULL OR l.actor = :actor)
   AND (CAST(:action AS text) IS NULL OR l.action = :action)
   AND (CAST(:organisation AS text) IS NULL OR o.slug = :organisation)
   AND (CAST(:before_id AS bigint) IS NULL OR l.id < :before_id)
 ORDER BY l.id DESC
 LIMIT :limit

-- last_seal --
SELECT s.position, s.sealed_at, s.seal_hash FROM audit_seals AS s ORDER BY s.position DESC LIMIT 1

-- seal --
-- Seal what is in no seal yet; how many lines. The chain is the database's to write (migration 0009).
SELECT seal_audit_lines() AS sealed

-- keep_months --
-- Make months to come, drop those past their time; how many were dropped.
SELECT keep_audit_months() AS dropped

-- seals --
-- The whole chain, from its first link. For the owner's login.
SELECT s.position, s.kind, s.sealed_at, s.month, s.line_count, s.line_ids, s.line_hashes, s.lines_hash, s.previous_hash,
       s.seal_hash
  FROM audit_seals AS s
 WHERE s.position > :after
 ORDER BY s.position
 LIMIT :limit

-- expired_months --
SELECT s.month FROM audit_seals AS s WHERE s.kind = 'expiry'

-- lines --
-- Lines as the hash wants them: every value as text.
SELECT l.id, l.recorded_at, CAST(l.actor_id AS text) AS actor_id, l.actor, l.role,
       CAST(l.organisation_id AS text) AS organisation_id, l.action, l.subject, CAST(l.figures AS text) AS figures,
       l.request_id, l.address, l.scope, CAST(l.controllers AS text) AS controllers
  FROM audit_lines AS l
 WHERE l.id = ANY (:ids)

-- unsealed --
-- Lines in no seal, oldest first. The list is made once: else it would be looked through for each line.
WITH sealed AS MATERIALIZED (SELECT unnest(s.line_ids) AS id FROM audit_seals AS s)
SELECT l.id, l.recorded_at
  FROM audit_lines AS l
 WHERE NOT EXISTS (SELECT FROM sealed AS s WHERE s.id = l.id)
 ORDER BY l.recorded_at, l.id
 LIMIT :limit

-- keep --
-- How long months of the log are kept, said in the log itself by the same statement.
WITH changed AS (UPDATE deployment SET audit_keep_months = :months RETURNING audit_keep_months)
INSERT INTO audit_lines (actor, role, organisation_id, action, figures, scope)
SELECT :actor, 'admin', :deployment, :action, jsonb_build_object('months', c.audit_keep_months), 'administers'
  FROM changed AS c
