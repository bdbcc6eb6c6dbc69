"""A server on this machine that answers as badly as servers can."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

Answer = Iterator[bytes]  # what is sent, piece by piece; the line is closed at its end


class HostileServer:
    """answers: path -> what it sends. requests: the first lines that came.

    reached: is set when an answer begins to stall or to drip. For use with ``with``.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[], Answer]] = {}
        self.requests: list[str] = []
        self.reached = threading.Event()
        self._closing = threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            request: socket.socket

            def handle(self) -> None:
                with contextlib.suppress(OSError):  # whoever asked has hung up
                    asked = b""
                    while b"\r\n\r\n" not in asked:
                        piece = self.request.recv(65536)
                        if not piece:
                            return
                        asked += piece
                    line = asked.split(b"\r\n")[0].decode()
                    outer.requests.append(line)
                    for piece in outer.answers[line.split()[1]]():
                        self.request.sendall(piece)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> HostileServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Where ``path`` is."""
        return f"http://{host}:{self.port}{path}"

    # What it answers --------------------------------------------------------------------------

    def raw(self, path: str, *content: bytes) -> str:
        """Those bytes and no more. Returns the URL, as the others do."""
        self.answers[path] = lambda: iter(content)
        return self.url(path)

    def file(self, path: str, body: bytes, promised: int | None = None, headers: str = "") -> str:
        """An answer as it should be, but for what it promises."""
        length = len(body) if promised is None else promised
        return self.raw(path, head(f"Content-Length: {length}", headers), body)

    def status(self, path: str, code: int, headers: str = "") -> str:
        """A page that says what went wrong, or where to go."""
        begin = f"HTTP/1.1 {code} So\r\nContent-Length: 2\r\n{headers}\r\n".encode()
        return self.raw(path, begin.rstrip() + b"\r\n\r\n", b"no")

    def stall(self, path: str, *first: bytes) -> str:
        """Those bytes, and then none, with the line open."""

        def answer() -> Answer:
            yield from first
            self.reached.set()
            self._closing.wait()

        self.answers[path] = answer
        return self.url(path)

    def drip(self, path: str, first: bytes, drop: bytes, every: float) -> str:
        """Those bytes, and then ``drop`` again and again, ``every`` that many seconds."""

        def answer() -> Answer:
            yield first
            while not self._closing.wait(every):
                self.reached.set()
                yield drop

        self.answers[path] = answer
        return self.url(path)


def head(*lines: str) -> bytes:
    """The head of an answer that all is well."""
    return "\r\n".join(["HTTP/1.1 200 OK", *filter(None, lines), "", ""]).encode()


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as waiting:
        waiting.bind(("127.0.0.1", 0))
        return int(waiting.getsockname()[1])
