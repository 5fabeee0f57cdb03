"""Faults: load on the real stack while its parts are killed, frozen and cut off, then a look whether it kept its word.

    python -m tests.faults --seed 1 --seeds 10 --minutes 3 --rate 5

    run            one run: load beside faults, quiet, verdict
    ├── plan           which fault, when, how long: a function of the seed
    ├── subject        the product's own `Stack` and a provider, its children led through proxies (`through`, `proxy`)
    ├── actions        a fault is done, and proves that it was
    ├── recovery       how long until the product serves again
    ├── load, readers  those who submit, cancel, retry, and those who watch; `ledger` holds what they were told
    ├── invariants     what must hold afterwards, by HTTP, SQL (`rows`), Temporal's visibility and what the provider
    │                  was asked (`payments`)
    └── report         the verdict as JSON and as a table

It is a black box: HTTP, the database's rows and processes by their pids. Only `mutants` reaches into the worker, to
break it on purpose in the windows that `windows` forces open (`points`): a harness that never caught anything proves
nothing.
"""
