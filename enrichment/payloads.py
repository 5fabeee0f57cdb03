"""Encryption of whatever crosses into Temporal: a second wall, as only ids, numbers and sentences without data cross.

A payload is encrypted with AES-256-GCM under the first key of the settings and says which; the others open what they
once closed, so that keys can change while runs go on. It is bound to the namespace: copied into another one, it does
not open. What was written before there were keys stays readable. Messages of failures are payloads then, too.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from enrichment import named_keys
from enrichment.aes import Cipher, NotOpened
from enrichment.settings import Settings

ENCODING, KEY_ID = "encoding", "encryption-key-id"
ENCRYPTED = b"binary/encrypted"
_NONCE_BYTES = 12


class Unreadable(Exception):
    """A payload that none of our keys opens, or that was encrypted for another namespace."""


@dataclass(frozen=True, slots=True)
class EncryptedPayloads(PayloadCodec):
    """`keys` by id; the first one encrypts."""

    keys: Mapping[str, Cipher]
    namespace: str

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._closed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Raises Unreadable."""
        return [self._opened(payload) for payload in payloads]

    def _closed(self, payload: Payload) -> Payload:
        key_id, key = next(iter(self.keys.items()))
        nonce = os.urandom(_NONCE_BYTES)
        data = nonce + key.encrypt(nonce, payload.SerializeToString(), self._bound_to(key_id))
        return Payload(metadata={ENCODING: ENCRYPTED, KEY_ID: key_id.encode()}, data=data)

    def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get(ENCODING) != ENCRYPTED:
            return payload
        key_id = payload.metadata.get(KEY_ID, b"").decode(errors="replace")
        key = self.keys.get(key_id)
        if key is None:
            raise Unreadable(f"No key of ENRICHMENT_TEMPORAL_KEYS has the id {key_id!r}")
        nonce, data = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(key.decrypt(nonce, data, self._bound_to(key_id)))
        except (NotOpened, ValueError):
            raise Unreadable("The payload was changed, or encrypted for another namespace") from None

    def _bound_to(self, key_id: str) -> bytes:
        return f"{self.namespace}\n{key_id}".encode()


def codec(settings: Settings) -> EncryptedPayloads | None:
    """The codec of the settings; None where they hold no keys."""
    if settings.temporal_keys is None:
        return None
    keys = named_keys.read(settings.temporal_keys.get_secret_value())
    return EncryptedPayloads(keys, settings.temporal_namespace)


def converter(settings: Settings) -> DataConverter:
    """How values become payloads, for every client and worker."""
    encrypting = codec(settings)
    if encrypting is None:
        return pydantic_data_converter
    return replace(
        pydantic_data_converter,
        payload_codec=encrypting,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
