"""What an operator does in the browser all day: the overview, the list, and many jobs at once."""

import asyncio

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open, Submit

pytestmark = pytest.mark.usefixtures("worker")


async def ended(api: httpx.AsyncClient, *job_ids: str) -> list[str]:
    """How they end, once they all have."""
    async with asyncio.timeout(60):
        while True:
            jobs = [(await api.get(f"/api/enrichment/jobs/{job_id}")).json() for job_id in job_ids]
            if all(job["completedAt"] for job in jobs):
                return [job["status"] for job in jobs]
            await asyncio.sleep(0.1)


async def test_the_overview_is_live_by_one_stream(open_page: Open, submit: Submit, unique: str) -> None:
    page = await open_page("/")
    await expect(page.locator("#live")).to_have_text("Live")
    streams: list[str] = []
    page.on("request", lambda request: streams.append(request.url) if request.resource_type == "eventsource" else None)
    await page.reload()
    await expect(page.locator("#live")).to_have_text("Live")
    await expect(page.locator(".health")).to_contain_text("PostgreSQL")
    await submit(candidateId=unique)
    row = page.locator("tr").filter(has_text=unique)
    await expect(row).to_contain_text("Completed")
    assert len(streams) == 1


async def test_the_stream_rests_while_nobody_looks(open_page: Open) -> None:
    page = await open_page("/")
    await expect(page.locator("#live")).to_have_text("Live")
    hide = """is => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => is });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    await page.evaluate(hide, True)
    await expect(page.locator("#live")).to_have_text("Paused")
    await page.evaluate(hide, False)
    await expect(page.locator("#live")).to_have_text("Live")


async def test_a_queue_is_paused_and_goes_on(open_page: Open, submit: Submit, api: httpx.AsyncClient) -> None:
    page = await open_page("/")
    await page.get_by_role("button", name="Pause Low").click()
    await expect(page.get_by_role("button", name="Resume Low")).to_be_visible()
    await expect(page.locator(".health")).to_contain_text("Paused: Low")
    job_id = await submit(priority="low")
    of_job = await open_page(f"/jobs/{job_id}")
    await expect(of_job.locator(".now")).to_contain_text("Its queue is paused")
    await page.reload()
    await page.get_by_role("button", name="Resume Low").click()
    assert await ended(api, job_id) == ["completed"]
    await expect(of_job.locator("h1 .state")).to_have_text("Completed")


async def test_filters_live_in_the_address_and_all_that_match_are_run_again(
    open_page: Open, submit: Submit, api: httpx.AsyncClient, unique: str
) -> None:
    failing = {"failCode": "invalid_output", "failAttempts": 1_000}
    jobs = [await submit(candidateId=unique, rehearse=failing, maxRetries=0) for _ in range(3)]
    other = await submit(candidateId=unique)
    assert await ended(api, *jobs, other) == ["failed"] * 3 + ["completed"]

    page = await open_page("/jobs")
    await page.get_by_label("Candidate").fill(unique)
    await page.keyboard.press("Enter")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(4)
    await page.get_by_role("navigation", name="Status").get_by_role("link", name="Failed").click()
    await expect(rows).to_have_count(3)
    assert f"candidateId={unique}" in page.url
    assert "status=failed" in page.url
    await page.reload()
    await expect(rows).to_have_count(3)
    await expect(page.get_by_label("Candidate")).to_have_value(unique)

    await page.get_by_role("button", name="Select all that match").click()
    await page.get_by_role("button", name="Run again").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Run 3 jobs again?")
    await dialog.get_by_role("button", name="Yes, go on").click()
    await expect(page.get_by_text("3 changed, 0 were in another state")).to_be_visible()
    assert {(await api.get(f"/api/enrichment/jobs/{job_id}")).json()["run"] for job_id in jobs} == {2}
    await ended(api, *jobs)

    await page.go_back()
    await expect(rows).to_have_count(4)


async def test_marked_jobs_are_cancelled_and_others_left(
    open_page: Open, submit: Submit, api: httpx.AsyncClient, unique: str
) -> None:
    kept, *marked = [await submit(candidateId=unique, runAt="2999-01-01T00:00:00Z") for _ in range(3)]
    page = await open_page(f"/jobs?candidateId={unique}")
    await page.get_by_label("Select this page").check()
    await expect(page.get_by_text("3 selected")).to_be_visible()
    await page.locator("tbody tr").last.get_by_role("checkbox").uncheck()
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Yes, go on").click()
    await expect(page.get_by_text("2 changed")).to_be_visible()
    assert await ended(api, *marked) == ["cancelled"] * 2
    assert (await api.post(f"/api/enrichment/jobs/{kept}/cancel")).status_code == 200


async def test_a_filter_that_makes_no_sense_says_so(open_page: Open) -> None:
    page = await open_page("/jobs?errorCode=nonsense", tolerating=("Failed to load resource",))
    await expect(page.get_by_role("alert")).to_contain_text("errorCode")


async def test_pages_follow_one_another(open_page: Open, submit: Submit, unique: str) -> None:
    people = [{"candidateId": f"{unique}-{number}"} for number in range(55)]
    bulk = await submit(people, "bulk_candidate_enrichment", runAt="2999-01-01T00:00:00Z")
    page = await open_page(f"/jobs?parentId={bulk}")
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(50)
    await page.get_by_role("link", name="Older").click()
    await expect(rows).to_have_count(5)
    await page.get_by_role("link", name="Newest").click()
    await expect(rows).to_have_count(50)


async def test_the_keyboard_alone_will_do(open_page: Open, submit: Submit) -> None:
    await submit()
    page = await open_page("/")
    await expect(page.locator("#live")).to_have_text("Live")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("l")
    await expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    await expect(page.locator("a[data-row]").first).to_be_visible()
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.get_by_text("1 selected")).to_be_visible()
    await page.keyboard.press("/")
    await expect(page.get_by_label("Id begins with")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/jobs/*-*")
    await page.keyboard.press("n")
    await expect(page.get_by_role("heading", name="New job")).to_be_visible()
    await page.keyboard.press("o")
    await expect(page.locator(".queue")).to_have_count(4)


async def test_the_page_speaks_french_too_and_remembers_it(open_page: Open) -> None:
    page = await open_page("/", locale="fr-FR")
    await expect(page.get_by_role("link", name="Tâches", exact=True)).to_be_visible()
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("link", name="Jobs", exact=True)).to_be_visible()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
