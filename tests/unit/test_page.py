"""The page as files: small, without anything inline, and each language complete."""

import re

from api.routes import page

MOST_BYTES = 60_000
ELEMENT_MOST_BYTES = 5 * 1024


def test_all_that_a_browser_can_load_of_it_is_small() -> None:
    """As it travels, uncompressed. The element is for others' pages: ours does not load it."""
    sizes = {name: len(file.content) for name, file in page.FILES.items()}
    assert sizes.pop(page.ELEMENT) < ELEMENT_MOST_BYTES
    assert sum(sizes.values()) < MOST_BYTES


def test_no_template_is_within_another() -> None:
    """What takes the spaces out of scripts does not see where an inner one begins, and would change its text."""
    for path in page.HOME.glob("*.js"):
        assert not re.search(r"`[^`]*\$\{[^}`]*`", path.read_text("utf-8")), path.name


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    shell = page.FILES["index.html"].content.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)", shell) == []
    assert not re.search(r"<style|\sstyle=|\son\w+=", shell)
    for name, file in page.FILES.items():
        text = file.content.decode().replace("http://www.w3.org/", "")
        assert "://" not in text, name


def test_nothing_makes_markup_of_text() -> None:
    for name, file in page.FILES.items():
        assert not re.search(rb"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|srcdoc", file.content), (
            name
        )


def test_every_word_is_there_in_both_languages() -> None:
    words = page.FILES["i18n.js"].content.decode()
    table = words[words.index("`") + 1 : words.index("`", words.index("`") + 1)].strip().splitlines()
    placeholders = re.compile(r"\{\w+\}")
    for line in table:
        key, *said = line.split("|")
        assert key
        assert len(said) in (1, 2), key  # what is the same in both is written once
        assert all(said), key
        assert sorted(placeholders.findall(said[0])) == sorted(placeholders.findall(said[-1])), key
