"""Encryption of whatever crosses into Temporal: a second wall, as only ids, numbers and sentences without data cross.

A payload is encrypted with AES-256-GCM under the first key of the settings and says which; the others open what they
once closed, so that keys can change while runs go on. It is bound to the namespace: copied into another one, it does
not open. What was written before there were keys stays readable. Messages of failures are payloads then, too.
"""

import base64
import binascii
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from enrichment.settings import Settings, SettingsError

ENCODING, KEY_ID = "encoding", "encryption-key-id"
ENCRYPTED = b"binary/encrypted"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class Unreadable(Exception):
    """A payload that none of our keys opens, or that was encrypted for another namespace."""


@dataclass(frozen=True, slots=True)
class EncryptedPayloads(PayloadCodec):
    """`keys` by id; the first one encrypts."""

    keys: Mapping[str, AESGCM]
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
        except (InvalidTag, ValueError):
            raise Unreadable("The payload was changed, or encrypted for another namespace") from None

    def _bound_to(self, key_id: str) -> bytes:
        return f"{self.namespace}\n{key_id}".encode()


def codec(settings: Settings) -> EncryptedPayloads | None:
    """The codec of the settings; None where they hold no keys.

    Raises:
        SettingsError: the keys cannot be read.
    """
    if settings.temporal_keys is None:
        return None
    return EncryptedPayloads(_keys(settings.temporal_keys.get_secret_value().split(",")), settings.temporal_namespace)


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


def _keys(written: Iterable[str]) -> dict[str, AESGCM]:
    keys = {}
    for pair in written:
        key_id, _, encoded = pair.strip().partition(":")
        try:
            key = base64.b64decode(encoded, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not key_id or len(key) != _KEY_BYTES or key_id in keys:
            raise SettingsError(
                "ENRICHMENT_TEMPORAL_KEYS is not usable: write `id:key` with commas between, each id once, each key 32"
                " bytes in base64; make one with `echo k1:$(openssl rand -base64 32)`"
            )
        keys[key_id] = AESGCM(key)
    return keys
