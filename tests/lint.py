#!/usr/bin/env python3
"""clang-format and clang-tidy over the C++ sources, the TypeScript compiler over those of the page.

A file is looked at again only when it, a header that it includes, or the rules have changed since it
was last found clean; build/lint has one empty file for each clean state.

    tests/lint.py [FILE...]     prints findings; exit code 1 when there are any
"""

import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLEAN = ROOT / "build" / "lint"


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


def check(tool, path, rules, command):
    """None when clean, else what the tool said."""
    clean = mark(tool, path, rules)
    if clean.exists():
        return None
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        clean.touch()
        return None
    # clang-tidy's standard error counts the suppressed warnings of others' headers.
    return done.stdout.strip() or done.stderr.strip()


def format_check(path):
    return check("format", path, ".clang-format",
                 ["clang-format-19", "--dry-run", "-Werror", str(path)])


def tidy_check(path):
    return check("tidy", path, ".clang-tidy",
                 ["clang-tidy-19", "--quiet", "-p", "build", str(path),
                  # GCC's own options that Clang does not know.
                  "--extra-arg=-Wno-unknown-warning-option",
                  # libstdc++ 12 uses what it has deprecated itself.
                  "--extra-arg=-Wno-deprecated-declarations"])


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
    compiled = (ROOT / "build" / "compile_commands.json").read_text()
    jobs = [(format_check, path) for path in files]
    # Headers are looked at through the files that include them.
    jobs += [(tidy_check, path) for path in files if path.suffix == ".cc" and str(path) in compiled]
    pages = sorted(path for path in (ROOT / "src" / "web").rglob("*") if path.suffix in (".ts", ".tsx", ".json"))
    if not sys.argv[1:]:
        jobs.append((web_check, pages))
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for said in pool.map(lambda job: job[0](job[1]), jobs):
            if said is not None:
                failed += 1
                print(said, flush=True)
    print(f"lint: {len(jobs) - failed} clean, {failed} not")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
