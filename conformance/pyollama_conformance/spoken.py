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
    "says_gemma": (
        "<|chan¦nel>thou¦ght\nI won¦der.<chan¦nel|>Wait¦.<|tool¦_call>call:¦forecast{pl¦"
        'ace:<|"|>Os¦lo<|"|>,hours:¦3}<tool_¦call|>'
    ),
    "says_functiongemma": (
        "Wait.<start_¦function_¦call>call:fore¦cast{place:<esc¦ape>Oslo<escape¦"
        ">,hours:3}<end_¦function_call¦>"
    ),
    "says_deepseek": (
        "I wond¦er.</th¦ink>\n\nWait.¦<｜tool▁ca¦lls▁begin｜>¦<｜tool▁call▁begin｜¦"
        ">forecast<｜tool▁¦sep｜>{}<｜tool¦▁call▁end｜>"
    ),
    "says_glm": (
        "I wond¦er.\n</thi¦nk>\nWait. <tool¦_call>fore¦cast\n<arg_¦key>place</arg_¦"
        "key>\n<arg_value>¦Oslo¦</arg_¦value>\n<arg_key¦>hours¦</arg_key>\n¦<arg_value>\n¦"
        "3</arg_val¦ue>\n</tool_¦call> "
    ),
    "says_laguna": (
        "<think¦>I wonder.</th¦ink>\nWait. <tool_call¦>forecast<arg¦_key>place</arg_key>¦"
        "<arg_value>Oslo</arg_¦value></tool_¦call>"
    ),
    "says_lfm": (
        '<thin¦k>I won¦der.</think>¦Wait.<|tool_¦call_start|>¦[forecast(place=¦"Oslo")]¦'
        "<|tool_call_¦end|>"
    ),
    "says_cohere": (
        "I wonder¦.<|END_¦THINKING|>¦<|START_TEXT|>Wai¦t.<|END_¦TEXT|><|START_¦"
        'ACTION|>[{"tool_call_¦id": "0", "tool_name"¦: "forecast", "para¦meters": {"place"¦'
        ': "Oslo"}}]¦<|END_ACTION|>'
    ),
    "says_glimmer": (
        " to=se¦lf<|mess¦age|>I wonder¦.<|eom|><|sta¦rt|>assist¦ant<|message|>¦Wait.<|eo¦t|>"
    ),
}


def pieces(text: str) -> tuple[str, ...]:
    """The text of each token."""
    return tuple(text.split("¦"))
