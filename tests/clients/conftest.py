"""One server for all clients: what they are tried on is theirs, not the server's start."""

from collections.abc import Iterator

import pytest
from stocked_server import Ollama, stocked_server


@pytest.fixture(scope="session")
def ollama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ollama]:
    with stocked_server(tmp_path_factory.mktemp("clients")) as server:
        yield server
