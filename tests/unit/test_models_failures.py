"""What a provider's refusals become: by its status, by the names that it gives them, and by the pause that it asks for.

`tests/integration/test_models_failures.py` drives each row of the table through the whole stack.
"""

from datetime import timedelta

import httpx2
import pytest
from openai import AsyncOpenAI
from pydantic_ai.messages import ModelRequest, UserPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from enrichment.enrichers.llm import failures
from enrichment.enrichers.llm.failures import LONGEST_WAIT, Action
from enrichment.enrichers.llm.streamed import Streamed
from enrichment.errors import EnrichmentError

FORBIDDEN = "echoed-by-the-provider"


async def refused(status: int, code: str, headers: dict[str, str] | None = None) -> EnrichmentError:
    def refuse(_: httpx2.Request) -> httpx2.Response:
        error = {"message": FORBIDDEN, "type": code, "code": status}
        return httpx2.Response(status, headers=headers, json={"error": error})

    async def listen(_pieces: int) -> None:
        raise AssertionError("nothing was answered")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(refuse)) as http:
        client = AsyncOpenAI(api_key="key", base_url="http://provider", max_retries=0, http_client=http)
        model = OpenAIChatModel("some-model", provider=OpenAIProvider(openai_client=client))
        with pytest.raises(EnrichmentError) as raised:
            await Streamed(model, "some-model", 5.0, listen).request(
                [ModelRequest(parts=[UserPromptPart("Hello")])], None, ModelRequestParameters()
            )
    error = raised.value
    assert (error.__cause__, error.__context__) == (None, None)
    assert FORBIDDEN not in error.message
    return error


@pytest.mark.parametrize(
    ("status", "code", "becomes", "action"),
    [
        (400, "exceed_context_size_error", "context_too_long", Action.SHRINK),
        (400, "string_above_max_length", "context_too_long", Action.SHRINK),
        (413, "request_too_large", "context_too_long", Action.SHRINK),
        (400, "content_policy_violation", "content_refused", Action.FAIL),
        (400, "ResponsibleAIPolicyViolation", "content_refused", Action.FAIL),
        (400, "unsupported_parameter", "provider_auth", Action.ALERT),
        (422, "invalid_request_error", "provider_auth", Action.ALERT),
        (408, "timeout", "provider_timeout", Action.RETRY),
        (409, "conflict", "provider_unavailable", Action.RETRY),
    ],
)
async def test_a_refusal_is_what_its_status_or_its_name_says(
    status: int, code: str, becomes: str, action: Action
) -> None:
    error = await refused(status, code)

    assert (error.code, failures.action_of(error)) == (becomes, action)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "value", "pause"),
    [
        ("retry-after", "7", timedelta(seconds=7)),
        ("retry-after", "7.5", timedelta(seconds=7.5)),
        ("retry-after", "0", timedelta()),
        ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT", timedelta()),
        ("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        ("retry-after", "99999999999999", LONGEST_WAIT),
        ("retry-after", "9" * 5_000, LONGEST_WAIT),
        ("retry-after", "inf", LONGEST_WAIT),
        ("retry-after-ms", "1e20", LONGEST_WAIT),
        ("retry-after", "-5", None),
        ("retry-after", "nan", None),
        ("retry-after", "soon", None),
    ],
)
async def test_a_pause_is_as_long_as_asked_and_no_longer_than_ten_minutes(
    status: int, header: str, value: str, pause: timedelta | None
) -> None:
    assert (await refused(status, "busy", {header: value})).retry_after == pause
