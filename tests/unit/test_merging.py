"""What becomes of a model's texts once they stand in the draft of the rules and were checked."""

from typing import Any

import pytest

from enrichment import faithfulness
from enrichment.enrichers.llm.merging import merge
from enrichment.enrichers.llm.outputs import ExperienceOutput, SkillsOutput
from enrichment.results import ExperienceResult, Result, SkillsResult
from tests.unit.rules import AS_OF, enrich


def told(text: str, *evidence: str, kind: str = "derived") -> dict[str, Any]:
    return {"text": text, "evidence": list(evidence), "kind": kind}


def suggested(listed: str, written: str, meant: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The suggestions that stand, and the rules of the check that were broken, after a model has made this one."""
    candidate = {"skills": [{"name": listed}]}
    draft = enrich(SkillsResult, candidate)
    output = SkillsOutput.model_validate(
        {
            "suggestions": [
                {
                    "written": told(written, "/skills/0/name", kind="copied"),
                    "did_you_mean": told(meant, "/skills/0/name", kind="inferred"),
                }
            ]
        }
    )
    result = checked(draft, merge(draft, output), candidate)
    assert isinstance(result, SkillsResult)
    stand = [(one.written.value, one.did_you_mean.value) for one in result.suggestions]
    return stand, [violation.rule for violation in result.faithfulness.violations]


def checked(draft: Result, merged: Result, candidate: dict[str, Any]) -> Result:
    return faithfulness.repair(merged, draft, candidate, AS_OF)


@pytest.mark.parametrize(
    ("listed", "written", "meant"),
    [
        ("Pyhton", "Pyhton", "Python"),
        ("K8", "K8", "Kubernetes"),
        ("Jva", "Jva", "Java"),
        ("Go, Pyhton; Rust", "Pyhton", "Python"),
        ("Elasticsarhc", "Elasticsarhc", "Elasticsearch"),
        ("Zephyrcraf", "Zephyrcraf", "Zephyrcraft"),
    ],
)
def test_a_slip_that_a_model_has_seen_is_suggested(listed: str, written: str, meant: str) -> None:
    assert suggested(listed, written, meant) == ([(written, meant)], [])


@pytest.mark.parametrize(
    ("listed", "written", "meant", "rule"),
    [
        ("Pyhton", "Pyhton", "Django", "slip_of_spelling"),
        ("Pyhton", "Pyhton", "Pyhton", "slip_of_spelling"),
        ("Python4", "Python4", "Python 3", "slip_of_spelling"),
        ("Java", "Java", "JavaScript", "slip_of_spelling"),
        ("QX", "QX", "Qt", "slip_of_spelling"),
        ("Go, Kubernets, Pyhton", "Pyhton", "Kubernetes", "slip_of_spelling"),
        ("Pyhton", "Jva", "Java", "part_of_list"),
    ],
)
def test_another_skill_is_not_suggested_for_one(listed: str, written: str, meant: str, rule: str) -> None:
    stand, broken = suggested(listed, written, meant)
    assert broken == [rule]
    assert (written, meant) not in stand


def test_a_bullet_of_another_position_is_left_out() -> None:
    work = [
        {"name": name, "summary": f"{did} things for years."} for name, did in (("Acme", "Sold"), ("Hooli", "Made"))
    ]
    output = ExperienceOutput.model_validate(
        {"positions": [{"pointer": "/work/0", "bullets": [told("Made things", "/work/1/summary")]}]}
    )
    draft = enrich(ExperienceResult, {"work": work})
    result = checked(draft, merge(draft, output), {"work": work})
    assert isinstance(result, ExperienceResult)
    assert result.positions == draft.positions
    assert [one.rule for one in result.faithfulness.violations] == ["evidence_of_another_position"]
