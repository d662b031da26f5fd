-- Hot spots that are followed from adopted run to adopted run. An adoption's steps are written with it and never
-- changed; those of an adoption that was taken back are in nobody's history.

-- known --
-- Every hot spot that earlier adoptions of the profile told of, as it was when last seen.
SELECT DISTINCT ON (s.known_id) s.known_id, h.core_places, CAST(s.mark AS text) AS mark,
       s.adoption_id = (SELECT max(p.id) FROM adoptions AS p
                         WHERE p.organisation_id = :organisation_id AND p.profile = :profile
                           AND p.taken_back_at IS NULL AND p.id < :adoption_id) AS is_current
  FROM hotspot_steps AS s
  JOIN adoptions AS a ON a.id = s.adoption_id
  JOIN run_hotspots AS h ON h.run_id = a.run_id AND h.hotspot_id = s.run_hotspot_id
 WHERE a.organisation_id = :organisation_id AND a.profile = :profile AND a.taken_back_at IS NULL
   AND a.id < :adoption_id
 ORDER BY s.known_id, s.adoption_id DESC

-- found --
SELECT h.hotspot_id, h.core_places, h.incident_count
  FROM run_hotspots AS h
 WHERE h.run_id = :run_id AND h.organisation_id = :organisation_id

-- add --
INSERT INTO hotspot_steps (adoption_id, known_id, organisation_id, run_hotspot_id, change, related, mark)
SELECT :adoption_id, n.known_id, :organisation_id, n.run_hotspot_id, n.change, CAST(n.related AS uuid[]), n.mark
  FROM unnest(CAST(:known_ids AS uuid[]), CAST(:run_hotspot_ids AS uuid[]), CAST(:changes AS text[]),
              CAST(:related AS text[]), CAST(:marks AS json[]))
    AS n (known_id, run_hotspot_id, change, related, mark)

-- history --
-- One hot spot's life, newest adoption first.
SELECT a.run_id, a.adopted_at, s.change, s.related, h.rank, h.incident_count AS count
  FROM hotspot_steps AS s
  JOIN adoptions AS a ON a.id = s.adoption_id
  LEFT JOIN run_hotspots AS h ON h.run_id = a.run_id AND h.hotspot_id = s.run_hotspot_id
 WHERE s.known_id = :known_id AND s.organisation_id = ANY (:organisations) AND a.taken_back_at IS NULL
 ORDER BY a.id DESC
 LIMIT :limit

-- changes --
-- What the adoption of a run said of every hot spot, beside how it was when last seen before; the gone ones last.
SELECT s.known_id AS id, s.change, s.related, s.run_hotspot_id IS NOT NULL AS is_there,
       h.rank, h.incident_count AS count, b.rank AS rank_before, b.incident_count AS count_before,
       b.run_id AS run_before, coalesce(h.properties, b.properties) -> 'centre' AS centre
  FROM adoptions AS a
  JOIN hotspot_steps AS s ON s.adoption_id = a.id
  LEFT JOIN run_hotspots AS h ON h.run_id = a.run_id AND h.hotspot_id = s.run_hotspot_id
  LEFT JOIN LATERAL (SELECT p.run_id, q.rank, q.incident_count, q.properties
                       FROM hotspot_steps AS t
                       JOIN adoptions AS p ON p.id = t.adoption_id AND p.taken_back_at IS NULL
                       JOIN run_hotspots AS q ON q.run_id = p.run_id AND q.hotspot_id = t.run_hotspot_id
                      WHERE t.known_id = s.known_id AND t.adoption_id < a.id
                      ORDER BY t.adoption_id DESC
                      LIMIT 1) AS b ON true
 WHERE a.run_id = :run_id AND a.organisation_id = ANY (:organisations) AND a.taken_back_at IS NULL
 ORDER BY h.rank NULLS LAST, b.rank, s.known_id
