"""An editor, driven by the client of pytest-lsp: what a person does in it, and what it shows them."""

# mypy: disallow-untyped-decorators=False, disallow-untyped-calls=False

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities

T = TypeVar("T")

AS_OF = "2023-01-18"
SOUND = (Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml").read_text(encoding="utf-8")
SHORT = SOUND.replace("end: 2023-02-05", "end: 2023-01-29").replace("2023-02-06", "2023-01-30")
POLICY = 'extends: ["egp:standard"]\nplans: ["experiments/**/*.yaml"]\n'
_PATIENCE = 60.0


class Editor:
    """One server and the client that speaks with it. Places are those of the protocol."""

    def __init__(self, *arguments: str, resolves: bool = True) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.client = LanguageClient()
        self._news = asyncio.Condition()
        self._texts: dict[str, tuple[int, str]] = {}
        self._said: dict[str, tuple[int | None, list[types.Diagnostic]]] = {}
        self._folders: list[Path] = []
        self.logged: list[str] = []
        """What the server complains of."""
        self.result = self._wait(self._start([*arguments], resolves))

    async def _start(self, arguments: list[str], resolves: bool) -> types.InitializeResult:
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
        capabilities = client_capabilities("visual-studio-code")
        if not resolves and capabilities.text_document and capabilities.text_document.code_action:
            capabilities.text_document.code_action.resolve_support = None
        parameters = types.InitializeParams(capabilities, workspace_folders=[])
        return await self.client.initialize_session(parameters)

    @property
    def process(self) -> int:
        """The server's."""
        assert self.client._server
        return int(self.client._server.pid)

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

    def open_folder(self, *folders: Path) -> None:
        """The folders, in the place of those that were open."""
        changes = types.WorkspaceFoldersChangeEvent(
            [types.WorkspaceFolder(each.as_uri(), each.name) for each in folders],
            [types.WorkspaceFolder(each.as_uri(), each.name) for each in self._folders],
        )
        self._folders = [*folders]
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

    def _at(self, file: Path, text: str, behind: int) -> tuple[types.TextDocumentIdentifier, types.Position]:
        return types.TextDocumentIdentifier(file.as_uri()), self.position(file, text, behind)

    def hover(self, file: Path, text: str, behind: int = 0) -> str:
        """What is said of a place; empty for nothing."""
        found = self.ask(types.TEXT_DOCUMENT_HOVER, types.HoverParams(*self._at(file, text, behind)))
        return str(found.contents.value) if found else ""

    def defined(self, file: Path, text: str, behind: int = 0) -> list[tuple[str, int]]:
        """The files and lines that a place leads to."""
        parameters = types.DefinitionParams(*self._at(file, text, behind))
        found = self.ask(types.TEXT_DOCUMENT_DEFINITION, parameters) or ()
        return [(each.uri.rpartition("/")[2], each.range.start.line + 1) for each in found]

    def completions(self, file: Path, text: str) -> dict[str, str]:
        """What is offered where a text has ``|``, and what is inserted."""
        at = text.index("|")
        self.retype(file, text.replace("|", ""))
        line = text[:at].rpartition("\n")[2]
        place = types.Position(text.count("\n", 0, at), len(line.encode("utf-16-le")) // 2)
        identifier = types.TextDocumentIdentifier(file.as_uri())
        found = self.ask(types.TEXT_DOCUMENT_COMPLETION, types.CompletionParams(identifier, place))
        return {each.label: each.text_edit.new_text for each in found.items}

    def actions(
        self,
        file: Path,
        text: str,
        trigger: types.CodeActionTriggerKind = types.CodeActionTriggerKind.Invoked,
        only: list[str] | None = None,
    ) -> list[types.CodeAction]:
        """The menu at a text."""
        identifier, place = self._at(file, text, 0)
        context = types.CodeActionContext([], only=only, trigger_kind=trigger)
        parameters = types.CodeActionParams(identifier, types.Range(place, place), context)
        return list(self.ask(types.TEXT_DOCUMENT_CODE_ACTION, parameters) or ())

    def choose(self, file: Path, action: types.CodeAction) -> str:
        """The text of a file once an action is chosen."""
        edit = self.ask(types.CODE_ACTION_RESOLVE, action).edit
        return self.edited(edit)[file.as_uri()]

    def rename(self, file: Path, text: str, new: str, behind: int = 0) -> dict[str, str]:
        """The texts of files, by their names, once an id is another one."""
        edit = self.ask(types.TEXT_DOCUMENT_RENAME, types.RenameParams(*self._at(file, text, behind), new))
        return {uri.rpartition("/")[2]: changed for uri, changed in self.edited(edit).items()}

    def edited(self, edit: types.WorkspaceEdit) -> dict[str, str]:
        """The texts of files that an edit changes, of open ones in the version that they have."""
        found = {}
        for changes in edit.document_changes or ():
            assert isinstance(changes, types.TextDocumentEdit)
            uri, version = changes.text_document.uri, changes.text_document.version
            known = self._texts.get(uri)
            assert version == (known[0] if known else None)
            text = known[1] if known else Path(uri.removeprefix("file://")).read_bytes().decode()
            ends = sorted((*map(_offsets(text), changes.edits),), reverse=True)
            for start, end, new in ends:
                text = text[:start] + new + text[end:]
            found[uri] = text
        return found

    def under(self, file: Path, found: types.Diagnostic) -> str:
        """The text that a diagnostic underlines, on one line."""
        line = self.text(file).split("\n")[found.range.start.line].encode("utf-16-le")
        return line[2 * found.range.start.character : 2 * found.range.end.character].decode("utf-16-le")


def _offsets(text: str) -> Callable[[Any], tuple[int, int, str]]:
    lines = text.split("\n")

    def offset(place: types.Position) -> int:
        before = lines[place.line].encode("utf-16-le")[: 2 * place.character].decode("utf-16-le")
        return sum(len(line) + 1 for line in lines[: place.line]) + len(before)

    return lambda edit: (offset(edit.range.start), offset(edit.range.end), edit.new_text)


@pytest.fixture
def folder(tmp_path: Path, editor: Editor) -> Path:
    """A repository with a policy, open in the editor."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "experiments").mkdir()
    (tmp_path / "egp.yaml").write_text(POLICY)
    editor.open_folder(tmp_path)
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    """One server for the tests of a module; each opens a folder of its own."""
    started = Editor("--as-of", AS_OF)
    yield started
    started.end()
