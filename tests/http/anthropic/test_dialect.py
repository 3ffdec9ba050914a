"""The types of errors, and names."""

import re

import pytest

from pyollama_http.anthropic.dialect import ANTHROPIC, new_id


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (429, "rate_limit_error"),
        (499, "api_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (529, "overloaded_error"),
    ],
)
def test_each_status_has_a_type(status: int, kind: str) -> None:
    whole = ANTHROPIC.error("words", status)
    assert (whole.type, whole.error.type, whole.error.message) == ("error", kind, "words")
    assert ANTHROPIC.event("words", status).error == whole.error


def test_names_are_of_24_digits_and_differ() -> None:
    names = {new_id("msg") for _ in range(9)}
    assert len(names) == 9
    assert all(re.fullmatch("msg_[0-9a-f]{24}", name) for name in names)
