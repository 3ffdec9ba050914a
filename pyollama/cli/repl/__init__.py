"""The interactive session of ``run``: an editor for the line, commands that begin with a slash,
and a conversation through /api/chat.

    loop.py           read, obey or send, print; until /bye
    conversation.py   what is kept between two lines
    commands.py       which command a line means; /list, /load, /save, /clear
    setting.py        /set
    showing.py        /show
    helping.py        /? and its topics
    editing.py        the line editor, the only part that imports prompt_toolkit
    plain.py          what stands in for it on a terminal that cannot move its cursor
    composing.py      Ctrl-G: the user's own editor
    history.py        the lines of earlier sessions
    terminal.py       keys pressed while an answer is being printed
"""
