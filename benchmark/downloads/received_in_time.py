"""One HTTP answer that must come in time: headers within a deadline, and each piece of the body within another.

A server that sends a byte now and then keeps a read waiting for ever, whatever timeout the socket has. So a separate
thread reads, and this one watches the clock.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

import requests


class TooSlow(Exception):
    """Nothing came within the time that it was given."""


class Received:
    """An answer to ``GET url``; leave the context to stop receiving.

    Args:
        url: asked for.
        headers: the headers of the request.
        piece: bytes of the body that are handed on at once.
        socket_timeout: seconds to connect, and of silence.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], *, piece: int, socket_timeout: tuple[float, float]
    ) -> None:
        self._arrived: queue.Queue[requests.Response | bytes | Exception | None] = queue.Queue(maxsize=16)
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._receive, args=(url, headers, piece, socket_timeout), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()

    def head(self, seconds: float) -> requests.Response:
        """Status and headers, all redirections followed.

        Raises:
            TooSlow: they did not come within `seconds`.
            requests.RequestException: the connection failed.
        """
        head = self._next(seconds)
        if not isinstance(head, requests.Response):
            raise AssertionError("the head of an answer comes first")
        return head

    def body(self, seconds: float) -> Iterator[bytes]:
        """The body piece by piece, once `head` was taken.

        Raises:
            TooSlow: a piece did not come within `seconds`.
            requests.RequestException: the connection failed.
        """
        while isinstance(piece := self._next(seconds), bytes):
            yield piece

    def _next(self, seconds: float) -> requests.Response | bytes | None:
        try:
            arrived = self._arrived.get(timeout=seconds)
        except queue.Empty:
            raise TooSlow from None
        if isinstance(arrived, Exception):
            raise arrived
        return arrived

    def _receive(self, url: str, headers: Mapping[str, str], piece: int, socket_timeout: tuple[float, float]) -> None:
        try:
            with requests.get(url, headers=headers, stream=True, timeout=socket_timeout) as response:
                self._hand_on(response)
                for content in response.iter_content(piece):
                    if self._left.is_set():
                        return
                    self._hand_on(content)
            self._hand_on(None)
        except Exception as error:  # raised again in the thread that waits for it
            self._hand_on(error)

    def _hand_on(self, arrived: requests.Response | bytes | Exception | None) -> None:
        while not self._left.is_set():
            try:
                return self._arrived.put(arrived, timeout=0.5)
            except queue.Full:
                continue
        return None
