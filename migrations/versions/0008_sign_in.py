"""Sign-in: people from an identity provider, passwords, sessions that end in silence, narrow tokens, rate limits."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ADMINISTERS = "(SELECT current_setting('lagesbild.administers', true) = 'on')"
# table: who sees and writes a row. None = nobody but the owner: the app has a function for it.
POLICIES = {"identities": ADMINISTERS, "passwords": ADMINISTERS, "turns": None}
AUDITED = {
    "identities": "INSERT OR UPDATE OR DELETE",
    "passwords": "INSERT OR DELETE OR UPDATE OF username, password_hash",
}


def upgrade() -> None:
    """Sessions under way go on: they get the account of their token."""
    op.execute(TABLES)
    for table, reaches in POLICIES.items():
        op.execute(_secured(table, reaches))
    for table, changes in AUDITED.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_audited AFTER {changes} ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_audited()"
        )
    op.execute("DROP TRIGGER tokens_audited ON tokens")
    op.execute(_tokens_audited("account_id, token_hash, expires_at, revoked_at, collections, precision"))
    op.execute("DROP FUNCTION signed_in(bytea, boolean)")
    op.execute(FUNCTIONS)
    op.execute(GRANTS)


def downgrade() -> None:
    op.execute("DROP FUNCTION take_turn(bytea, interval, interval), identified(text, text), signed_in(bytea, boolean)")
    op.execute("DROP FUNCTION actor_of(uuid, uuid)")
    op.execute("DROP TRIGGER tokens_audited ON tokens")
    op.execute(_tokens_audited("account_id, token_hash, expires_at, revoked_at"))
    op.execute("DROP TABLE turns, passwords, identities")
    op.execute(
        "DROP POLICY sessions_ends ON sessions; DROP POLICY sessions_finds ON sessions;"
        " DELETE FROM sessions WHERE token_id IS NULL;"
        " ALTER TABLE sessions DROP COLUMN account_id, DROP COLUMN last_seen_at, DROP COLUMN idle_s,"
        " DROP COLUMN provider_hint, ALTER COLUMN token_id SET NOT NULL;"
        " ALTER TABLE tokens DROP COLUMN collections, DROP COLUMN precision"
    )
    op.execute(SIGNED_IN_BEFORE)


def _secured(table: str, reaches: str | None) -> str:
    parts = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_owner ON {table} TO lagesbild_owner USING (true) WITH CHECK (true)",
    ]
    if reaches is not None:
        parts.append(f"CREATE POLICY {table}_app ON {table} TO lagesbild_app USING ({reaches}) WITH CHECK ({reaches})")
    return ";\n".join(parts)


def _tokens_audited(columns: str) -> str:
    return (
        f"CREATE CONSTRAINT TRIGGER tokens_audited AFTER INSERT OR DELETE OR UPDATE OF {columns} ON tokens"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_audited()"
    )


TABLES = f"""
ALTER TABLE tokens
    ADD COLUMN collections text[] NOT NULL DEFAULT '{{}}'::text[],
    ADD COLUMN precision   text,
    ADD CONSTRAINT tokens_precision CHECK (precision IN ('exact', 'snapped', 'area'));

ALTER TABLE sessions
    ADD COLUMN account_id    uuid,
    ADD COLUMN last_seen_at  timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN idle_s        integer     NOT NULL DEFAULT 3600,
    ADD COLUMN provider_hint text,
    ADD CONSTRAINT sessions_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE,
    ALTER COLUMN token_id DROP NOT NULL;
UPDATE sessions AS s SET account_id = t.account_id FROM tokens AS t WHERE t.id = s.token_id;
ALTER TABLE sessions ALTER COLUMN account_id SET NOT NULL, ALTER COLUMN idle_s DROP DEFAULT;
CREATE INDEX sessions_account_id_idx ON sessions (account_id);
-- Whoever administers accounts may end their sessions, of whichever organisation, and not begin one.
CREATE POLICY sessions_ends ON sessions FOR DELETE TO lagesbild_app USING ({ADMINISTERS});
CREATE POLICY sessions_finds ON sessions FOR SELECT TO lagesbild_app USING ({ADMINISTERS});

CREATE TABLE identities (
    issuer     text NOT NULL,
    subject    text NOT NULL,
    account_id uuid NOT NULL,
    CONSTRAINT identities_pkey PRIMARY KEY (issuer, subject),
    CONSTRAINT identities_account_id_key UNIQUE (account_id),
    CONSTRAINT identities_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

CREATE TABLE passwords (
    account_id    uuid        NOT NULL,
    username      text        NOT NULL,
    password_hash text        NOT NULL,
    changed_at    timestamptz NOT NULL,
    CONSTRAINT passwords_pkey PRIMARY KEY (account_id),
    CONSTRAINT passwords_username_key UNIQUE (username),
    CONSTRAINT passwords_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
);

CREATE UNLOGGED TABLE turns (
    key     bytea       NOT NULL,
    free_at timestamptz NOT NULL,
    CONSTRAINT turns_pkey PRIMARY KEY (key)
);
CREATE INDEX turns_free_at_idx ON turns (free_at);
"""

FUNCTIONS = """
-- An open account as an actor: the one place that tells what an actor is made of.
CREATE FUNCTION actor_of(account uuid, token uuid)
RETURNS TABLE (account_id uuid, token_id uuid, name text, role text, organisation_id uuid, organisation text,
               organisation_name text, hotspot_givers uuid[], collections text[], "precision" text, ends_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT a.id, t.id, a.name, a.role, o.id, o.slug, o.name, sharing_givers(o.id, 'hotspots'),
           coalesce(t.collections, '{}'), t.precision, t.expires_at
      FROM accounts AS a
      JOIN organisations AS o ON o.id = a.organisation_id
      LEFT JOIN tokens AS t ON t.id = token
     WHERE a.id = account AND a.closed_at IS NULL
$$;

-- Who holds this token or session: the only way the app looks at them without being an administrator.
CREATE FUNCTION signed_in(hash bytea, is_session boolean)
RETURNS TABLE (account_id uuid, token_id uuid, name text, role text, organisation_id uuid, organisation text,
               organisation_name text, hotspot_givers uuid[], collections text[], "precision" text, ends_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_account uuid;
    found_token uuid;
BEGIN
    IF is_session THEN
        SELECT s.account_id, s.token_id INTO found_account, found_token FROM sessions AS s
         WHERE s.session_hash = hash AND s.expires_at > now()
           AND s.last_seen_at + make_interval(secs => s.idle_s) > now();
        UPDATE sessions AS s SET last_seen_at = now()
         WHERE s.session_hash = hash AND found_account IS NOT NULL AND s.last_seen_at < now() - interval '1 minute';
    ELSE
        SELECT t.account_id, t.id INTO found_account, found_token FROM tokens AS t WHERE t.token_hash = hash;
    END IF;
    IF found_account IS NULL THEN
        RETURN;
    END IF;
    IF found_token IS NOT NULL THEN
        PERFORM FROM tokens AS t
          WHERE t.id = found_token AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now());
        IF NOT FOUND THEN
            RETURN;
        END IF;
        UPDATE tokens AS t SET last_used_on = current_date
         WHERE t.id = found_token AND t.last_used_on IS DISTINCT FROM current_date;
    END IF;
    RETURN QUERY SELECT * FROM actor_of(found_account, found_token);
END $$;

-- Whom the identity provider means by this name of its own.
CREATE FUNCTION identified(given_issuer text, given_subject text)
RETURNS TABLE (account_id uuid, token_id uuid, name text, role text, organisation_id uuid, organisation text,
               organisation_name text, hotspot_givers uuid[], collections text[], "precision" text, ends_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT a.* FROM identities AS i, actor_of(i.account_id, NULL) AS a
     WHERE i.issuer = given_issuer AND i.subject = given_subject
$$;

-- Take a turn: NULL, or how long to wait when too many were taken. Each turn costs `price` of time, and one may be at
-- most `credit` ahead of the clock (the generic cell rate algorithm): one row and one statement for each key.
CREATE FUNCTION take_turn(who bytea, price interval, credit interval) RETURNS interval
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    clock timestamptz := clock_timestamp();
    due timestamptz;
BEGIN
    INSERT INTO turns AS t (key, free_at) VALUES (who, clock + price)
        ON CONFLICT (key) DO UPDATE SET free_at = greatest(t.free_at, clock) + price
     WHERE greatest(t.free_at, clock) + price <= clock + credit
    RETURNING t.free_at INTO due;
    IF due IS NULL THEN
        RETURN (SELECT t.free_at + price - credit - clock FROM turns AS t WHERE t.key = who);
    END IF;
    IF due = clock + price THEN  -- a new row, or one that was paid off: remove two that nobody needs
        DELETE FROM turns AS t WHERE t.key IN
            (SELECT o.key FROM turns AS o WHERE o.free_at < clock ORDER BY o.free_at LIMIT 2 FOR UPDATE SKIP LOCKED);
    END IF;
    RETURN NULL;
END $$;
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON identities, passwords TO lagesbild_app;
REVOKE ALL ON FUNCTION actor_of(uuid, uuid), signed_in(bytea, boolean), identified(text, text),
    take_turn(bytea, interval, interval) FROM public;
GRANT EXECUTE ON FUNCTION actor_of(uuid, uuid), signed_in(bytea, boolean), identified(text, text),
    take_turn(bytea, interval, interval) TO lagesbild_app;
"""

SIGNED_IN_BEFORE = """
CREATE FUNCTION signed_in(hash bytea, is_session boolean)
RETURNS TABLE (account_id uuid, token_id uuid, name text, role text, organisation_id uuid, organisation text,
               organisation_name text, hotspot_givers uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found_token uuid;
BEGIN
    IF is_session THEN
        SELECT s.token_id INTO found_token FROM sessions s WHERE s.session_hash = hash AND s.expires_at > now();
    ELSE
        SELECT t.id INTO found_token FROM tokens t WHERE t.token_hash = hash;
    END IF;
    IF found_token IS NULL THEN
        RETURN;
    END IF;
    UPDATE tokens SET last_used_on = current_date
     WHERE id = found_token AND last_used_on IS DISTINCT FROM current_date;
    RETURN QUERY
    SELECT a.id, t.id, a.name, a.role, o.id, o.slug, o.name, sharing_givers(o.id, 'hotspots')
      FROM tokens t
      JOIN accounts a ON a.id = t.account_id
      JOIN organisations o ON o.id = a.organisation_id
     WHERE t.id = found_token AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
       AND a.closed_at IS NULL;
END $$;
REVOKE ALL ON FUNCTION signed_in(bytea, boolean) FROM public;
GRANT EXECUTE ON FUNCTION signed_in(bytea, boolean) TO lagesbild_app;
"""
