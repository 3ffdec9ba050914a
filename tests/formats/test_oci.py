"""The documents of the OCI image layout."""

import json

import pytest

from pyollama_formats.errors import FormatError
from pyollama_formats.oci import Descriptor, Index, Layout, blob_name, digest_of_name

HEX = "0123456789abcdef" * 4


def test_an_index_is_written_with_the_keys_of_the_specification() -> None:
    descriptor = Descriptor(media_type="a/b", digest="sha256:x", size=3, annotations={"k": "v"})
    assert json.loads(Index(manifests=[descriptor]).encode()) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {"mediaType": "a/b", "digest": "sha256:x", "size": 3, "annotations": {"k": "v"}}
        ],
    }
    assert json.loads(Layout(version="1.0.0").encode()) == {"imageLayoutVersion": "1.0.0"}


def test_an_index_with_more_in_it_is_read() -> None:
    index = Index.decode(b'{"manifests":[{"digest":"d","platform":{"os":"linux"}}],"x":1}')
    assert [found.digest for found in index.manifests] == ["d"]


@pytest.mark.parametrize("data", [b"", b"[]", b'{"manifests":3}', b'{"manifests":[{"size":"x"}]}'])
def test_what_is_no_index_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        Index.decode(data)


def test_blobs_are_named_by_their_digests() -> None:
    assert blob_name(f"sha256:{HEX}") == f"blobs/sha256/{HEX}"
    assert digest_of_name(f"blobs/sha256/{HEX}") == f"sha256:{HEX}"


@pytest.mark.parametrize(
    "name",
    ["index.json", f"blobs/sha256/{HEX.upper()}", f"blobs/sha256/{HEX}0", f"/blobs/sha256/{HEX}",
     f"blobs/sha256/../sha256/{HEX}", f"blobs/sha256/{HEX}\n", f"blobs/sha512/{HEX}"],
)  # fmt: skip
def test_other_files_have_no_digest(name: str) -> None:
    assert digest_of_name(name) is None
