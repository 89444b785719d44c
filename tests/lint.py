#!/usr/bin/env python3
"""clang-format and clang-tidy over the C++ sources, the TypeScript compiler over those of the page.

A file is looked at again only when it, a header that it includes, or the rules have changed since it
was last found clean; build/lint/clean has one empty file for each clean state. clang-tidy's time goes into
the headers, so it is given several sources as one (cmake/unity.py), and each alone when it finds anything.

    tests/lint.py [FILE...]     prints findings; exit code 1 when there are any
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "lint"
CLEAN = BUILD / "clean"
sys.path.insert(0, str(ROOT / "cmake"))
import unity  # noqa: E402


@cache
def content(path):
    return path.read_bytes()


@cache
def direct_includes(path):
    found = []
    for name in re.findall(r'^#include "([^"]+)"', content(path).decode(), re.M):
        for base in (ROOT / "src", path.parent):
            if (base / name).is_file():
                found.append((base / name).resolve())
                break
    return found


def with_includes(path):
    seen, todo = set(), [path]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += direct_includes(one)
    return sorted(seen)


def mark(tool, path, rules):
    digest = hashlib.sha256(content(ROOT / rules))
    for file in with_includes(path) if tool == "tidy" else [path]:
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + content(file))
    return CLEAN / f"{tool}-{digest.hexdigest()}"


def format_check(path):
    clean = mark("format", path, ".clang-format")
    if clean.exists():
        return None
    done = subprocess.run(["clang-format-19", "--dry-run", "-Werror", str(path)], capture_output=True, text=True)
    if done.returncode == 0:
        clean.touch()
        return None
    return done.stderr.strip()


def compile_options():
    """The options of each source, as CMake has them for sources that are compiled alone."""
    subprocess.run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", BUILD, "-DCMAKE_BUILD_TYPE=Release",
                    "-DLIGHTBOX_UNITY=OFF"], check=True, capture_output=True)
    wanted = re.compile(r"-(?:D|I|W|f|std|isystem)")
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        found[Path(entry["file"])] = [
            word for before, word in zip(words, words[1:]) if wanted.match(word) or before == "-isystem"]
    return found


def tidy(paths, options):
    """What clang-tidy says of the sources as one; None: nothing."""
    joined = "".join(f'#include "{path}"\n' for path in paths)
    source = paths[0]
    more = []
    if len(paths) > 1:
        source = CLEAN.parent / f"{hashlib.sha256(joined.encode()).hexdigest()[:16]}.cc"
        source.write_text(joined)
        # What is said of joined sources only because they are joined.
        more = ["-Wno-shadow"]
    done = subprocess.run(
        ["clang-tidy-19", "--quiet", f"--config-file={ROOT / '.clang-tidy'}", "--checks=-bugprone-suspicious-include",
         str(source), "--", *options, *more,
         # GCC's own options that Clang does not know.
         "-Wno-unknown-warning-option",
         # libstdc++ 12 uses what it has deprecated itself.
         "-Wno-deprecated-declarations"],
        cwd=ROOT, capture_output=True, text=True)
    if len(paths) > 1:
        source.unlink()
    # clang-tidy's standard error counts the suppressed warnings of others' headers.
    return None if done.returncode == 0 else done.stdout.strip() or done.stderr.strip()


def tidy_check(paths, options):
    said = tidy(paths, options)
    if said is None:
        for path in paths:
            mark("tidy", path, ".clang-tidy").touch()
        return None
    if len(paths) == 1:
        return said
    # It may be that they cannot be joined.
    alone = [tidy_check([path], options) for path in paths]
    return "\n".join(each for each in alone if each) or None


def tidy_jobs(paths):
    """A job for each group of sources of one folder that are to be looked at."""
    options = compile_options()
    folders = {}
    for path in paths:
        if path in options and not mark("tidy", path, ".clang-tidy").exists():
            folders.setdefault((path.parent, path.stem.endswith("_test")), []).append(path)
    # Those of a folder share their libraries, and so their options.
    return [lambda group=group: tidy_check(group, options[group[0]])
            for together in folders.values() for group in unity.groups(together)]


def web_check(sources):
    """The types of the page's sources, all at once."""
    digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes())
    for path in sources:
        digest.update(path.read_bytes())
    clean = CLEAN / f"tsc-{digest.hexdigest()}"
    if clean.exists():
        return None
    compiler = ROOT / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        return "src/web: node_modules is missing; `ninja -C build web` installs it"
    done = subprocess.run([str(compiler), "--noEmit", "-p", "src/web"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        clean.touch()
        return None
    return done.stdout.strip() or done.stderr.strip()


def main():
    CLEAN.mkdir(parents=True, exist_ok=True)
    files = [Path(name).resolve() for name in sys.argv[1:]] or sorted(
        path for folder in ("src", "bench", "fuzz") for path in (ROOT / folder).rglob("*")
        if path.suffix in (".cc", ".h"))
    jobs = [lambda path=path: format_check(path) for path in files]
    # Headers are looked at through the files that include them.
    jobs += tidy_jobs([path for path in files if path.suffix == ".cc"])
    pages = sorted(path for path in (ROOT / "src" / "web").rglob("*") if path.suffix in (".ts", ".tsx", ".json"))
    if not sys.argv[1:]:
        jobs.append(lambda: web_check(pages))
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for said in pool.map(lambda job: job(), jobs):
            if said is not None:
                failed += 1
                print(said, flush=True)
    print(f"lint: {len(jobs) - failed} clean, {failed} not")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
