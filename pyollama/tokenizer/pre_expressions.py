"""The expressions by which pre-tokenizers cut text into words, before any merging.

Each class is a list of expressions for the `regex` package (version 1 syntax, where [a--b] is a
difference of sets). They are applied in turn: every expression cuts each piece that the ones
before it left, and what lies between its matches becomes a piece too. Nothing is dropped.

The reference engine knows no letter case outside ASCII: wherever a model's own expression asks
for upper or lower case letters, any letter will do. What is a letter is the `regex` package's word,
so characters newer than the reference's tables of Unicode may be cut otherwise than there.
"""

from collections.abc import Mapping

# Not expressions but procedures of pretokenizer.py: they count digits from the right.
DIGIT_GROUPS = "DIGITS"
THOUSANDS = "THOUSANDS"

_CONTRACTION = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
_LEAD = r"[^\r\n\p{L}\p{N}]?"  # a space or a mark that sticks to the word behind it
_BLANKS = r"\s*[\r\n]+|\s+(?!\S)|\s+"  # the last blank before a word is left to the word
_NOT_LOWER, _NOT_UPPER = r"[\p{L}--[a-z]]", r"[\p{L}--[A-Z]]"
_MARKED_NOT_LOWER, _MARKED_NOT_UPPER = r"[\p{L}\p{M}--[a-z]]", r"[\p{L}\p{M}--[A-Z]]"
_CJK = "一-龥ࠀ-一가-퟿"
_HAN = "\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002ebef\uf900-\ufaff\U0002f800-\U0002fa1f"

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_LLAMA3 = rf"{_CONTRACTION}|{_LEAD}\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_BLANKS}"
_QWEN2 = rf"{_CONTRACTION}|{_LEAD}\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_BLANKS}"
_DEEPSEEK3 = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
    r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    rf"| ?[\p{{P}}\p{{S}}]+[\r\n]*|{_BLANKS}"
)
_ANY_CASE = rf"{_LEAD}[\p{{L}}\p{{M}}]+{_CONTRACTION}?"
_PUNCTUATION = r" ?[^\s\p{L}\p{N}]+[\r\n/]*"

# The letters that have case in the model's own list.
_CASED = (
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ"
    "Ḁ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻ"
    "Ȿ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
)


def _cased_words(not_lower: str, not_upper: str, end: str) -> str:
    """Words as `Title`, `lower`, `UPPER`: a new one begins where the case goes up."""
    return f"{_LEAD}{not_lower}*{not_upper}+{end}|{_LEAD}{not_lower}+{not_upper}*{end}"


EXPRESSIONS: Mapping[str, tuple[str, ...]] = {
    "llama3": (_LLAMA3,),
    "jais2": (
        rf"{_CONTRACTION}|{_LEAD}\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+"
        r"|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)"
        r"|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}",
    ),
    "deepseek_llm": (
        r"[\r\n]",
        rf"\s?[{_CASED}]+",
        r"\s?[!-/:-~！-／：-～‘-‟\u3000-。]+",
        r"(?<!\s)\s++\Z",  # the blanks at the end, found without trying every blank of a long run
        f"[{_CJK}]+",
        r"\p{N}+",
    ),
    "deepseek_v3": (r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", _DEEPSEEK3),
    "youtu": (
        "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+",
        rf"{_ANY_CASE}|\p{{N}}|{_PUNCTUATION}|{_BLANKS}",
    ),
    "deepseek_coder": (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", f"[{_CJK}]+", r"\p{N}"),
    "falcon": (r"[\p{P}\$\+<=>\^~\|`]+", _GPT2, "[0-9][0-9][0-9]"),
    "starcoder": (r"\p{N}", _GPT2),
    "gpt2": (_GPT2,),
    "qwen2": (_QWEN2,),
    "qwen35": (
        rf"{_CONTRACTION}|{_LEAD}[\p{{L}}\p{{M}}]+|\p{{N}}"
        rf"| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{_BLANKS}",
    ),
    "bloom": (r" ?[^(\s|.,!?…。，、।۔،)]+",),
    "viking": (r" ?[^(\s|.,!?…。，、।۔،)]+", r"\p{N}"),
    "tekken": (rf"{_cased_words(_NOT_LOWER, _NOT_UPPER, '')}|\p{{N}}|{_PUNCTUATION}|{_BLANKS}",),
    "chameleon": (
        "<sentinel:[0-9]+>",
        "IMGIMG[A-I]{1,4}Z",
        r"[\t\n]|    |  ",
        r"\p{N}",
        r"[\p{P}!-/:-@\[-`{-~]",
        _GPT2,
    ),
    "gpt4o": (
        _cased_words(_NOT_LOWER, _NOT_UPPER, f"{_CONTRACTION}?")
        + rf"|\p{{N}}{{1,3}}|{_PUNCTUATION}|{_BLANKS}",
    ),
    "granite_multi": (
        _cased_words(_MARKED_NOT_LOWER, _MARKED_NOT_UPPER, f"{_CONTRACTION}?")
        + rf"|\p{{N}}{{1,3}}|{_PUNCTUATION}|{_BLANKS}",
    ),
    "tiny_aya": (
        DIGIT_GROUPS,
        rf"{_ANY_CASE}|\p{{N}}{{1,3}}|{_PUNCTUATION}|{_BLANKS}",
    ),
    "kimi": (
        rf"[{_HAN}]+|{_LEAD}[\p{{L}}--[{_HAN}]]+{_CONTRACTION}?|\p{{N}}{{1,3}}"
        rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_BLANKS}",
    ),
    "superbpe": (r"\p{N}+", THOUSANDS),
    "bailing": (
        rf"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|{_LEAD}\p{{L}}+|\p{{N}}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    ),
    "seed": (rf"{_CONTRACTION}|{_LEAD}\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|{_BLANKS}",),
    "afmoe": (
        DIGIT_GROUPS,
        "[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+",
        _DEEPSEEK3,
    ),
    "laguna": (r"[^\n]+|\n+", _QWEN2),
    "exaone_moe": (
        rf"{_CONTRACTION}|{_LEAD}(?:\p{{L}}\p{{M}}*(?: \p{{L}}\p{{M}}*)*)+|\p{{N}}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+",
    ),
    "newlines": (r"[^\n]+|\n+",),
    "minicpm5": (
        r"\p{N}{1,3}",
        rf"{_CONTRACTION}|{_LEAD}\p{{L}}+|\p{{N}}+| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_BLANKS}",
    ),
    "whitespace": (r"\S+",),
    "default": (r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", "[0-9][0-9][0-9]"),
}
