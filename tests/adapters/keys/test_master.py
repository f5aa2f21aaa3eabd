"""The master key file: made once, kept private, never replaced; and what is wrapped under it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daypass.adapters.keys import MasterKey, MasterKeyError, MemorySealingKeys, open_master_key
from daypass.errors import Malformed
from daypass.ports import StoredSealingKey, StoreUnavailable

NONCE = bytes(12)
EMPTY = MemorySealingKeys()
USED = MemorySealingKeys((StoredSealingKey("00000001", "active", b"wrapped", 0, 0),))


def same(one: MasterKey, other: MasterKey) -> bool:
    """Whether what one wraps the other unwraps."""
    try:
        return other.unwrap("purpose", "name", one.wrap("purpose", "name", b"plain", NONCE)) == b"plain"
    except Malformed:
        return False


def refusal(data: Path, store: MemorySealingKeys = USED, source: str | None = None) -> str:
    """What the refusal to open says, its advice included."""
    with pytest.raises(MasterKeyError) as caught:
        open_master_key(data, store, source)
    assert caught.value.advice
    return str(caught.value)


def test_the_first_start_makes_a_private_file(tmp_path: Path) -> None:
    """One file of mode 0600, nothing left beside it, and the same key at every later start."""
    before = os.umask(0)
    try:
        first = open_master_key(tmp_path, EMPTY)
    finally:
        os.umask(before)
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]
    assert (tmp_path / "master.key").stat().st_mode & 0o7777 == 0o600
    assert same(first, open_master_key(tmp_path, EMPTY))
    assert same(first, open_master_key(tmp_path, USED))


def test_two_installations_have_different_keys(tmp_path: Path) -> None:
    """What one wraps the other does not unwrap."""
    made = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        made.append(open_master_key(tmp_path / name, EMPTY))
    assert not same(*made)


def test_a_lost_master_key_is_not_made_anew(tmp_path: Path) -> None:
    """When the database holds wrapped keys and the file is gone, the start is refused and no file appears."""
    told = refusal(tmp_path)
    assert "missing, but the database holds 1 keys" in told
    assert "backup" in told
    assert not list(tmp_path.iterdir())


def test_nothing_is_made_while_the_store_does_not_answer(tmp_path: Path) -> None:
    """Whether this is a first start cannot be known without the store."""

    class Away(MemorySealingKeys):
        def load(self) -> tuple[StoredSealingKey, ...]:
            raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        open_master_key(tmp_path, Away())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o644, 0o666, 0o601, 0o602])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """Any right for group or world refuses the start and names the command that mends it."""
    open_master_key(tmp_path, EMPTY)
    (tmp_path / "master.key").chmod(mode)
    assert "chmod 600" in refusal(tmp_path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_the_owners_rights_are_his_own(tmp_path: Path, mode: int) -> None:
    """Read-only for the owner is as good as writable."""
    first = open_master_key(tmp_path, EMPTY)
    (tmp_path / "master.key").chmod(mode)
    assert same(first, open_master_key(tmp_path, USED))


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    """Whoever can put a link there could choose the key."""
    (tmp_path / "elsewhere").mkdir()
    open_master_key(tmp_path / "elsewhere", EMPTY)
    for target in ("elsewhere/master.key", "nowhere"):
        (tmp_path / "master.key").symlink_to(target)
        for store in (EMPTY, USED):
            assert "symbolic link" in refusal(tmp_path, store)
        (tmp_path / "master.key").unlink()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["directory", "pipe"])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A directory or a pipe in its place is refused at once, without waiting for a writer."""
    make(tmp_path / "master.key")
    assert "regular file" in refusal(tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: b"",
        lambda text: text[:-5],
        lambda text: text[:30],
        lambda text: text + b"x",
        lambda text: text + b"\n",
        lambda text: text.partition(b":")[2],
        lambda text: text.replace(b"-1:", b"-2:"),
        lambda text: b"daypass-master-key-1:" + b"A" * 42 + b"==\n",
        lambda text: b"daypass-master-key-1:" + b"A" * 44 + b"\n",
        lambda text: b"daypass-master-key-1:\n",
        lambda text: bytes(32),
        lambda text: b"\xff" * 66,
        lambda text: text * 100,
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    """A file that is empty, cut, extended, or of another form is refused and left as it is, on a first start too."""
    open_master_key(tmp_path, EMPTY)
    path = tmp_path / "master.key"
    damaged = spoil(path.read_bytes())
    path.write_bytes(damaged)
    for store in (EMPTY, USED):
        assert "not a master key" in refusal(tmp_path, store)
    assert path.read_bytes() == damaged


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The file is made, not the directory it belongs in."""
    assert "cannot be made" in refusal(tmp_path / "missing", EMPTY)


def test_the_key_is_named_by_a_uri(tmp_path: Path) -> None:
    """A file elsewhere is found by its URI, escapes and all; other schemes and shapes are refused."""
    (tmp_path / "a b%").mkdir()
    uri = (tmp_path / "a b%" / "my.key").as_uri()
    made = open_master_key(tmp_path, EMPTY, uri)
    assert same(made, open_master_key(tmp_path / "ignored", USED, uri))
    assert (tmp_path / "a b%" / "my.key").exists()
    for source in ("vault:transit/daypass", "https://example.com/key", "master.key", ""):
        if source:
            assert "use one of: file" in refusal(tmp_path, EMPTY, source)
    for source in ("file:relative.key", "file://host/key", "file:///key?x=1", "file:"):
        assert "names no file" in refusal(tmp_path, EMPTY, source)


CREATE = """
import os, sys
from pathlib import Path
from daypass.adapters.keys import MemorySealingKeys, open_master_key
steps = int(sys.argv[2])
def counted(function):
    def step(*args, **named):
        global steps
        steps -= 1
        if steps < 0:
            os.kill(os.getpid(), 9)
        return function(*args, **named)
    return step
for name in ("fchmod", "fsync", "link", "unlink"):
    setattr(os, name, counted(getattr(os, name)))
open_master_key(Path(sys.argv[1]), MemorySealingKeys())
"""


@pytest.mark.parametrize("steps", range(6))
def test_a_kill_while_making_the_file_leaves_all_or_nothing(tmp_path: Path, steps: int) -> None:
    """Killed at each step of creation, the next start succeeds, and every start from then on has the same key."""
    done = subprocess.run([sys.executable, "-c", CREATE, tmp_path, str(steps)], check=False, capture_output=True)
    assert done.returncode == (-9 if steps < 5 else 0), done.stderr
    made = tmp_path / "master.key"
    before = made.read_bytes() if made.exists() else None
    key = open_master_key(tmp_path, EMPTY)
    assert same(key, open_master_key(tmp_path, USED))
    assert before in (None, made.read_bytes())


def test_starts_at_the_same_time_agree_on_one_key(tmp_path: Path) -> None:
    """Of several processes that make the file at once, one wins and all use its key."""
    script = (
        "import sys; from pathlib import Path; from daypass.adapters.keys import MemorySealingKeys, open_master_key;"
        "print(open_master_key(Path(sys.argv[1]), MemorySealingKeys()).wrap('p', 'n', b'plain', bytes(12)).hex())"
    )
    starts = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    answers = {start.communicate(timeout=60)[0] for start in starts}
    assert [start.returncode for start in starts] == [0, 0, 0, 0]
    assert len(answers) == 1
    assert open_master_key(tmp_path, USED).unwrap("p", "n", bytes.fromhex(answers.pop().strip())) == b"plain"


# ── wrapping ─────────────────────────────────────────────────────────────────────────────────────────

MASTER = MasterKey(bytes(range(32)))


@given(plain=st.binary(max_size=200), name=st.text(st.characters(blacklist_categories=("Cs",)), max_size=20))
def test_what_is_wrapped_comes_back(plain: bytes, name: str) -> None:
    """Any bytes under any name."""
    assert MASTER.unwrap("access-key", name, MASTER.wrap("access-key", name, plain, NONCE)) == plain


def test_wrapped_bytes_stay_readable_for_ever() -> None:
    """The wrapped form of the first release, byte for byte."""
    wrapped = MASTER.wrap("access-key", "AKIARZPUZDIKAAAAAAAA", b"secret", bytes(range(12)))
    assert wrapped.hex() == "01000102030405060708090a0bf7830f317c78eebd4468db2ffbafe0005b024dd08cf0"


def test_wrapped_bytes_belong_to_one_purpose_name_and_key() -> None:
    """Moved to another row, another table or another installation they do not open; nor with any bit turned."""
    wrapped = MASTER.wrap("access-key", "AKIA1", b"secret", NONCE)
    flipped = [
        bytes(byte ^ (1 << bit if place == position else 0) for place, byte in enumerate(wrapped))
        for position in range(len(wrapped))
        for bit in range(8)
    ]
    attempts = [
        (MASTER, "access-key", "AKIA2", wrapped),
        (MASTER, "sealing-key", "AKIA1", wrapped),
        (MasterKey(bytes(32)), "access-key", "AKIA1", wrapped),
        *((MASTER, "access-key", "AKIA1", wrapped[:length]) for length in range(len(wrapped))),
        *((MASTER, "access-key", "AKIA1", changed) for changed in flipped),
    ]
    for master, purpose, name, data in attempts:
        with pytest.raises(Malformed):
            master.unwrap(purpose, name, data)


def test_a_master_key_has_32_bytes() -> None:
    """Shorter and longer material is refused."""
    for length in (0, 16, 31, 33):
        with pytest.raises(Malformed):
            MasterKey(bytes(length))


def test_a_master_key_shows_nothing_of_itself() -> None:
    """Neither the key nor an error about it shows material."""
    shown = f"{MASTER!r} {MASTER} {MASTER.wrap('p', 'n', b'x', NONCE)!r}"
    assert bytes(range(32)).hex() not in shown
    assert repr(bytes(range(32)))[2:-1] not in shown
