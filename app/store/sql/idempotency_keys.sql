-- Idempotency-Key headers: the same request again gives the same answer.

-- hold --
-- Two requests with one key go one after the other.
SELECT pg_advisory_xact_lock(hashtextextended(CAST(:account_id AS text) || :key, 0))

-- find --
SELECT k.request_hash, k.incident_ids
  FROM idempotency_keys AS k
 WHERE k.account_id = :account_id AND k.key = :key AND k.organisation_id = :organisation_id

-- keep --
INSERT INTO idempotency_keys (account_id, key, organisation_id, request_hash, incident_ids)
VALUES (:account_id, :key, :organisation_id, :request_hash, CAST(:incident_ids AS uuid[]))
