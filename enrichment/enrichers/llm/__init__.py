"""The enricher that asks a model: any provider, each answer paid once, nothing kept that the data does not carry.

    enricher     the seam: the rules make the result, the model words its texts
    chain        the models: the next one answers where one fails
    restoring    the candidate without the person, and the person back in what is written
    writing      one agent per job type, its prompt and its typed output
    remembered ▸ limited ▸ streamed ▸ provider
                 what each request passes through: an answer that was paid, the provider's limits, the wire
    memory       what was paid, and the budgets that the next payment has to fit into
    failures     every way in which a model fails, and what follows from it

Nothing here but `enricher` and `naming` is imported before a worker with a model serves its queues.
"""
