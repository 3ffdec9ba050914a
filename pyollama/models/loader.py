"""From an open GGUF to a model that runs: which architecture, does everything fit, load."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from pyollama.models.hyperparameters import Hyperparameters, ModelError, vocabulary_size
from pyollama.models.parts.attention import Heads
from pyollama.models.pooling import Pooling, read_pooling
from pyollama.models.tensors import Expected, Progress, Tensors, check_tensors, load_tensors
from pyollama_formats.blocks import GGMLType
from pyollama_formats.gguf import GGUFFile
from pyollama_tensor.batch import Batch
from pyollama_tensor.cache import Element, KVCache
from pyollama_tensor.rope import Rope
from pyollama_tensor.types import Array

ARCHITECTURES = {
    "bert": "pyollama.models.bert",
    "llama": "pyollama.models.llama",
    "nomic-bert": "pyollama.models.nomic_bert",
    "qwen2": "pyollama.models.qwen2",
}
"""general.architecture -> the module that is the model. Adding one is adding a file and a line."""


class Config(Protocol):
    """What the engine must know of any model."""

    @property
    def n_vocab(self) -> int:
        """Tokens in the vocabulary, and logits of a row."""

    @property
    def n_ctx_train(self) -> int:
        """The longest context that the model was trained for."""

    @property
    def n_embd(self) -> int:
        """Values of a row between two layers, and of an embedding."""

    @property
    def n_layer(self) -> int:
        """Layers that keep keys and values."""

    @property
    def heads(self) -> Heads:
        """The heads of a layer, and so what the cache keeps of a position."""


class Architecture(Protocol):
    """The functions that an architecture's module has; an encoder has not the last two.

    Only one that can rank has ``scores``.
    """

    def read_config(self, keys: Hyperparameters, n_vocab: int) -> Any:
        """The configuration that the metadata describes."""

    def expected_tensors(self, config: Any) -> Iterator[Expected]:
        """The tensors that a file of this configuration has."""

    def assemble(self, tensors: Tensors, config: Any) -> Any:
        """The weights, each in its place."""

    def states(self, batch: Batch, weights: Any, cache: KVCache, config: Any) -> Array:
        """The last layer's rows that the batch wants."""

    def scores(self, rows: Array, weights: Any) -> Array:
        """The scores of pairs of texts, of the first row of each."""

    def forward(self, batch: Batch, weights: Any, cache: KVCache, config: Any) -> Array:
        """The logits of the rows that the batch wants."""

    def key_rope(self, weights: Any) -> Rope | None:
        """How the keys in the cache are rotated by their positions; None if they are not."""


@dataclass(frozen=True)
class Model:
    """A loaded model.

    nbytes: the memory that its tensors take
    pooling: how its rows become embeddings, None if it makes text
    causal: whether a row sees only what comes before it
    """

    architecture: Architecture
    config: Config
    weights: Any
    nbytes: int
    pooling: Pooling | None = None
    causal: bool = True

    @property
    def rope(self) -> Rope | None:
        """How cached keys are rotated by their positions, in every layer; None if they are not.

        A key that moves by n positions is rotated ``further``, by n.
        """
        return self.architecture.key_rope(self.weights)

    def states(self, batch: Batch, cache: KVCache) -> Array:
        """The last layer's rows that the batch wants, (n_wanted, n_embd) float32."""
        return self.architecture.states(batch, self.weights, cache, self.config)

    def scores(self, rows: Array) -> Array:
        """The scores of pairs of texts by a model that ranks: (N, n_embd), of the first row of
        each, -> (N, labels) float32."""
        return self.architecture.scores(rows, self.weights)

    def forward(self, batch: Batch, cache: KVCache) -> Array:
        """Logits of the rows that the batch wants, (n_wanted, n_vocab) float32."""
        return self.architecture.forward(batch, self.weights, cache, self.config)

    def new_cache(self, n_page: int, element: Element = "f16") -> KVCache:
        """An empty cache of n_page pages for this model's layers and heads."""
        heads, size = self.config.heads, self.config.heads.n_embd_head
        return KVCache(self.config.n_layer, n_page, heads.n_head_kv, size, size, element=element)

    def new_cache_for_one_pass(self, n_page: int) -> KVCache:
        """Pages for sequences that are given whole, of which nothing is kept."""
        heads, size = self.config.heads, self.config.heads.n_embd_head
        return KVCache.for_one_pass(self.config.n_layer, n_page, heads.n_head_kv, size, size)


@dataclass(frozen=True)
class Checked:
    """A file whose tensors are what its hyperparameters say: what is known before it is loaded."""

    file: GGUFFile
    architecture: Architecture
    config: Config
    present: list[Expected]
    pooling: Pooling | None
    causal: bool

    @property
    def matrix_types(self) -> set[GGMLType]:
        """The block formats of the matrices."""
        return {self.file.tensors[want.name].type for want in self.present if len(want.shape) > 1}

    def load(self, progress: Progress | None = None) -> Model:
        """Repack the weights: the part that takes long, and memory."""
        tensors = load_tensors(self.file, self.present, progress)
        nbytes = sum(tensor.nbytes for tensor in tensors.loaded.values())
        weights = self.architecture.assemble(tensors, self.config)
        architecture, config = self.architecture, self.config
        return Model(architecture, config, weights, nbytes, self.pooling, self.causal)


def load_model(file: GGUFFile, progress: Progress | None = None) -> Model:
    """Check the whole file against its own hyperparameters, then load it; see check_model."""
    return check_model(file).load(progress)


def check_model(file: GGUFFile) -> Checked:
    """Check the whole file against its own hyperparameters.

    Raises ModelError, before anything is allocated, for an unknown architecture, a value out of
    range, or a tensor that is missing or of another shape or type.
    """
    name, architecture = find_architecture(file.metadata)
    n_vocab = vocabulary_size(file.metadata)
    keys = Hyperparameters(file.metadata, name)
    pooling = read_pooling(keys)
    is_encoder = not hasattr(architecture, "forward")
    if is_encoder and pooling is None:
        raise ModelError(f"{name}.pooling_type is missing: a {name} model makes no text")
    if pooling is not None and pooling.ranks and not hasattr(architecture, "scores"):
        raise ModelError(f"{name} models that rank pairs of texts are not supported")
    config = architecture.read_config(keys, n_vocab)
    present = check_tensors(file, architecture.expected_tensors(config))
    causal = not is_encoder and keys.get("attention.causal") is not False
    return Checked(file, architecture, config, present, pooling, causal)


def find_architecture(metadata: Mapping[str, Any]) -> tuple[str, Architecture]:
    """The name and the module of the file's architecture. Raises ModelError if it is unknown."""
    name = metadata.get("general.architecture")
    if not isinstance(name, str):
        raise ModelError("key not found in model: general.architecture")
    if name not in ARCHITECTURES:
        raise ModelError(f"unknown model architecture: '{name}'")
    module: Any = import_module(ARCHITECTURES[name])
    return name, module
