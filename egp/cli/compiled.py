"""Writes the code of all modules into one file, from which a cold start reads them (``egp/__init__.py`` says how)."""

from __future__ import annotations

import ast
import copy
import marshal
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

NAME = f"modules.{sys.implementation.cache_tag}"
"""Of the file, below ``egp/shipped_files/``."""

LIST = "cli/cold_start.txt"
"""Of what a check of one plan imports, below the package."""


def compiled(package: Path) -> bytes:
    """The file for a folder that is a package: what it is of, an index of its modules, and their code.

    What a check of one plan imports is read as one, so that a name that two hundred modules use is looked up once. Of it
    nothing is kept that is for type checkers alone.
    """
    listed = set((package / LIST).read_bytes().decode().split())
    index: dict[str, tuple[int, int, bool, int]] = {}
    apart: list[bytes] = []
    together = {}
    at = 0
    for source in sorted(package.rglob("*.py")):
        is_package = source.name == "__init__.py"
        place = source.relative_to(package.parent)
        parts = place.parent.parts if is_package else place.with_suffix("").parts
        if parts == (package.name,):
            continue  # it is what reads the file
        name, text = ".".join(parts), source.read_bytes()
        tree = ast.parse(text)
        if name in listed:
            together[name] = compile(_bare(tree), str(place), "exec", dont_inherit=True, optimize=0)
            index[name] = 0, 0, is_package, len(text)
            continue
        code = marshal.dumps(compile(tree, str(place), "exec", dont_inherit=True, optimize=0))
        index[name] = at, len(code), is_package, len(text)
        apart.append(code)
        at += len(code)
    first = marshal.dumps(together)
    contents = marshal.dumps((index, at, len(first)))
    begin = len(MAGIC_NUMBER) + 16 + len(contents)
    sizes = begin.to_bytes(8, "little") + (begin + at + len(first)).to_bytes(8, "little")
    return b"".join((MAGIC_NUMBER, sizes, contents, *apart, first))


def _bare(tree: ast.Module) -> ast.Module:
    """The same without the types of arguments and results, and without what is imported for them."""
    bare: ast.Module = _WithoutTypes().visit(tree)
    used = {
        node.id for node in ast.walk(_Executed().visit(copy.deepcopy(bare))) if isinstance(node, ast.Name)
    }
    kept: list[ast.stmt] = []
    for node in bare.body:
        if isinstance(node, ast.ImportFrom) and node.module == "typing":
            node.names = [each for each in node.names if each.name in used]
            if not node.names:
                continue
        kept.append(node)
    bare.body = kept
    return bare


class _WithoutTypes(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt] | None:
        self.generic_visit(node)
        is_for_checkers = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return (node.orelse or None) if is_for_checkers else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node


class _Executed(ast.NodeTransformer):
    """Annotations of attributes stay, as the texts that they are where their evaluation is postponed."""

    is_postponed = False

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        self.is_postponed |= node.module == "__future__"
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if self.is_postponed:
            node.annotation = ast.Constant("")
        self.generic_visit(node)
        return node
