"""The tree of errors, as it is drawn and as it is."""

import re

from enrichment import errors
from enrichment.errors import BY_CODE, EnrichmentError

CODES = {
    "invalid_input", "unsupported_type", "conflict", "not_found", "unauthorized", "forbidden", "rate_limited",
    "provider_rate_limited", "provider_overloaded", "provider_timeout", "provider_unavailable", "provider_auth",
    "provider_quota", "context_too_long", "content_refused", "invalid_output", "unfaithful_output", "budget_exceeded",
    "storage_unavailable", "internal",
}  # fmt: skip


def classes(root: type[EnrichmentError] = EnrichmentError) -> list[type[EnrichmentError]]:
    return [found for child in root.__subclasses__() for found in (child, *classes(child))]


def test_the_codes_are_those_of_the_design() -> None:
    assert set(BY_CODE) == CODES


def test_the_drawing_is_the_tree() -> None:
    drawn = re.findall(r"(\w+)  +(\w+) +(\d{3})( +retry)?", errors.__doc__ or "")

    real = [(c.__name__, c.code, str(c.http_status), c.retryable) for c in classes() if hasattr(c, "code")]
    assert sorted((name, code, status, bool(retry)) for name, code, status, retry in drawn) == sorted(real)


def test_every_class_can_be_told_to_a_person() -> None:
    assert all(c.title and not c.title.endswith(".") for c in classes() if hasattr(c, "code"))
