"""A model is shown a candidate without the person, and what it writes comes back in the candidate's own words."""

from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from enrichment import faithfulness
from enrichment.enrichers.base import Task
from enrichment.enrichers.llm.merging import merge
from enrichment.enrichers.llm.outputs import ExperienceOutput, Output, ProfileOutput
from enrichment.enrichers.llm.restoring import Shown
from enrichment.enrichers.llm.writing import Assignment, write
from enrichment.models import JobType
from enrichment.pointers import resolve
from enrichment.results import Violation
from tests.unit.rules import AS_OF, ENRICHER, ignore

PHONE = 33612345678
PROFILE = JobType.CANDIDATE_PROFILE_ENHANCEMENT


def copied(text: str, pointer: str) -> dict[str, Any]:
    return {"text": text, "evidence": [pointer], "kind": "copied"}


async def test_a_number_comes_back_as_text_and_no_model_is_told_of_it() -> None:
    candidate = {"basics": {"name": "Ada Byron", "phone": PHONE}, "work": [{"name": "Initrode"}]}
    draft, shown = await ENRICHER.enrich(Task(PROFILE, candidate, AS_OF), ignore), Shown(candidate)
    asked: list[str] = []

    def echo(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.append(repr(messages))
        told = copied(shown.candidate["basics"]["phone"], "/basics/phone")
        return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, {"summary": [told]})])

    def doubts(output: Output) -> tuple[Violation, ...]:
        return faithfulness.check(merge(draft, shown.restored(output)), candidate, AS_OF).violations

    assignment = Assignment(PROFILE, shown.candidate, "en", doubts)
    output = shown.restored(await write(assignment, FunctionModel(echo), "echo", 1_000))

    assert isinstance(output, ProfileOutput)
    assert [told.text for told in output.summary] == [str(PHONE)]
    assert [words for words in asked if str(PHONE) in words] == []
    assert len(asked) == 1, "nothing was wrong with it"


def test_what_a_placeholder_stands_for_may_be_longer_than_what_a_model_may_write() -> None:
    address = "7 Rue de la Paix, " * 200
    shown = Shown({"basics": {"address": address}})

    output = shown.restored(ProfileOutput.model_validate({"summary": [copied("[ADDRESS_1]", "/basics/address")]}))

    assert output.summary[0].text == address


@pytest.mark.parametrize("key", ["notes on Ada/Byron~", "note\u200bs", "notes on \u200bAda/Byron~ \u202e~1"])
def test_pointers_lead_to_the_same_place_in_what_was_submitted(key: str) -> None:
    candidate = {"basics": {"name": "Ada/Byron~"}, key: [{"a": 1}, {"text\u200b": "Built it."}], "work": []}
    shown = Shown(candidate)
    [seen] = shown.candidate.keys() - {"basics", "work"}
    assert "Ada" not in seen
    pointer = f"/{seen.replace('~', '~0').replace('/', '~1')}/1/text"
    assert resolve(shown.candidate, pointer) == "Built it."

    position = {"pointer": pointer, "summary": [copied("Built it.", pointer)]}
    [restored] = shown.restored(ExperienceOutput.model_validate({"positions": [position]})).positions

    assert resolve(candidate, restored.pointer) == "Built it."
    assert restored.summary[0].evidence == [restored.pointer]


@pytest.mark.parametrize("pointer", ["", "/", "nowhere", "/work/7", "/work/x", "/basics/[NAME_9]", "/a~2b"])
def test_a_pointer_that_leads_nowhere_stays_as_it_is(pointer: str) -> None:
    shown = Shown({"basics": {"name": "Ada"}, "work": []})

    output = shown.restored(ProfileOutput.model_validate({"summary": [copied("Built it.", pointer)]}))

    assert output.summary[0].evidence == [pointer]
