"""Twice as many requests as the machine serves, for a while: what is refused is told when to come again, what was
accepted is done, and afterwards everything is as before.

`make overload SECONDS=60` or `python -m tests.overload --seconds 60`; `test_short_run` is the same for a few seconds.
"""
