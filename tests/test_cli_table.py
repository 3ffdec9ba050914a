"""Each row of the command line names tests that there are, and nothing of it is without a row."""

import importlib
import re

import cli_table
import click
import pytest
from cli_table import Row

from pyollama.cli.main import cli
from pyollama.cli.repl import commands, helping, setting
from pyollama_formats import instructions
from pyollama_formats.modelfile import KEYWORDS

SECTIONS = cli_table.read_sections()
ROWS = [row for section in SECTIONS for row in section.rows]
WHENS = "\n".join(row.when for row in ROWS)
OLLAMAS = ("serve", "create", "show", "run", "stop", "pull", "push", "list", "ps", "cp", "rm")
OUR_OWN = {"--registry"}  # flags that Ollama does not have, told of where their subject is


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.when)
def test_a_row_names_tests_that_there_are(row: Row) -> None:
    assert row.tests
    assert "|" not in row.when + row.then  # it would end a cell of the table
    assert list(cli_table.unknown_tests(row)) == []


def test_a_test_that_nobody_wrote_is_noticed() -> None:
    row = Row("when", "then", ["test_cli_table.py::test_no_such_test", "no_file.py::test_x"])
    assert list(cli_table.unknown_tests(row)) == [f"tests/{name}" for name in row.tests]


def mentioned(name: str) -> bool:
    """Whether a row is about a name, as a word of its own."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", WHENS) is not None


@pytest.mark.parametrize("name", OLLAMAS)
def test_every_command_and_flag_has_a_row(name: str) -> None:
    command = importlib.import_module(f"pyollama.cli.{name}").command
    assert mentioned(name)
    flags = {flag for option in command.params for flag in option.opts if flag.startswith("--")}
    assert [flag for flag in sorted(flags - OUR_OWN) if not mentioned(flag)] == []


def test_every_flag_of_the_program_has_a_row() -> None:
    options = [option for option in cli.params if isinstance(option, click.Option)]
    assert [flag for option in options for flag in option.opts if not mentioned(flag)] == []


def test_every_command_of_the_session_has_a_row() -> None:
    assert [name for name, _ in commands.COMMANDS if f"`{name}" not in WHENS] == []
    assert [name for name in setting.VARIABLES if not mentioned(name)] == []
    assert [name for name, _ in helping.SHOW if not mentioned(name.split()[1])] == []


def test_every_instruction_and_parameter_has_a_row() -> None:
    names = instructions.INTEGERS | instructions.FLOATS | instructions.BOOLEANS
    names |= instructions.DEPRECATED | {"stop"} | {keyword.upper() for keyword in KEYWORDS}
    assert [name for name in sorted(names) if not mentioned(name)] == []


def test_the_page_is_what_the_data_make() -> None:
    page = cli_table.PAGE.read_text("utf-8")
    assert page == cli_table.markdown(SECTIONS), "run: python tests/support/cli_table.py"
