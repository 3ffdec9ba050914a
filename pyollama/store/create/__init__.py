"""Create a model: from a stored model, from uploaded files, or as a stand-in of a remote one.

What needs no look at the store is checked when create() is called, so that the error can still be
an ordinary answer; the rest happens while the lines of progress are drawn from the iterator. The
order of the checks, the lines and the words are Ollama's.

    checks       what is refused before the first line
    flow         the order of everything
    assembly     the model as far as it is made: its layers and its config
    base         the layers of a stored model, taken over
    remote       or the place where it runs, in their stead
    files        uploaded files, each of which becomes a layer
    uploads      looking at one such file
    shards       putting together what was cut into several
    copying      GGUF files copied with other metadata
    projector    the one key that old projectors lack
    autodetect   the template layer of a chat template that is known or near to one that is
    named        the Go templates of such layers
    command_r    the longest of them
    levenshtein  how near two texts are
    adapters     LoRA adapters
    drafts       models that guess for the model
    rewriting    what becomes of the weights before they are a layer: quantizing
    texts        new layers: template, system, licenses, parameters, messages
    config       the blob that describes the whole
    writing      the last step, which makes the model visible
"""

from pyollama.store.create.base import missing_base
from pyollama.store.create.flow import create

__all__ = ["create", "missing_base"]
