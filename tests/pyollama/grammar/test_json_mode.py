"""Any JSON object."""

import json

from grammars import accepts
from hypothesis import given, settings
from hypothesis import strategies as st

from pyollama.grammar import JSON_OBJECT

VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, width=32), st.text()
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=20, deadline=None)
@given(value=st.dictionaries(st.text(), VALUES), indent=st.one_of(st.none(), st.integers(0, 40)))
def test_every_object_is_accepted(value: dict[str, object], indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert accepts(JSON_OBJECT, text) == ("Infinity" not in text)


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
