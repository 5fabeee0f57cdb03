"""One agent per job type: its prompt, its typed output, and the check that sends an output back once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from pydantic_ai import Agent, ModelRetry, RunContext
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from enrichment import guard, wording
from enrichment.enrichers.llm import failures, prompts
from enrichment.enrichers.llm.outputs import OUTPUTS, Output
from enrichment.errors import EnrichmentError
from enrichment.models import JSON, JobType
from enrichment.results import Violation

_LANGUAGES = {"en": "English", "fr": "French"}
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be written. `doubts` finds what an output says and the candidate does not."""

    type: JobType
    candidate: JSON
    locale: str
    doubts: Callable[[Output], tuple[Violation, ...]]


async def write(assignment: Assignment, model: Model, name: str, max_tokens: int) -> Output:
    """What the model has written; it has the right form, and was sent back once if it said what the data does not.

    Raises:
        ProviderError, OutputError: as the table of failures says, with no cause and no context: those hold the answer.
    """
    settings = ModelSettings(max_tokens=max_tokens)
    try:
        run = await _agent(assignment.type).run(
            _message(assignment), model=model, deps=assignment, model_settings=settings
        )
    except EnrichmentError:
        raise
    except Exception as error:
        told = failures.told(error, name)
        if told is None:
            raise
    else:
        return run.output
    raise told


@cache
def _agent(job_type: JobType) -> Agent[Assignment, Output]:
    agent: Agent[Assignment, Output] = Agent(
        output_type=OUTPUTS[job_type],
        deps_type=Assignment,
        instructions=prompts.text_of(prompts.VERSIONS[job_type]),
        retries=1,
        name=job_type.value,
    )
    agent.output_validator(_faithful)
    return agent


def _faithful(context: RunContext[Assignment], output: Output) -> Output:
    """Sends an output back once. What it still says the second time is replaced by the source's own text."""
    if context.retry:
        return output
    doubtful = context.deps.doubts(output)
    if doubtful:
        named = "\n".join(f"- {violation.pointer}: {violation.rule}" for violation in doubtful[:_MOST_NAMED])
        raise ModelRetry(
            "These statements say what their evidence does not. Reword each so that its evidence carries every word, "
            f"or leave it out; the others stay as they are.\n{named}"
        )
    return output


def _message(assignment: Assignment) -> str:
    language = _LANGUAGES.get(wording.language_of(assignment.locale), "English")
    return f"Write in {language}.\n{guard.delimited(assignment.candidate)}"
