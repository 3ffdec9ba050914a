"""Any JSON object."""

import json

from grammars import accepts
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama.grammar import JSON_OBJECT

TEXTS = st.text().filter(lambda text: "\x7f" not in text)  # JSON's writer leaves it as it is
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=20, deadline=None)
@given(
    value=st.dictionaries(TEXTS, VALUES, max_size=5),
    indent=st.one_of(st.none(), st.integers(0, 40)),
)
def test_every_object_is_accepted(value: dict[str, object], indent: int | None) -> None:
    assert accepts(JSON_OBJECT, json.dumps(value, indent=indent))


def test_what_is_no_object_or_no_json_is_not() -> None:
    wrong = [
        "[]",
        "1",
        " {}",
        '{"a":01}',
        '{"a":1,}',
        "{'a':1}",
        '{"a":"\n"}',
        '{"a":\r1}',
        '{"a":.5}',
    ]
    assert not any(accepts(JSON_OBJECT, text) for text in [*wrong, "{", '{"a":"\x7f"}'])


def test_white_space_has_no_bound_and_slashes_may_be_escaped() -> None:
    assert accepts(JSON_OBJECT, '{\n\n\n\t\t "a" : \n\n\n "\\/" }' + "\n" * 100)
    assert accepts(JSON_OBJECT, '{"a":' + "1" * 40 + "}")
