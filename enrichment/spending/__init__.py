"""What the calls to models cost, and the budgets that they have to fit into.

- `prices`: what so many tokens of a model cost; None where nobody knows
- `budgets`: money is reserved before a call and given back after it, so that no budget is overshot
- `estimates`: what a submission would take, before it is made
- `ledger`: what was spent, for each attempt, job, tenant and day
"""
