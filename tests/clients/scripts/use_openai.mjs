// The npm package openai: URL. What its two APIs, helpers and errors give.
//
// Prints, on its last line, by the name of each call {"gave": value} or {"failed": stack}.

import OpenAI from 'openai'

const [URL_] = process.argv.slice(-1)
const client = new OpenAI({ baseURL: `${URL_}/v1/`, apiKey: 'unused', maxRetries: 0 })
const SKY = 'Why is the sky blue?'
const alike = { model: 'tiny', temperature: 0 }
const asked = content => [{ role: 'user', content }]
const chatOf = (content, more) =>
  ({ ...alike, seed: 1, max_tokens: 120, messages: asked(content), ...more })
const responseOf = (input, more) => ({ ...alike, max_output_tokens: 120, input, ...more })
const usage = { stream_options: { include_usage: true } }
const PARAMETERS = {
  type: 'object',
  required: ['city'],
  properties: { city: { type: 'string', description: 'The city' } },
  additionalProperties: false,
}
const WEATHER = {
  name: 'get_weather',
  description: 'Get the weather of a city',
  parameters: PARAMETERS,
}
const LIKING = {
  type: 'object',
  properties: {
    color: { enum: ['red', 'green', 'blue'] },
    count: { type: 'integer', minimum: 1, maximum: 9 },
  },
  required: ['color', 'count'],
}

const all = async stream => {
  const parts = []
  for await (const part of await stream) parts.push(part)
  return parts
}

const failure = async promise => {
  try {
    await promise
  } catch (error) {
    return [error.constructor.name, error.status, error.type ?? null]
  }
}

const told = completion => {
  const [{ message, finish_reason }] = completion.choices
  const calls = (message.tool_calls ?? []).map(call => call.function)
  const { prompt_tokens, completion_tokens } = completion.usage
  return {
    content: message.content, reason: finish_reason,
    calls: calls.map(call => [call.name, call.arguments]), usage: [prompt_tokens, completion_tokens],
  }
}

const shown = response => ({
  text: response.output_text, status: response.status,
  items: response.output.map(item => [item.type, item.arguments ?? null]),
})

// The first pieces of a stream that never ends by itself, and what is left when it is aborted.
const begun = async (stream, abort) => {
  const pieces = []
  const error = await failure((async () => {
    for await (const chunk of stream) {
      pieces.push(chunk.choices[0].delta.content)
      if (pieces.length === 3) abort()
    }
  })())
  return { pieces: pieces.slice(0, 3), error: error?.[0] ?? null }
}

const calls = {
  chat: async () => told(await client.chat.completions.create(chatOf(SKY))),
  chat_streamed: async () => {
    const chunks = await all(
      client.chat.completions.create(chatOf(SKY, { stream: true, ...usage })),
    )
    const deltas = chunks.flatMap(chunk => chunk.choices.map(choice => choice.delta.content ?? ''))
    const last = chunks.at(-1)
    const { prompt_tokens, completion_tokens } = last.usage
    return { text: deltas.join(''), choices: last.choices, usage: [prompt_tokens, completion_tokens] }
  },
  helper: async () => {
    const tools = [{ type: 'function', function: WEATHER }]
    const stream = client.chat.completions.stream(
      chatOf('What is the weather in Paris?', { tools, ...usage }),
    )
    const events = []
    stream.on('tool_calls.function.arguments.done', event => events.push(event.arguments))
    return [events, told(await stream.finalChatCompletion())]
  },
  tools_run: async () => {
    const cities = []
    const weather = ({ city }) => {
      cities.push(city)
      return '18 degrees and sunny'
    }
    const tool = { ...WEATHER, function: weather, parse: JSON.parse }
    const runner = client.chat.completions.runTools(
      chatOf('What is the weather in Paris?', { tools: [{ type: 'function', function: tool }] }),
    )
    const content = await runner.finalContent()
    return { cities, content, roles: runner.messages.map(message => message.role) }
  },
  within_a_schema: async () => {
    const json_schema = { name: 'liking', schema: LIKING, strict: true }
    const response_format = { type: 'json_schema', json_schema }
    const completion = await client.chat.completions.parse(
      chatOf('Which color do you like?', { response_format }),
    )
    return completion.choices[0].message.parsed
  },
  aborted: async () => {
    const endless = { model: 'endless', messages: asked('hi'), stream: true }
    const stream = await client.chat.completions.create(endless)
    const controller = new AbortController()
    const also = await client.chat.completions.create(endless, { signal: controller.signal })
    return [
      await begun(stream, () => stream.controller.abort()),
      await begun(also, () => controller.abort()),
    ]
  },
  completion: async () => {
    const prompt = { ...alike, prompt: SKY, max_tokens: 80 }
    const whole = await client.completions.create(prompt)
    const chunks = await all(client.completions.create({ ...prompt, stream: true }))
    return [whole.choices[0].text, chunks.map(chunk => chunk.choices[0].text).join('')]
  },
  embeddings: async () => {
    const input = ['hello world', 'blue sky']
    const usual = await client.embeddings.create({ model: 'embedder', input })
    const numbers = await client.embeddings.create({
      model: 'embedder', input, encoding_format: 'float',
    })
    return [usual, numbers].map(found => found.data.map(each => [...each.embedding]))
  },
  models: async () => {
    const one = await client.models.retrieve('tiny')
    return [(await all(client.models.list())).map(model => model.id), one.id]
  },
  response: async () => shown(await client.responses.create(responseOf(SKY))),
  response_streamed: async () => {
    const events = await all(client.responses.create(responseOf(SKY, { stream: true })))
    const deltas = events.filter(event => event.type === 'response.output_text.delta')
    return {
      text: deltas.map(event => event.delta).join(''), first: events[0].type,
      last: events.at(-1).type,
    }
  },
  response_helper: async () => {
    const tools = [{ type: 'function', strict: true, ...WEATHER }]
    const stream = client.responses.stream(
      responseOf('What is the weather in Paris?', { tools, reasoning: { effort: 'low' } }),
    )
    return shown(await stream.finalResponse())
  },
  response_told: async () => {
    const tools = [{ type: 'function', strict: true, ...WEATHER }]
    const input = asked('What is the weather in Paris?')
    const called = await client.responses.create(responseOf(input, { tools }))
    const { call_id } = called.output.at(-1)
    const given = { type: 'function_call_output', call_id, output: '18 degrees and sunny' }
    const history = [...input, ...called.output, given]
    return [shown(called), shown(await client.responses.create(responseOf(history, { tools })))]
  },
  response_parsed: async () => {
    const format = { type: 'json_schema', name: 'liking', schema: LIKING, strict: true }
    const text = { format }
    const parsed = await client.responses.parse(responseOf('Which color do you like?', { text }))
    return parsed.output_parsed
  },
  errors: async () => [
    await failure(client.chat.completions.create({ model: 'nobody', messages: asked('hi') })),
    await failure(
      client.chat.completions.create({ model: 'nobody', messages: asked('hi'), stream: true }),
    ),
    await failure(client.chat.completions.create({ model: 'tiny', messages: [] })),
    await failure(client.responses.create({ model: 'nobody', input: 'hi' })),
    await failure(client.embeddings.create({ model: 'tiny', input: 'hi' })),
  ],
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
