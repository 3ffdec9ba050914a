"""llama.cpp as an oracle, asked through its own HTTP server."""

import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

LETTER = ord("A")


class LlamaCpp:
    """llama.cpp as the `xllamacpp` package builds it (AVX2)."""

    def __init__(
        self,
        path: Path,
        *,
        exact_cache: bool = False,
        n_ctx: int = 512,
        shifts: bool = False,
        embeds: bool = False,
        ranks: bool = False,
    ) -> None:
        x = pytest.importorskip("xllamacpp", reason="xllamacpp has no wheel for this platform")
        params = x.CommonParams()
        params.model.path = str(path)
        params.n_ctx, params.n_parallel, params.port, params.verbosity = n_ctx, 1, 0, -1
        params.ctx_shift, params.embedding = shifts, embeds or ranks
        if embeds or ranks:
            params.n_batch = params.n_ubatch = n_ctx
        if ranks:
            params.pooling_type = x.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
        params.cpuparams.n_threads, params.warmup = 1, False
        if exact_cache:
            # its other attention adds up in halves
            params.flash_attn_type = x.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
            params.cache_type_k = params.cache_type_v = x.ggml_type.GGML_TYPE_F32
        self.server = x.Server(params)

    def ask(self, path: str, body: Any) -> Any:
        """The answer of one of the server's endpoints."""
        address = f"{self.server.listening_address}{path}"
        request = urllib.request.Request(address, json.dumps(body).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def complete(self, ids: Sequence[int], **more: Any) -> Any:
        """The answer of /completion to a prompt of token ids, at temperature 0."""
        body = {"prompt": list(ids), "temperature": 0, "cache_prompt": False, **more}
        return self.ask("/completion", body)

    def tokenize(self, text: str, *, add_special: bool = False) -> list[int]:
        """The token ids of a text; special tokens that it spells out are found."""
        return list(self.ask("/tokenize", {"content": text, "add_special": add_special})["tokens"])

    def detokenize(self, ids: Sequence[int]) -> str:
        """The text of tokens."""
        return str(self.ask("/detokenize", {"tokens": list(ids)})["content"])

    def embed(self, text: str) -> NDArray[Any]:
        """The vector of a text, of length 1, (n_embd,) float64."""
        (answer,) = self.ask("/embedding", {"content": text})
        return np.array(answer["embedding"][0])

    def rank(self, query: str, documents: Sequence[str]) -> NDArray[Any]:
        """The score of each document, (n,) float64."""
        answer = self.ask("/v1/rerank", {"query": query, "documents": list(documents)})
        ranked = sorted(answer["results"], key=lambda result: int(result["index"]))
        return np.array([result["relevance_score"] for result in ranked])

    def greedy(self, ids: Sequence[int], n: int, **more: Any) -> list[int]:
        """The n most probable tokens after a prompt, end-of-text tokens left out."""
        answer = self.complete(ids, n_predict=n, ignore_eos=True, return_tokens=True, **more)
        return list(answer["tokens"])

    def log_probabilities(self, ids: Sequence[int], n_vocab: int) -> NDArray[Any]:
        """The log probability of every token after a prompt, (n_vocab,) float64."""
        # The bias picks a token that is a whole character (else the answer would wait for the
        # rest of it); the probabilities are those from before it.
        answer = self.complete(ids, n_predict=1, n_probs=n_vocab, logit_bias=[[LETTER, 1000]])
        row = np.full(n_vocab, np.nan)
        for token in answer["completion_probabilities"][0]["top_logprobs"]:
            row[token["id"]] = token["logprob"]
        assert not np.isnan(row).any()
        return row
