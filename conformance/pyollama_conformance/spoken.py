"""What further chain models say: answers as families of trained models write them.

A server takes such an answer apart into thinking, content and calls of tools. A broken bar stands
where one token ends and the next begins, so that tags come in pieces.
"""

SPOKEN = {
    "says_hermes": (
        'I wond¦er.</th¦ink>\n\nWait. <tool¦_call>\n{"na¦me": "fore¦cast", "argu¦ments": {"pl¦'
        'ace": "Oslo", "ho¦urs": 3}}\n</to¦ol_call>¦ \n'
    ),
    "says_broken": '<tool_¦call>{"name": ¦</tool¦_call> tail',
    "says_coder": (
        "Well¦.\n<tool_¦call>\n<func¦tion=fore¦cast>\n<para¦meter=place>\n¦<b>Oslo</b> & 5\n¦"
        "</parameter>\n¦<parameter=hours>¦12</parameter¦>\n</fun¦ction>\n</¦tool_call>"
    ),
    "says_ministral": (
        '[THINK]¦let me see[/¦THINK]¦Sure.[TOOL_¦CALLS]fore¦cast[AR¦GS]{"place"¦: "Oslo"}'
    ),
    "says_olmo": "Look.<func¦tion_calls>fore¦cast(place='Os¦lo', hours=3)\n</fun¦ction_calls>",
    "says_harmony": (
        "<|channel|>ana¦lysis<|message|>I wond¦er.<|end|><|st¦art|>assist¦ant<|channel|>comm¦"
        'entary to=functions.fore¦_cast <|cons¦train|>json<|mess¦age|>{"place"¦: "Oslo"}'
    ),
}


def pieces(text: str) -> tuple[str, ...]:
    """The text of each token."""
    return tuple(text.split("¦"))
