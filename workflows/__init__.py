"""One Temporal workflow per job type. They decide order, retries and endings; every effect is an activity's.

They load nothing heavier than Pydantic: the sandbox imports them anew for each run.
"""
