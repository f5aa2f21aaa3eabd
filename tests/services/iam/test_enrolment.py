"""What an authenticator is shown: a real picture of a real QR code that says the URI."""

from __future__ import annotations

import struct
import zlib
from base64 import b32decode

from segno import make_qr

from daypass.services.iam.mfa.enrolment import SEED_BYTES, enrolment_uri, qr_code, seed_text
from tests.services.iam.world import World

SEED = bytes(range(SEED_BYTES))


def pixels(png: bytes) -> list[list[int]]:
    """The rows of a one-bit grey PNG, 1 for dark (PNG specification, sections 5 and 9: filters None and Up)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + content)
        chunks[kind] = content
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (1, 0)
    data, stride = zlib.decompress(chunks[b"IDAT"]), 1 + (width + 7) // 8
    above, rows = bytes(stride - 1), []
    for start in range(0, height * stride, stride):
        filtered, line = data[start], data[start + 1 : start + stride]
        assert filtered in (0, 2)
        above = line if filtered == 0 else bytes((a + b) & 0xFF for a, b in zip(above, line, strict=True))
        rows.append([1 - (above[x // 8] >> (7 - x % 8) & 1) for x in range(width)])
    return rows


def test_the_picture_says_the_uri_with_a_quiet_border() -> None:
    """Module for module the QR code of the URI, four modules of white around it (ISO 18004, section 6.3.8)."""
    uri = enrolment_uri("alice", "123456789012", SEED)
    shown = pixels(qr_code(uri))
    wanted = [list(row) for row in make_qr(uri, error="m").matrix]
    scale = len(shown) // (len(wanted) + 8)
    assert len(shown) == len(shown[0]) == scale * (len(wanted) + 8)
    read = [[row[x * scale + scale // 2] for x in range(len(wanted) + 8)] for row in shown[scale // 2 :: scale]]
    assert [row[4:-4] for row in read[4:-4]] == wanted
    assert not any(map(any, read[:4] + read[-4:]))
    assert not any(any(row[:4] + row[-4:]) for row in read)


def test_the_uri_is_what_authenticators_read() -> None:
    """Label, secret and issuer, with what is special in a name escaped."""
    text = "AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPSAIJCEMSCKJRH"
    assert seed_text(SEED) == text
    assert enrolment_uri("a@b=c", "main", SEED) == f"otpauth://totp/a@b%3Dc@main?secret={text}&issuer=daypass"


def test_each_device_has_a_seed_of_its_own(world: World) -> None:
    """Sixty-four characters of base 32 as bytes, never twice."""
    seeds = set()
    for name in ("one", "two", "three"):
        made = world.must("CreateVirtualMFADevice", {"VirtualMFADeviceName": name})["VirtualMFADevice"]
        assert len(made["Base32StringSeed"]) == 64
        seeds.add(b32decode(made["Base32StringSeed"]))
    assert len(seeds) == 3
    assert all(len(seed) == SEED_BYTES for seed in seeds)


def test_the_label_has_the_accounts_alias_where_it_has_one(world: World) -> None:
    """The picture of a new device says who the account is to people."""
    world.must("CreateAccountAlias", {"AccountAlias": f"alias-{world.account}"})
    made = world.must("CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone"})["VirtualMFADevice"]
    uri = enrolment_uri("phone", f"alias-{world.account}", b32decode(made["Base32StringSeed"]))
    assert made["QRCodePNG"] == qr_code(uri)
