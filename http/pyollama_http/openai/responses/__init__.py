"""POST /v1/responses, OpenAI's newer API: items instead of messages, answered by the chat."""
