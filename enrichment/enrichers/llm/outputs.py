"""What a model is asked to write, by job type: texts alone, each with its evidence.

Dates, months, levels, years and the list of skills are never asked of a model: the rules count them, and their result
is the ground that these texts are put on.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from enrichment import guard
from enrichment.models import JobType

Pointer = Annotated[str, BeforeValidator(guard.cleaned), StringConstraints(max_length=300)]


class _Output(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Told(_Output):
    """One statement, as a model writes it."""

    text: Annotated[
        str, BeforeValidator(guard.cleaned), StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)
    ]
    evidence: list[Pointer] = Field(min_length=1, max_length=50)
    kind: Literal["copied", "normalised", "derived", "inferred"]


class ToldPosition(_Output):
    pointer: Pointer
    summary: list[Told] = Field(default=[], max_length=10)
    bullets: list[Told] = Field(default=[], max_length=30)


class ToldSuggestion(_Output):
    written: Told
    did_you_mean: Told


class ProfileOutput(_Output):
    """The profile of a professional."""

    headline: Told | None = None
    summary: list[Told] = Field(max_length=12)


class ExperienceOutput(_Output):
    """The positions of a professional."""

    positions: list[ToldPosition] = Field(max_length=200)


class CompetenceFileOutput(_Output):
    """The texts of a competence file."""

    introduction: list[Told] = Field(max_length=12)
    positions: list[ToldPosition] = Field(max_length=200)


class SkillsOutput(_Output):
    """Slips in a list of skills."""

    suggestions: list[ToldSuggestion] = Field(max_length=50)


Output = ProfileOutput | ExperienceOutput | CompetenceFileOutput | SkillsOutput

OUTPUTS: dict[JobType, type[Output]] = {
    JobType.CANDIDATE_PROFILE_ENHANCEMENT: ProfileOutput,
    JobType.EXPERIENCE_ENHANCEMENT: ExperienceOutput,
    JobType.COMPETENCE_FILE_GENERATION: CompetenceFileOutput,
    JobType.SKILLS_OPTIMIZATION: SkillsOutput,
}
