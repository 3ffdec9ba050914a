"""Changes a store without a pause, as one of several processes that do.

Usage: busy_store.py ROOT GGUF SEED SECONDS. Creates, copies and deletes the models a, b and c in
an order that SEED chooses, and prints how often it succeeded. What another process has deleted a
moment before is missed, which is no failure; anything else ends the program with its traceback.
"""

import random
import sys
import time
from pathlib import Path

from pyollama.errors import NotFound
from pyollama.store import Store, parse_name
from pyollama.store.errors import StoreError
from pyollama.store.types import CreateRequest

NAMES = ("a", "b", "c")


def change(store: Store, data: bytes, chance: random.Random) -> None:
    """One operation; NotFound or StoreError if another process was quicker."""
    one, other = chance.sample(NAMES, 2)
    match chance.choice(["files", "from", "copy", "delete"]):
        case "files":
            digest, _, _ = store.add_blob([data])
            system = chance.choice(["one", "two", "three"])
            run(store, CreateRequest(model=one, files={"m.gguf": digest}, system=system))
        case "from":
            store.find(parse_name(other))  # or else it would be pulled
            run(store, CreateRequest(model=one, from_=other, license="MIT"))
        case "copy":
            store.copy(parse_name(other), parse_name(one))
        case "delete":
            store.delete(parse_name(one))


def run(store: Store, request: CreateRequest) -> None:
    """Make a model."""
    for _ in store.create(request):
        continue


def main() -> None:
    """Work until the time is over."""
    root, file, seed, seconds = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    store, data, chance = Store(root), file.read_bytes(), random.Random(seed)
    end, done = time.monotonic() + float(seconds), 0
    while time.monotonic() < end:
        try:
            change(store, data, chance)
            done += 1
        except NotFound:
            continue
        except StoreError as error:
            missed = ("no such file or directory", "pull model manifest")
            if not any(words in str(error) for words in missed):
                raise
    print(done)


if __name__ == "__main__":
    main()
