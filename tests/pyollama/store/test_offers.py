"""Which stored model a path of the distribution protocol means."""

import pytest
from offered import digest_of, offer

from pyollama.store import Store, parse_name
from pyollama.store.offers import Ambiguous, Offers


def offers_of(store: Store) -> Offers:
    return Offers(store.manifests, store.blobs)


def tagged(store: Store, repository: str, tag: str = "latest") -> bytes | None:
    namespace, model = repository.split("/")
    found = offers_of(store).tagged((namespace, model), tag)
    return found.data if found else None


def test_the_default_registry_comes_first(store: Store) -> None:
    offer(store, "a.example/u/x", b"a")
    ours = offer(store, "u/x", b"ours")
    assert tagged(store, "u/x") == ours


def test_a_model_of_another_registry_is_found_by_what_follows_its_host(store: Store) -> None:
    data = offer(store, "hf.co/u/repo:Q4", b"a")
    assert tagged(store, "u/repo", "q4") == data
    assert tagged(store, "U/Repo", "Q4") == data
    assert tagged(store, "u/repo", "latest") is None


def test_two_registries_with_the_same_model_do_not_disagree(store: Store) -> None:
    data = offer(store, "a.example/u/x", b"a")
    assert offer(store, "b.example/u/x", b"a") == data
    assert tagged(store, "u/x") == data


def test_two_registries_with_different_models_of_a_name_are_ambiguous(store: Store) -> None:
    offer(store, "a.example/u/x", b"a")
    data = offer(store, "b.example/u/x", b"b")
    with pytest.raises(Ambiguous, match="another model from each of a"):
        tagged(store, "u/x")
    store.copy(parse_name("b.example/u/x"), parse_name("u/x"))
    assert tagged(store, "u/x") == data


def test_any_tag_is_found_by_its_digest(store: Store) -> None:
    one, two = offer(store, "a.example/u/x:1", b"a"), offer(store, "u/x:2", b"b")
    for data in (one, two):
        found = offers_of(store).by_digest(("u", "x"), digest_of(data))
        assert found is not None
        assert found.data == data
        assert offers_of(store).by_digest(("u", "y"), digest_of(data)) is None


def test_a_blob_belongs_to_every_repository_that_lists_it(store: Store) -> None:
    offer(store, "a", b"shared")
    offer(store, "b:1", b"shared")
    for model in ("a", "b", "c"):
        path = offers_of(store).blob(("library", model), digest_of(b"shared"))
        assert (path is not None) == (model != "c")


def test_an_empty_store_offers_nothing(store: Store) -> None:
    offers = offers_of(store)
    assert (offers.repositories(), offers.tags(("library", "m"))) == ([], [])
