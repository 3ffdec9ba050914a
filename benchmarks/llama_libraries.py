"""llama.cpp's prebuilt CPU libraries: where to get them, and which build suits this processor.

They come from the npm package @node-llama-cpp/linux-x64, fetched once with `npm pack` into the
user's cache, or from a folder that already holds libllama, libggml and libggml-cpu-*. One library
per generation of processors lies in it; the best that this one can run is chosen.
"""

import os
import subprocess
import tarfile
from pathlib import Path

PACKAGE = "@node-llama-cpp/linux-x64@3.22.1"

# Build -> the processor flag that it cannot do without; the best first.
BUILDS = {
    "sapphirerapids": "amx_int8",
    "zen4": "avx512_bf16",
    "icelake": "avx512_vnni",
    "skylakex": "avx512f",
    "haswell": "avx2",
    "sandybridge": "avx",
    "sse42": "sse4_2",
    "x64": "fpu",
}


def cache_folder() -> Path:
    """Where downloaded libraries and written models are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pyollama-benchmarks"


def libraries() -> Path:
    """The folder with the libraries of the npm package, fetched if need be."""
    cache = cache_folder() / "llama.cpp"
    found = cache / "package" / "bins" / "linux-x64"
    if not found.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", PACKAGE]
        done = subprocess.run(command, cwd=cache, check=True, capture_output=True, text=True)
        with tarfile.open(cache / done.stdout.split()[-1]) as archive:
            archive.extractall(cache, filter="data")
    return found


def best_build(folder: Path) -> str:
    """The name of the best build in a folder that this processor can run."""
    text = Path("/proc/cpuinfo").read_text("utf-8")
    flags = set(text.split("flags", 1)[1].split("\n", 1)[0].split())
    for build, flag in BUILDS.items():
        if flag in flags and cpu_library(folder, build).exists():
            return build
    raise OSError(f"no build in {folder} suits this processor")


def cpu_library(folder: Path, build: str) -> Path:
    """The file of one build."""
    return folder / f"libggml-cpu-{build}.so"


def shared_library(folder: Path, name: str) -> Path:
    """libggml or libllama, with or without a version in the file's name."""
    plain = folder / f"{name}.so"
    return plain if plain.exists() else next(folder.glob(f"{name}.v*.so"))
