"""Every path of the server: Ollama's, what there is beyond them, and the registry's."""

from pyollama.settings import Settings
from pyollama_http.native.service import ps, root, tags, version
from pyollama_http.routing import ANY, Routes, imported

__all__ = ["BEYOND", "OLLAMA", "routes_of"]

OLLAMA = Routes(
    [
        ("HEAD", "/", root),
        ("GET", "/", root),
        ("HEAD", "/api/version", version),
        ("GET", "/api/version", version),
        ("HEAD", "/api/tags", tags),
        ("GET", "/api/tags", tags),
        ("GET", "/api/ps", ps),
        ("POST", "/api/show", imported("native.models:show")),
        ("DELETE", "/api/delete", imported("native.models:delete")),
        ("HEAD", "/api/blobs/:digest", imported("native.blobs:has_blob")),
        ("POST", "/api/blobs/:digest", imported("native.blobs:upload_blob")),
        ("POST", "/api/create", imported("native.models:create")),
        ("POST", "/api/generate", imported("native.inference:generate")),
        ("POST", "/api/chat", imported("native.inference:chat")),
        ("GET", "/api/status", imported("native.account:status")),
        ("POST", "/api/copy", imported("native.models:copy")),
        ("POST", "/api/pull", imported("native.models:pull")),
        ("POST", "/api/push", imported("native.models:push")),
        ("POST", "/api/embed", imported("native.embeddings:embed")),
        ("POST", "/api/embeddings", imported("native.embeddings:embeddings")),
        ("POST", "/api/tokenize", imported("native.tokens:tokenize")),
        ("POST", "/api/detokenize", imported("native.tokens:detokenize")),
        ("POST", "/api/me", imported("native.account:me")),
        ("POST", "/api/signout", imported("native.account:signout")),
        ("DELETE", "/api/user/keys/:encodedKey", imported("native.account:signout")),
        ("POST", "/api/experimental/web_search", imported("native.account:web_search")),
        ("POST", "/api/experimental/web_fetch", imported("native.account:web_fetch")),
        (
            "GET",
            "/api/experimental/model-recommendations",
            imported("native.account:recommendations"),
        ),
        ("POST", "/v1/chat/completions", imported("openai.chat:chat_completions")),
        ("POST", "/v1/completions", imported("openai.completions:completions")),
        ("POST", "/v1/embeddings", imported("openai.embeddings:embeddings")),
        ("GET", "/v1/models", imported("openai.models:list_models")),
        ("GET", "/v1/models/:model", imported("openai.models:retrieve_model")),
        ("POST", "/v1/responses", imported("openai.responses.endpoint:create_response")),
        ("POST", "/v1/audio/transcriptions", imported("openai.audio:transcriptions")),
        ("POST", "/v1/messages", imported("anthropic.messages:messages")),
    ]
)
BEYOND = [
    ("GET", "/openapi.json", imported("openapi.endpoint:openapi")),
    ("POST", "/v1/messages/count_tokens", imported("anthropic.counting:count_tokens")),
    ("POST", "/v1/rerank", imported("openai.rerank:rerank")),
]
REGISTRY = [(ANY, "/v2/*path", imported("registry.endpoints:answer"))]


def routes_of(settings: Settings) -> Routes:
    """The paths that a server has."""
    routes = OLLAMA if settings.strict_parity else OLLAMA.including(BEYOND)
    return routes.including(REGISTRY) if settings.serve_registry else routes
