// Every method of the npm package ollama: URL REGISTRY FILE, as of use_ollama.py.
//
// Prints, on its last line, by the name of each call {"gave": value} or {"failed": stack}.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Ollama } from 'ollama'

const [URL_, REGISTRY, FILE] = process.argv.slice(-3)
const SKY = 'Why is the sky blue?'
const options = { temperature: 0, seed: 1, num_predict: 80 }
const endless = {
  model: 'endless', prompt: 'hi', stream: true, keep_alive: '100ms',
  options: { num_ctx: 2048, num_predict: -1 },
}
const asked = content => [{ role: 'user', content }]
const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Get the weather of a city',
    parameters: {
      type: 'object',
      required: ['city'],
      properties: { city: { type: 'string', description: 'The city' } },
    },
  },
}
const LIKING = {
  type: 'object',
  properties: {
    color: { enum: ['red', 'green', 'blue'] },
    count: { type: 'integer', minimum: 1, maximum: 9 },
  },
  required: ['color', 'count'],
}

// Requests to other hosts are answered here, so that nothing leaves the machine.
const elsewhere = []
const answer = () => new Response(JSON.stringify({ results: [] }))
const guarded = (url, init) => {
  if (String(url).startsWith(URL_)) return fetch(url, init)
  elsewhere.push(String(url))
  return Promise.resolve(answer())
}

const used = new Set()
const real = new Ollama({ host: URL_, fetch: guarded })
const client = new Proxy(real, {
  get(target, name) {
    used.add(name)
    const found = target[name]
    return typeof found === 'function' ? found.bind(target) : found
  },
})

const all = async stream => {
  const parts = []
  for await (const part of await stream) parts.push(part)
  return parts
}

const failure = async promise => {
  try {
    await promise
  } catch (error) {
    return { name: error.name, message: error.message, status: error.status_code }
  }
}

// The first pieces of a stream that never ends by itself, and how it ends when it is aborted.
const begun = async (stream, after, abort) => {
  const parts = []
  const error = await failure((async () => {
    for await (const part of stream) {
      parts.push(part.response)
      if (parts.length === after) abort()
    }
  })())
  return { parts: parts.slice(0, after), name: error?.name }
}

const methods = () => {
  const found = new Set()
  for (let each = Object.getPrototypeOf(real); each !== Object.prototype; ) {
    Object.getOwnPropertyNames(each).forEach(name => found.add(name))
    each = Object.getPrototypeOf(each)
  }
  // What only the class itself calls: TypeScript says private or protected.
  const inner = ['constructor', 'fileExists', 'processStreamableRequest']
  inner.forEach(name => found.delete(name))
  return [...found].sort()
}

const calls = {
  version: () => client.version(),
  generate: () => client.generate({ model: 'tiny', prompt: SKY, options }),
  generate_streamed: () =>
    all(client.generate({ model: 'tiny', prompt: SKY, options, stream: true })),
  chat: () => client.chat({ model: 'tiny', messages: asked(SKY), options }),
  chat_streamed: () =>
    all(client.chat({ model: 'tiny', messages: asked(SKY), options, stream: true })),
  chat_with_a_tool: async () => {
    const messages = asked('What is the weather in Paris?')
    const tools = [WEATHER]
    const called = await client.chat({ model: 'tiny', messages, tools, options })
    const result = { role: 'tool', tool_name: 'get_weather', content: '18 degrees and sunny' }
    messages.push(called.message, result)
    const told = await client.chat({ model: 'tiny', messages, tools, options })
    return [called.message.tool_calls.map(call => call.function), told.message.content]
  },
  chat_within_a_schema: async () => {
    const messages = asked('Which color do you like?')
    const given = await client.chat({ model: 'tiny', messages, format: LIKING, options })
    return JSON.parse(given.message.content)
  },
  chat_in_thoughts: async () => {
    const messages = asked('What is 2 plus 3?')
    const parts = await all(
      client.chat({ model: 'tiny', messages, think: true, stream: true, options }),
    )
    return parts.map(part => part.message)
  },
  embed: () => client.embed({ model: 'embedder', input: ['hello world', 'blue sky'] }),
  embeddings: () => client.embeddings({ model: 'embedder', prompt: 'hello world' }),
  one_stream_aborted: async () => {
    const stream = await client.generate(endless)
    return begun(stream, 3, () => stream.abort())
  },
  all_streams_aborted: async () => {
    const streams = await Promise.all([client.generate(endless), client.generate(endless)])
    let left = streams.length
    const abort = () => (left -= 1) || client.abort()
    return Promise.all(streams.map(stream => begun(stream, 3, abort)))
  },
  until_it_is_unloaded: async () => {
    for (let tries = 0; tries < 100; tries++) {
      const { models } = await client.ps()
      if (models.every(model => model.name !== 'endless:latest')) return true
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    return false
  },
  ps: async () => {
    await client.generate({ model: 'tiny', prompt: '', keep_alive: '5m' })
    return (await client.ps()).models.find(model => model.name === 'tiny:latest')
  },
  list: async () => (await client.list()).models,
  show: () => client.show({ model: 'tiny' }),
  copied_pushed_deleted_and_pulled: async () => {
    const there = { model: `${REGISTRY}/shelf/js`, insecure: true }
    const copied = await client.copy({ source: 'tiny', destination: there.model })
    const pushed = await all(client.push({ ...there, stream: true }))
    const again = await client.push(there)
    const deleted = await client.delete(there)
    const pulled = await all(client.pull({ ...there, stream: true }))
    const whole = await client.pull(there)
    await client.delete(there)
    const statuses = [copied, again, deleted, whole].map(each => each.status)
    return { statuses, pushed, pulled }
  },
  uploaded_and_created: async () => {
    const body = await readFile(FILE)
    const digest = 'sha256:' + createHash('sha256').update(body).digest('hex')
    const upload = await fetch(`${URL_}/api/blobs/${digest}`, { method: 'POST', body })
    const files = { 'model.gguf': digest }
    const said = await all(client.create({ model: 'made-js', files, stream: true }))
    const child = { model: 'made-js-child', from: 'made-js', system: 'Be kind.' }
    const whole = await client.create(child)
    const shown = await client.show({ model: child.model })
    for (const model of ['made-js', child.model]) await client.delete({ model })
    return {
      uploaded: upload.ok, said: said.map(each => each.status), child: whole.status,
      system: shown.system,
    }
  },
  errors: async () => ({
    chat: await failure(client.chat({ model: 'nobody', messages: asked('hi') })),
    delete: await failure(client.delete({ model: 'nobody' })),
    systemone: await failure(client.systemone({ model: 'tiny', state: 'hi', questions: {} })),
    pull: await failure(
      all(client.pull({ model: '127.0.0.1:1/no/one', insecure: true, stream: true })),
    ),
  }),
  the_web: async () => {
    await client.webSearch({ query: 'x' })
    await client.webFetch({ url: 'https://example.com' })
    return elsewhere
  },
  encodeImage: () => client.encodeImage(new Uint8Array([1, 2, 3])),
  methods: () => [methods(), [...used].sort()],
}

const seen = {}
for (const [name, call] of Object.entries(calls)) {
  try {
    seen[name] = { gave: await call() }
  } catch (error) {
    seen[name] = { failed: error.stack }
  }
}
console.log('\n' + JSON.stringify(seen))
