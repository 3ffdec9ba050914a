"""POST /api/tokenize and /api/detokenize: the tokens of a text or of a conversation, and back.

Ollama has a proposal for them and no such endpoints. Errors are those of the other endpoints.
"""

import asyncio
from collections.abc import Sequence

from pyollama.api import (
    ChatRequest,
    DetokenizeRequest,
    DetokenizeResponse,
    TokenizeRequest,
    TokenizeResponse,
)
from pyollama.errors import BadRequest
from pyollama.sampling import parse_options
from pyollama.serving.chat import Chat
from pyollama.serving.checks import find_model, not_pulled, require_text_only
from pyollama.serving.context import MAX_TEXT, Room
from pyollama.serving.text_side import TextSide
from pyollama.serving.text_sides import TextSides
from pyollama.store import Store, StoredModel
from pyollama.tokenizer import Tokenizer

TWO_TEXTS = "content and messages cannot be used together"


async def tokenize(store: Store, sides: TextSides, call: TokenizeRequest) -> TokenizeResponse:
    """Answer POST /api/tokenize. Raises what the first failing check names."""
    if call.content and call.messages:
        raise BadRequest(TWO_TEXTS)
    stored = await asyncio.to_thread(_checked, store, call)
    chat = as_chat(call)
    thinks = await asyncio.to_thread(chat.check, stored) if call.messages else False
    async with sides.of(stored, call.keep_alive) as side:
        if call.messages:
            tokens = await asyncio.to_thread(prompt_tokens, chat, stored, side, thinks)
        else:
            tokens = await asyncio.to_thread(text_tokens, call.content, side.tokenizer)
    return TokenizeResponse(tokens=tokens)


async def detokenize(store: Store, sides: TextSides, call: DetokenizeRequest) -> DetokenizeResponse:
    """Answer POST /api/detokenize. Raises what the first failing check names."""
    stored = await asyncio.to_thread(_checked, store, call)
    async with sides.of(stored, call.keep_alive) as side:
        text = await asyncio.to_thread(text_of, call.tokens, side.tokenizer)
    return DetokenizeResponse(content=text)


def _checked(store: Store, call: TokenizeRequest | DetokenizeRequest) -> StoredModel:
    """The model that is named, if it has weights; options are checked, though none changes tokens.

    Raises BadRequest, Forbidden, NotFound, OptionError.
    """
    if not call.model.strip():
        raise BadRequest("model is required")
    stored = find_model(store, call.model)
    if not stored.has_weights:
        raise not_pulled(call.model)
    parse_options(stored.parameters, call.options)
    return stored


def as_chat(call: TokenizeRequest) -> Chat:
    """The chat whose prompt is wanted."""
    request = ChatRequest(
        model=call.model, messages=call.messages, tools=call.tools, think=call.think
    )
    return Chat(request)


def prompt_tokens(chat: Chat, stored: StoredModel, side: TextSide, thinks: bool) -> list[int]:
    """The tokens of a whole conversation as /api/chat would run them if its context had room.

    Raises BadRequest, and what the writer of the prompt raises.
    """
    require_text_only(chat.images)
    exchange = chat.exchange(stored, side, thinks)
    room = Room(side.tokenizer, None, exchange.writer.bos)
    return room.tokens(chat.prompt(exchange, room))


def text_tokens(text: str, tokenizer: Tokenizer) -> list[int]:
    """The tokens of a text: special ones where it spells them out, and none around it.

    Raises BadRequest for a text that is longer than any prompt may be.
    """
    if len(text) > MAX_TEXT:
        raise BadRequest(f"content has more than {MAX_TEXT} characters")
    return tokenizer.encode(text, add_special=False)


def text_of(tokens: Sequence[int], tokenizer: Tokenizer) -> str:
    """The text of some tokens, special ones spelled out.

    Raises BadRequest for ids that no token has, and for a text that is longer than any prompt.
    """
    strange = next((id for id in tokens if not 0 <= id < tokenizer.n_vocab), None)
    if strange is not None:
        raise BadRequest(f"token {strange} is not among the model's {tokenizer.n_vocab} tokens")
    if sum(len(tokenizer.token(id)) for id in tokens) > MAX_TEXT:  # a token may be of any length
        raise BadRequest(f"the tokens stand for more than {MAX_TEXT} characters")
    return tokenizer.decode(tokens, special=True, exact=True)
