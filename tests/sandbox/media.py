"""Beginnings of pictures, films and sounds, as bots send them."""

import struct

from aiogram.types import BufferedInputFile, PhotoSize

WEB = "https://example.com"


def png(width: int, height: int, size: int = 0) -> bytes:
    """The beginning of a picture, so many bytes long."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\10\2\0\0\0"
    return head.ljust(size, b"\0")


def picture(width: int = 2, height: int = 3, size: int = 0) -> BufferedInputFile:
    return BufferedInputFile(png(width, height, size), "a.png")


def sides(sizes: list[PhotoSize] | None) -> list[tuple[int, int]]:
    return [(one.width, one.height) for one in sizes or []]


def box(kind: bytes, content: bytes) -> bytes:
    """One of the boxes that an MP4 is made of."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def mp4(seconds: int, width: int, height: int, *, long: bool = False) -> bytes:
    """The head of a film, with times of 32 or 64 bits."""
    times = struct.pack(">QQIQ" if long else ">IIII", 0, 0, 1000, 1000 * seconds)
    header = box(b"mvhd", bytes([long, 0, 0, 0]) + times + bytes(80))
    sound = box(b"trak", box(b"tkhd", bytes(84)))
    sides = struct.pack(">II", width << 16, height << 16)
    picture = box(b"trak", box(b"tkhd", bytes(76) + sides))
    large = struct.pack(">I4sQ", 1, b"free", 16)
    return box(b"ftyp", b"isom") + large + box(b"moov", header + sound + picture)


OGG = b"OggS" + bytes(24) + b"OpusHead" + bytes(20) + b"OggS\0\4" + struct.pack("<Q", 48_000 * 3)


def file(name: str = "a.mp4") -> BufferedInputFile:
    return BufferedInputFile(b"something", name)
