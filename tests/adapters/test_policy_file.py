"""A policy in a file: read whole, or refused with what to do about it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daypass.adapters.policy_file import LARGEST, PolicyFileError, read_policy_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    path.write_text('{"é": 1}')
    path.chmod(0o644)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(PolicyFileError) as error:
        read_policy_file(path)
    assert error.value.advice
    return error.value.message


def test_the_text_is_given_back_as_it_is(file: Path) -> None:
    """UTF-8 comes back as written, at the largest size as well."""
    assert read_policy_file(file) == '{"é": 1}'
    file.write_bytes(b" " * LARGEST)
    assert len(read_policy_file(file)) == LARGEST


@pytest.mark.parametrize("mode", [0o666, 0o602, 0o777])
def test_a_file_that_everybody_may_write_is_refused(file: Path, mode: int) -> None:
    """Whoever is on the machine could rewrite the guard."""
    file.chmod(mode)
    assert f"can be written by everybody (mode {mode:04o})" in refusal(file)


def test_what_is_no_file_of_a_sensible_size_is_refused(file: Path, tmp_path: Path) -> None:
    """A missing file, a directory, a pipe nobody writes to, too many bytes, and bytes that are no text."""
    assert "cannot be read" in refusal(tmp_path / "gone")
    assert "not a regular file" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "not a regular file" in refusal(tmp_path / "pipe")
    file.write_bytes(b" " * (LARGEST + 1))
    assert "larger than" in refusal(file)
    file.write_bytes(b"\xff")
    assert "not UTF-8" in refusal(file)
