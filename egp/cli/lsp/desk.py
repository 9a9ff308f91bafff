"""The open files at one time, for the thread that judges."""

from __future__ import annotations

from collections.abc import Mapping

from lsprotocol import types
from pygls.uris import from_fs_path

from egp.cli.lsp.columns import Columns
from egp.stats.values import NamedTuple
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular


class Open(NamedTuple):
    """A document as the editor has it."""

    uri: str
    text: str
    version: int | None


class Desk:
    """The open files at one time, for the thread that judges: the editor goes on writing meanwhile."""

    def __init__(self, files: Mapping[str, Open], encoding: types.PositionEncodingKind) -> None:
        self.files = files
        self._encoding = encoding

    def uri(self, path: str) -> str:
        """A file as the editor names it."""
        return self.files[path].uri if path in self.files else from_fs_path(path) or ""

    def columns(self, path: str) -> Columns:
        """The places of a file as it is open, else as it is on disk."""
        try:
            text = read_regular(path, MAX_BYTES).decode("utf-8", "replace")
        except OSError:
            text = ""
        return Columns(text, self._encoding)
