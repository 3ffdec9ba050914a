"""The real server on a real socket, in a thread of the test's own process."""

import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from pyollama.cli.serve import PROTOCOL
from pyollama.settings import Settings
from pyollama_http.app import create_app

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


def unchanged(app: Application) -> Application:
    """The application as it is."""
    return app


@contextmanager
def thread_server(
    models: Path, around: Callable[[Application], Application] = unchanged, **settings: Any
) -> Iterator[str]:
    """Serve the models of a folder on a free port; gives the base URL, stops at the end.

    around: wraps the application, for tests that need a server with a fault; settings: further
    fields of Settings.
    """
    app = around(create_app(Settings(models=models, **settings)))
    server = uvicorn.Server(uvicorn.Config(app, http=PROTOCOL, log_level="critical", lifespan="on"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while thread.is_alive() and not server.started:
            time.sleep(0.01)
        assert server.started
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
