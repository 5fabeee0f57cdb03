"""The one reader of bodies: what it lets through, and that nothing makes it fail otherwise than by saying so."""

import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from api import reader
from enrichment import strict_json
from enrichment.errors import InvalidInput, Malformed, NotJson, TooLarge

MALFORMED = {
    "nothing": b"",
    "blanks": b" \n",
    "cut short": b'{"a": ',
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
    "trailing comma": b"[1,]",
    "comment": b"{} // done",
    "raw control character": b'"\x01"',
    "raw NUL": b'"\x00"',
    "not UTF-8": b'"\xff"',
    "overlong NUL": b'"\xc0\x80"',
    "encoded surrogate": b'"\xed\xa0\x80"',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32-le"),
    "key twice": b'{"a": 1, "a": 1}',
    "key twice, inside": b'[{"x": {"a": 1, "b": 2, "a": 3}}]',
    "key twice, spelt apart": b'{"a": 1, "\\u0061": 2}',
    "NaN": b"NaN",
    "Infinity": b"[Infinity]",
    "minus Infinity": b'{"a": -Infinity}',
    "number beyond a double": b"1e999",
    "half a surrogate pair": b'"\\ud800"',
    "half a surrogate pair as key": b'{"\\udfff": 1}',
    "surrogate pair reversed": b'["\\udc00\\ud800"]',
}
REFUSED = {
    "NUL in a text": b'{"a": ["x\\u0000y"]}',
    "NUL in a key": b'{"a": {"\\u0000": 1}}',
    "int64 and one": b"[9223372036854775808]",
    "minus int64 and one": b"-9223372036854775809",
    "an integer of 5,000 digits": b"1" * 5_000,
    "33 arrays": b"[" * 33 + b"]" * 33,
    "33 objects": b'{"a":' * 33 + b"1" + b"}" * 33,
    "100,000 arrays": b"[" * 100_000 + b"]" * 100_000,
    "100,000 objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}
ACCEPTED = {
    "int64": b"[9223372036854775807, -9223372036854775808]",
    "32 arrays": b"[" * 32 + b"1" + b"]" * 32,
    "a surrogate pair": b'"\\ud83d\\ude00"',
    "escaped backslashes": b'"\\\\u0000 \\\\ud800"',
    "a tiny number": b"1e-999",
    "white space": b'\r\n\t {"a" : 1 } \n',
    "a scalar": b"null",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        strict_json.parse(body)


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_json_that_cannot_be_stored_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(InvalidInput) as refusal:
        strict_json.parse(body)
    assert refusal.type is InvalidInput
    assert refusal.value.faults


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_at_the_limit_passes(body: bytes) -> None:
    assert strict_json.parse(body) == json.loads(body)


@given(st.binary() | st.text().map(str.encode) | st.lists(st.sampled_from(b'[]{}",:0-9eE.\\u0dN truefals')).map(bytes))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(InvalidInput):
        strict_json.parse(body)


_SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.recursive(_SCALARS | _TEXTS, lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner), max_leaves=30))
def test_what_can_be_stored_is_read_as_it_was_written(value: object) -> None:
    assert strict_json.parse(json.dumps(value).encode()) == value
    assert strict_json.parse(json.dumps(value, ensure_ascii=False).encode()) == value


class Upload:
    """A body that comes in pieces; `taken` counts those that were asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self.taken = 0
        self._messages = self._all(pieces)

    async def _all(self, pieces: tuple[bytes, ...]) -> AsyncIterator[Message]:
        for piece in pieces:
            self.taken += 1
            yield {"type": "http.request", "body": piece, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}

    def request(self, **headers: str) -> Request:
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return Request({"type": "http", "method": "POST", "headers": raw}, receive=self._messages.__anext__)


async def test_a_body_in_pieces_is_read_whole() -> None:
    request = Upload(b'{"a": "\xc3', b"\xa9", b'"}').request(content_type="application/json; charset=utf-8")
    assert await reader.read(request, 1_000) == {"a": "é"}


@pytest.mark.parametrize("content_type", ["application/json", "APPLICATION/JSON", "application/vnd.api+json"])
async def test_json_goes_by_several_names(content_type: str) -> None:
    assert await reader.read(Upload(b"{}").request(content_type=content_type), 1_000) == {}


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "text/json", "application/jsonp", "multipart/form-data; boundary=json", "image/x+json"],
)
async def test_other_content_is_not_read(content_type: str) -> None:
    upload = Upload(b"{}")
    with pytest.raises(NotJson):
        await reader.read(upload.request(content_type=content_type), 1_000)
    assert upload.taken == 0


async def test_an_announced_large_body_is_not_read() -> None:
    upload = Upload(b"x" * 1_001)
    with pytest.raises(TooLarge):
        await reader.read(upload.request(content_type="application/json", content_length="1001"), 1_000)
    assert upload.taken == 0


async def test_an_unannounced_large_body_is_read_no_further_than_the_limit() -> None:
    upload = Upload(*[b"x" * 400] * 100)
    with pytest.raises(TooLarge):
        await reader.read(upload.request(content_type="application/json"), 1_000)
    assert upload.taken == 3


async def test_a_body_of_the_limit_passes() -> None:
    body = json.dumps("x" * 998).encode()
    assert await reader.read(Upload(body).request(content_type="application/json"), 1_000) == "x" * 998


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"candidateData": {"basics": {"name": "A\\u0000"}}}', "/candidateData"),
        (b'{"candidates": [{}, {"x": 9223372036854775808}]}', "/candidates/1"),
        (b'{"priority": 99999999999999999999999999}', "/priority"),
        (b'{"\\u0000": 1}', ""),
    ],
)
def test_what_cannot_be_stored_is_named_by_its_member(body: bytes, pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        strict_json.parse(body)

    assert [fault.pointer for fault in refused.value.faults] == [pointer]
