"""What lies between the engine and a client: HTTP, JSON, text and threads. All in milliseconds.

- First byte: from sending a request to the arrival of the first line of its answer, less the
  engine's own time, `prompt_eval_duration` of the last record. Connecting, checking, tokenizing
  and passing on are all in it.
- Per token, behind: the time between a stream's first and last line, less `eval_duration` of the
  last record, per token. Above nothing only where passing on does not keep up with the engine.
- Per token, processor: what the thread of the server's event loop uses while the lines of a
  stream arrive, by the scheduler's count: the cost of HTTP and JSON, beside a model of any size.
- Per token, beyond the engine alone: the mean time between the lines of a stream, less the mean
  time of a step of the same engine with the same sampling in a process without text, threads and
  HTTP. Only a small model shows it: on a large one both vary by more.
"""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import compare
from client import NAME, Client, arrivals
from duel import Duel
from figures import undisturbed
from peers import Remote, Setting
from streaming import Line, asked

N_PROMPT = 16  # tokens of a prompt never seen before
N_STREAM = 64  # tokens of a stream
ATTEMPTS = 20  # for a model that may end its answer early, or be stopped for repeating itself


def first_byte(duel: Duel, _: int) -> list[float]:
    """Waits for the first byte beyond the engine's own time; a short thing, so many of them."""
    duel.client.generate(duel.client.fresh(N_PROMPT), 2)
    return [wait_for_first(duel.client) for _ in range(4 * duel.extent.rounds)]


def wait_for_first(client: Client) -> float:
    """One such wait."""
    prompt = client.fresh(N_PROMPT)
    started = time.perf_counter()
    lines = client.generate(prompt, 2)
    own = int(lines[-1].event["prompt_eval_duration"]) / 1e9
    return (lines[0].arrived - started - own) * 1e3


@dataclass(frozen=True)
class Stream:
    """The lines of an answer, and the event loop's processor time in seconds at each of them."""

    lines: list[Line]
    processor: list[float]

    @property
    def seconds(self) -> float:
        """Between the first and the last line with text."""
        times = arrivals(self.lines)
        return times[-1] - times[0]

    @property
    def told(self) -> float:
        """The seconds that the engine says it took for them."""
        return int(self.lines[-1].event["eval_duration"]) / 1e9

    @property
    def n_step(self) -> int:
        """Steps of the engine between the first token and the last."""
        return int(self.lines[-1].event["eval_count"]) - 1


def stream(client: Client, pid: int) -> Stream:
    """A stream of tokens from the server whose process is given, long enough to measure.

    RuntimeError if the model keeps ending its answers early.
    """
    for _ in range(ATTEMPTS):
        body = {"model": NAME, "prompt": client.fresh(N_PROMPT), "raw": True}
        body["options"] = {"num_predict": N_STREAM}
        found = Stream([], [])
        with asked(client.url, body) as lines:
            for line in lines:
                found.processor.append(first_thread_time(pid))
                found.lines.append(line)
        if len(found.lines) > N_STREAM // 2 and found.lines[-1].event.get("done"):
            return found
    raise RuntimeError("the model makes no stream of tokens")


def first_thread_time(pid: int) -> float:
    """Seconds of processor time of a process's first thread, where our server has its loop."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text("ascii").split()[0]) / 1e9


def streams(duel: Duel) -> list[Stream]:
    """One per round, after one that is thrown away."""
    one = partial(stream, duel.client, duel.server.process.pid)
    return [one() for _ in range(duel.extent.rounds + 1)][1:]


def behind(duel: Duel, _: int) -> list[float]:
    """By how much a client falls behind the engine, per token."""
    return [(s.seconds - s.told) / s.n_step * 1e3 for s in streams(duel)]


def processor(duel: Duel, _: int) -> list[float]:
    """The event loop's processor time, per token."""
    return [(s.processor[-1] - s.processor[0]) / s.n_step * 1e3 for s in streams(duel)]


def beyond_engine(duel: Duel, _: int) -> list[float]:
    """What a token takes longer than in the engine alone; both are measured in turns.

    Rounds in which the engine alone was disturbed are left out.
    """
    steps, found = [], []
    with Remote(engine_alone, duel.setting) as engine:
        engine.ask("step", N_STREAM)
        for _ in range(duel.extent.rounds):
            steps.append(float(engine.ask("step", N_STREAM)))
            through = stream(duel.client, duel.server.process.pid)
            found.append((through.seconds / through.n_step - steps[-1]) * 1e3)
    return [found[i] for i in undisturbed(steps)]


class EngineAlone:
    """An engine, and a sampler with the default options, in this process."""

    def __init__(self, setting: Setting) -> None:
        from pyollama.engine import Engine
        from pyollama.models.loader import load_model
        from pyollama_formats.gguf.reader import open_gguf
        from pyollama_tensor.threads import set_threads

        set_threads(setting.n_threads)
        self.file = open_gguf(setting.model)
        self.model = load_model(self.file)
        self.engine = Engine(self.model, setting.n_ctx)

    def step(self, n_token: int) -> float:
        """Mean seconds of a step that decodes, over an answer of so many tokens."""
        from pyollama.engine import Request
        from pyollama.sampling import Options, Sampler

        sampler = Sampler(Options(), self.model.config.n_vocab)
        self.engine.add(Request(compare.ids(N_PROMPT), sampler, n_token, frozenset()))
        self.engine.step()
        started, n = time.perf_counter(), 0
        while self.engine.busy:
            self.engine.step()
            n += 1
        return (time.perf_counter() - started) / n


def engine_alone(setting: Setting) -> EngineAlone:
    """The engine, loaded."""
    return EngineAlone(setting)
