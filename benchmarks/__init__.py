"""Measurements of the product beside a peer or a limit, interleaved in one run: `make bench`.

- `scenarios`: one question each, with its goal; `scenario`: what a scenario is
- `bench`: what a scenario is given; `systems`: what jobs are handed to, ours and the peers', all in the same way
- `peers`: small clean programs of other makes: BullMQ on Node, taskiq, a bare Temporal workflow, a bare FastAPI
- `load`: the generator of HTTP requests; `meter`: the processes' CPU time and memory
- `record`: when jobs began and ended, from the rows; `ledger`: the samples
- `machine`: where they were taken; `report`: the table
"""
