"""What is kept of what was made: the same while its source is, and no more than there is room for."""

import time

import pytest

from enrichment.unchanged import KEPT_S, Unchanged


class Maker:
    """Doubles, and knows what it was asked to."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, source: int) -> list[int]:
        self.asked.append(source)
        return [2 * source]


@pytest.fixture
def maker() -> Maker:
    return Maker()


def test_what_is_unchanged_is_handed_out_again(maker: Maker) -> None:
    kept = Unchanged(maker)
    assert kept.of("a", 1) is kept.of("a", 1)
    assert maker.asked == [1]


def test_what_has_changed_is_made_anew_and_so_is_what_it_was_before(maker: Maker) -> None:
    kept = Unchanged(maker)
    assert [kept.of("a", source) for source in (1, 2, 1)] == [[2], [4], [2]]
    assert maker.asked == [1, 2, 1]


def test_each_key_has_its_own(maker: Maker) -> None:
    kept = Unchanged(maker)
    assert kept.of("a", 1) == kept.of("b", 1) == [2]
    kept.of("b", 2)
    assert kept.of("a", 1) == [2]
    assert maker.asked == [1, 1, 2]


def test_beyond_the_limit_the_first_key_is_forgotten(maker: Maker) -> None:
    kept = Unchanged(maker, most=2)
    for key in ("a", "b", "a", "c", "b", "c", "a"):
        kept.of(key, 1)
    assert maker.asked == [1, 1, 1, 1]


def test_after_a_while_all_is_forgotten(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Unchanged(maker)
    kept.of("a", 1)
    later = time.monotonic() + KEPT_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    kept.of("b", 1)
    kept.of("a", 1)
    assert maker.asked == [1, 1, 1]


def test_a_source_that_cannot_be_made_leaves_what_was() -> None:
    def inverse(source: int) -> float:
        return 1 / source

    kept = Unchanged(inverse)
    assert kept.of("a", 1) == 1
    with pytest.raises(ZeroDivisionError):
        kept.of("a", 0)
    assert kept.of("a", 1) == 1
