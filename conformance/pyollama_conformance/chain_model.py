"""A model that says one sentence, whatever it is asked and however it is sampled.

A *chain model* is a real llama-architecture model, run by real inference, whose attention and
feed-forward weights are zero, so that a token's embedding reaches the output unchanged. Each
embedding is one of S one-hot codes: a code of its own for every token of the sentence, and code 0
for all other tokens. The output matrix gives each code one successor: code 0 begins the sentence,
a token of the sentence is followed by the next, the last one by the end-of-text token. The winner
leads by so much that no temperature up to 10 changes the text. In the *endless* model the last
token is followed by the first, so that only limits and clients end its answers.

The sentence holds what a server may get wrong: characters that JSON escapes (``<``, ``>``, ``&``),
a letter of two bytes and one of four, each byte a token.
"""

from collections.abc import Sequence

from pyollama_conformance.gguf import F32, Tensor, Value, tensor, write

PIECES = ("The", " <b>", "kettle", "</b>", " &", " the", " caf", "é", " cup", ":", " ", "😀", " ok")
SENTENCE = "".join(PIECES)
OBJECT = ('{"answer"', ": 42", ', "ok"', ": true", "}")  # another sentence, for structured output
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = ("t h", "th e", "Ġ the")

N_EMBD = 32  # at least as many as there are codes
N_HEAD = 2
N_CTX = 2048
LEAD = 40.0  # weight of a successor; the logit is sqrt(N_EMBD) times as large

CHAT_TEMPLATE = """\
{#- This template belongs to a model that a conformance suite makes for itself. It writes every \
message between a start mark with the role, and an end mark, in the order in which they came, \
changes nothing about them, and knows no other features. The comment is long on purpose: a server \
that recognises the chat templates of well-known models must not take this one for any of them, \
however generous its idea of likeness may be. -#}
{%- for message in messages -%}
<|im_start|>{{ message['role'] }}
{{ message['content'] }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}
"""


def byte_characters() -> list[str]:
    """The visible character that stands for each byte in a byte-level vocabulary, as in GPT-2."""
    visible = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in visible else chr(next(others)) for byte in range(256)]


def vocabulary(pieces: Sequence[str] = PIECES) -> list[str]:
    """256 bytes, the pieces of the sentence that are longer than one character, the merges."""
    characters = byte_characters()
    spelled = ["".join(characters[byte] for byte in piece.encode()) for piece in pieces]
    longer = [word for piece, word in zip(pieces, spelled, strict=True) if len(piece) > 1]
    merged = ["".join(merge.split(" ")) for merge in MERGES]
    return [*characters, *dict.fromkeys([*longer, *merged]), *SPECIAL]


def chain(tokens: list[str], pieces: Sequence[str] = PIECES) -> list[int]:
    """The token ids of the sentence: one per piece, or one per byte of a single character."""
    characters = byte_characters()
    ids = []
    for piece in pieces:
        spelled = [characters[byte] for byte in piece.encode()]
        words = ["".join(spelled)] if len(piece) > 1 else spelled
        ids += [tokens.index(word) for word in words]
    return ids


def chain_model(
    *, endless: bool = False, pieces: Sequence[str] = PIECES, template: str = CHAT_TEMPLATE
) -> bytes:
    """The GGUF file, about 60 kB; the same bytes every time.

    pieces: another sentence, of at most 30 tokens, none of them twice
    template: another chat template
    """
    tokens = vocabulary(pieces)
    ids = chain(tokens, pieces)
    code = {token: 1 + place for place, token in enumerate(ids)}
    after_last = ids[0] if endless else tokens.index("<|im_end|>")
    follower = [*ids, after_last]  # of code 0, 1, 2 ...
    zero = [0.0] * N_EMBD
    embedding = [_one_hot(code.get(token, 0), 1.0) for token in range(len(tokens))]
    output = [zero] * len(tokens)
    for token in set(follower):
        codes = [which for which, next in enumerate(follower) if next == token]
        output[token] = [LEAD if place in codes else 0.0 for place in range(N_EMBD)]
    square = tensor([zero] * N_EMBD)
    ones = tensor([[1.0] * N_EMBD], F32)
    block = {f"attn_{part}": square for part in ("q", "k", "v", "output")}
    block |= {f"ffn_{part}": square for part in ("gate", "up", "down")}
    block |= {"attn_norm": ones, "ffn_norm": ones}
    tensors: dict[str, Tensor] = {"token_embd.weight": tensor(embedding)}
    tensors |= {f"blk.0.{name}.weight": each for name, each in block.items()}
    tensors |= {"output_norm.weight": ones, "output.weight": tensor(output)}
    return write(_metadata(tokens, template), tensors)


def _one_hot(place: int, value: float) -> list[float]:
    return [value if i == place else 0.0 for i in range(N_EMBD)]


def _metadata(tokens: list[str], template: str) -> dict[str, Value]:
    return {
        "general.architecture": "llama",
        "general.name": "conformance chain",
        "general.file_type": 1,  # mostly F16
        "llama.context_length": N_CTX,
        "llama.embedding_length": N_EMBD,
        "llama.block_count": 1,
        "llama.feed_forward_length": N_EMBD,
        "llama.attention.head_count": N_HEAD,
        "llama.attention.head_count_kv": N_HEAD,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": N_EMBD // N_HEAD,
        "llama.rope.freq_base": 10000.0,
        "llama.vocab_size": len(tokens),
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [3 if token in SPECIAL else 1 for token in tokens],
        "tokenizer.ggml.merges": list(MERGES),
        "tokenizer.ggml.bos_token_id": tokens.index("<|endoftext|>"),
        "tokenizer.ggml.eos_token_id": tokens.index("<|im_end|>"),
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": template,
    }
