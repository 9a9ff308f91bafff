"""An editor, driven by the client of pytest-lsp: what a person does in it, and what it shows them."""

# mypy: disallow-untyped-decorators=False, disallow-untyped-calls=False

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities

T = TypeVar("T")

AS_OF = "2023-01-18"
_PATIENCE = 60.0


class Editor:
    """One server and the client that speaks with it. Places are those of the protocol."""

    def __init__(self, *arguments: str, client: str = "visual-studio-code") -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.client = LanguageClient()
        self._news = asyncio.Condition()
        self._texts: dict[str, tuple[int, str]] = {}
        self._said: dict[str, tuple[int | None, list[types.Diagnostic]]] = {}
        self._folders: list[Path] = []
        self.logged: list[str] = []
        """What the server complains of."""
        self.result = self._wait(self._start([*arguments], client))

    async def _start(self, arguments: list[str], client: str) -> types.InitializeResult:
        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        async def _heard(params: types.PublishDiagnosticsParams) -> None:
            async with self._news:
                self._said[params.uri] = params.version, list(params.diagnostics)
                self._news.notify_all()

        @self.client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def _registered(_: types.RegistrationParams) -> None:
            """The client watches files by telling of them itself."""

        @self.client.feature(types.WINDOW_LOG_MESSAGE)
        def _logged(params: types.LogMessageParams) -> None:
            self.logged.append(params.message)

        await self.client.start_io(sys.executable, "-m", "egp", "lsp", *arguments)
        parameters = types.InitializeParams(client_capabilities(client), workspace_folders=[])
        return await self.client.initialize_session(parameters)

    def end(self) -> None:
        self._wait(self.client.shutdown_session())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _wait(self, doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(_PATIENCE)

    def tell(self, method: str, params: object) -> None:
        self._loop.call_soon_threadsafe(self.client.protocol.notify, method, params)

    def ask(self, method: str, params: object) -> Any:
        return self._wait(self.client.protocol.send_request_async(method, params))

    # What a person does.

    def open_folder(self, folder: Path) -> None:
        """The folder, in the place of those that were open."""
        changes = types.WorkspaceFoldersChangeEvent(
            [types.WorkspaceFolder(folder.as_uri(), folder.name)],
            [types.WorkspaceFolder(each.as_uri(), each.name) for each in self._folders],
        )
        self._folders = [folder]
        for uri in list(self._texts):
            self._close(uri)
        self.tell(
            types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, types.DidChangeWorkspaceFoldersParams(changes)
        )

    def open(self, file: Path, text: str | None = None) -> list[types.Diagnostic]:
        """Opens a file, or a new one with a text, and waits for what is found in it."""
        text = file.read_bytes().decode() if text is None else text
        uri = file.as_uri()
        self._texts[uri] = 1, text
        item = types.TextDocumentItem(uri, types.LanguageKind.Yaml, 1, text)
        self.tell(types.TEXT_DOCUMENT_DID_OPEN, types.DidOpenTextDocumentParams(item))
        return self.found(file)

    def type(self, file: Path, text: str) -> None:
        """Makes the text of a file another one, and waits for nothing."""
        uri = file.as_uri()
        version = self._texts[uri][0] + 1
        self._texts[uri] = version, text
        self.tell(
            types.TEXT_DOCUMENT_DID_CHANGE,
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            ),
        )

    def retype(self, file: Path, text: str) -> list[types.Diagnostic]:
        self.type(file, text)
        return self.found(file)

    def close(self, file: Path) -> None:
        self._close(file.as_uri())

    def _close(self, uri: str) -> None:
        del self._texts[uri]
        identifier = types.TextDocumentIdentifier(uri)
        self.tell(types.TEXT_DOCUMENT_DID_CLOSE, types.DidCloseTextDocumentParams(identifier))

    # What it shows them.

    def text(self, file: Path) -> str:
        return self._texts[file.as_uri()][1]

    def found(self, file: Path) -> list[types.Diagnostic]:
        """What is found in the text as it is now."""
        uri = file.as_uri()
        return self._wait(self._until(uri, lambda version, _: version == self._texts[uri][0]))

    def until(self, file: Path, *codes: str) -> list[types.Diagnostic]:
        """What is found in a file, once it is found by these rules and no other."""
        wanted = sorted(codes)
        return self._wait(
            self._until(file.as_uri(), lambda _, said: sorted(str(each.code) for each in said) == wanted)
        )

    async def _until(self, uri: str, is_it: Any) -> list[types.Diagnostic]:
        async with self._news:
            await self._news.wait_for(lambda: uri in self._said and is_it(*self._said[uri]))
            return self._said[uri][1]

    def position(self, file: Path, text: str, behind: int = 0) -> types.Position:
        """The place of a text that the file has once, or of a character in it, in UTF-16."""
        whole = self.text(file)
        assert whole.count(text) == 1, f"{text!r} is there {whole.count(text)} times"
        before = whole[: whole.index(text) + behind]
        line = before.rpartition("\n")[2]
        return types.Position(before.count("\n"), len(line.encode("utf-16-le")) // 2)

    def under(self, file: Path, found: types.Diagnostic) -> str:
        """The text that a diagnostic underlines, on one line."""
        line = self.text(file).split("\n")[found.range.start.line].encode("utf-16-le")
        return line[2 * found.range.start.character : 2 * found.range.end.character].decode("utf-16-le")


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    """One server for the tests of a module; each opens a folder of its own."""
    started = Editor("--as-of", AS_OF)
    yield started
    started.end()
