"""Finding rules that are alternatives of themselves, which no text ever decides between."""

from collections.abc import Iterator, Mapping

from pyollama.grammar.errors import GrammarError


def require_no_left_recursion(choices: Mapping[str, list[str]]) -> None:
    """Raise GrammarError if a rule is one of its own alternatives, be it through other rules.

    All rules that are no mere choice begin with a terminal, so these alone could recurse.
    """
    done: set[str] = set()
    for start in choices:
        path: list[tuple[str, Iterator[str]]] = [(start, iter(choices[start]))]
        on_path = {start}
        while path:
            name, others = path[-1]
            following = next((other for other in others if other not in done), None)
            if following is None:
                done.add(name)
                on_path.discard(name)
                path.pop()
            elif following in on_path:
                raise GrammarError("left recursion")
            elif following in choices:
                path.append((following, iter(choices[following])))
                on_path.add(following)
