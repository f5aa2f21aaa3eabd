"""Waiting for one's turn: in order, and not for ever."""

from __future__ import annotations

import threading
import time

from daypass.adapters.storage.deadlines import Queue
from tests.server.conftest import wait_for


def test_whoever_has_waited_longest_is_next() -> None:
    """Twenty threads get the lock in the order in which they came for it."""
    queue, order = Queue(), list[int]()
    assert queue.acquire(1)

    def come(number: int) -> None:
        assert queue.acquire(20)
        order.append(number)
        queue.release()

    threads = [threading.Thread(target=come, args=[number]) for number in range(20)]
    for number, thread in enumerate(threads, 1):
        thread.start()
        wait_for(lambda expected=number: len(queue._waiting) == expected)  # type: ignore[misc]
    queue.release()
    for thread in threads:
        thread.join(20)
    assert order == list(range(20))


def test_whoever_gives_up_is_not_waited_for() -> None:
    """A turn that nobody takes any more goes to the next."""
    queue = Queue()
    assert queue.acquire(0)
    assert not queue.acquire(0)
    assert not queue.acquire(0.01)
    queue.release()
    assert queue.acquire(0)


def test_no_two_hold_it_and_nobody_loses_it() -> None:
    """Threads that give up at the very moment of their turn, thousands of times: one at a time, and free at the end."""
    queue, inside, most, got = Queue(), 0, 0, 0

    def hurry(number: int) -> None:
        nonlocal inside, most, got
        for turn in range(300):
            if queue.acquire((turn + number) % 4 * 0.0003):
                inside += 1
                most, got = max(most, inside), got + 1
                time.sleep(0.0002)
                inside -= 1
                queue.release()

    threads = [threading.Thread(target=hurry, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 1
    assert got > 100
    assert queue.acquire(0)
