"""The prompts: a file for each job type and version, read when first needed."""

from functools import cache
from importlib import resources

from enrichment.models import JobType

VERSIONS: dict[JobType, str] = {
    JobType.CANDIDATE_PROFILE_ENHANCEMENT: "candidate_profile_enhancement.v2",
    JobType.EXPERIENCE_ENHANCEMENT: "experience_enhancement.v2",
    JobType.COMPETENCE_FILE_GENERATION: "competence_file_generation.v2",
    JobType.SKILLS_OPTIMIZATION: "skills_optimization.v2",
}
"""The version in use, which every result names. A changed prompt is a new file under a new version."""


@cache
def text_of(version: str) -> str:
    return resources.files(__package__).joinpath("prompts", f"{version}.md").read_text(encoding="utf-8")
