"""What Schemathesis is told of the server: which model there is, and how long answers may be.

Without it nearly every model that it makes up is not there, and an answer without an end would
be waited for. SCHEMATHESIS_HOOKS names this file.
"""

from typing import Any

import schemathesis

MODELS = ("tiny", "no-such-model")
EMBEDDERS = ("embedder", "no-such-model")
SHORT = {"num_predict": 4, "num_ctx": 512}
LIMITS = ("max_tokens", "max_output_tokens")
SECONDS = "10s"  # a model that stays for ever would be the only one


@schemathesis.hook  # type: ignore[untyped-decorator]
def map_body(context: Any, body: Any) -> Any:
    """The body with a model that is there, more often than not, and a short answer.

    Images are left out: none of these models sees, which llama.cpp answers with a 500.
    """
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        return body
    path = context.operation.path
    messages = body.get("messages")
    for holder in (body, *(messages if isinstance(messages, list) else ())):
        if isinstance(holder, dict):
            holder.pop("images", None)
    models = EMBEDDERS if "embed" in path else MODELS
    body = body | {"model": models[len(body["model"]) % 3 // 2]}
    body |= {name: 4 for name in LIMITS if name in body}
    if path in ("/api/delete", "/api/create", "/api/push", "/api/pull"):
        return body | {"model": "conformance/schemathesis"}
    if path.startswith("/api/") and path != "/api/show":
        body |= {"keep_alive": SECONDS}
    options = body.get("options")
    return body | {"options": (options if isinstance(options, dict) else {}) | SHORT}
