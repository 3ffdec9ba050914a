"""What FROM, ADAPTER and DRAFT of a Modelfile name: a file, all of a folder, or a stored model."""

import os
from pathlib import Path

from pyollama.cli.errors import CommandError
from pyollama.cli.scanning import model_files

try:
    import pwd
except ImportError:  # not a POSIX system: its users cannot be looked up
    pwd = None  # type: ignore[assignment]

__all__ = ["keyed", "local_files", "named_files", "refuse_shared"]


def local_files(source: str, folder: Path) -> list[Path]:
    """The files that FROM means, none if it means a model; a path wins over a model's name."""
    path = folder / expanded(source)
    if path.is_dir():
        return model_files(path)
    return [path] if path.is_file() else []


def named_files(source: str, folder: Path) -> list[Path]:
    """The files that ADAPTER or DRAFT means; CommandError if there are none."""
    files = local_files(source, folder)
    if not files:
        raise CommandError(f"stat {folder / expanded(source)}: no such file or directory")
    return files


def expanded(source: str) -> str:
    """A path whose beginning ``~`` or ``~user`` is the home folder; CommandError if none is."""
    if not source.startswith("~"):
        return source
    user, slash, rest = source[1:].partition("/")
    return f"{home(user)}{slash}{rest}"


def home(user: str) -> str:
    """The home folder of a user, "" for our own."""
    if not user:
        try:
            return str(Path.home())
        except RuntimeError as error:
            raise CommandError(f"failed to get current user: {error}") from error
    try:
        return pwd.getpwnam(user).pw_dir
    except (KeyError, AttributeError, ValueError) as error:
        raise CommandError(f"failed to find user '{user}': unknown user {user}") from error


def refuse_shared(files: list[Path], drafts: list[Path]) -> None:
    """CommandError if a draft model is the model itself."""
    own = {path.resolve() for path in files}
    for path in drafts:
        if path.resolve() in own:
            raise CommandError(f"DRAFT must not reference the same local path as FROM: {path}")


def keyed(files: list[Path]) -> list[tuple[str, Path]]:
    """Each file with its path from the folder that all of them lie under."""
    places = [Path(os.path.normpath(Path.cwd() / path)) for path in files]
    root = os.path.commonpath([place.parent for place in places])
    return [(place.relative_to(root).as_posix(), place) for place in places]
