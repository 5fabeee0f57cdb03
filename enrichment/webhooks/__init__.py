"""Webhooks: who is told that a job has ended, and what became of telling it.

endpoints    where a tenant wants to be told, and the secrets that sign what is sent there
deliveries   one row per ending to be told: written by the job's own transaction, then started, sent, and kept
dispatch     starts a workflow for each delivery
upkeep       finds those whose workflow is gone, and opens them again
addresses    which addresses may be called at all
lookups      which addresses a name has
message      what is sent, and how it is signed (Standard Webhooks)
sender       sends it once
"""
