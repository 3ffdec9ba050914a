"""Paths of uploads: what stays in its folder."""

from hypothesis import given
from hypothesis import strategies as st

from pyollama.store.create.checks import is_local


@given(st.text(st.sampled_from("a./\\"), max_size=8))
def test_a_local_path_stays_in_its_folder(path: str) -> None:
    expected = bool(path) and not {"", ".", ".."} & set(path.split("/"))
    assert is_local(path) is expected
