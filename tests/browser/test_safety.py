"""What must never happen in the browser: markup that a candidate wrote, a view that keeps people out."""

from typing import Any

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from enrichment.settings import Settings
from tests.browser.conftest import UNAUTHORIZED, Open, Submit
from tests.conftest import serving
from tests.integration.access import requiring_keys

pytestmark = pytest.mark.usefixtures("worker")

SCRIPT = "<script>window.hacked=1</script>"
HOSTILE = {
    "basics": {
        "name": "<img src=x onerror=window.hacked=1>",
        "label": "\u202egnp.exe مرحبا بالعالم",
        "summary": f"👩‍🚀 'quoted\" {SCRIPT} &lt;b&gt; ${{7*7}} {{{{7*7}}}}",
        "email": None,
    },
    "work": [{"name": "javascript:window.hacked=1", "position": "x" * 10_000, "highlights": [None, SCRIPT]}],
    "skills": [{"name": SCRIPT}, {"name": '"><svg onload=window.hacked=1>'}, {"name": "\u202eevil"}, {"name": None}],
}  # fmt: skip


@pytest.mark.parametrize("kind", ["competence_file_generation", "skills_optimization", "experience_enhancement"])
async def test_whatever_a_candidate_wrote_is_text(open_page: Open, submit: Submit, kind: str) -> None:
    page = await open_page(f"/jobs/{await submit(HOSTILE, kind)}", viewport={"width": 390, "height": 844})
    await expect(page.locator("h1 .state")).to_have_text("Completed")
    for closed in await page.locator("summary").all():
        await closed.click()
    await expect(page.locator("#view")).to_contain_text("window.hacked=1")
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("#view :is(img, script, iframe, svg[onload])").count() == 0
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # nothing is that long


async def test_odd_ids_and_reasons_are_text(open_page: Open, submit: Submit, api: httpx.AsyncClient) -> None:
    odd = "مرحبا-" + "y" * 190
    job_id = await submit(candidateId=odd, runAt="2999-01-01T00:00:00Z")
    await api.post(f"/api/enrichment/jobs/{job_id}/cancel", json={"reason": SCRIPT})
    page = await open_page(f"/jobs/{job_id}", viewport={"width": 390, "height": 844})
    await expect(page.locator(".now")).to_contain_text(SCRIPT)
    for path in (f"/jobs/{job_id}", "/", f"/jobs?candidateId={odd}"):
        await page.goto(str(api.base_url).rstrip("/") + path)
        await expect(page.locator("#view")).to_contain_text(odd)
        assert await page.evaluate("window.hacked") is None
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
async def test_no_view_keeps_anybody_out(
    open_page: Open, submit: Submit, settings: Settings, scheme: Any, rules: dict[str, Any]
) -> None:
    """By the rules of axe (WCAG 2 A and AA, and best practice), wide and narrow; dark differs in its colours alone."""
    failed = await submit(rehearse={"failCode": "invalid_output", "failAttempts": 9}, maxRetries=0)
    done = await submit({"basics": {"name": "Ada"}, "skills": [{"name": "k8s"}]}, "competence_file_generation")
    bulk = await submit([{"skills": [{"name": "Go"}]}] * 3, "bulk_candidate_enrichment")
    page = await open_page("/", color_scheme=scheme, tolerating=UNAUTHORIZED)
    faults: list[str] = []

    async def look(view: str) -> None:
        found = await Axe().run(page, options={"resultTypes": ["violations"], **rules})
        for each in found.response["violations"]:
            if each["impact"] in ("serious", "critical"):
                faults.extend(f"{view}: {each['id']}: {node['html'][:200]}" for node in each["nodes"])

    base = page.url.rstrip("/")
    for width, path, there in (
        (1280, "/", ".queue"), (390, "/", ".queue"), (1280, "/jobs", "tbody tr"), (390, "/jobs", "tbody tr"),
        (1280, "/new", "textarea"), (390, f"/jobs/{failed}", ".error"), (1280, f"/jobs/{done}", ".changes"),
        (390, f"/jobs/{done}", ".changes"), (1280, f"/jobs/{bulk}", ".batches"),
    ):  # fmt: skip
        await page.set_viewport_size({"width": width, "height": 900})
        await page.goto(base + path)
        await expect(page.locator(there).first).to_be_visible()
        await look(f"{path} at {width}")
    await page.goto(f"{base}/jobs")
    await page.get_by_role("button", name="Select all that match").click()
    await look("a selection")
    await page.keyboard.press("?")
    await look("a dialog")
    async with serving(requiring_keys(settings)) as url:
        await page.goto(url)
        await expect(page.get_by_label("Your key")).to_be_visible()
        await look("signing in")
        await page.goto("about:blank")
    assert not faults, "\n".join(faults)


async def test_every_answer_forbids_foreign_scripts(open_page: Open, api: httpx.AsyncClient) -> None:
    policy = (await api.get("/")).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    page = await open_page("/", tolerating=("Executing inline script violates", "Refused to execute inline script"))
    await page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.hacked = 1' }))"
    )
    assert await page.evaluate("window.hacked") is None
