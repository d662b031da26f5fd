-- Reports of several sources that may tell of one incident.

-- has_other_sources --
SELECT EXISTS (SELECT FROM incidents AS i WHERE i.organisation_id = :organisation_id AND i.source <> :source)

-- propose --
-- For new incidents: others of the organisation, from other sources, of the same category, near in time and place.
-- Time comes first, through its index: a town has few reports of three hours, and many of a busy square. A report that
-- only names a day or a month is near everything in it, and is left out. The older report comes first.
INSERT INTO incident_links (organisation_id, first_id, second_id, distance_m, hours_apart, proposed_at)
SELECT :organisation_id, p.first_id, p.second_id, p.distance_m, p.hours_apart, :now
  FROM (SELECT DISTINCT
               CASE WHEN (o.reported_at, o.id) < (n.reported_at, n.id) THEN o.id ELSE n.id END AS first_id,
               CASE WHEN (o.reported_at, o.id) < (n.reported_at, n.id) THEN n.id ELSE o.id END AS second_id,
               ST_Distance(n.geom_metric, o.geom_metric) AS distance_m,
               abs(extract(epoch FROM n.occurred_from - o.occurred_from)) / 3600 AS hours_apart
          FROM incidents AS n
          JOIN incidents AS o
            ON o.organisation_id = n.organisation_id
           AND o.occurred_from BETWEEN n.occurred_from - make_interval(hours => :near_h)
                                   AND n.occurred_from + make_interval(hours => :near_h)
           AND o.source <> n.source AND o.category = n.category AND o.state = ANY (:open)
           AND coalesce(o.occurred_to - o.occurred_from, interval '0') < interval '23 hours'
           AND coalesce(o.location_uncertainty_m, 0) <= :sure_m
           AND ST_Distance(n.geom_metric, o.geom_metric) <= :near_m
         WHERE n.id = ANY (CAST(:ids AS uuid[])) AND n.organisation_id = :organisation_id AND n.state = ANY (:open)
           AND coalesce(n.occurred_to - n.occurred_from, interval '0') < interval '23 hours'
           AND coalesce(n.location_uncertainty_m, 0) <= :sure_m) AS p
    ON CONFLICT (first_id, second_id) DO NOTHING

-- page --
SELECT l.id, l.first_id, l.second_id, l.distance_m, l.hours_apart, l.state, l.proposed_at, l.decided_at
  FROM incident_links AS l
 WHERE l.organisation_id = ANY (:organisations) AND l.state = :state
   AND (CAST(:incident_id AS uuid) IS NULL OR :incident_id IN (l.first_id, l.second_id))
 ORDER BY l.proposed_at DESC, l.id DESC
 LIMIT :limit

-- add --
-- Two reports of the organisation's own, by hand.
INSERT INTO incident_links AS l (organisation_id, first_id, second_id, distance_m, hours_apart, state, proposed_at,
                                 decided_at, decided_by)
SELECT :organisation_id, a.id, b.id, ST_Distance(a.geom_metric, b.geom_metric),
       abs(extract(epoch FROM a.occurred_from - b.occurred_from)) / 3600, 'confirmed', :now, :now, :actor_id
  FROM incidents AS a
  JOIN incidents AS b ON b.organisation_id = a.organisation_id AND b.id <> a.id
 WHERE a.id = :first_id AND b.id = :second_id AND a.organisation_id = :organisation_id
    ON CONFLICT (first_id, second_id)
    DO UPDATE SET state = 'confirmed', decided_at = excluded.decided_at, decided_by = excluded.decided_by
RETURNING l.id

-- decide --
UPDATE incident_links
   SET state = :state, decided_at = :now, decided_by = :actor_id
 WHERE id = :id AND organisation_id = ANY (:organisations)
RETURNING id

-- one --
SELECT l.id, l.first_id, l.second_id, l.distance_m, l.hours_apart, l.state, l.proposed_at, l.decided_at
  FROM incident_links AS l
 WHERE l.id = :id AND l.organisation_id = ANY (:organisations)
