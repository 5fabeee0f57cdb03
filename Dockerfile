FROM python:3.11-slim AS build
WORKDIR /build
RUN pip install --no-cache-dir --disable-pip-version-check 'uv>=0.5'
# The libraries first: they change less often than the code.
COPY deploy/requirements.lock ./
RUN uv venv /app && uv pip install --python /app/bin/python --require-hashes --compile-bytecode -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY enrichment enrichment
COPY workflows workflows
COPY activities activities
COPY api api
COPY worker worker
RUN uv build --wheel && uv pip install --python /app/bin/python --no-deps --compile-bytecode dist/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home enrichment
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001
ENTRYPOINT ["enrich"]
CMD ["api"]
