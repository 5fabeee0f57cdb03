"""One headless Chromium for all tests of the page, and a page for each. No error in its console is overlooked."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect
from sqlalchemy import text

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 20_000
"""For a loaded machine; what is there is seen at once."""

UNAUTHORIZED = ("Failed to load resource: the server responded with a status of 401",)
WITHOUT_REHEARSAL = text("UPDATE enrichment_job SET options = options - 'rehearse' WHERE id = :id")
"""A job that was to fail can succeed when it is run again."""

expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Awaitable[Page]]
Submit = Callable[..., Awaitable[str]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine; `make test` installs it where it may")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield started
        await started.close()


@pytest.fixture
async def open_page(browser: Browser, api: httpx.AsyncClient) -> AsyncIterator[Open]:
    """Opens a page of the API's at a path. `tolerating` are beginnings of console messages that the test provokes."""
    faults: list[str] = []
    async with AsyncExitStack() as stack:

        async def open_page(path: str, *, base: str = "", tolerating: tuple[str, ...] = (), **how: Any) -> Page:
            context = await browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1280, "height": 900}} | how)
            stack.push_async_callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            page = await context.new_page()

            def heard(message: ConsoleMessage) -> None:
                if message.type in ("error", "warning") and not message.text.startswith(tolerating):
                    faults.append(f"{message.type}: {message.text}")

            page.on("console", heard)
            page.on("pageerror", lambda error: faults.append(str(error)))
            await page.goto((base or str(api.base_url).rstrip("/")) + path)
            return page

        yield open_page
    assert faults == []


@pytest.fixture
def submit(api: httpx.AsyncClient) -> Submit:
    """Submits a job and gives its id. `rehearse` is what it rehearses."""

    async def submit(
        data: Any = None, kind: str = "skills_optimization", *, rehearse: dict[str, Any] | None = None, **more: Any
    ) -> str:
        field = "candidates" if kind.startswith("bulk") else "candidateData"
        options = more.pop("options", {}) | ({"rehearse": rehearse} if rehearse else {})
        body = {"type": kind, field: {} if data is None else data, "options": options, "priority": "critical", **more}
        answer = await api.post("/api/enrichment", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["jobId"])

    return submit


@pytest.fixture
async def unique() -> str:
    """A candidate's id that no other test knows."""
    return f"c-{os.urandom(6).hex()}"
