"""The calls, by resource. A route reads its request, asks the queue, and sends the answer."""

from api.routes import dashboard, enrichment, jobs, operations, page, session

ROUTERS = (enrichment.router, jobs.router, dashboard.router, operations.router, session.router, page.router)
