"""Cancelling or retrying all jobs that match a filter: a row, which a worker works off in the background.

- `records`: the rows and every statement on them
- `runner`: works them off, a page of jobs at a time
"""
