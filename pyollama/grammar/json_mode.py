"""The grammar of `"format": "json"`: any JSON object, with any amount of white space.

It is not what the schema `{"type": "object"}` gives: numbers may be of any length here, `\\/` is an
escape, and white space has no bound.
"""

JSON_OBJECT = r"""
start: object
object: OPEN_OBJECT (pair (COMMA pair)*)? CLOSE_OBJECT
pair: STRING COLON value
array: OPEN_ARRAY (value (COMMA value)*)? CLOSE_ARRAY
value: object | array | STRING | NUMBER | NAME
OPEN_OBJECT: /\{[ \t\n]*/
CLOSE_OBJECT: /\}[ \t\n]*/
OPEN_ARRAY: /\[[ \t\n]*/
CLOSE_ARRAY: /\][ \t\n]*/
COMMA: /,[ \t\n]*/
COLON: /:[ \t\n]*/
STRING: /"([^"\\\x7F\x00-\x1F]|\\(["\\\/bfnrt]|u[0-9a-fA-F]{4}))*"[ \t\n]*/
NUMBER: /-?([0-9]|[1-9][0-9]*)(\.[0-9]+)?([eE][+\-]?[0-9]+)?[ \t\n]*/
NAME: /(true|false|null)[ \t\n]*/
"""
