"""One Temporal workflow per job type. They decide order, retries and endings; every effect is an activity's.

No clock and no chance but the workflow's own: `tests/workflow` runs each of them in the SDK's whole sandbox, production
in none.
"""
