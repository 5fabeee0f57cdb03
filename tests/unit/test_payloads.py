"""What crosses into Temporal, once there are keys: closed to everybody else, and open through a change of keys."""

import base64

import pytest
from pydantic import SecretStr, ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from enrichment import payloads
from enrichment.payloads import ENCRYPTED, Unreadable
from enrichment.settings import Settings

OLD, NEW = (f"{name}:{base64.b64encode(bytes([number] * 32)).decode()}" for number, name in enumerate(("old", "new")))
CANARY = "Ada Byron 7f3a"


def settings(keys: str, namespace: str = "default") -> Settings:
    return Settings(_env_file=None, temporal_keys=SecretStr(keys), temporal_namespace=namespace)


async def test_what_is_encoded_reads_as_nothing_and_comes_back() -> None:
    converter = payloads.converter(settings(NEW))
    [payload] = await converter.encode([{"name": CANARY}])
    assert payload.metadata["encoding"] == ENCRYPTED
    assert CANARY.encode() not in payload.SerializeToString()
    assert await converter.decode([payload]) == [{"name": CANARY}]


async def test_the_same_value_never_looks_the_same() -> None:
    converter = payloads.converter(settings(NEW))
    first, second = await converter.encode([CANARY, CANARY])
    assert first.data != second.data


async def test_a_failure_tells_its_kind_and_nothing_more() -> None:
    converter = payloads.converter(settings(NEW))
    failure = Failure()
    await converter.encode_failure(ApplicationError(CANARY, CANARY, type="provider_timeout"), failure)
    assert CANARY.encode() not in failure.SerializeToString()
    assert failure.application_failure_info.type == "provider_timeout"
    told = await converter.decode_failure(failure)
    assert isinstance(told, ApplicationError)
    assert (told.message, told.details) == (CANARY, (CANARY,))


async def test_a_change_of_keys_leaves_what_was_written_readable() -> None:
    [before] = await payloads.converter(settings(OLD)).encode([CANARY])
    changed = payloads.converter(settings(f"{NEW}, {OLD}"))
    [after] = await changed.encode([CANARY])
    assert (before.metadata["encryption-key-id"], after.metadata["encryption-key-id"]) == (b"old", b"new")
    assert await changed.decode([before, after]) == [CANARY, CANARY]


async def test_what_was_written_before_there_were_keys_stays_readable() -> None:
    [plain] = await payloads.converter(Settings(_env_file=None)).encode([CANARY])
    assert await payloads.converter(settings(NEW)).decode([plain]) == [CANARY]


async def test_without_its_key_or_in_another_namespace_a_payload_stays_shut() -> None:
    [payload] = await payloads.converter(settings(OLD)).encode([CANARY])
    tampered = Payload(metadata=payload.metadata, data=payload.data[:-1] + bytes([payload.data[-1] ^ 1]))
    for keys, namespace, given in ((NEW, "default", payload), (OLD, "other", payload), (OLD, "default", tampered)):
        codec = payloads.codec(settings(keys, namespace))
        assert codec is not None
        with pytest.raises(Unreadable) as error:
            await codec.decode([given])
        assert CANARY not in str(error.value)


@pytest.mark.parametrize("keys", ["", "k1", "k1:short", ":" + "A" * 44, f"{OLD},{OLD}", "k1:" + "é" * 44])
def test_keys_that_are_none_are_refused_at_the_start(keys: str) -> None:
    with pytest.raises(ValidationError, match="temporal_keys"):
        settings(keys)
