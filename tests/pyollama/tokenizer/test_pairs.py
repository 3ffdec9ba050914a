"""A query and a document as one text, with the special tokens that the file asks for."""

from typing import Any

import pytest
from random_bert import BertShape, bert_metadata

from pyollama.tokenizer import load_tokenizer
from pyollama.tokenizer.pairs import PairForm, pair_form

CLS, SEP = 2, 3


def form_of(**keys: bool) -> PairForm:
    """The form of a BERT vocabulary with these keys."""
    more = {f"tokenizer__ggml__{key}": value for key, value in keys.items()}
    metadata: dict[str, Any] = bert_metadata(BertShape(), **more)
    return pair_form(load_tokenizer(metadata), metadata)


@pytest.mark.parametrize(
    ("keys", "pair"),
    [
        ({}, [CLS, 7, SEP, 8, 9, SEP]),
        (
            {"add_bos_token": True, "add_eos_token": True, "add_sep_token": False},
            [CLS, 7, SEP, 8, 9, SEP],
        ),
        ({"add_eos_token": True, "add_sep_token": True}, [CLS, 7, SEP, SEP, 8, 9, SEP]),
        ({"add_eos_token": False}, [CLS, 7, SEP, 8, 9]),
        ({"add_bos_token": False}, [7, SEP, 8, 9, SEP]),
        ({"add_eos_token": False, "add_sep_token": False}, [CLS, 7, 8, 9]),
    ],
    ids=str,
)
def test_the_keys_of_the_file_tell_what_stands_around_the_texts(
    keys: dict[str, bool], pair: list[int]
) -> None:
    form = form_of(**keys)
    assert form.join([7], [8, 9]) == pair
    assert len(form) == len(pair) - 3


def test_a_separator_of_its_own_stands_between_the_texts() -> None:
    metadata = bert_metadata(BertShape(), tokenizer__ggml__add_sep_token=True)
    tokenizer = load_tokenizer(metadata)
    form = pair_form(tokenizer, metadata | {"tokenizer.ggml.seperator_token_id": 4})
    assert form.join([7], [8]) == [CLS, 7, SEP, 4, 8, SEP]
