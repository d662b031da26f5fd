-- Whom the identity provider sends, and whose password is whose. Only the doorkeeper looks here: actions/sign_ins.py.

-- identity --
SELECT a.id, a.name, a.role, a.closed_at, o.slug AS organisation
  FROM identities AS i
  JOIN accounts AS a ON a.id = i.account_id
  JOIN organisations AS o ON o.id = a.organisation_id
 WHERE i.issuer = :issuer AND i.subject = :subject

-- hold --
-- Two first sign-ins of one person go one after the other.
SELECT pg_advisory_xact_lock(hashtextextended(CAST(:issuer AS text) || ' ' || :subject, 0))

-- name_is_taken --
SELECT EXISTS (SELECT FROM accounts AS a
                 JOIN organisations AS o ON o.id = a.organisation_id
                WHERE o.slug = :organisation AND a.name = :name)

-- tie --
INSERT INTO identities (issuer, subject, account_id) VALUES (:issuer, :subject, :account_id)
    ON CONFLICT (issuer, subject) DO UPDATE SET account_id = excluded.account_id

-- change --
UPDATE accounts SET name = :name, role = :role WHERE id = :id

-- password --
SELECT p.account_id, p.password_hash, a.closed_at
  FROM passwords AS p
  JOIN accounts AS a ON a.id = p.account_id
 WHERE p.username = :username

-- username --
SELECT p.username, p.password_hash FROM passwords AS p WHERE p.account_id = :account_id

-- set_password --
INSERT INTO passwords (account_id, username, password_hash, changed_at)
VALUES (:account_id, :username, :password_hash, :now)
    ON CONFLICT (account_id)
    DO UPDATE SET username = excluded.username, password_hash = excluded.password_hash, changed_at = excluded.changed_at

-- has_passwords --
SELECT EXISTS (SELECT FROM passwords) AS has_passwords
