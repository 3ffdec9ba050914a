"""Objects and arrays as rules, their members being rules that exist already."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from pyollama.grammar.characters import in_string, literal
from pyollama.grammar.errors import GrammarError
from pyollama.grammar.lark import Definitions
from pyollama.grammar.primitives import QUOTED, SPACE

MAX_ITEMS = 100_000  # that minItems and maxItems can speak of


class _Some(NamedTuple):
    """Symbols of any of some pairs, in their order."""

    leading: str  # at least one of them, with commas between them
    following: str  # any number of them, each with a comma before it


class Shapes:
    """Writes the rules of objects and arrays into a grammar."""

    def __init__(self, grammar: Definitions) -> None:
        self.grammar = grammar
        self.comma = self._mark(",")
        self.object_marks = self._mark("{"), self._mark("}")
        self.array_marks = self._mark("["), self._mark("]")

    def _mark(self, character: str) -> str:
        """Punctuation, with the white space after it."""
        return self.grammar.expression(literal(character) + SPACE)

    def object(self, members: Mapping[str, str], required: AbstractSet[str], more: str = "") -> str:
        """An object with these members, name to symbol, in this order: first the required ones.

        more: the symbol of the values of any other keys, which come last; "" if there are none.
        """
        pairs = {name: self._pair(name, value) for name, value in members.items()}
        first = [pair for name, pair in pairs.items() if name in required]
        rest = [pair for name, pair in pairs.items() if name not in required]
        further = self._further_pair(members, more) if more else ""
        inside = self._after(first, rest, further) if first else self._either(rest, further)
        opening, closing = self.object_marks
        return self.grammar.rule(f"{opening} {inside} {closing}")

    def _after(self, first: Sequence[str], rest: Sequence[str], further: str) -> str:
        """All the first pairs, then any of the rest in their order, then the further ones."""
        some = self._some(rest).following if rest else ""
        return f"{f' {self.comma} '.join(first)} {some} {self._repeated(further)}"

    def _either(self, pairs: Sequence[str], further: str) -> str:
        """Any of the pairs in their order, then further ones; or nothing at all."""
        starts = [self._some(pairs).leading] if pairs else []
        starts += [further] if further else []
        return f"(({' | '.join(starts)}) {self._repeated(further)})?" if starts else ""

    def _repeated(self, further: str) -> str:
        return f"({self.comma} {further})*" if further else ""

    def _some(self, pairs: Sequence[str]) -> "_Some":
        """Any of the pairs, at least one, in their order.

        Halves are put together, so that rules nest by the logarithm of how many pairs there are:
        llguidance walks down nested rules by recursion.
        """
        if len(pairs) == 1:
            return _Some(pairs[0], self.grammar.rule(f"({self.comma} {pairs[0]})?"))
        left, right = self._some(pairs[: len(pairs) // 2]), self._some(pairs[len(pairs) // 2 :])
        leading = self.grammar.rule(f"{left.leading} {right.following} | {right.leading}")
        return _Some(leading, self.grammar.rule(f"{left.following} {right.following}"))

    def _pair(self, name: str, value: str) -> str:
        """A key, the colon and a value; key and colon are one lexeme."""
        key = self.grammar.expression(f'"{spelled(name)}"{SPACE}:{SPACE}')
        return self.grammar.rule(f"{key} {value}")

    def _further_pair(self, names: Iterable[str], value: str) -> str:
        """A pair whose key is none of the names."""
        key = f"/{QUOTED}/"
        if taken := "|".join(spelled(name) for name in names):
            key += f' & ~/"(?:{taken})"/'
        colon = self.grammar.expression(f"{SPACE}:{SPACE}")
        whole = self.grammar.terminal(f"{self.grammar.terminal(key)} {colon}")
        return self.grammar.rule(f"{whole} {value}")

    def array(self, item: str, least: int, most: int | None) -> str:
        """An array of so many items of one kind. Raises GrammarError if there is none."""
        least = max(least, 0)
        if max(least, most or 0) > MAX_ITEMS or (most is not None and most < least):
            raise GrammarError("an array's bounds cannot be met")
        upper = "" if most is None else str(most - 1)
        items = f"{item} ({self.comma} {item}){{{max(least - 1, 0)},{upper}}}"
        inside = "" if most == 0 else items if least else f"({items})?"
        return self._array_of(inside)

    def tuple(self, items: Sequence[str]) -> str:
        """An array of just these items."""
        return self._array_of(f" {self.comma} ".join(items))

    def _array_of(self, inside: str) -> str:
        opening, closing = self.array_marks
        return self.grammar.rule(f"{opening} {inside} {closing}")


def spelled(text: str) -> str:
    """The expression of a text as a JSON string spells it, without the quotes."""
    return literal("".join(in_string(ord(character)) for character in text))
