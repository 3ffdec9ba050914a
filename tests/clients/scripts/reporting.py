"""Runs a client's calls, one after the other, and prints what each of them gave.

A script of this folder is run by the interpreter of a client's own environment, which has neither
pytest nor this project. It makes calls and judges nothing: the tests read what it prints, a JSON
object on its last line, and do the asserting.
"""

import asyncio
import inspect
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

__all__ = ["report"]


def report(*calls: Callable[[], Any]) -> None:
    """Print, by the name of each call, {"gave": value} or {"failed": traceback}.

    Coroutines are run on one event loop, so that a client may keep its connections.
    """
    seen: dict[str, Any] = {}
    with asyncio.Runner() as runner:
        for call in calls:
            try:
                value = call()
                if inspect.iscoroutine(value):
                    value = runner.run(value)
                seen[call.__name__] = {"gave": value}
            except Exception:
                seen[call.__name__] = {"failed": traceback.format_exc()}
    sys.stdout.write("\n" + json.dumps(seen) + "\n")
