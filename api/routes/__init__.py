"""The calls, by resource. A route reads its request, asks the queue, and sends the answer."""

from api.routes import dashboard, enrichment, jobs, operations, page, reviews, session

ROUTERS = (
    enrichment.router, jobs.router, reviews.router, dashboard.router, operations.router, session.router, page.router,
)  # fmt: skip
