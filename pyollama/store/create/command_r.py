"""The Go template of Command R, the one named template that knows tools.

The model was trained on its tools as stubs of Python functions under a preamble, on an instruction
behind each question, and on calls as a list of objects of JSON. The words are Cohere's, as the
model card gives them: others would be a language that the model has not learned.

Source: docs.cohere.com, "Prompting Command R".
"""

__all__ = ["COMMAND_R"]

TURN, END = "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>"
SYSTEM, USER, CHATBOT = (f"{TURN}<|{role}_TOKEN|>" for role in ("SYSTEM", "USER", "CHATBOT"))

PREAMBLE = (
    "# Safety Preamble\n"
    "The instructions in this section override those in the task description and style guide "
    "sections. Don't answer questions that are harmful or immoral.\n\n"
    "# System Preamble\n## Basic Rules\n"
    "You are a powerful conversational AI trained by Cohere to help people. You are augmented by "
    "a number of tools, and your job is to use and consume the output of these tools to best help "
    "the user. You will see a conversation history between yourself and a user, ending with an "
    "utterance from the user. You will then see a specific instruction instructing you what kind "
    "of response to generate. When you answer the user's requests, you cite your sources in your "
    "answers, according to those instructions.\n\n"
)
INSTRUCTION = (
    "Write 'Action:' followed by a json-formatted list of actions that you want to perform in "
    "order to produce a good response to the user's last input. You can use any of the supplied "
    "tools any number of times, but you should aim to execute the minimum number of necessary "
    "actions for the input. You should use the `directly-answer` tool if calling the other tools "
    "is unnecessary. The list of actions you want to call should be formatted as a list of json "
    "objects, for example:\n```json\n[\n    {\n"
    '        "tool_name": title of the tool in the specification,\n'
    '        "parameters": a dict of parameters to input into the tool as they are defined in the '
    "specs, or {} if it takes no parameters\n    }\n]```"
)
STUB = (
    "\n```python\ndef {{ .Function.Name }}("
    "{{ range $name, $property := .Function.Parameters.Properties }}"
    "{{ $name }}: {{ $property.Type }}, {{ end }}) -> List[Dict]:\n"
    "    '''{{ .Function.Description }}\n"
    "{{ if .Function.Parameters.Properties }}\n    Args:\n"
    "{{ range $name, $property := .Function.Parameters.Properties }}"
    "        {{ $name }} ({{ $property.Type }}): {{ $property.Description }}\n{{ end }}{{ end }}"
    "    '''\n    pass\n```"
)
TOOLS = (
    f"{PREAMBLE}{{{{ if .System }}}}# User Preamble\n{{{{ .System }}}}{{{{ end }}}}\n\n"
    "## Available Tools\nHere is a list of tools that you have available to you:\n"
    f"{{{{ range $i, $_ := .Tools }}}}{{{{ if $i }}}}\n{{{{ end }}}}{STUB}{{{{ end }}}}"
)
CALLS = (
    "\nAction: ```json\n[\n{{ range .ToolCalls }}"
    '    {\n        "tool_name": "{{ .Function.Name }}",\n'
    '        "parameters": {{ .Function.Arguments }}\n    }\n{{ end }}]```'
)

COMMAND_R = (
    f"{{{{ if .Tools }}}}{SYSTEM}{TOOLS}{END}"
    f"{{{{ else if .System }}}}{SYSTEM}{{{{ .System }}}}{END}{{{{ end }}}}"
    '{{ range .Messages }}{{ if eq .Role "user" }}'
    f"{USER}{{{{ .Content }}}}{{{{ if $.Tools }}}}{SYSTEM}{INSTRUCTION}{{{{ end }}}}{END}"
    '{{ else if eq .Role "assistant" }}'
    f"{CHATBOT}{{{{ if .Content }}}}{{{{ .Content }}}}"
    f"{{{{ else if .ToolCalls }}}}{CALLS}{{{{ end }}}}{END}"
    '{{ else if eq .Role "tool" }}'
    f"{SYSTEM}<results>\nconsole_output: {{{{ .Content }}}}\n</results>{END}"
    f"{{{{ end }}}}{{{{ end }}}}{END}{CHATBOT}\n"
)
