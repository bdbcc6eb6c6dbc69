"""Downloading one file: mirrors, limits of time and size, digests. http and https alone; no torch.

What may hang (looking up a name, connecting, waiting for bytes) runs on a thread of its own, so
that a stop is answered at once whatever the server does.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.client
import os
import queue
import secrets
import socket
import ssl
import string
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop
from vae_studio.core.datasets.idx_unpacking import pieces, writing
from vae_studio.core.datasets.known import RemoteFile
from vae_studio.core.durable import sync_folder
from vae_studio.core.errors import DatasetError
from vae_studio.core.reading import open_regular

TIMEOUT: Final = 15.0  # s without a byte
_SLOWEST = 1000.0  # bytes/s
_PATIENCE = 30.0  # s over which that is measured
_CONNECTING = 1 / 3  # of the time without a byte, so that a host's second address gets its turn
_POLL = 0.05  # s between two looks at ``should_stop``
_CHUNK = 2**16  # bytes
_AHEAD = 32  # chunks that the thread may be ahead of the disk
_MOST_HOPS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_AGENT = "VAE-Studio"  # some servers turn Python's own name away


def fetch_file(
    file: RemoteFile,
    folder: Path,
    should_stop: ShouldStop,
    progress: Callable[[int], None],
    timeout: float = TIMEOUT,
    slowest: float = _SLOWEST,
    patience: float = _PATIENCE,
    failed_hosts: set[str] | None = None,
) -> Path | None:
    """Download ``file`` into ``folder``, from the first of its servers that sends it right.

    It appears under its name when it is whole and its digest right; what is there already and
    right is not fetched again. None soon after ``should_stop`` says yes. progress: is told the
    bytes so far, from 0 again for the next server. timeout: s without a byte, patience: s at fewer
    than ``slowest`` bytes/s, after which the next server is tried. failed_hosts: are tried last;
    those that fail are added.

    Raises ``DatasetError``: ``fetch.failed`` with what each server did, ``data.write``.
    """
    target = folder / file.name
    failed = set() if failed_hosts is None else failed_hosts
    reasons = []
    try:
        if _is_right(target, file, should_stop):
            progress(file.size)
            return target
        for url in sorted(file.urls, key=lambda url: _host(url) in failed):
            if should_stop():
                return None
            line = _Line(url, file.size, timeout)
            try:
                chunks = _chunks(line, should_stop, timeout, slowest, patience)
                _save(chunks, file, target, progress)
                return target
            except _ServerError as error:
                reasons.append(f"{_host(url)}: {error}")
                failed.add(_host(url))
            finally:
                line.hang_up()
    except LoadingStoppedError:
        return None
    raise DatasetError("fetch.failed", name=file.name, reasons="; ".join(reasons))


def _is_right(path: Path, file: RemoteFile, should_stop: ShouldStop) -> bool:
    kind, _, digest = file.digest.partition(":")
    found = hashlib.new(kind, usedforsecurity=False)
    try:
        with open_regular(path, file.size) as opened:
            for piece in pieces(opened, should_stop):
                found.update(piece)
    except OSError:
        return False
    return found.hexdigest() == digest


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or url


def _save(
    chunks: Iterator[bytes], file: RemoteFile, target: Path, progress: Callable[[int], None]
) -> None:
    """Write what is sent beside its place, check it, and put it there."""
    kind, _, digest = file.digest.partition(":")
    found = hashlib.new(kind, usedforsecurity=False)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    size = 0
    try:
        with writing(target), temporary.open("xb") as opened:
            for chunk in chunks:
                size += len(chunk)
                if size > file.size:
                    raise _ServerError(f"it sends more than {file.size:,} bytes")
                found.update(chunk)
                opened.write(chunk)
                progress(size)
            if size < file.size:
                raise _ServerError(f"it ended after {size:,} of {file.size:,} bytes")
            if found.hexdigest() != digest:
                raise _ServerError("it sends another file: the digest does not fit")
            opened.flush()
            os.fsync(opened.fileno())
        with writing(target):
            temporary.replace(target)
            sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _chunks(
    line: _Line, should_stop: ShouldStop, timeout: float, slowest: float, patience: float
) -> Iterator[bytes]:
    """What arrives. Raises ``_ServerError``, and ``LoadingStoppedError`` when told to stop."""
    last = begin = time.monotonic()
    size = size_then = 0
    while True:
        if should_stop():
            raise LoadingStoppedError
        try:
            chunk = line.chunks.get(timeout=_POLL)
        except queue.Empty:
            chunk = None
        now = time.monotonic()
        if isinstance(chunk, _ServerError):
            raise chunk
        if chunk is not None:
            if not chunk:
                return
            last, size = now, size + len(chunk)
            yield chunk
        elif now - last > timeout:
            raise _ServerError(f"no answer for {timeout:g} s")
        if now - begin > patience:
            if size - size_then < slowest * patience:
                raise _ServerError(f"slower than {slowest:g} bytes per second")
            begin, size_then = now, size


class _ServerError(Exception):
    """What a server did wrong. The text goes into a sentence."""


class _Line:
    """A download on a thread of its own, which may hang; whoever takes its chunks need not."""

    def __init__(self, url: str, size: int, timeout: float) -> None:
        self.chunks: queue.Queue[bytes | _ServerError] = queue.Queue(_AHEAD)  # b"" is the end
        self._url, self._size, self._timeout = url, size, timeout
        self._given_up = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None
        threading.Thread(target=self._run, name="fetch", daemon=True).start()

    def hang_up(self) -> None:
        """End the thread: at once where it waits for bytes, else when the system lets go of it."""
        self._given_up.set()
        connection = self._connection
        for each in (self._socket, connection.sock if connection else None):
            if each is not None:
                # Closing it would wait for the thread that reads from it.
                with contextlib.suppress(OSError):  # closed, or not connected yet
                    socket.socket.shutdown(each, socket.SHUT_RDWR)

    def connecting(self, connection: http.client.HTTPConnection) -> None:
        """The thread is about to connect."""
        self._connection = connection
        connection.timeout = self._timeout * _CONNECTING

    def connected(self, connection: http.client.HTTPConnection) -> None:
        """The thread has connected. Raises ``_ServerError`` where nobody waits any more."""
        self._socket = connection.sock
        connection.sock.settimeout(self._timeout)
        if self._given_up.is_set():
            raise _ServerError("given up")

    def _run(self) -> None:
        try:
            with self._open() as response:
                while chunk := response.read1(_CHUNK):
                    self._put(chunk)
            self._put(b"")
        except Exception as error:  # a stranger's answer can make urllib raise whatever there is
            self._put(_ServerError(_reason(error)))

    def _put(self, item: bytes | _ServerError) -> None:
        while not self._given_up.is_set():
            try:
                return self.chunks.put(item, timeout=_POLL)
            except queue.Full:
                continue
        if isinstance(item, bytes):
            raise _ServerError("given up")

    def _open(self) -> http.client.HTTPResponse:
        """The answer with the file. urllib's own way with redirects reads all of what comes with
        one, and would go from https to http."""
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.UnknownHandler(),
            _Handler(self),
        ):
            opener.add_handler(handler)
        url = follow("http:", self._url)
        for _ in range(_MOST_HOPS + 1):
            request = urllib.request.Request(url, headers={"User-Agent": _AGENT})
            try:
                response: http.client.HTTPResponse = opener.open(request, timeout=self._timeout)
            except urllib.error.HTTPError as error:
                error.close()
                place = error.headers.get("Location")
                if error.code not in _REDIRECTS or not place:
                    raise
                url = follow(url, place)
                continue
            promised = response.headers.get("Content-Length", "")
            if promised.isdecimal() and promised != str(self._size):
                response.close()
                raise _ServerError(f"it offers {promised[:20]} bytes, not {self._size:,}")
            return response
        raise _ServerError("it leads from place to place")


def follow(url: str, place: str) -> str:
    """Where ``place``, which an answer from ``url`` names, leads.

    Raises ``_ServerError`` for other schemes than http and https, and from https to http.
    """
    place = urllib.parse.quote(place, safe=string.punctuation, encoding="iso-8859-1")
    found = urllib.parse.urljoin(url, place)
    scheme = urllib.parse.urlsplit(found).scheme
    if scheme not in ("http", "https"):
        raise _ServerError(f"it leads to {scheme[:20]}:")
    if scheme == "http" and urllib.parse.urlsplit(url).scheme == "https":
        raise _ServerError("it leads from https to http")
    return found


def _reason(error: BaseException) -> str:
    if isinstance(error, _ServerError):
        return str(error)
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}"
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, BaseException):
        return _reason(error.reason)
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message[:200]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:200]
    return f"{type(error).__name__}: {error}"[:200]


class _Handler(urllib.request.AbstractHTTPHandler):
    """Opens connections that tell the line of their sockets."""

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(functools.partial(_Connection, self._line), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(functools.partial(_SafeConnection, self._line), request)


class _Connection(http.client.HTTPConnection):
    def __init__(self, line: _Line, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._line = line

    def connect(self) -> None:
        self._line.connecting(self)
        super().connect()
        self._line.connected(self)


class _SafeConnection(_Connection, http.client.HTTPSConnection):
    """``_Connection`` to an https server."""
