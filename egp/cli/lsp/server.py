"""The server: what an editor says and asks, and when it is answered.

Judging is done by one thread, one file at a time, in the folder of the file's root. A change waits until the typing
pauses; what was judged of a text that has changed since is thrown away.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from egp import VERSION
from egp.cli.lsp.actions import FIX_ALL, Solved, edit_of, menu
from egp.cli.lsp.completing import completions_at
from egp.cli.lsp.definitions import definitions_at
from egp.cli.lsp.desk import Desk, Open
from egp.cli.lsp.diagnostics import diagnostics_of, unjudged_by_a_bug
from egp.cli.lsp.hovering import hover_at
from egp.cli.lsp.judging import Judged, LspOptions, Root
from egp.cli.lsp.reading import OpenFile
from egp.cli.lsp.renaming import RenameRefusedError, edits, naming_at
from egp.yaml.files import before_disk, is_inside, real_path, repository_root

PAUSE = 0.1
"""Seconds without a change after which a text is judged."""
_LATER = 0.4
"""Seconds after which the other open files are judged again."""

_WATCHED = ("**/*.yaml", "**/*.yml", "**/egp.lock", "**/*.sql")

T = TypeVar("T")


class EgpServer(LanguageServer):
    """What is open, what was found in it, and what is to be judged next."""

    def __init__(self, call: LspOptions) -> None:
        super().__init__("egp", VERSION, types.TextDocumentSyncKind.Full)
        self._call = call
        self._roots: dict[str, Root] = {}
        self._worker = ThreadPoolExecutor(1, "egp")
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._rest: asyncio.Task[None] | None = None
        self._found: dict[str, dict[str, list[types.Diagnostic]]] = {}
        """Open file → what was found when it was judged, by the file that it was found in."""
        self._published: set[str] = set()
        self._judged: dict[str, tuple[int | None, Judged]] = {}
        """Open file → the version of it that was last judged, and what came of it."""
        self._solved: dict[str, tuple[Judged, Solved]] = {}

    # What is open, and where.

    def path(self, uri: str) -> str:
        """The file of a document; empty for one that is no file, or that lies in no folder that is open."""
        path = os.path.normpath(to_fs_path(uri) or "")
        return path if os.path.isabs(path) and self._folder_of(path) else ""

    def _folders(self) -> list[str]:
        folders = [to_fs_path(each.uri) for each in self.workspace.folders.values()]
        if not folders and self.workspace.root_path:
            folders = [self.workspace.root_path]
        return sorted((os.path.normpath(each) for each in folders if each), key=len, reverse=True)

    def _folder_of(self, path: str) -> str:
        """The innermost open folder that a file lies in, links followed; without any, the repository of the file."""
        beside = os.path.dirname(path)
        folders = self._folders() or [repository_root(beside) or beside]
        real = real_path(path)
        return next(
            (each for each in folders if is_inside(path, each) and is_inside(real, real_path(each))), ""
        )

    @property
    def resolves_edits(self) -> bool:
        """Whether the editor wants the edit of an action once somebody chooses it, and not before."""
        document = self.client_capabilities.text_document
        support = document.code_action.resolve_support if document and document.code_action else None
        return support is not None and "edit" in support.properties

    def root_of(self, path: str) -> Root:
        folder = self._folder_of(path)
        return self._roots.setdefault(folder, Root(folder, self._call))

    def desk(self) -> Desk:
        files = {
            path: Open(uri, document.source, document.version)
            for uri, document in self.workspace.text_documents.items()
            if (path := self.path(uri))
        }
        encoding = types.PositionEncodingKind(self.workspace.position_encoding or "utf-16")
        return Desk(files, encoding)

    # Judging.

    async def with_files(self, folder: str, work: Callable[[Desk], T]) -> T:
        """The work done by the thread that judges, in a folder, with the files as they are open now."""
        desk = self.desk()
        buffers = {path: each.text.encode("utf-8", "surrogatepass") for path, each in desk.files.items()}

        def in_folder() -> T:
            os.chdir(folder)
            with before_disk(buffers):
                return work(desk)

        return await asyncio.get_running_loop().run_in_executor(self._worker, in_folder)

    def judge_soon(self, path: str, pause: float) -> None:
        """Judges a file once nothing has changed in it for a while, then the others that are open."""
        self._forget(path)
        if self._rest:
            self._rest.cancel()
        self._waiting[path] = asyncio.ensure_future(self._judge_after(path, pause))

    def _forget(self, path: str) -> None:
        if waiting := self._waiting.pop(path, None):
            waiting.cancel()

    async def _judge_after(self, path: str, pause: float) -> None:
        await asyncio.sleep(pause)
        await self._judge(path)
        self._judge_others_soon(path)

    def _judge_others_soon(self, path: str) -> None:
        """What changed in one file may change what is found in others."""
        if self._rest:
            self._rest.cancel()
        self._rest = asyncio.ensure_future(self._judge_others(path))

    async def _judge_others(self, path: str) -> None:
        await asyncio.sleep(_LATER)
        await self.judge_all(except_for=path)

    async def judge_all(self, except_for: str = "") -> None:
        for path in self.desk().files:
            if path != except_for:
                await self._judge(path)

    async def _judge(self, path: str) -> None:
        root, version = self.root_of(path), self._version(path)

        def work(desk: Desk) -> tuple[Judged, dict[str, list[types.Diagnostic]]]:
            judged = root.judged(path)
            return judged, diagnostics_of(judged, desk.columns, desk.uri)

        try:
            judged, found = await self.with_files(root.folder, work)
        except Exception as error:
            self._complain(f"{path} is not judged, by a bug of egp: {type(error).__name__}: {error}")
            judged, found = Judged(path, root.folder), {path: [unjudged_by_a_bug(error)]}
        desk = self.desk()
        if path in desk.files and desk.files[path].version == version:
            before = self._found.get(path, {})
            self._judged[path], self._found[path] = (version, judged), found
            self._publish({*before, *found})

    def _version(self, path: str) -> int | None:
        known = self.desk().files.get(path)
        return known.version if known else None

    def _complain(self, message: str) -> None:
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))

    async def up_to_date(self, path: str) -> Judged | None:
        """What is found in a file as it is open now."""
        known = self._judged.get(path)
        if known is None or known[0] != self._version(path):
            self._forget(path)
            await self._judge(path)
            known = self._judged.get(path)
        return known[1] if known else None

    async def answer(self, uri: str, work: Callable[[Desk, Judged], T]) -> T | None:
        """What the thread that judges makes of a file as it is open now; None for one that is not judged."""
        path = self.path(uri)
        judged = await self.up_to_date(path) if path else None
        if judged is None:
            return None
        return await self.with_files(self.root_of(path).folder, lambda desk: work(desk, judged))

    def solved(self, judged: Judged) -> Solved:
        """The ways out of a file as it was judged; those of an earlier text are forgotten."""
        known = self._solved.get(judged.path)
        if known is None or known[0] is not judged:
            known = self._solved[judged.path] = judged, Solved(judged)
        return known[1]

    def _publish(self, paths: Iterable[str]) -> None:
        """Says of files all that was found in them, whichever file was judged."""
        desk = self.desk()
        for path in paths:
            said: dict[str, types.Diagnostic] = {}
            for found in self._found.values():
                for each in found.get(path, ()):
                    said.setdefault(f"{each.range} {each.code} {each.message}", each)
            if said or path in self._published or path in self._found:
                self._published.add(path)
                version = desk.files[path].version if path in desk.files else None
                self.text_document_publish_diagnostics(
                    types.PublishDiagnosticsParams(desk.uri(path), [*said.values()], version)
                )

    def close(self, path: str) -> None:
        self._forget(path)
        self._judged.pop(path, None)
        self._solved.pop(path, None)
        self._publish({path, *self._found.pop(path, {})})
        self._judge_others_soon(path)


def server_of(call: LspOptions) -> EgpServer:
    """The server, with what it answers."""
    server = EgpServer(call)

    @server.feature(types.INITIALIZED)
    def _initialized(_: types.InitializedParams) -> None:
        _watch(server)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def _opened(params: types.DidOpenTextDocumentParams) -> None:
        _changed(params.text_document.uri, 0.0)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def _edited(params: types.DidChangeTextDocumentParams) -> None:
        _changed(params.text_document.uri, PAUSE)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def _saved(params: types.DidSaveTextDocumentParams) -> None:
        _changed(params.text_document.uri, 0.0)

    def _changed(uri: str, pause: float) -> None:
        if path := server.path(uri):
            server.judge_soon(path, pause)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def _closed(params: types.DidCloseTextDocumentParams) -> None:
        path = os.path.normpath(to_fs_path(params.text_document.uri) or "")
        server.close(path)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def _on_disk(_: types.DidChangeWatchedFilesParams) -> None:
        await server.judge_all()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def _folders(_: types.DidChangeWorkspaceFoldersParams) -> None:
        await server.judge_all()

    _offer_reading(server)
    _offer_edits(server)
    return server


def _offer_reading(server: EgpServer) -> None:
    """What is shown and changes nothing."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def _hover(params: types.HoverParams) -> types.Hover | None:
        def work(desk: Desk, judged: Judged) -> types.Hover | None:
            return hover_at(OpenFile(judged), desk.columns(judged.path), params.position)

        return await server.answer(params.text_document.uri, work)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def _definition(params: types.DefinitionParams) -> list[types.Location] | None:
        def work(desk: Desk, judged: Judged) -> list[types.Location]:
            return definitions_at(OpenFile(judged), params.position, desk.columns, desk.uri)

        return await server.answer(params.text_document.uri, work)

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" ", ":", "-", "{", "["])
    )
    async def _completion(params: types.CompletionParams) -> types.CompletionList | None:
        def work(desk: Desk, judged: Judged) -> types.CompletionList:
            text, columns = desk.files[judged.path].text.removeprefix("\ufeff"), desk.columns(judged.path)
            items = completions_at(OpenFile(judged), text, columns, params.position)
            return types.CompletionList(is_incomplete=True, items=items)

        return await server.answer(params.text_document.uri, work)


def _offer_edits(server: EgpServer) -> None:
    """What changes files once somebody chooses it."""
    kinds = [types.CodeActionKind.QuickFix, FIX_ALL]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(kinds, resolve_provider=True))
    async def _actions(params: types.CodeActionParams) -> list[types.CodeAction] | None:
        def work(desk: Desk, judged: Judged) -> list[types.CodeAction]:
            is_request = params.context.trigger_kind != types.CodeActionTriggerKind.Automatic
            span = desk.columns(judged.path).span_of(params.range)
            found = menu(server.solved(judged), span, params.context.only, is_request)
            for each in found:
                each.data["uri"] = params.text_document.uri  # type: ignore[index]
                if not server.resolves_edits:
                    _fill_in(server, desk, judged, each)
            return found

        return await server.answer(params.text_document.uri, work)

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def _resolved(action: types.CodeAction) -> types.CodeAction:
        def work(desk: Desk, judged: Judged) -> None:
            _fill_in(server, desk, judged, action)

        await server.answer(str((action.data or {}).get("uri", "")), work)
        return action

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def _prepared(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        def work(desk: Desk, judged: Judged) -> types.PrepareRenamePlaceholder:
            columns = desk.columns(judged.path)
            naming, spot = naming_at(OpenFile(judged), columns.offset(params.position))
            return types.PrepareRenamePlaceholder(columns.span(spot.start, spot.end), naming.name)

        return await _unless_refused(server.answer(params.text_document.uri, work))

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def _rename(params: types.RenameParams) -> types.WorkspaceEdit | None:
        def work(desk: Desk, judged: Judged) -> types.WorkspaceEdit:
            reading, columns = OpenFile(judged), desk.columns(judged.path)
            naming, spot = naming_at(reading, columns.offset(params.position))
            changes = edits(reading, naming, spot, params.new_name)
            return types.WorkspaceEdit(
                document_changes=[_edits_of(desk, path, each) for path, each in changes.items()]
            )

        return await _unless_refused(server.answer(params.text_document.uri, work))


async def _unless_refused(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except RenameRefusedError as refused:
        help = f"; {refused.help}" if refused.help else ""
        raise JsonRpcException(f"{refused}{help}", JsonRpcInvalidParams.CODE) from None


def _edits_of(desk: Desk, path: str, changes: Sequence[tuple[int, int, str]]) -> types.TextDocumentEdit:
    columns, opened = desk.columns(path), desk.files.get(path)
    named = types.OptionalVersionedTextDocumentIdentifier(desk.uri(path), opened.version if opened else None)
    return types.TextDocumentEdit(
        named, [types.TextEdit(columns.span(start, end), text) for start, end, text in changes]
    )


def _fill_in(server: EgpServer, desk: Desk, judged: Judged, action: types.CodeAction) -> None:
    """The edit of an action, and why there is none where the text has moved on."""
    found = edit_of(server.solved(judged), action)
    if not found:
        action.disabled = types.CodeActionDisabled(
            "the text has changed: nothing that complies is known here"
        )
        return
    columns = desk.columns(judged.path)
    changes = [types.TextEdit(columns.range(each.span), each.text) for each in found]
    named = types.OptionalVersionedTextDocumentIdentifier(
        desk.uri(judged.path), desk.files[judged.path].version
    )
    action.edit = types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(named, changes)])


def _watch(server: EgpServer) -> None:
    """Asks a client that can to say what changes on disk."""
    workspace = server.client_capabilities.workspace
    watching = workspace and workspace.did_change_watched_files
    if watching and watching.dynamic_registration:
        watchers = [types.FileSystemWatcher(each) for each in _WATCHED]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        registration = types.Registration("egp-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        server.client_register_capability(types.RegistrationParams([registration]))
