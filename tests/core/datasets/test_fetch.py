"""Downloads from servers that do all that servers should not."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import os
import queue
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.core.datasets.hostile_server import HostileServer, closed_port, head
from tests.helpers import Disk
from vae_studio.core.datasets import fetch
from vae_studio.core.datasets.fetch import fetch_file
from vae_studio.core.datasets.idx import never
from vae_studio.core.datasets.known import RemoteFile
from vae_studio.core.errors import DatasetError

CONTENT = random.Random(0).randbytes(200_000)
NAME = "images.gz"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine that runs the tests."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    """Before it closes, every thread that fetched must have ended, stalled or not."""
    with HostileServer() as server:
        yield server
        for thread in threading.enumerate():
            if thread.name == "fetch":
                thread.join(2.0)
                assert not thread.is_alive()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "sent"
    path.mkdir()
    return path


def remote(*urls: str, content: bytes = CONTENT) -> RemoteFile:
    digest = hashlib.sha256(content).hexdigest()
    return RemoteFile(NAME, urls, len(content), f"sha256:{digest}")


def get(file: RemoteFile, folder: Path, **options: Any) -> list[int]:
    """Fetch it, look at it, and return what was said of the progress."""
    told: list[int] = []
    path = fetch_file(file, folder, never, told.append, **{"timeout": 5.0, **options})
    assert path == folder / NAME
    assert path.read_bytes() == CONTENT
    assert list(folder.iterdir()) == [path]
    return told


def test_a_file_arrives_whole(server: HostileServer, folder: Path) -> None:
    told = get(remote(server.file("/a", CONTENT)), folder)
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)


def test_a_file_in_chunks_without_a_length_arrives(server: HostileServer, folder: Path) -> None:
    chunks = (CONTENT[begin : begin + 9000] for begin in range(0, len(CONTENT), 9000))
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    get(remote(server.raw("/a", head("Transfer-Encoding: chunked"), body)), folder)


def test_what_follows_the_promised_length_is_not_read(server: HostileServer, folder: Path) -> None:
    get(remote(server.file("/a", CONTENT + b"more", promised=len(CONTENT))), folder)


def test_a_gz_that_is_called_encoded_stays_as_it_is(server: HostileServer, folder: Path) -> None:
    get(remote(server.file("/a", CONTENT, headers="Content-Encoding: gzip")), folder)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(server: HostileServer, folder: Path, code: int) -> None:
    server.file("/there", CONTENT)
    server.status("/here", code, "Location: ../there\r\n")
    get(remote(server.status("/a", code, f"Location: {server.url('/here')}\r\n")), folder)
    assert [line.split()[1] for line in server.requests] == ["/a", "/here", "/there"]


def test_an_md5_does_where_that_is_all_that_is_known(server: HostileServer, folder: Path) -> None:
    digest = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    get(RemoteFile(NAME, (server.file("/a", CONTENT),), len(CONTENT), f"md5:{digest}"), folder)


FAULTS: dict[str, Callable[[HostileServer], str]] = {
    "cut": lambda s: s.file("/bad", CONTENT[:70_000], promised=len(CONTENT)),
    "cut, no length": lambda s: s.raw("/bad", head(), CONTENT[:70_000]),
    "cut in a chunk": lambda s: s.raw("/bad", head("Transfer-Encoding: chunked"), b"ff\r\nabc"),
    "no chunk": lambda s: s.raw("/bad", head("Transfer-Encoding: chunked"), b"zz\r\n"),
    "altered": lambda s: s.file("/bad", CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])),
    "longer": lambda s: s.file("/bad", CONTENT + b"!"),
    "longer, no length": lambda s: s.raw("/bad", head(), CONTENT + b"!"),
    "without end": lambda s: s.drip("/bad", head(), CONTENT, 0.0),
    "length too large": lambda s: s.file("/bad", CONTENT, promised=len(CONTENT) + 1),
    "length too small": lambda s: s.file("/bad", CONTENT, promised=len(CONTENT) - 1),
    "negative length": lambda s: s.file("/bad", CONTENT[:99], promised=-1),
    "empty": lambda s: s.file("/bad", b""),
    "encoded again": lambda s: s.file(
        "/bad", gzip.compress(CONTENT, 1), headers="Content-Encoding: gzip"
    ),
    "404": lambda s: s.status("/bad", 404),
    "500": lambda s: s.status("/bad", 500),
    "no content": lambda s: s.raw("/bad", b"HTTP/1.1 204 No\r\n\r\n"),
    "no http": lambda s: s.raw("/bad", CONTENT),
    "nothing": lambda s: s.raw("/bad"),
    "long header": lambda s: s.raw("/bad", head("X: " + "x" * 99_999), CONTENT),
    "many headers": lambda s: s.raw("/bad", head(*["X: x"] * 999), CONTENT),
    "itself": lambda s: s.status("/bad", 302, "Location: /bad\r\n"),
    "a circle": lambda s: (
        s.status("/other", 302, "Location: /bad\r\n")
        and s.status("/bad", 302, "Location: /other\r\n")
    ),
    "a file": lambda s: s.status("/bad", 302, "Location: file:///etc/passwd\r\n"),
    "ftp": lambda s: s.status("/bad", 302, "Location: ftp://127.0.0.1/x\r\n"),
    "data": lambda s: s.status("/bad", 302, "Location: data:,x\r\n"),
    "nowhere": lambda s: s.status("/bad", 302),
    "no place": lambda s: s.status("/bad", 302, "Location: http://[/\r\n"),
    "refused": lambda s: f"http://127.0.0.1:{closed_port()}/bad",
    "no such scheme": lambda s: "file:///etc/passwd",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_server_is_passed_over(server: HostileServer, folder: Path, fault: str) -> None:
    get(remote(FAULTS[fault](server), server.file("/good", CONTENT)), folder)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_server_alone_leaves_nothing(server: HostileServer, folder: Path, fault: str) -> None:
    url = FAULTS[fault](server)
    with pytest.raises(DatasetError) as caught:
        fetch_file(remote(url, url), folder, never, lambda _: None, timeout=5.0)
    assert caught.value.code == "fetch.failed"
    assert caught.value.params["name"] == NAME
    reasons = str(caught.value.params["reasons"]).split("; ")
    assert len(reasons) == 2
    assert all(reason.partition(": ")[2] for reason in reasons)
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("cut", "it ended after 70,000 of 200,000 bytes"),
        ("altered", "it sends another file: the digest does not fit"),
        ("longer, no length", "it sends more than 200,000 bytes"),
        ("length too large", "it offers 200001 bytes, not 200,000"),
        ("itself", "it leads from place to place"),
        ("a circle", "it leads from place to place"),
        ("a file", "it leads to file:"),
        ("404", "HTTP 404"),
        ("nowhere", "HTTP 302"),
    ],
)
def test_what_a_server_did_is_said(
    server: HostileServer, folder: Path, fault: str, reason: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        fetch_file(remote(FAULTS[fault](server)), folder, never, lambda _: None, timeout=5.0)
    assert caught.value.params["reasons"] == f"127.0.0.1: {reason}"


def test_each_server_is_named_with_what_it_did(server: HostileServer, folder: Path) -> None:
    urls = (server.status("/a", 404), f"http://localhost:{closed_port()}/b")
    with pytest.raises(DatasetError) as caught:
        fetch_file(remote(*urls), folder, never, lambda _: None)
    reasons = caught.value.params["reasons"]
    assert reasons == f"127.0.0.1: HTTP 404; localhost: {os.strerror(errno.ECONNREFUSED)}"


HANGS: dict[str, Callable[[HostileServer], str]] = {
    "no answer": lambda s: s.stall("/bad"),
    "half a head": lambda s: s.stall("/bad", head()[:-2]),
    "half a file": lambda s: s.stall("/bad", head(), CONTENT[:70_000]),
    "go on, go on": lambda s: s.drip("/bad", b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
    "head, bit by bit": lambda s: s.drip("/bad", b"HTTP/1.1 200 OK\r\n", b"X", 0.02),
    "redirect with a book": lambda s: s.stall(
        "/bad", b"HTTP/1.1 302 Found\r\nLocation: /hang\r\n\r\n", CONTENT
    ),
}


@pytest.mark.parametrize("hang", HANGS)
def test_a_server_that_sends_nothing_more_is_given_up(
    server: HostileServer, folder: Path, hang: str
) -> None:
    server.stall("/hang")
    begin = time.monotonic()
    get(remote(HANGS[hang](server), server.file("/good", CONTENT)), folder, timeout=0.3)
    assert 0.25 < time.monotonic() - begin < 4.0


def test_a_server_that_drips_does_not_last_for_ever(server: HostileServer, folder: Path) -> None:
    slow = server.drip("/bad", head(f"Content-Length: {len(CONTENT)}"), b"x", 0.02)
    begin = time.monotonic()
    get(remote(slow, server.file("/good", CONTENT)), folder, patience=0.3)
    assert 0.25 < time.monotonic() - begin < 4.0


class Stop:
    """Says yes once ``reached`` is set, and knows since when."""

    def __init__(self, reached: threading.Event) -> None:
        self._reached, self.since = reached, 0.0

    def __call__(self) -> bool:
        if self._reached.is_set() and not self.since:
            self.since = time.monotonic()
        return bool(self.since)


def test_a_page_without_end_beside_a_redirect_is_not_read(
    server: HostileServer, folder: Path
) -> None:
    server.file("/good", CONTENT)
    begin = b"HTTP/1.1 302 Found\r\nLocation: /good\r\n\r\n"
    get(remote(server.drip("/a", begin, CONTENT, 0.0)), folder)


@pytest.mark.parametrize("hang", HANGS)
def test_a_stop_is_answered_at_once(server: HostileServer, folder: Path, hang: str) -> None:
    server.stall("/hang")
    stop = Stop(server.reached)
    urls = (HANGS[hang](server), server.file("/good", CONTENT))
    assert fetch_file(remote(*urls), folder, stop, lambda _: None) is None
    assert time.monotonic() - stop.since < 0.2
    assert not list(folder.iterdir())


def test_a_stop_is_answered_while_a_name_is_looked_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, found = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> list[Any]:
        reached.set()
        found.wait()
        raise socket.gaierror(socket.EAI_NONAME, "no such host")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    stop = Stop(reached)
    try:
        assert fetch_file(remote("http://example.invalid/a"), folder, stop, lambda _: None) is None
        assert time.monotonic() - stop.since < 0.2
    finally:
        found.set()
    assert not list(folder.iterdir())


def test_a_stop_before_it_begins_asks_nobody(server: HostileServer, folder: Path) -> None:
    url = server.file("/a", CONTENT)
    assert fetch_file(remote(url), folder, lambda: True, lambda _: None) is None
    assert not server.requests


def test_a_stop_in_the_midst_leaves_nothing(server: HostileServer, folder: Path) -> None:
    url = server.file("/a", CONTENT)
    told: list[int] = []
    assert fetch_file(remote(url), folder, lambda: len(told) > 1, told.append) is None
    assert 0 < told[-1] < len(CONTENT)
    assert not list(folder.iterdir())


def test_a_thread_that_is_ahead_of_the_disk_ends_with_it(
    server: HostileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for room, and nobody makes any."""
    waits = threading.Event()
    begun: list[bytes] = []

    class Queue(queue.Queue[Any]):
        def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
            begun.append(item)
            if len(begun) > 2 and self.full():  # nobody took the second
                waits.set()
            super().put(item, block, timeout)

    def wait(_: int) -> None:
        waits.wait(2.0)

    monkeypatch.setattr(queue, "Queue", Queue)
    monkeypatch.setattr(fetch, "_AHEAD", 1)
    monkeypatch.setattr(fetch, "_CHUNK", 1000)
    url = server.file("/a", CONTENT)
    assert fetch_file(remote(url), folder, waits.is_set, wait) is None
    assert waits.is_set()


def test_what_is_there_is_not_fetched_again(server: HostileServer, folder: Path) -> None:
    (folder / NAME).write_bytes(CONTENT)
    assert get(remote(server.file("/a", CONTENT)), folder) == [len(CONTENT)]
    assert not server.requests


@pytest.mark.parametrize("there", [b"", CONTENT[:-1], CONTENT[:-1] + b"?", CONTENT + b"?"])
def test_what_is_there_but_wrong_is_replaced(
    server: HostileServer, folder: Path, there: bytes
) -> None:
    (folder / NAME).write_bytes(there)
    get(remote(server.file("/a", CONTENT)), folder)


def test_a_full_disk_is_no_servers_fault(server: HostileServer, folder: Path, disk: Disk) -> None:
    disk.full = True
    urls = server.file("/a", CONTENT), server.file("/b", CONTENT)
    with pytest.raises(DatasetError) as caught:
        fetch_file(remote(*urls), folder, never, lambda _: None)
    assert caught.value.code == "data.write"
    assert len(server.requests) == 1
    assert not list(folder.iterdir())


def test_a_proxy_of_the_environment_is_asked(
    server: HostileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    url = "http://example.invalid/a"
    server.file(url, CONTENT)
    get(remote(url), folder)
    assert server.requests == [f"GET {url} HTTP/1.1"]


def test_a_proxy_that_stalls_before_https_is_hung_up_on(
    server: HostileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.url(""))
    server.stall("example.invalid:443")
    stop = Stop(server.reached)
    assert fetch_file(remote("https://example.invalid/a"), folder, stop, lambda _: None) is None
    assert time.monotonic() - stop.since < 0.2


def test_a_host_that_failed_is_tried_last(server: HostileServer, folder: Path) -> None:
    failed: set[str] = set()
    bad, good = server.status("/a", 500), server.url("/b", "localhost")
    server.file("/b", CONTENT)
    get(remote(bad, good), folder, failed_hosts=failed)
    assert failed == {"127.0.0.1"}
    (folder / NAME).unlink()
    get(remote(bad, good), folder, failed_hosts=failed)
    assert [line.split()[1] for line in server.requests] == ["/a", "/b", "/b"]


@pytest.mark.parametrize(
    ("url", "place", "where"),
    [
        ("https://a/x/y", "z", "https://a/x/z"),
        ("https://a/x", "//b/z", "https://b/z"),
        ("http://a/x", "https://b/z", "https://b/z"),
        ("http://a/x", "http://b/ä z", "http://b/%E4%20z"),
        ("https://a/x", "http://a/x", None),
        ("https://a/x", "HTTP://a/x", None),
        ("http://a/x", "file:///etc/passwd", None),
        ("http://a/x", "javascript:1", None),
    ],
)
def test_a_redirect_leads_to_the_web_and_never_to_less_safety(
    url: str, place: str, where: str | None
) -> None:
    refused = contextlib.nullcontext() if where else pytest.raises(Exception, match="it leads")
    with refused:
        assert fetch.follow(url, place) == where
