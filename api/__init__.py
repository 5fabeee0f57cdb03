"""The product over HTTP, and nothing of the product itself: every call becomes a call of `EnrichmentQueue`.

- `app`: composition root, `create_app(settings)`; `server`: uvicorn as we run it, `python -m api`
- `connection`, `load`: how many at a time; `cross_origin`: whose pages; `access`: who may call what
- `middleware`: what happens around every request: limits, headers, HEAD, the last resort
- `queries`, `bodies`, `parameters`, `header`: what a request may say
- `reader`: the one reader of JSON bodies; `upload`: of bulks
- `express`: submitting and reading a job, the calls made most often, without the framework's machinery
- `answers`: the shapes that go out; `problems`: every failure as problem+json
- `routes`: the calls, by resource; `stream`, `overview`: progress as server-sent events; `export`: results of a bulk
- `metrics`: Prometheus; `openapi`: what the calls look like to a reader; `codec`: what Temporal's Web UI is shown
- `page`: the page at `/`, modules as a browser loads them
"""
