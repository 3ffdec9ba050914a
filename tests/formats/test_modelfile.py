"""The corners of reading a Modelfile, and a second, slow reader that must agree."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyollama_formats.modelfile import KEYWORDS, ROLES, Command, ModelfileError, parse_modelfile

NO_COMMAND = (
    'command must be one of "from", "license", "template", "system", "adapter", "draft",'
    ' "renderer", "parser", "parameter", "message", or "requires"'
)


def value(text: str) -> str:
    """The value of a SYSTEM line with the given text."""
    from_, system = parse_modelfile(f"FROM x\nSYSTEM {text}\n")
    assert (from_, system.name) == (Command("from", "x"), "system")
    return system.args


def error(text: str | bytes) -> str:
    with pytest.raises(ModelfileError) as caught:
        parse_modelfile(text)
    return str(caught.value)


def test_a_whole_file_is_read_in_order() -> None:
    text = """# a comment
FROM ./model.gguf

parameter temperature 0.7
  Parameter stop "User:"
SYSTEM \"\"\"You are terse.
You are kind.\"\"\"
MESSAGE user Why is the sky blue?
MESSAGE assistant "Rayleigh."
# FROM nothing"""
    assert parse_modelfile(text) == [
        Command("from", "./model.gguf"),
        Command("parameter", "0.7", "temperature"),
        Command("parameter", "User:", "stop"),
        Command("system", "You are terse.\nYou are kind."),
        Command("message", "Why is the sky blue?", "user"),
        Command("message", "Rayleigh.", "assistant"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain words", "plain words"),
        ("   blanks around\t ", "blanks around"),
        ('"quoted"', "quoted"),
        ('  "quoted"  ', "quoted"),
        ('" blanks inside\t"', " blanks inside\t"),
        ('"two\n\r\nlines "', "two\n\r\nlines "),
        ('"trailing blanks  \nstay"', "trailing blanks  \nstay"),
        ('"""three "quotes"\n""" ', 'three "quotes"\n'),
        ('""""""', ""),
        ('""', ""),
        ('"""""""', '"'),
        ('"a" b\n"', 'a" b\n'),
        ('"first\nlast" # no comment"', 'first\nlast" # no comment'),
        ("# not a comment", "# not a comment"),
        ("it's 'single'", "it's 'single'"),
        (r"\n stays \"so\"", r"\n stays \"so\""),
        ("a\tb", "a\tb"),
        ("\u200da\u00a0b\x07\u200dc", "abc"),
        ('"\u200b"', ""),
        ("🧑\u200d🚀 日本", "🧑🚀 日本"),
        ("", ""),
    ],
)
def test_a_value_is_unquoted_and_only_that(text: str, expected: str) -> None:
    assert value(text) == expected


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_keywords_have_no_case(keyword: str) -> None:
    key = {"parameter": "stop ", "message": "user "}.get(keyword, "")
    for word in (keyword, keyword.upper(), keyword.title()):
        assert parse_modelfile(f"FROM x\n{word} {key}y")[1] == Command(keyword, "y", key.strip())


@pytest.mark.parametrize("keyword", ["from", "system"])
def test_a_keyword_and_a_blank_make_an_empty_value(keyword: str) -> None:
    assert parse_modelfile(f"FROM x\n{keyword} \n")[1] == Command(keyword, "")
    assert parse_modelfile(f"FROM x\n{keyword}\t")[1] == Command(keyword, "")


def test_a_second_blank_makes_a_parameter_without_a_name() -> None:
    assert parse_modelfile("FROM x\nPARAMETER  stop x")[1] == Command("parameter", "stop x", "")


def test_lines_may_end_in_cr_lf_or_both() -> None:
    for end in ("\n", "\r", "\r\n"):
        text = f"FROM x{end}SYSTEM y{end}"
        assert parse_modelfile(text) == [Command("from", "x"), Command("system", "y")]


def test_a_byte_order_mark_tells_the_encoding() -> None:
    text = "FROM é\nSYSTEM 日本"
    commands = [Command("from", "é"), Command("system", "日本")]
    assert parse_modelfile(text.encode()) == commands
    assert parse_modelfile(text.encode("utf-8-sig")) == commands
    assert parse_modelfile("\ufeff" + text) == commands
    assert parse_modelfile(b"\xff\xfe" + text.encode("utf-16-le")) == commands
    assert parse_modelfile(b"\xfe\xff" + text.encode("utf-16-be")) == commands
    assert parse_modelfile(b"FROM a\xffb") == [Command("from", "a\ufffdb")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no FROM line"),
        ("# FROM x\n", "no FROM line"),
        ("SYSTEM x\n", "no FROM line"),
        ("PARAMETER from x\n", "no FROM line"),
        ("FROM", "unexpected EOF"),
        ("FROM x\nPARAMETER stop", "unexpected EOF"),
        ("FROM x\nMESSAGE user", "unexpected EOF"),
        ('FROM x\nSYSTEM "open', "unexpected EOF"),
        ('FROM x\nSYSTEM """open"', "unexpected EOF"),
        ('FROM x\nSYSTEM "a" b\n', "unexpected EOF"),
        ('FROM x\nPARAMETER stop "', "unexpected EOF"),
        ('FROM x\nPARAMETER stop """\n', "unexpected EOF"),
        ("FROM x\nPARAMETER stop\n", "unexpected EOF: stop"),
        ("FROM x\nPARAMETER num-ctx 1", "unexpected EOF: num"),
        ("FROM x\nMESSAGE user: hi", "unexpected EOF: user"),
        ("BAD x", f"(line 1): {NO_COMMAND}"),
        ("\n\nFROM\n", f"(line 4): {NO_COMMAND}"),
        ("FROM x\r\n\r\nfro m", f"(line 5): {NO_COMMAND}"),
        ("FROM x\nFROM: y", f"(line 2): {NO_COMMAND}"),
        ("{}", f"(line 1): {NO_COMMAND}"),
        (
            "FROM x\n\nMESSAGE bot hi",
            '(line 3): message role must be one of "system", "user", or "assistant"',
        ),
        (
            "FROM x\nMESSAGE User hi",
            '(line 2): message role must be one of "system", "user", or "assistant"',
        ),
        (
            "FROM x\nMESSAGE  user hi",
            '(line 2): message role must be one of "system", "user", or "assistant"',
        ),
    ],
)
def test_errors_are_in_ollamas_words(text: str, message: str) -> None:
    assert error(text) == message


def test_a_long_open_quote_is_read_in_linear_time() -> None:
    assert error('FROM x\nSYSTEM """' + "line\n" * 50_000) == "unexpected EOF"


def unquoted(text: str) -> str | None:
    """The value in a buffer, or None while its quote is open."""
    text = text.strip()
    for quotes in ('"""', '"'):
        if text.startswith(quotes):
            closed = len(text) >= 2 * len(quotes) and text.endswith(quotes)
            return text[len(quotes) : len(text) - len(quotes)] if closed else None
    return text


def twin(text: str) -> list[Command]:
    """The same language as the state machine that it is specified as, slow and obvious."""
    commands: list[Command] = []
    state, buffer, name, key, line = "between", "", "", "", 1
    for c in text:
        line += c in "\r\n"
        if state == "comment":
            state = "between" if c in "\r\n" else state
            continue
        if state == "between":
            state = "comment" if c == "#" else state if c in " \t\r\n" else "keyword"
            buffer = c if state == "keyword" and c.isprintable() else ""
            continue
        if state == "keyword":
            if c.isascii() and c.isalpha():
                buffer += c
                continue
            name, key = buffer.lower(), ""
            if c not in " \t" or name not in KEYWORDS:
                raise ModelfileError(f"(line {line}): {NO_COMMAND}")
            state, buffer = {"parameter": "key", "message": "key"}.get(name, "value"), ""
        elif state == "key":
            if c.isascii() and (c.isalpha() or (name == "parameter" and (c.isalnum() or c == "_"))):
                buffer += c
                continue
            if c not in " \t":
                raise ModelfileError(f"unexpected EOF: {buffer}")
            if name == "message" and buffer not in ROLES:
                raise ModelfileError(
                    f'(line {line}): message role must be one of "system", "user", or "assistant"'
                )
            state, key, buffer = "value", buffer, ""
        elif c in "\r\n" and (args := unquoted(buffer)) is not None:
            commands.append(Command(name, args, key))
            state = "between"
        elif c in "\t\r\n" or c.isprintable():
            buffer += c
    args = unquoted(buffer)
    if state in {"keyword", "key"} or (state == "value" and args is None):
        raise ModelfileError("unexpected EOF")
    if state == "value":
        commands.append(Command(name, args or "", key))
    if not any(command.name == "from" for command in commands):
        raise ModelfileError("no FROM line")
    return commands


def outcome(reader: object, text: str) -> list[Command] | str:
    assert callable(reader)
    try:
        commands: list[Command] = reader(text)
    except ModelfileError as error:
        return str(error)
    return commands


PIECES = ["FROM", "from ", "SYSTEM ", "PARAMETER ", "stop ", "MESSAGE ", "user ", "bot "]
PIECES += ['"', '"""', '""', "\n", "\r", " ", "\t", "#", "x", "é", "_9", "\u200d", "\u00a0", ":"]


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES) | st.characters(codec="utf-8"), max_size=25))
@example(pieces=["\u200d", "FROM", " x\n", "\u200d"])
def test_the_reader_agrees_with_the_state_machine(pieces: list[str]) -> None:
    text = "FROM x\n" + "".join(pieces)
    assert outcome(parse_modelfile, text) == outcome(twin, text)
    text = "".join(pieces).removeprefix("\ufeff")
    assert outcome(parse_modelfile, text) == outcome(twin, text)
