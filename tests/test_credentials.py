"""A secret is where it is used and nowhere else."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import msgspec
import pytest
from rich.console import Console
from rich.pretty import pretty_repr

from daypass.credentials import AccessKeyPair, Secret, TemporaryCredentials

PLAIN = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzSECRETzz"
SECRET = Secret(PLAIN)
PAIR = AccessKeyPair("AKIARZPUZDIKAAAAAAAA", SECRET)
TRIPLE = TemporaryCredentials("ASIARZPUZDIKAAAAAAAA", SECRET, "TOKEN-" + PLAIN, 1_800_000_000)

SHOWN: list[Callable[[object], str]] = [
    repr,
    str,
    ascii,
    format,
    pretty_repr,
    lambda value: f"{value}",
    lambda value: f"{value!r:>60}",
    lambda value: "%s %r" % (value, value),  # noqa: UP031
    lambda value: str([value, {"secret": value}]),
    lambda value: str(ValueError(value)),
    lambda value: repr(KeyError(value)),
]


@pytest.mark.parametrize("value", [SECRET, PAIR, TRIPLE], ids=["secret", "pair", "triple"])
@pytest.mark.parametrize("show", SHOWN)
def test_a_secret_never_shows_in_repr_or_format(show: Callable[[object], str], value: object) -> None:
    """No way to turn a value into text shows the secret that it holds."""
    assert PLAIN not in show(value)


def test_format_pads_the_blank() -> None:
    """A width is honoured, so that tables stay straight, but pads only the blank."""
    assert f"{SECRET:>5}" == "    …"


TAKEN: list[Callable[[Secret], object]] = [
    lambda secret: ", ".join([secret, PLAIN]),  # type: ignore[list-item]  # noqa: FLY002
    lambda secret: "key: " + secret,  # type: ignore[operator]
    lambda secret: secret[:4],  # type: ignore[index]
    list,  # type: ignore[list-item]
    len,  # type: ignore[list-item]
    bytes,  # type: ignore[list-item]
    json.dumps,
    msgspec.json.encode,
    msgspec.msgpack.encode,
    pickle.dumps,
    lambda secret: pickle.dumps(secret, protocol=0),
    lambda secret: secret.__getstate__(),
    lambda secret: io.StringIO().write(secret),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("take", TAKEN)
def test_a_secret_is_not_taken_by_accident(take: Callable[[Secret], object]) -> None:
    """Joining, cutting, writing, serialising and pickling fail instead of giving the secret away."""
    with pytest.raises(TypeError):
        take(SECRET)


def test_a_log_line_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """A secret among the arguments of a log call stays out of the log."""
    logging.getLogger("daypass.test").warning("key %s of %r in %s", SECRET, PAIR, {"x": TRIPLE})
    assert "key …" in caplog.text
    assert PLAIN not in caplog.text


def test_a_traceback_shows_no_secret() -> None:
    """Neither Python's traceback with local variables nor rich's shows a secret held by a failing function."""

    def fail(secret: Secret) -> None:
        held = [secret]
        raise ValueError(secret, held)

    shown = io.StringIO()
    with pytest.raises(ValueError, match="…") as caught:
        fail(SECRET)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    try:
        raise caught.value
    except ValueError:
        Console(file=shown, width=200).print_exception(show_locals=True)
    assert "held" in shown.getvalue()
    assert PLAIN not in "".join(told.format()) + shown.getvalue()


def test_a_secret_is_revealed_on_demand() -> None:
    """The one place that must use a secret gets it whole."""
    assert SECRET.reveal() == PLAIN


def test_secrets_compare_by_what_they_hold() -> None:
    """Equal secrets are equal and hash alike; a secret equals no plain text."""
    assert Secret(PLAIN) == SECRET
    assert hash(Secret(PLAIN)) == hash(SECRET)
    assert Secret(PLAIN[:-1]) != SECRET
    assert SECRET != PLAIN
    assert Secret("\ud800ä") == Secret("\ud800ä")


def test_copies_are_the_secret_itself() -> None:
    """Copying a structure duplicates no secret, and taking one apart leaves it wrapped."""
    assert copy.copy(SECRET) is SECRET
    assert copy.deepcopy([SECRET])[0] is SECRET
    assert dataclasses.asdict(PAIR)["secret_access_key"] is SECRET
