-- Imports of files: how far each has come, what became of each row, how to take them back.

-- add --
INSERT INTO imports (id, organisation_id, source, file_name, file_bytes, row_count, state, choice, given, requested_at,
                     requested_by, changed_at, upload_ends_at)
VALUES (:id, :organisation_id, :source, :file_name, :file_bytes, :row_count, 'queued', :choice,
        CAST(:given AS json), :now, :requested_by, :now, :upload_ends_at)

-- one --
SELECT i.id, i.organisation_id, o.slug AS organisation, i.source, i.file_name, i.file_bytes, i.state, i.choice, i.given, i.profile, i.failure,
       i.requested_at, i.requested_by, i.pass_started_at, i.finished_at, i.changed_at, i.upload_ends_at, i.row_count,
       i.only_waiting, i.next_row, i.read_count, i.good_count, i.bad_count, i.held_count, i.waiting_count,
       i.doubled_count, i.created_count, i.updated_count
  FROM imports AS i
  JOIN organisations AS o ON o.id = i.organisation_id
 WHERE i.id = :id AND i.organisation_id = ANY (:organisations)

-- page --
SELECT i.id, i.organisation_id, o.slug AS organisation, i.source, i.file_name, i.file_bytes, i.state, i.choice, i.given, i.profile, i.failure,
       i.requested_at, i.requested_by, i.pass_started_at, i.finished_at, i.changed_at, i.upload_ends_at, i.row_count,
       i.only_waiting, i.next_row, i.read_count, i.good_count, i.bad_count, i.held_count, i.waiting_count,
       i.doubled_count, i.created_count, i.updated_count
  FROM imports AS i
  JOIN organisations AS o ON o.id = i.organisation_id
 WHERE i.organisation_id = ANY (:organisations)
 ORDER BY i.requested_at DESC, i.id DESC
 LIMIT :limit

-- lock --
-- Whoever works on an import, or changes its course, holds its row for the length of a transaction.
SELECT i.state, i.next_row, i.choice, i.only_waiting, i.created_count + i.updated_count AS stored_count, i.read_count,
       i.bad_count, i.held_count, i.waiting_count
  FROM imports AS i
 WHERE i.id = :id AND i.organisation_id = ANY (:organisations)
   FOR UPDATE

-- move --
UPDATE imports
   SET state = :state, changed_at = :now,
       upload_ends_at = coalesce(CAST(:upload_ends_at AS timestamptz), upload_ends_at),
       finished_at = CASE WHEN :is_end THEN CAST(:now AS timestamptz) END, failure = CAST(:failure AS json)
 WHERE id = :id AND organisation_id = ANY (:organisations)

-- choose --
UPDATE imports
   SET choice = :choice, only_waiting = :only_waiting, next_row = 0, pass_started_at = NULL
 WHERE id = :id AND organisation_id = ANY (:organisations)

-- give_profile --
-- How a file is to be read, from a person: the next check reads it so.
UPDATE imports SET given = CAST(:profile AS json), changed_at = :now
 WHERE id = :id AND organisation_id = ANY (:organisations)

-- set_profile --
UPDATE imports SET profile = CAST(:profile AS json) WHERE id = :id AND organisation_id = ANY (:organisations)

-- begin_pass --
-- From the first row, with nothing counted.
UPDATE imports
   SET pass_started_at = :now, changed_at = :now, next_row = 0, read_count = 0, good_count = 0, bad_count = 0,
       held_count = 0, waiting_count = 0, doubled_count = 0, created_count = 0, updated_count = 0
 WHERE id = :id AND organisation_id = ANY (:organisations)

-- begin_waiting --
-- Another pass over rows that waited; the others stay counted.
UPDATE imports SET pass_started_at = :now, changed_at = :now WHERE id = :id AND organisation_id = ANY (:organisations)

-- forget_problems --
DELETE FROM import_problems WHERE import_id = :id AND organisation_id = ANY (:organisations)

-- forget_waiting --
DELETE FROM import_problems
 WHERE import_id = :id AND organisation_id = ANY (:organisations) AND kind = 'waiting'
   AND row_number = ANY (CAST(:numbers AS integer[]))

-- advance --
-- The chunk counter and the figures, in the transaction that stores the chunk.
UPDATE imports
   SET next_row = :next_row, changed_at = :now, read_count = read_count + :read, good_count = good_count + :good,
       bad_count = bad_count + :bad, held_count = held_count + :held, waiting_count = waiting_count + :waiting,
       doubled_count = doubled_count + :doubled, created_count = created_count + :created,
       updated_count = updated_count + :updated
 WHERE id = :id AND organisation_id = ANY (:organisations)

-- count_rows --
UPDATE imports SET row_count = :row_count WHERE id = :id AND organisation_id = ANY (:organisations)

-- add_problems --
INSERT INTO import_problems (import_id, row_number, organisation_id, kind, problems)
SELECT :id, n.row_number, :organisation_id, n.kind, CAST(n.problems AS jsonb)
  FROM unnest(CAST(:numbers AS integer[]), CAST(:kinds AS text[]), CAST(:problems AS text[]))
       AS n (row_number, kind, problems)

-- problems --
SELECT p.row_number, p.kind, p.problems
  FROM import_problems AS p
 WHERE p.import_id = :id AND p.organisation_id = ANY (:organisations) AND p.row_number > :after
 ORDER BY p.row_number
 LIMIT :limit

-- problem_codes --
-- What is wrong most often, for somebody who will not read ten thousand lines.
SELECT p.kind, w.problem ->> 'code' AS code, w.problem ->> 'column' AS column_name, count(*) AS n,
       min(CAST(w.problem AS text))::jsonb AS example
  FROM import_problems AS p
 CROSS JOIN LATERAL jsonb_array_elements(p.problems) AS w (problem)
 WHERE p.import_id = :id AND p.organisation_id = ANY (:organisations)
 GROUP BY 1, 2, 3
 ORDER BY 4 DESC, 1, 2, 3
 LIMIT :limit

-- waiting --
SELECT p.row_number
  FROM import_problems AS p
 WHERE p.import_id = :id AND p.organisation_id = ANY (:organisations) AND p.kind = 'waiting'
   AND p.row_number >= :next_row
 ORDER BY p.row_number
 LIMIT :limit

-- add_rows --
INSERT INTO import_rows (import_id, row_number, organisation_id, incident_id, outcome, version)
SELECT :id, n.row_number, :organisation_id, n.incident_id, n.outcome, n.version
  FROM unnest(CAST(:numbers AS integer[]), CAST(:incident_ids AS uuid[]), CAST(:outcomes AS text[]),
              CAST(:versions AS integer[])) AS n (row_number, incident_id, outcome, version)

-- twins --
-- Rows without a reference: the n-th row of some content is the n-th incident of that content that no other row of
-- this import has been paired with.
SELECT n.row_number, i.id, i.state, i.was_undone
  FROM (SELECT u.row_number, u.content_hash,
               row_number() OVER (PARTITION BY u.content_hash ORDER BY u.row_number) AS nth
          FROM unnest(CAST(:numbers AS integer[]), CAST(:hashes AS bytea[])) AS u (row_number, content_hash)) AS n
  JOIN (SELECT c.id, c.content_hash, c.state,
               EXISTS (SELECT FROM import_rows AS r
                        WHERE r.incident_id = c.id AND r.outcome = 'undone' AND r.version = c.version) AS was_undone,
               row_number() OVER (PARTITION BY c.content_hash ORDER BY c.reported_at, c.id) AS nth
          FROM incidents AS c
         WHERE c.organisation_id = :organisation_id AND c.source = :source AND c.source_ref IS NULL
           AND c.content_hash = ANY (CAST(:hashes AS bytea[]))
           AND NOT EXISTS (SELECT FROM import_rows AS r WHERE r.incident_id = c.id AND r.import_id = :id)) AS i
    ON i.content_hash = n.content_hash AND i.nth = n.nth

-- earlier --
-- What imports have made of these incidents: this one, or one that was undone.
SELECT r.incident_id, bool_or(r.import_id = :id AND r.outcome <> 'undone') AS is_of_this_import,
       bool_or(r.outcome = 'undone' AND r.version = i.version) AS was_undone
  FROM import_rows AS r
  JOIN incidents AS i ON i.id = r.incident_id
 WHERE r.incident_id = ANY (CAST(:incident_ids AS uuid[])) AND r.organisation_id = :organisation_id
 GROUP BY r.incident_id

-- take_back --
-- A chunk of the import's rows is taken back. What it created is withdrawn; what it updated becomes what it was,
-- unless somebody has corrected it since: then it stays. A place that retention has taken does not come back.
WITH those AS (
    SELECT r.row_number, r.outcome, r.version AS made, i.id, i.organisation_id, i.version, i.state, i.category,
           i.occurred_from, i.occurred_to, ST_X(i.geom) AS lon, ST_Y(i.geom) AS lat, i.location_uncertainty_m, i.text,
           i.marks, i.content_hash
      FROM import_rows AS r
      JOIN incidents AS i ON i.id = r.incident_id AND i.organisation_id = ANY (:organisations)
     WHERE r.import_id = :id AND r.organisation_id = ANY (:organisations)
       AND r.row_number = ANY (CAST(:numbers AS integer[])) AND r.outcome IN ('created', 'updated', 'revived')
     ORDER BY i.id
       FOR UPDATE OF i
), wanted AS (
    SELECT t.id, 'withdrawn' AS state, NULL::jsonb AS content
      FROM those AS t
     WHERE t.outcome IN ('created', 'revived') AND t.state = ANY (:open)
     UNION ALL
    SELECT t.id, v.content ->> 'state', v.content
      FROM those AS t
      JOIN incident_versions AS v ON v.incident_id = t.id AND v.version = t.made - 1
     WHERE t.outcome = 'updated' AND t.version = t.made
), kept AS (
    INSERT INTO incident_versions (incident_id, version, organisation_id, replaced_at, replaced_by, content)
    SELECT t.id, t.version, t.organisation_id, :now, :actor_id,
           jsonb_build_object('category', t.category, 'occurred_from', t.occurred_from, 'occurred_to', t.occurred_to,
                              'lon', t.lon, 'lat', t.lat, 'location_uncertainty_m', t.location_uncertainty_m,
                              'text', t.text, 'marks', t.marks, 'state', t.state,
                              'content_hash', encode(t.content_hash, 'hex'))
      FROM those AS t
      JOIN wanted AS w ON w.id = t.id
), changed AS (
    UPDATE incidents AS i
       SET state = w.state, version = i.version + 1, changed_at = :now,
           category = coalesce(w.content ->> 'category', i.category),
           occurred_from = coalesce(CAST(w.content ->> 'occurred_from' AS timestamptz), i.occurred_from),
           occurred_to = CASE WHEN w.content IS NULL THEN i.occurred_to
                              ELSE CAST(w.content ->> 'occurred_to' AS timestamptz) END,
           geom = CASE WHEN w.content ->> 'lon' IS NULL THEN i.geom
                       ELSE ST_SetSRID(ST_MakePoint(CAST(w.content ->> 'lon' AS double precision),
                                                    CAST(w.content ->> 'lat' AS double precision)), 4326) END,
           position_purged_at = CASE WHEN w.content ->> 'lon' IS NULL THEN i.position_purged_at END,
           location_uncertainty_m = CASE WHEN w.content ->> 'lon' IS NULL THEN i.location_uncertainty_m
                                         ELSE CAST(w.content ->> 'location_uncertainty_m' AS real) END,
           text = CASE WHEN w.content IS NULL THEN i.text ELSE w.content ->> 'text' END,
           marks = CASE WHEN w.content IS NULL THEN i.marks
                        ELSE ARRAY(SELECT jsonb_array_elements_text(w.content -> 'marks')) END,
           content_hash = coalesce(decode(w.content ->> 'content_hash', 'hex'), i.content_hash)
      FROM wanted AS w
     WHERE i.id = w.id
    RETURNING i.id, i.version
)
UPDATE import_rows AS r
   SET outcome = 'undone', version = coalesce(c.version, 0)
  FROM those AS t
  LEFT JOIN changed AS c ON c.id = t.id
 WHERE r.import_id = :id AND r.row_number = t.row_number
RETURNING c.id IS NOT NULL AS is_taken_back

-- to_take_back --
SELECT r.row_number
  FROM import_rows AS r
 WHERE r.import_id = :id AND r.organisation_id = ANY (:organisations) AND r.outcome IN ('created', 'updated', 'revived')
 ORDER BY r.row_number
 LIMIT :limit

-- stored_ids --
-- The import's new incidents, some thousands at a time, for a look at what they may be doubles of.
SELECT r.row_number, r.incident_id
  FROM import_rows AS r
 WHERE r.import_id = :id AND r.organisation_id = ANY (:organisations) AND r.outcome IN ('created', 'updated', 'revived')
   AND r.row_number > :after
 ORDER BY r.row_number
 LIMIT :limit

-- add_figures --
-- The same area, category and time again: another count is the new one, the same count is a double.
INSERT INTO area_figures AS f (import_id, row_number, organisation_id, source, area, category, since, until, count)
SELECT DISTINCT ON (n.area, n.category, n.since, n.until)
       CAST(:id AS uuid), n.row_number, :organisation_id, :source, n.area, n.category, n.since, n.until, n.count
  FROM unnest(CAST(:numbers AS integer[]), CAST(:areas AS text[]), CAST(:categories AS text[]),
              CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[]), CAST(:counts AS bigint[]))
       AS n (row_number, area, category, since, until, count)
 ORDER BY n.area, n.category, n.since, n.until, n.row_number
    ON CONFLICT (organisation_id, source, area, category, since, until)
    DO UPDATE SET import_id = excluded.import_id, row_number = excluded.row_number, count = excluded.count
        WHERE f.count <> excluded.count AND f.import_id <> excluded.import_id
RETURNING f.xmax = 0 AS is_new

-- remove_figures --
DELETE FROM area_figures WHERE import_id = :id AND organisation_id = ANY (:organisations)

-- figures --
SELECT f.source, f.area, f.category, f.since, f.until, f.count, f.import_id
  FROM area_figures AS f
 WHERE f.organisation_id = ANY (:organisations) AND (CAST(:source AS text) IS NULL OR f.source = :source)
   AND (CAST(:area AS text) IS NULL OR f.area = :area)
 ORDER BY f.area, f.since, f.category, f.source
 LIMIT :limit

-- add_upload --
INSERT INTO import_uploads (import_id, organisation_id, account_id) VALUES (:id, :organisation_id, :account_id)

-- upload --
-- The importer's own, and nobody else's.
SELECT u.preview IS NOT NULL AS has_preview
  FROM import_uploads AS u
 WHERE u.import_id = :id AND u.organisation_id = :organisation_id AND u.account_id = :account_id

-- guess --
-- How the file was understood: names of columns and values of categories, and no row.
SELECT CAST(u.preview -> 'guess' AS text) AS guess
  FROM import_uploads AS u
 WHERE u.import_id = :id AND u.organisation_id = :organisation_id AND u.account_id = :account_id

-- preview --
SELECT CAST(u.preview AS text) AS preview
  FROM import_uploads AS u
 WHERE u.import_id = :id AND u.organisation_id = :organisation_id AND u.account_id = :account_id

-- set_preview --
UPDATE import_uploads SET preview = CAST(:preview AS json)
 WHERE import_id = :id AND organisation_id = :organisation_id AND account_id = :account_id

-- remove_upload --
DELETE FROM import_uploads
 WHERE import_id = :id AND organisation_id = :organisation_id AND account_id = :account_id

-- ended_uploads --
SELECT e.import_id, e.organisation_id, e.account_id FROM ended_uploads(:now, :limit) AS e

-- kept_uploads --
SELECT kept_uploads(CAST(:ids AS uuid[])) AS ids

-- profile --
SELECT CAST(p.profile AS text) AS profile
  FROM import_profiles AS p
 WHERE p.organisation_id = :organisation_id AND p.source = :source

-- save_profile --
INSERT INTO import_profiles AS p (organisation_id, source, profile, changed_at, changed_by)
VALUES (:organisation_id, :source, CAST(:profile AS json), :now, :actor_id)
    ON CONFLICT (organisation_id, source)
    DO UPDATE SET profile = excluded.profile, changed_at = excluded.changed_at, changed_by = excluded.changed_by
        WHERE CAST(p.profile AS text) <> CAST(excluded.profile AS text)
