"""A job as somebody sees it in the browser: submitted, watched, cancelled, failed, run again."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, expect
from sqlalchemy import text

from enrichment.db import Database
from tests.browser.conftest import WITHOUT_REHEARSAL, Open, Submit

pytestmark = pytest.mark.usefixtures("worker")

_PAYLOAD = text("""
    UPDATE enrichment_job SET payload = CAST(:payload AS jsonb) WHERE parent_id = :bulk AND candidate_id = 'person-2'
""")
_UNSERVED = text("UPDATE enrichment_job SET queue = 'enrichment-retired', run_at = NULL WHERE id = :id")
WATCH = """() => {
  window.seen = [];
  new MutationObserver(() => {
    const bar = document.querySelector(".now [role=progressbar]");
    if (bar) window.seen.push(Number(bar.getAttribute("aria-valuenow")));
  }).observe(document.getElementById("view"), { subtree: true, childList: true, attributes: true });
}"""


def state(page: Page, name: str) -> Any:
    return expect(page.locator("h1 .state")).to_have_text(name)


async def test_what_is_submitted_is_watched_to_its_result_and_document(open_page: Open) -> None:
    page = await open_page("/new")
    await page.get_by_role("button", name="Use an example").click()
    await page.get_by_role("button", name="Submit").click()
    await state(page, "Completed")
    await expect(page.locator(".now b")).to_have_text("100%")
    await expect(page.get_by_text("100% faithful")).to_be_visible()
    kubernetes = page.locator(".changes tr").filter(has_text="Kubernetes").first
    await expect(kubernetes).to_contain_text("k8s")
    await expect(page.locator(".changes mark").filter(has_text="Python").first).to_be_visible()

    async with page.expect_download() as started:
        await page.get_by_role("link", name="MD", exact=True).click()
    assert "Maren Oddvik" in (await (await started.value).path()).read_text()


async def test_a_file_is_dropped_and_a_list_of_candidates_becomes_a_bulk(open_page: Open) -> None:
    page = await open_page("/new")
    two = json.dumps([{"basics": {"name": "Ada"}}, {"basics": {"name": "Noor"}}])
    await page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.items.add(new File([text], "two.json", { type: "application/json" }));
            const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true });
            document.querySelector("textarea").dispatchEvent(drop);
        }""",
        two,
    )
    await expect(page.locator("textarea")).to_have_value(two)
    await page.get_by_role("button", name="Submit").click()
    await state(page, "Completed")
    await expect(page.locator("h1")).to_contain_text("Bulk")
    await expect(page.locator(".legend")).to_contain_text("2 Completed")


async def test_what_is_no_json_is_not_submitted(open_page: Open) -> None:
    page = await open_page("/new")
    await page.locator("textarea").fill("{ name: Ada }")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.locator(".note")).to_contain_text("This is not JSON")


async def late(route: Route) -> None:
    """The answer of a moment ago: the stream has told more since."""
    answer = await route.fetch()
    await asyncio.sleep(0.4)
    await route.fulfill(response=answer)


async def test_progress_is_seen_to_rise(open_page: Open, submit: Submit, api: httpx.AsyncClient) -> None:
    await api.post("/api/queue/low/pause")  # until somebody watches
    job_id = await submit({"skills": [{"name": "Go"}]}, rehearse={"stageMs": 250}, priority="low")
    page = await open_page(f"/jobs/{job_id}")
    await state(page, "Pending")
    await page.route(f"**/api/enrichment/jobs/{job_id}", late)
    await page.evaluate(WATCH)
    await api.post("/api/queue/low/resume")
    await state(page, "Completed")
    seen = await page.evaluate("window.seen")
    assert seen == sorted(seen)
    assert seen[-1] == 100
    assert len({percentage for percentage in seen if 0 < percentage < 100}) >= 2


async def test_a_running_job_is_cancelled(open_page: Open, submit: Submit) -> None:
    page = await open_page(f"/jobs/{await submit(rehearse={'stageMs': 60_000})}")
    await state(page, "Running")
    await page.get_by_role("button", name="Cancel").click()
    await state(page, "Cancelled")
    await expect(page.locator(".timeline")).to_contain_text("Cancelled")


async def test_a_failed_job_tells_why_and_is_run_again(open_page: Open, submit: Submit, database: Database) -> None:
    failing = {"failCode": "provider_overloaded", "failAttempts": 2}
    job_id = await submit({"skills": [{"name": "Go"}]}, rehearse=failing, maxRetries=1)
    page = await open_page(f"/jobs/{job_id}")
    await state(page, "Failed")
    await expect(page.locator(".error")).to_contain_text("provider_overloaded")
    steps = page.locator(".timeline li")
    await expect(steps).to_have_count(5)
    for step, name in enumerate(("Queued", "Attempt 1", "Waits to try again", "Attempt 2", "Failed")):
        await expect(steps.nth(step)).to_contain_text(name)

    await database.execute(WITHOUT_REHEARSAL, {"id": job_id})
    await page.get_by_role("button", name="Run again").click()
    await state(page, "Completed")
    await expect(page.locator(".timeline")).to_contain_text("Run 2")


async def test_the_timeline_tells_enriching_from_making_the_document(open_page: Open, submit: Submit) -> None:
    page = await open_page(f"/jobs/{await submit(kind='competence_file_generation')}")
    await state(page, "Completed")
    steps = page.locator(".timeline li .state")
    await expect(steps).to_have_text(["Queued", "Attempt 1", "Document", "Completed"])


async def test_a_result_is_approved(open_page: Open, submit: Submit) -> None:
    page = await open_page(f"/jobs/{await submit({'skills': [{'name': 'Go'}]})}")
    await state(page, "Completed")
    await page.get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("heading", name="Review")).to_contain_text("approved")
    await expect(page.get_by_role("button", name="Approve")).to_have_count(0)


async def test_why_a_job_waits_stands_there(open_page: Open, submit: Submit) -> None:
    page = await open_page(f"/jobs/{await submit(runAt='2999-01-01T09:00:00Z')}")
    await expect(page.locator(".now")).to_contain_text("It starts 1 Jan 2999")
    page = await open_page(
        f"/jobs/{await submit(rehearse={'failCode': 'provider_timeout', 'failAttempts': 9}, maxRetries=9)}"
    )
    await expect(page.locator(".now")).to_contain_text("Next attempt in")
    await page.get_by_role("button", name="Cancel").click()
    await state(page, "Cancelled")


async def test_a_job_in_line_tells_its_place(open_page: Open, submit: Submit) -> None:
    """The worker has one slot for the low queue."""
    ahead = await open_page(f"/jobs/{await submit(rehearse={'stageMs': 60_000}, priority='low')}")
    await state(ahead, "Running")
    page = await open_page(f"/jobs/{await submit(priority='low')}")
    await expect(page.locator(".now")).to_contain_text("Number 1: all 1 slots are busy")
    await ahead.get_by_role("button", name="Cancel").click()
    await state(page, "Completed")


async def test_a_job_that_no_worker_serves_says_so(open_page: Open, submit: Submit, database: Database) -> None:
    job_id = await submit(runAt="2999-01-01T09:00:00Z")
    await database.execute(_UNSERVED, {"id": job_id})
    page = await open_page(f"/jobs/{job_id}")
    await expect(page.locator(".now")).to_contain_text("No worker serves its queue")
    await page.get_by_role("button", name="Cancel").click()
    await state(page, "Cancelled")


async def test_there_is_no_such_job(open_page: Open) -> None:
    for job_id in ("01890000-0000-7000-8000-000000000000", "nonsense"):
        page = await open_page(f"/jobs/{job_id}", tolerating=("Failed to load resource",))
        await expect(page.get_by_role("alert")).not_to_have_text("Loading…")


async def test_of_a_bulk_what_failed_alone_is_run_again(
    open_page: Open, submit: Submit, api: httpx.AsyncClient, database: Database
) -> None:
    await api.post("/api/queue/low/pause")
    people = [{"candidateId": f"person-{number}", "skills": [{"name": f"Skill {number}"}]} for number in range(4)]
    bulk = await submit(people, "bulk_candidate_enrichment", options={"batchSize": 2}, priority="low")
    await database.execute(_PAYLOAD, {"bulk": bulk, "payload": "[]"})  # which no request could have become
    page = await open_page(f"/jobs/{bulk}")
    await expect(page.locator("h1")).to_contain_text("Bulk")
    await api.post("/api/queue/low/resume")
    await state(page, "Completed")
    legend = page.locator(".bulk .legend").first
    await expect(legend).to_contain_text("3 Completed")
    await expect(legend).to_contain_text("1 Failed")
    await expect(page.get_by_text("2 of 2 batches done")).to_be_visible()
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Failures, CSV").click()
    assert "person-2" in (await (await started.value).path()).read_text()

    await database.execute(_PAYLOAD, {"bulk": bulk, "payload": "{}"})
    await page.get_by_role("button", name="Run again what failed").click()
    await expect(legend).to_have_text("4 Completed")
    await state(page, "Completed")
