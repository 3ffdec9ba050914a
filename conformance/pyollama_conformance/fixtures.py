"""What the cases use: files made here, and the models that the suite installs and removes again.

All names begin with ``conformance-``, so that the suite may run beside a person's own models.
"""

import json
import socket
from dataclasses import dataclass, field
from ipaddress import ip_address
from uuid import uuid4

from pyollama_conformance.chain_model import OBJECT, SENTENCE, chain_model
from pyollama_conformance.client import Client, Request, Response
from pyollama_conformance.embedding_model import embedding_model
from pyollama_conformance.formats import FORMATS
from pyollama_conformance.offers import digest, fresh_files, offer_values, repositories
from pyollama_conformance.ranking_model import ranking_model
from pyollama_conformance.registry import Repository
from pyollama_conformance.spoken import SPOKEN, pieces

PREFIX = "conformance-"
MODEL = "conformance-chain"
ENDLESS = "conformance-endless"
JSON = "conformance-json"
EMBEDDING = "conformance-embedding"
RANKING = "conformance-ranking"
MODELS = {
    MODEL: "chain.gguf",
    ENDLESS: "endless.gguf",
    JSON: "json.gguf",
    EMBEDDING: "embedding.gguf",
    RANKING: "ranking.gguf",
}
PROMPTS = {"long": 600, "middling": 200, "brimful": 64, "all_but_full": 63}  # tokens, one a letter
UNSENT = b"no case uploads these bytes"


class SetupError(Exception):
    """The server does not take the suite's models."""


@dataclass(frozen=True)
class Fixtures:
    """Files by name, for request bodies, and the values that ``${name}`` stands for.

    repositories: what the suite's registry holds; ``registry`` among the values is where it is.
    """

    files: dict[str, bytes]
    values: dict[str, str]
    repositories: dict[str, Repository] = field(default_factory=dict)


def fixtures() -> Fixtures:
    """The files and values, made in memory; nothing is sent.

    A server keeps blobs, so `fresh.txt` and `piece.txt` differ from run to run.
    """
    files = {
        "chain.gguf": chain_model(),
        "endless.gguf": chain_model(endless=True),
        "json.gguf": chain_model(pieces=OBJECT),
        "embedding.gguf": embedding_model(),
        "ranking.gguf": ranking_model(),
        "note.txt": b"a note of the conformance suite\n",
        "fresh.txt": f"fresh {uuid4()}\n".encode(),
        "piece.txt": f"in pieces {uuid4()}\n".encode() * 500,
    }
    files |= {f"{name}.gguf": chain_model(pieces=pieces(text)) for name, text in SPOKEN.items()}
    files |= {f"{name}.gguf": chain_model(template=text) for name, text in FORMATS.items()}
    values = {name.split(".")[0]: digest(data) for name, data in files.items()}
    values |= {"note_dashed": values["note"].replace(":", "-")}
    values |= {"unsent": digest(UNSENT), "sentence": SENTENCE}
    values |= {name: "x" * n_token for name, n_token in PROMPTS.items()}
    values |= {"many_words": "hello " * 200}
    pulled = fresh_files()
    offered = repositories(pulled)
    values |= {"registry": "127.0.0.1:1", **offer_values(pulled, offered)}
    values |= {f"{name}_short": values[name][7:19] for name in ("chain", "fresh")}
    return Fixtures(files, values, offered)


def post(client: Client, path: str, value: object, method: str = "POST") -> Response:
    """Send a JSON value."""
    return client.send(Request(method, path, body=json.dumps(value).encode()))


def is_cloudless(client: Client) -> bool:
    """Whether the server says that it has no cloud, or has it switched off. ValueError."""
    status = json.loads(client.send(Request("GET", "/api/status")).body)
    cloud = status.get("cloud", {}) if isinstance(status, dict) else {}
    return isinstance(cloud, dict) and cloud.get("disabled") is not False


def counts_tokens(client: Client) -> bool:
    """Whether the server has /api/tokenize, which is a proposal to Ollama, and answers its form."""
    return has_endpoint(client, "/api/tokenize")


def ranks_documents(client: Client) -> bool:
    """Whether the server has /v1/rerank, as llama.cpp has it and Ollama has not."""
    return has_endpoint(client, "/v1/rerank")


def has_endpoint(client: Client, path: str) -> bool:
    """Whether an empty request is answered in JSON, even if by an error."""
    answer = post(client, path, {})
    return answer.status not in (404, 405, 501) and answer.body.lstrip().startswith(b"{")


def is_beside_us(client: Client) -> bool:
    """Whether the server runs on this machine, so that it can reach the suite's registry."""
    address = ip_address(socket.gethostbyname(client.address[0]))
    return address.is_loopback


PROBES = {
    "cloudless": is_cloudless,
    "tokenize": counts_tokens,
    "rerank": ranks_documents,
    "registry": is_beside_us,
}
"""What a server is asked, to learn whether it has what cases need."""


def install(client: Client, prepared: Fixtures) -> None:
    """Upload the models' files and create the models from them; SetupError if that fails."""
    for model, file in MODELS.items():
        name = prepared.values[file.split(".")[0]]
        upload = Request("POST", f"/api/blobs/{name}", body=prepared.files[file])
        create = {"model": model, "files": {file: name}, "stream": False}
        for answer in (client.send(upload), post(client, "/api/create", create)):
            if answer.status not in (200, 201):
                raise SetupError(
                    f"status {answer.status}: {answer.body[:300].decode(errors='replace')}"
                )


def remove(client: Client) -> None:
    """Unload and delete every model that has a ``conformance-`` in its name, or before it."""
    listed = json.loads(client.send(Request("GET", "/api/tags")).body)
    for model in listed.get("models", []):
        name = model.get("name") or model.get("model", "")  # both are there, says a case
        if any(part.startswith(PREFIX) for part in name.split("/")):
            post(client, "/api/generate", {"model": name, "keep_alive": 0})
            post(client, "/api/delete", {"model": name}, "DELETE")
