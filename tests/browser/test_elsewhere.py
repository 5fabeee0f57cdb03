"""The page when the API is not there, when it wants a key, and its element in somebody else's page."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from playwright.async_api import Page, expect

from enrichment.db import Database
from enrichment.devstack.infrastructure import Infrastructure
from enrichment.settings import Settings
from tests.browser.conftest import UNAUTHORIZED, WITHOUT_REHEARSAL, Open, Submit
from tests.conftest import ROOT, serving
from tests.integration.access import a_key, requiring_keys

pytestmark = pytest.mark.usefixtures("worker")

UNREACHABLE = ("Failed to load resource: net::ERR", "Failed to load resource: the server responded")
NO_ICON = ("Failed to load resource: the server responded with a status of 404 (File not found)",)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def start_api(infrastructure: Infrastructure, port: int) -> Process:
    """A process of its own, to be killed; answers once it is ready."""
    environment = {**os.environ, **infrastructure.environment, "ENRICHMENT_API_PORT": str(port)}
    api = await asyncio.create_subprocess_exec(sys.executable, "-m", "api", cwd=ROOT, env=environment, stderr=DEVNULL)
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/healthz")).is_success:
                    return api
            except httpx.TransportError:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def tended(api: Process) -> AsyncIterator[Process]:
    try:
        yield api
    finally:
        if api.returncode is None:
            api.kill()
        await api.wait()


async def test_when_the_api_is_killed_in_the_middle_the_page_comes_back_by_itself(
    open_page: Open, submit: Submit, api: httpx.AsyncClient, infrastructure: Infrastructure
) -> None:
    port = free_port()
    await api.post("/api/queue/low/pause")  # so that the job is open for as long as this takes
    job_id = await submit({"skills": [{"name": "Go"}]}, priority="low")
    pages: list[Page] = []
    async with tended(await start_api(infrastructure, port)) as process:
        for path in ("/", f"/jobs/{job_id}"):
            pages.append(await open_page(path, base=f"http://127.0.0.1:{port}", tolerating=UNREACHABLE))
            await expect(pages[-1].locator("#live")).to_have_text("Live")
        process.send_signal(signal.SIGKILL)
        await process.wait()
        for page in pages:
            await expect(page.locator("#live")).to_have_text("Reconnecting")
    async with tended(await start_api(infrastructure, port)):
        for page in pages:
            await expect(page.locator("#live")).to_have_text("Live")
        await api.post("/api/queue/low/resume")
        await expect(pages[1].locator("h1 .state")).to_have_text("Completed")
        for page in pages:
            await page.goto("about:blank")  # before the API goes


async def test_who_has_no_key_is_asked_for_one(open_page: Open, settings: Settings, database: Database) -> None:
    key = await a_key(database, tenant="of-the-browser")
    async with serving(requiring_keys(settings)) as url:
        page = await open_page("/jobs", base=url, tolerating=UNAUTHORIZED)
        await page.get_by_label("Your key").fill("nonsense")
        await page.evaluate("dispatchEvent(new Event('signed-out'))")  # as of a request whose refusal comes late
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator(".note")).to_be_visible()
        await page.get_by_label("Your key").fill(key.text)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
        await expect(page.locator("#live")).to_have_text("Live")
        assert key.text not in await page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
        await page.reload()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("Your key")).to_be_visible()
        await page.goto("about:blank")


@pytest.fixture
def example(tmp_path: Path) -> Iterator[str]:
    """`examples/progress.html`, from a site that is not the API's."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: Quiet(*args, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


async def test_the_element_shows_a_job_in_the_page_of_another_site(
    open_page: Open, submit: Submit, settings: Settings, database: Database, example: str, tmp_path: Path
) -> None:
    source = (ROOT / "examples" / "progress.html").read_text()
    assert len(source.splitlines()) <= 13
    async with serving(settings.model_copy(update={"cors_origins": (example,)})) as url:
        (tmp_path / "progress.html").write_text(source.replace("http://127.0.0.1:8000", url))
        job_id = await submit({"skills": [{"name": "Go"}]}, rehearse={"stageMs": 200})
        page = await open_page(f"/progress.html?job={job_id}", base=example, tolerating=NO_ICON)
        element = page.locator("enrichment-progress")
        await expect(element).to_have_attribute("status", "completed")
        await expect(page).to_have_title("skills_optimization: done")
        await expect(element.locator("#percentage")).to_have_text("100 %")
        assert (
            await element.evaluate("one => getComputedStyle(one).getPropertyValue('--enrichment-accent')")
            == "rebeccapurple"
        )

        running = await submit(rehearse={"stageMs": 60_000})
        await element.evaluate(
            """(one, id) => {
                window.told = [];
                for (const end of ["failed", "cancelled"]) one.addEventListener(end, () => window.told.push(end));
                one.setAttribute("job-id", id);
            }""",
            running,
        )
        await element.get_by_role("button", name="Cancel").click()
        await expect(element).to_have_attribute("status", "cancelled")
        failing = await submit(rehearse={"failCode": "invalid_output", "failAttempts": 9}, maxRetries=0)
        await element.evaluate("(one, id) => one.setAttribute('job-id', id)", failing)
        await expect(element).to_have_attribute("status", "failed")
        await database.execute(WITHOUT_REHEARSAL, {"id": failing})
        await element.get_by_role("button", name="Run again").click()
        await expect(element).to_have_attribute("status", "completed")
        assert await page.evaluate("window.told") == ["cancelled", "failed"]
        await page.goto("about:blank")
