"""The invariants that the rows alone can tell: each statement selects what breaks one. `$1` begins the run's keys."""

ENDED = "('completed', 'failed', 'cancelled')"
OURS = """
    SELECT * FROM enrichment_job WHERE starts_with(idempotency_key, $1)
    UNION ALL
    SELECT child.* FROM enrichment_job AS child JOIN enrichment_job AS parent ON parent.id = child.parent_id
    WHERE starts_with(parent.idempotency_key, $1)
"""
"""The rows of this run: its submissions, and their children."""

OPEN = f"WITH ours AS ({OURS}) SELECT id FROM ours WHERE status NOT IN {ENDED}"
UNDISPATCHED = f"""
    WITH ours AS ({OURS})
    SELECT ours.id FROM ours JOIN enrichment_event AS event ON event.job_id = ours.id
    WHERE status NOT IN {ENDED} AND dispatched_at IS NULL AND (run_at IS NULL OR run_at < now())
    GROUP BY ours.id HAVING max(event.at) < now() - interval '10 seconds'
"""
"""A retried row is as old as its retry, which its last event tells."""
UNHEARD = f"""
    WITH ours AS ({OURS})
    SELECT substring(payload->'basics'->>'summary' FROM 'scenario-[a-z_]+-([a-z]+)') AS token,
           retry_count - (run - 1) - (SELECT count(*) FROM enrichment_event AS event
                                      WHERE job_id = ours.id AND from_status = 'in_progress'
                                        AND to_status = 'in_progress' AND reason <> 'enriched'
                                        AND reason NOT LIKE 'attempt %') AS attempts
    FROM ours WHERE type <> 'bulk_candidate_enrichment' AND retry_count > run - 1
"""
"""Attempts that have neither ended nor failed: those after them count, and no event tells of a failure."""

BREAKING = {
    "not terminal past the deadline": OPEN,
    "runs with other than one terminal event": f"""
        WITH ours AS ({OURS}), runs AS (SELECT id, generate_series(1, run) AS run FROM ours)
        SELECT runs.id || '.' || runs.run FROM runs
        LEFT JOIN enrichment_event AS event
            ON event.job_id = runs.id AND event.run = runs.run AND event.to_status IN {ENDED}
        GROUP BY runs.id, runs.run HAVING count(event.id) <> 1
    """,
    "row and its last event differ": f"""
        WITH ours AS ({OURS})
        SELECT ours.id FROM ours
        JOIN LATERAL (SELECT to_status, run FROM enrichment_event WHERE job_id = ours.id ORDER BY id DESC LIMIT 1)
            AS last ON true
        WHERE (last.to_status, last.run) <> (ours.status, ours.run)
    """,
    "completed without result": f"""
        WITH ours AS ({OURS}) SELECT id FROM ours WHERE status = 'completed' AND result IS NULL
    """,
    "failed though nothing asked for it": f"""
        WITH ours AS ({OURS})
        SELECT id || ': ' || error_code || ' (' || error || ')' FROM ours
        WHERE status = 'failed' AND coalesce(options->'rehearse'->>'failCode', '') <> 'content_refused'
    """,
    "result on a job that did not complete": f"""
        WITH ours AS ({OURS}) SELECT id FROM ours WHERE status IN ('failed', 'cancelled') AND result IS NOT NULL
    """,
    "status flips after terminal": f"""
        WITH ours AS ({OURS})
        SELECT DISTINCT later.job_id || '.' || later.run FROM ours
        JOIN enrichment_event AS ended ON ended.job_id = ours.id AND ended.to_status IN {ENDED}
        JOIN enrichment_event AS later
            ON later.job_id = ended.job_id AND later.run = ended.run AND later.id > ended.id
    """,
    "ended bulks with open children": f"""
        WITH ours AS ({OURS})
        SELECT DISTINCT parent.id FROM ours AS parent JOIN ours AS child ON child.parent_id = parent.id
        WHERE parent.status IN {ENDED} AND child.status NOT IN {ENDED}
    """,
    "parent sums that differ": f"""
        WITH ours AS ({OURS})
        SELECT parent.id FROM ours AS parent JOIN ours AS child ON child.parent_id = parent.id
        WHERE parent.status = 'completed' GROUP BY parent.id, parent.result
        HAVING (parent.result->>'total')::int <> count(*)
            OR (parent.result->>'completed')::int <> count(*) FILTER (WHERE child.status = 'completed')
            OR (parent.result->>'failed')::int <> count(*) FILTER (WHERE child.status = 'failed')
            OR (parent.result->>'cancelled')::int <> count(*) FILTER (WHERE child.status = 'cancelled')
    """,
    "undispatched rows older than 10 s": UNDISPATCHED,
    "stored responses > 1 per job, run, step": f"""
        WITH ours AS ({OURS})
        SELECT ours.id || '.' || response.run FROM ours JOIN enrichment_response AS response ON job_id = ours.id
        WHERE response.response IS NOT NULL GROUP BY ours.id, response.run, prompt_version HAVING count(*) > 1
    """,
}
