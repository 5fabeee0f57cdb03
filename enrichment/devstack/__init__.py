"""The whole stack on one machine, from Python packages alone: no root, no container, no download at run time.

    run()                 `enrich dev`: signals, progress lines, exit code
    └── Stack             migrations, API and worker on top, and `stack.json`
        └── Infrastructure   PostgreSQL, Redis and Temporal on loopback ports; usable alone, as the tests do
            └── Child        one process that is started, awaited, restarted and stopped
                └── Program  what a child is: a command line, a probe, its ports, how it stops

State lies in one data directory (see `datadir`) and survives a restart; no child outlives the supervisor (see
`launch`).
"""
