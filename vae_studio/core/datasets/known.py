"""Data sets that the app can fetch: what they are, where they lie, and their digests. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from vae_studio.core.datasets.table import DatasetInfo


@dataclass(frozen=True)
class RemoteFile:
    """name: as it is saved. urls: the same file on several servers, the best first. size: bytes of
    it as it is sent. digest: of the same, ``sha256:…`` or ``md5:…``. unpacked: SHA-256 of what it
    unpacks to, where that is known.
    """

    name: str
    urls: tuple[str, ...]
    size: int
    digest: str
    unpacked: str = ""


@dataclass(frozen=True)
class KnownSet:
    """info: what is known before it is here; its digest is "". files: what is downloaded. reader:
    the class of ``torchvision.datasets`` that reads them."""

    info: DatasetInfo
    files: tuple[RemoteFile, ...]
    reader: str


KNOWN: dict[str, KnownSet] = {}
