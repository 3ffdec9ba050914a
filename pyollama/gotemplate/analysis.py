"""What a tree tells without being run: the variables it names, its tags, its cut.

Ollama decides by these what a model can do and how its template is to be run.
"""

from collections.abc import Iterator

from pyollama.gotemplate import nodes
from pyollama.gotemplate.parser import Trees

__all__ = ["cut_after_response", "thinking_tags", "tool_call_tag", "variables"]


def variables(trees: Trees) -> frozenset[str]:
    """Every name in the fields and variables of all templates, in lower case."""
    names = (name for tree in trees.values() for pipe in pipes(tree) for name in mentioned(pipe))
    return frozenset(name.lower() for name in names)


def pipes(tree: nodes.List) -> Iterator[nodes.Pipe]:
    """The pipelines of a tree, in the order of the text."""
    for statement in tree.statements:
        pipe = getattr(statement, "pipe", None)
        if pipe is not None:
            yield pipe
        if isinstance(statement, nodes.Branch):
            yield from pipes(statement.body)
            yield from pipes(statement.otherwise or nodes.List(0))


def mentioned(pipe: nodes.Pipe) -> Iterator[str]:
    """The names in a pipeline and in those in its parentheses; not those asked of such a one."""
    for command in pipe.commands:
        for operand in command.operands:
            if isinstance(operand, nodes.Field):
                yield from operand.names
            elif isinstance(operand, nodes.Variable):
                yield from (operand.name, *operand.names)
            elif isinstance(operand, nodes.Pipe):
                yield from mentioned(operand)


def fields(pipe: nodes.Pipe) -> Iterator[nodes.Field]:
    """The fields of the dot in a pipeline."""
    for command in pipe.commands:
        for operand in command.operands:
            if isinstance(operand, nodes.Field):
                yield operand
            elif isinstance(operand, nodes.Pipe):
                yield from fields(operand)


def thinking_tags(trees: Trees, main: str = "") -> tuple[str, str]:
    """The texts around ``.Thinking`` in a range over ``.Messages``; two empty ones if none."""
    found = ["", ""]
    _search(trees[main], in_messages=False, found=found)
    return (found[0], found[1]) if all(found) else ("", "")


def _search(tree: nodes.List, *, in_messages: bool, found: list[str]) -> None:
    """Note the tags of every list that names .Thinking; later ones replace earlier ones."""
    for statement in tree.statements:
        pipe = getattr(statement, "pipe", None)
        names = [] if pipe is None else [field.names[0] for field in fields(pipe)]
        if in_messages and "Thinking" in names:
            _note(tree, found)
        if isinstance(statement, nodes.Branch):
            inside = in_messages if statement.kind != "range" else "Messages" in names
            _search(statement.body, in_messages=inside, found=found)
            _search(statement.otherwise or nodes.List(0), in_messages=inside, found=found)


def _note(tree: nodes.List, found: list[str]) -> None:
    """The texts at both ends of a list."""
    for index, statement in ((0, tree.statements[0]), (1, tree.statements[-1])):
        if isinstance(statement, nodes.Text):
            found[index] = statement.text.strip()


def tool_call_tag(trees: Trees, main: str = "") -> str:
    """What the template writes before a call of a tool; "{" where it writes nothing before it."""
    block = _calls_block(trees[main])
    text = _first_text(block.body) if block else ""
    return text.replace("\r\n", "\n").partition("{")[0].strip() or "{"


def _calls_block(tree: nodes.List) -> nodes.Branch | None:
    """The first ``{{ if .ToolCalls }}``, depth first."""
    for statement in tree.statements:
        if not isinstance(statement, nodes.Branch):
            continue
        operands = (each for command in statement.pipe.commands for each in command.operands)
        names = (name for each in operands if isinstance(each, nodes.Field) for name in each.names)
        if statement.kind == "if" and "ToolCalls" in names:
            return statement
        inside = _calls_block(statement.body) or _calls_block(statement.otherwise or nodes.List(0))
        if inside:
            return inside
    return None


def _first_text(tree: nodes.List) -> str:
    """The first text in a list that is not blank, if nothing is printed before it."""
    for statement in tree.statements:
        if isinstance(statement, nodes.Action):
            return ""
        if isinstance(statement, nodes.Text) and statement.text.strip():
            return statement.text
        if isinstance(statement, nodes.Branch):
            otherwise = statement.otherwise or nodes.List(0)
            text = _first_text(statement.body) or _first_text(otherwise)
            if text:
                return text
    return ""


def cut_after_response(tree: nodes.List) -> nodes.List:
    """The tree up to the first action that prints ``.Response``, which stays."""
    return _cut(tree)[0]


def _cut(tree: nodes.List) -> tuple[nodes.List, bool]:
    """The tree up to there, and whether there was such an action."""
    kept = nodes.List(tree.position)
    for statement in tree.statements:
        is_found = False
        if isinstance(statement, nodes.Branch):
            statement, is_found = _cut_branch(statement)
        elif isinstance(statement, nodes.Action):
            is_found = "Response" in mentioned(statement.pipe)
        kept.statements.append(statement)
        if is_found:
            return kept, True
    return kept, False


def _cut_branch(node: nodes.Branch) -> tuple[nodes.Branch, bool]:
    """A block, cut in its body or in what it does otherwise; not for its condition."""
    body, is_found = _cut(node.body)
    if is_found:
        return nodes.Branch(node.position, node.kind, node.pipe, body, None), True
    otherwise, is_found = _cut(node.otherwise or nodes.List(0))
    kept = otherwise if node.otherwise else None
    return nodes.Branch(node.position, node.kind, node.pipe, body, kept), is_found
