"""The statements on the jobs' tables, by what they are for.

- `quotas`: how many jobs a tenant may have
- `intake`: a job enters: the insert that accepts it
- `outbox`: a row becomes a workflow: claim, mark, give back
- `transitions`: finish, cancel, retry: each one guarded statement
- `attempts`: begin, save, fail, put off, within a run, likewise
- `reuse`: what has been enriched before is not enriched again
- `lanes`: a bulk's children, taken in turn by those who work on it
- `batches`: a bulk's children, stopped, ended, reopened or let go on together
- `standings`: how far a bulk is, and what became of its children
- `pauses`: queues in which nothing new starts
- `documents`: what was rendered from a result
- `queries`: one job, a page of jobs, a job's events
- `workload`: what waits and runs now, who works on it, and how fast
- `upkeep`: workers' signs of life, stuck rows, cleanup

A review, the cost of a call and an erasure change a job's row within their own statements: `review.reviews`,
`spending.ledger`, `erasure.records`.
"""
