"""Spoilt copies of a file: bytes changed, taken out, put in, repeated and cut, the same ones for the same seed."""

import random

_TELLING = [  # what parsers trip over, more often than at random
    b"nan", b"inf", b"-inf", b"1e30", b"1e999", b"9" * 400, b"-", b"_", b"?", b":", b",,", b"\t", b";", b'"', b"'",
    b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", "é".encode(), "\u2028".encode(),
    b"@data\n", b"@dimensions 0\n", b"[[", b"]]", b"{}", b"null", b"true", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00",
    b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f",
]  # fmt: skip


def mutated(good: bytes, seed: int) -> bytes:
    """The file with one to four changes, each anywhere."""
    draws = random.Random(seed)
    changed = bytearray(good)
    for _ in range(draws.randint(1, 4)):
        _change(changed, draws)
    return bytes(changed)


def _change(changed: bytearray, draws: random.Random) -> None:
    at = draws.randrange(len(changed) + 1)
    to = min(len(changed), at + draws.choice([1, 1, 2, 4, 40]))
    kind = draws.randrange(7)
    if kind == 0 and at < len(changed):
        changed[at] ^= 1 << draws.randrange(8)
    elif kind == 1:
        changed[at:to] = draws.randbytes(to - at)
    elif kind == 2:
        del changed[at:to]
    elif kind == 3:
        changed[at:at] = draws.choice(_TELLING)
    elif kind == 4:
        changed[at:to] = draws.choice(_TELLING)
    elif kind == 5:
        changed[at:at] = changed[at:to] * draws.choice([1, 2, 30])
    elif draws.randrange(4) == 0:
        del changed[at:]
