"""From bytes to a text that a parser may see: of bearable size, in UTF-8, without control characters."""

from __future__ import annotations

import codecs
import re

from egp.stats.values import NamedTuple
from egp.yaml.bounds import MAX_BYTES

_HELP_ENCODING = "save the file as UTF-8"
_ALLOWED_ASCII = bytes((9, 10, 13, *range(32, 127)))
_ALLOWED_BYTES = _ALLOWED_ASCII + bytes(range(128, 256))
_FORBIDDEN = "[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"  # slow to compile
_WIDE_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NAMES = {
    0: "a NUL character",
    0x1B: "an escape character",
    0x7F: "a delete character",
    0xFEFF: "a byte order mark",
}


class Content(NamedTuple):
    """A file's text and its bytes, both without a byte order mark."""

    text: str
    data: bytes


class ContentRefusal(NamedTuple):
    """Why no parser gets to see a content, with what can be shown of it."""

    kind: str
    message: str
    help: str
    text: str = ""
    start: int = 0
    end: int = 0


class UnreadableContentError(Exception):
    """A content that no parser gets to see."""

    def __init__(self, refusal: ContentRefusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def check_size(size: int) -> None:
    """Refuse a file by its size in bytes."""
    if size > MAX_BYTES:
        raise UnreadableContentError(too_large(size))


def too_large(size: int) -> ContentRefusal:
    message = f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read"
    return ContentRefusal("size", message, "check that this is the right file, or divide it")


def decode(data: bytes) -> Content:
    """The content of a file."""
    check_size(len(data))
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return Content(data.decode(), data)
    except UnicodeDecodeError as error:
        raise UnreadableContentError(_undecodable(data, error.start)) from None


def encode(text: str) -> Content:
    """The content that a text would have as a file."""
    text = text.removeprefix("\ufeff")
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        shown = text.encode(errors="replace").decode()
        message = "a character is not valid Unicode, as if the text were not in UTF-8"
        refusal = ContentRefusal("encoding", message, _HELP_ENCODING, shown, error.start, error.start + 1)
        raise UnreadableContentError(refusal) from None
    check_size(len(data))
    return Content(text, data)


def _undecodable(data: bytes, at: int) -> ContentRefusal:
    if data.startswith(_WIDE_MARKS):
        wide = "UTF-32" if data.startswith(_WIDE_MARKS[:2]) else "UTF-16"
        text = data.decode(wide, errors="replace")
        return ContentRefusal(
            "encoding", f"the file is in {wide}, not in UTF-8", _HELP_ENCODING, text, 0, min(1, len(text))
        )
    before = len(data[:at].decode())
    message = f"the byte 0x{data[at]:02X} is not UTF-8"
    return ContentRefusal(
        "encoding", message, _HELP_ENCODING, data.decode(errors="replace"), before, before + 1
    )


def check_characters(content: Content) -> None:
    """Refuse control characters and others that YAML does not allow, at their place; parsers name none."""
    text, data = content
    allowed = _ALLOWED_ASCII if data.isascii() else _ALLOWED_BYTES
    if data.translate(None, allowed) or (allowed is _ALLOWED_BYTES and _may_hold_forbidden(data)):
        found = re.search(_FORBIDDEN, text)
        if found:
            raise UnreadableContentError(_forbidden(text, found.start()))


def _may_hold_forbidden(data: bytes) -> bool:
    """Whether the text may have C1 controls, noncharacters or a byte order mark; bytes are found faster than characters."""
    return b"\xc2" in data or b"\xef\xbb\xbf" in data or b"\xef\xbf" in data


def _forbidden(text: str, at: int) -> ContentRefusal:
    code = ord(text[at])
    if code == 0 and text.count("\0") * 3 > len(text) > 1:
        return ContentRefusal(
            "encoding", "the file is not text in UTF-8, perhaps UTF-16", _HELP_ENCODING, text, at, at + 1
        )
    control = code < 0xA0
    name = _NAMES.get(code) or ("a control character" if control else "a character that YAML does not allow")
    return ContentRefusal(
        "control-character", f"{name}, U+{code:04X}, is in the text", "remove it", text, at, at + 1
    )
