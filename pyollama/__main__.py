"""``python -m pyollama`` is the command ``pyollama``."""

from pyollama.cli.main import main

if __name__ == "__main__":
    main()
