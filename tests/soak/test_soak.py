"""Clients that leave at any moment, models that evict each other, a server that is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import soak
from servers import in_process

from pyollama.settings import Settings

pytestmark = pytest.mark.slow

N_CLIENT, N_GENERATION = 8, 12


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two models."""
    return soak.new_store(tmp_path_factory.mktemp("soak"))


@pytest.fixture(scope="module")
def report(models: Path) -> Iterator[soak.Report]:
    """What a server looks like behind a hundred generations, many of them abandoned."""
    settings = Settings(models=models, num_parallel=4, max_loaded_models=1)
    with in_process(settings) as server:
        yield soak.soak(server, N_CLIENT, N_GENERATION, seed=0)


def test_every_generation_has_one_of_the_expected_ends(report: soak.Report) -> None:
    assert report.outcomes.total() == N_CLIENT * N_GENERATION
    assert {*report.outcomes} == {"answered", "left at once", "left in the middle"}


def test_nothing_is_logged_as_an_error(report: soak.Report) -> None:
    assert report.errors == []


def test_no_page_is_held_and_no_engine_is_left_behind(report: soak.Report) -> None:
    assert report.n_page_held == 0
    assert report.n_engine_left == 0


def test_nobody_waits_for_ever_while_models_evict_each_other(report: soak.Report) -> None:
    # Counted in generations, not in seconds: the first one of all may wait for the compiler.
    assert report.most_overtaken < 5 * N_CLIENT


def test_threads_and_memory_stay_as_they_were(report: soak.Report) -> None:
    assert report.threads_grown <= 2  # worker threads of the event loop come and stay
    # A server so young still fills its caches; the whole run of soak.py allows much less.
    assert report.memory_grown < 1.0


def test_a_killed_server_leaves_nothing_to_repair(models: Path) -> None:
    assert soak.killed_under_load(models) == []
