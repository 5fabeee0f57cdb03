"""Bulks at their real size, on a stack of their own: `python -m tests.scale SCENARIO` prints figures and judges them.

run   makespan, rate and CPU by process of one bulk
"""
