"""Which proxy a request takes."""

import pytest

from pyollama.store.registry.proxies import proxy_of

PROXY = "http://proxy:1"


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, "https://h/", None),
        ({"HTTPS_PROXY": PROXY}, "https://h/", PROXY),
        ({"https_proxy": PROXY}, "https://h/", PROXY),
        ({"HTTPS_PROXY": PROXY, "https_proxy": "http://other"}, "https://h/", PROXY),
        ({"HTTPS_PROXY": "", "https_proxy": PROXY}, "https://h/", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://h/", None),
        ({"HTTP_PROXY": PROXY}, "http://h/", PROXY),
        ({"HTTP_PROXY": PROXY}, "https://h/", None),
        ({"ALL_PROXY": PROXY, "all_proxy": PROXY}, "https://h/", None),
        ({"HTTPS_PROXY": "proxy:1"}, "https://h/", PROXY),
        ({"HTTPS_PROXY": "127.0.0.1:1"}, "https://h/", "http://127.0.0.1:1"),
        ({"HTTPS_PROXY": "https://proxy"}, "https://h/", "https://proxy"),
        ({"HTTPS_PROXY": "http://proxy:port"}, "https://h/", None),
        ({"HTTPS_PROXY": "http://[1"}, "https://h/", None),
        ({"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY}, "file:///etc/passwd", None),
        ({"HTTP_PROXY": PROXY}, "http://localhost:80/", None),
        ({"HTTP_PROXY": PROXY}, "http://127.8.0.1/", None),
        ({"HTTP_PROXY": PROXY}, "http://[::1]/", None),
    ],
)
def test_the_proxy_is_that_of_the_scheme(
    environ: dict[str, str], url: str, proxy: str | None
) -> None:
    assert proxy_of(url, environ) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        ("*", "https://h/", True),
        ("h", "https://h/", True),
        ("H", "https://h/", True),
        (" a , h ", "https://h/", True),
        ("h", "https://sub.h/", True),
        ("h", "https://oh/", False),
        (".h", "https://sub.h/", True),
        (".h", "https://h/", False),
        ("*.h", "https://sub.h/", True),
        ("*.h", "https://h/", False),
        ("h:443", "https://h/", True),
        ("h:80", "https://h/", False),
        ("h:8443", "https://h:8443/", True),
        ("10.0.0.0/8", "https://10.1.2.3/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("10.0.0.0/8", "https://h/", False),
        ("10.0.0.0/99", "https://10.1.2.3/", False),
        ("10.1.2.3", "https://10.1.2.3/", True),
        ("10.1.2.3:443", "https://10.1.2.3/", True),
        ("10.1.2.3:80", "https://10.1.2.3/", False),
        ("fd00::/8", "https://[fd00::1]/", True),
        ("fd00::1", "https://[fd00::1]/", True),
        ("[fd00::1]:443", "https://[fd00::1]/", True),
        (":443", "https://h/", False),
        (",,", "https://h/", False),
    ],
)
def test_what_no_proxy_lists_is_reached_directly(no_proxy: str, url: str, is_direct: bool) -> None:
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}
    assert proxy_of(url, environ) == (None if is_direct else PROXY)
