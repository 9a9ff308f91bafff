"""Reading a file that suppresses: a regular file of one sound YAML document, or nothing it says holds."""

from __future__ import annotations

import os

from egp.plan.finding import Failure
from egp.yaml import Document, Span, read_file


def documents_of(folder: str, name: str, shown_as: str) -> tuple[list[Document], list[Failure]]:
    """The file's documents, and what keeps them from being relied on. Neither where there is no such file."""
    path = os.path.join(folder, name)
    if os.path.islink(path):
        return [], [Failure(shown_as, "this file is a link", help="commit the file itself")]
    try:
        documents = read_file(path, shown_as)
    except FileNotFoundError:
        return [], []
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return [], [
            Failure(shown_as, f"cannot read this file: {reason}", help="make it readable, or restore it")
        ]
    document = documents[0]
    failures = [_failure(document, each.message, each.span, each.help) for each in document.problems]
    if len(documents) > 1:
        failures.append(
            _failure(
                document, "there is a second document", documents[1].span(()), "remove what follows `---`"
            )
        )
    return documents, failures


def _failure(document: Document, message: str, span: Span, help: str) -> Failure:
    return Failure(document.path, message, "", span, document.line(span.start.line), help)
