-- Analysis runs: asked for, worked on, adopted.

-- request --
INSERT INTO analysis_runs (organisation_id, params, fingerprint, requested_at, requested_by, code_version)
VALUES (:organisation_id, CAST(:params AS json), :fingerprint, :requested_at, :requested_by, :code_version)
RETURNING id

-- one --
-- An organisation's own runs; another's only when it is adopted and the scope reaches it. Doubtful places are exact
-- positions.
SELECT r.id, r.organisation_id, o.slug AS organisation, CAST(r.params AS text) AS params, r.fingerprint, r.state,
       r.requested_at, r.started_at, r.finished_at, r.data_cut_off, r.code_version, r.incident_count, r.noise_count,
       r.hotspot_count, r.failure, a.adopted_at,
       CASE WHEN r.organisation_id = ANY ((SELECT hotspot_givers(1))::uuid[]) THEN r.findings
            ELSE CAST(CAST(r.findings AS jsonb) - 'doubtful_places' AS json) END AS findings
  FROM analysis_runs AS r
  JOIN organisations AS o ON o.id = r.organisation_id
  LEFT JOIN adoptions AS a ON a.run_id = r.id AND a.taken_back_at IS NULL
 WHERE r.id = :id AND r.organisation_id = ANY (:organisations)
   AND (r.organisation_id = :own OR a.id IS NOT NULL)

-- page --
SELECT r.id, r.organisation_id, o.slug AS organisation, CAST(r.params AS text) AS params, r.fingerprint, r.state,
       r.requested_at, r.started_at, r.finished_at, r.data_cut_off, r.code_version, r.incident_count, r.noise_count,
       r.hotspot_count, r.failure, r.findings, a.adopted_at
  FROM analysis_runs AS r
  JOIN organisations AS o ON o.id = r.organisation_id
  LEFT JOIN adoptions AS a ON a.run_id = r.id AND a.taken_back_at IS NULL
 WHERE r.organisation_id = :own
 ORDER BY r.requested_at DESC, r.id DESC
 LIMIT :limit

-- start --
-- Only a queued run, or one whose worker died, starts.
UPDATE analysis_runs
   SET state = 'running', started_at = :now
 WHERE id = :id AND organisation_id = :organisation_id AND state IN ('queued', 'running')
RETURNING CAST(params AS text)

-- finish --
UPDATE analysis_runs
   SET state = 'done', finished_at = :now, data_cut_off = :data_cut_off, incident_count = :incident_count,
       noise_count = :noise_count, hotspot_count = :hotspot_count, findings = CAST(:findings AS json)
 WHERE id = :id AND organisation_id = :organisation_id AND state = 'running'
RETURNING id

-- fail --
UPDATE analysis_runs
   SET state = 'failed', finished_at = :now, failure = :failure
 WHERE id = :id AND organisation_id = :organisation_id AND state IN ('queued', 'running')
RETURNING id

-- cancel --
UPDATE analysis_runs
   SET state = 'cancelled', finished_at = :now
 WHERE id = :id AND organisation_id = :organisation_id AND state IN ('queued', 'running')
RETURNING id

-- is_running --
SELECT EXISTS (SELECT FROM analysis_runs
                WHERE id = :id AND organisation_id = :organisation_id AND state = 'running')

-- take_turns --
-- Adoptions of one organisation go one after the other: each continues the history that the one before it wrote.
SELECT pg_advisory_xact_lock(hashtextextended('adoptions of ' || CAST(CAST(:organisation_id AS uuid) AS text), 0))

-- adopt --
INSERT INTO adoptions (organisation_id, run_id, adopted_at, adopted_by, profile)
VALUES (:organisation_id, :run_id, :adopted_at, :adopted_by, :profile)
RETURNING id

-- take_back --
UPDATE adoptions
   SET taken_back_at = :now, taken_back_by = :actor_id
 WHERE run_id = :run_id AND organisation_id = :organisation_id AND taken_back_at IS NULL
RETURNING id
