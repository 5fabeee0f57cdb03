"""The whole stack on one machine, from Python packages alone: no root, no container, no download at run time.

    run()                 `enrich dev`: signals, progress lines, exit code
    └── Stack             migrations, API and worker on top, and `stack.json`
        └── Infrastructure   PostgreSQL, Redis and Temporal on loopback ports; usable alone, as the tests do
            └── Child        one process that is started, awaited, restarted and stopped
                └── Program  what a child is: how it starts, a probe, its ports, how it stops
                    ├── Server   PostgreSQL, Redis, Temporal: a command line
                    └── Product  the API and the worker: forks of a process that has loaded them

State lies in one data directory (see `datadir`) and survives a restart; no child outlives the supervisor (see
`launch`).
"""
