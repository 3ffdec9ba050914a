"""The official JavaScript client against a running server."""

import hashlib
import json
from pathlib import Path

import pytest
import tiny_llama
from clients import node_package, run_node
from live_server import live_server

pytestmark = [pytest.mark.client, pytest.mark.slow]

SCRIPT = """
import { Ollama } from 'ollama'
const [host, digest] = process.argv.slice(-2)
const ollama = new Ollama({ host })
const seen = {}
const options = { temperature: 0, num_predict: 6 }
const created = []
const files = { 'm.gguf': digest }
for await (const line of await ollama.create({ model: 'mine', files, stream: true })) {
  created.push(line.status)
}
seen.created = created.at(-1)
seen.listed = (await ollama.list()).models.map(model => model.name)
seen.shown = (await ollama.show({ model: 'mine' })).details.family
const answer = await ollama.generate({ model: 'mine', prompt: 'hi', options })
seen.response = answer.response
seen.streamed = ''
for await (const part of await ollama.generate({
  model: 'mine', prompt: 'hi', options, stream: true,
})) { seen.streamed += part.response }
const messages = [{ role: 'user', content: 'hi' }]
const chat = await ollama.chat({ model: 'mine', messages, options })
seen.role = chat.message.role
seen.running = (await ollama.ps()).models.length
try {
  await ollama.generate({ model: 'nobody', prompt: 'hi' })
} catch (e) { seen.error = e.message }
await ollama.delete({ model: 'mine' })
seen.left = (await ollama.list()).models.length
console.log(JSON.stringify(seen))
"""


def test_the_javascript_client_creates_lists_generates_chats_and_deletes(tmp_path: Path) -> None:
    folder = node_package("ollama-js")
    data = tiny_llama.write_model(tmp_path / "m.gguf").read_bytes()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    with live_server(tmp_path / "models") as server:
        upload = f"{server.url}/api/blobs/{digest}"
        run_node(folder, UPLOAD, upload, str(tmp_path / "m.gguf"))
        seen = json.loads(run_node(folder, SCRIPT, server.url, digest))
    assert seen.pop("response") == seen.pop("streamed") != ""
    assert seen == {
        "created": "success",
        "listed": ["mine:latest"],
        "shown": "llama",
        "role": "assistant",
        "running": 1,
        "error": "model 'nobody' not found",
        "left": 0,
    }


UPLOAD = """
import { readFile } from 'node:fs/promises'
const [url, path] = process.argv.slice(-2)
const answer = await fetch(url, { method: 'POST', body: await readFile(path) })
if (answer.status !== 201) throw new Error(`upload: ${answer.status}`)
"""
