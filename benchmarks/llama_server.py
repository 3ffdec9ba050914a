"""llama.cpp's own server, as the package xllamacpp has it, in a child process of its own.

Its build is for AVX2 whatever the processor. A prompt is sent as text and streamed back, with the
same client as ours, and both sides sample with the same options.
"""

import json
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

BUILD = "AVX2"  # of the package's wheels
START = 300.0  # seconds that loading may take
OPTIONS = {"temperature": 0.8, "top_k": 40, "top_p": 0.9, "min_p": 0.0}  # our defaults


@contextmanager
def llama_server(model: Path, n_slot: int, n_ctx: int, n_thread: int) -> Iterator[str]:
    """The URL of a server with so many slots of n_ctx tokens each; it ends with the block.

    It is confined to n_thread processors, as ours is. RuntimeError if it does not start.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    arguments = (model, n_slot, n_ctx, n_thread, theirs)
    process = context.Process(target=run, args=arguments, daemon=True)
    process.start()
    theirs.close()
    try:
        yield answer_of(ours)
    finally:
        ours.close()
        process.join(timeout=10)
        if process.is_alive():
            process.kill()
            process.join()


def answer_of(pipe: Connection) -> str:
    """The URL that the child tells once it has loaded the model."""
    try:
        if pipe.poll(START):
            return str(pipe.recv())
    except EOFError:
        pass
    raise RuntimeError("llama.cpp's server has not started")


def run(model: Path, n_slot: int, n_ctx: int, n_thread: int, pipe: Connection) -> None:
    """The child: serve until the pipe is closed."""
    import xllamacpp

    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n_thread])
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_parallel, params.n_ctx = n_slot, n_slot * n_ctx
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = n_thread
    params.port, params.verbosity = 0, 0
    server = xllamacpp.Server(params)
    pipe.send(server.listening_address)
    try:
        pipe.recv()
    except EOFError:
        os._exit(0)  # the parent is done, and the server's own end would wait for its clients


def count(url: str, prompt: str, n_token: int) -> int:
    """Ask for an answer, streamed; the number of tokens that came.

    RuntimeError if the server refuses, or counts another number of tokens in the prompt.
    """
    connection = HTTPConnection(urlsplit(url).netloc, timeout=START)
    body = OPTIONS | {"prompt": prompt, "n_predict": n_token, "stream": True}
    try:
        connection.request("POST", "/completion", json.dumps(body))
        with connection.getresponse() as response:
            last = b""
            while text := response.readline():
                last = text if text.strip() else last
    finally:
        connection.close()
    event = json.loads(last.removeprefix(b"data:") or b"{}")
    if event.get("tokens_evaluated") != len(prompt):
        raise RuntimeError(f"llama.cpp's server: {last.decode()[:200]}")
    return int(event["tokens_predicted"])
