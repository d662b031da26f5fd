-- Accounts, their tokens and sessions. Secrets are stored hashed; looking one up is signed_in() (migration 0002).

-- add --
INSERT INTO accounts (organisation_id, name, role)
SELECT o.id, :name, :role FROM organisations AS o WHERE o.slug = :organisation
RETURNING id, organisation_id

-- page --
SELECT a.id, a.name, a.role, o.slug AS organisation, a.created_at, a.closed_at
  FROM accounts AS a
  JOIN organisations AS o ON o.id = a.organisation_id
 ORDER BY o.slug, a.name
 LIMIT :limit

-- by_name --
SELECT a.id, a.organisation_id
  FROM accounts AS a
  JOIN organisations AS o ON o.id = a.organisation_id
 WHERE o.slug = :organisation AND a.name = :name AND a.closed_at IS NULL

-- close --
UPDATE accounts SET closed_at = :now WHERE id = :id AND closed_at IS NULL RETURNING id

-- add_token --
INSERT INTO tokens (organisation_id, account_id, name, token_hash, expires_at, collections, precision)
VALUES (:organisation_id, :account_id, :name, :token_hash, :expires_at, CAST(:collections AS text[]), :precision)
RETURNING id

-- tokens --
SELECT t.id, t.name, a.name AS account, a.role, o.slug AS organisation, t.created_at, t.expires_at, t.revoked_at,
       t.last_used_on, t.collections, t.precision
  FROM tokens AS t
  JOIN accounts AS a ON a.id = t.account_id
  JOIN organisations AS o ON o.id = t.organisation_id
 ORDER BY o.slug, a.name, t.created_at
 LIMIT :limit

-- revoke_token --
UPDATE tokens SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL RETURNING id

-- open_session --
INSERT INTO sessions (session_hash, organisation_id, account_id, token_id, expires_at, idle_s, provider_hint)
VALUES (:session_hash, :organisation_id, :account_id, :token_id, :expires_at, :idle_s, :provider_hint)

-- forget_old_sessions --
DELETE FROM sessions
 WHERE organisation_id = :organisation_id
   AND (expires_at < now() OR last_seen_at + make_interval(secs => idle_s) < now())

-- close_session --
DELETE FROM sessions WHERE session_hash = :session_hash AND organisation_id = :organisation_id
RETURNING provider_hint

-- close_sessions --
DELETE FROM sessions WHERE account_id = :account_id AND session_hash IS DISTINCT FROM :but
