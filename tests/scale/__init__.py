"""Bulks at their real size, on a stack of their own: `python -m tests.scale SCENARIO` prints figures and judges them.

run      makespan, rate and CPU by process of one bulk
large    100,000 candidates: accepted in time, memory flat, histories short, as fast per job as a thousand
cancel   10,000 candidates, cancelled at 30 %: how soon everything stops
kills    5,000 candidates, while worker, API and Temporal are killed in turn
fair     10,000 candidates, and single jobs for the same queue: how long these wait
"""
