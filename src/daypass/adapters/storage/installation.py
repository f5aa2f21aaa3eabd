"""Facts of one daypass that are settled once: its id, partition, region, first account."""

from __future__ import annotations


class Installation:
    """Settled facts, kept in memory. ``id`` is 32 hexadecimal digits, made with the database."""

    @property
    def id(self) -> str:
        raise NotImplementedError

    @property
    def partition(self) -> str:
        """Where this daypass's ARNs live: the fact ``partition``, ``aws`` until it is settled."""
        raise NotImplementedError

    def find(self, fact: str) -> str | None:
        """The fact (``region``, ``partition``, ``default-account``, …), or None while it is not settled."""
        raise NotImplementedError

    def settle(self, fact: str, value: str) -> str:
        """Settle the fact unless it is settled already; what holds now. The caller compares the two.

        Raises:
            StoreUnavailable: the database did not answer.
        """
        raise NotImplementedError
