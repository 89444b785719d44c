#!/usr/bin/env python3
"""Runs what has been built: `./dev test` builds, then calls this.

    tests/run.py           every test: the GoogleTest programs under AddressSanitizer and, the
                           concurrent ones, under ThreadSanitizer; the Python tests; lint
    tests/run.py NAME      a folder of src/ (fhir), a Python test (front_door, or
                           front_door.Class.test), lint, or a GoogleTest filter (SearchTest.*)

The last line is `N passed, N failed`, counted in test cases.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASAN, TSAN = ROOT / "build" / "asan", ROOT / "build" / "tsan"
# These start a server; under AddressSanitizer the server is checked as well. The others measure
# or race with the real one.
SANITIZED = {"front_door_test", "capability_test", "load_test"}
# Of a program under ThreadSanitizer that has much else: what several threads share.
CONCURRENT = {"ingest_test": "Archive*:Arrival*:Projector*:Recovery*:Retry*:OtherPlace*"}
TIMEOUT_S = 900
LINT_TIMEOUT_S = 3000  # of a fresh clone: the whole tree


class Outcome:
    def __init__(self, name, passed, failed, skipped, seconds, text):
        self.name, self.passed, self.failed, self.skipped = name, passed, failed, skipped
        self.seconds, self.text = seconds, text


def run(command, environment, cwd=ROOT, timeout_s=TIMEOUT_S):
    """(exit code, output, seconds); a test that hangs has failed."""
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, text=True,
                              errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout_s)
        code, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        code, output = -1, f"{expired.stdout or ''}\nno end after {timeout_s} s"
    return code, output, time.monotonic() - started


def googletest(program, gtest_filter="*"):
    name = f"{program.parent.name}/{program.name}"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        code, output, seconds = run(
            [str(program), f"--gtest_output=xml:{report}", f"--gtest_filter={gtest_filter}",
             "--gtest_brief=1"], {})
        passed = failed = skipped = 0
        if report.exists():
            root = ElementTree.parse(report).getroot()
            for case in root.iter("testcase"):
                if case.get("status") == "notrun":
                    continue
                if case.find("failure") is not None:
                    failed += 1
                elif case.get("result") == "skipped":
                    skipped += 1
                else:
                    passed += 1
    if code != 0 and failed == 0:  # died: a sanitizer's finding, or before the report
        failed = 1
    return Outcome(name, passed, failed, skipped, seconds, output if failed else "")


def python_test(module, case=""):
    binary = ASAN if module in SANITIZED else ROOT / "build"
    selected = f"{module}.{case}" if case else module
    code, output, seconds = run(
        [sys.executable, "-m", "unittest", selected],
        {"LIGHTBOX": str(binary / "lightbox"), "PYTHONDONTWRITEBYTECODE": "1"}, ROOT / "tests")
    ran = re.search(r"^Ran (\d+) test", output, re.M)
    total = int(ran[1]) if ran else 0
    tail = output[ran.end():] if ran else ""
    failed = sum(int(n) for n in re.findall(r"(?:failures|errors|unexpected successes)=(\d+)", tail))
    skipped = sum(int(n) for n in re.findall(r"skipped=(\d+)", tail))
    # Each failing subTest counts for unittest; a case fails once at most.
    failed = min(failed, total)
    if code != 0 and failed == 0:
        failed = 1
    return Outcome(f"tests/{module}", max(total - failed - skipped, 0), failed, skipped, seconds,
                   output if failed else "")


def lint():
    code, output, seconds = run([sys.executable, "tests/lint.py"], {}, timeout_s=LINT_TIMEOUT_S)
    counted = re.search(r"^lint: (\d+) clean, (\d+) not", output, re.M)
    passed, failed = (int(counted[1]), int(counted[2])) if counted else (0, 1)
    return Outcome("lint", passed, failed, 0, seconds, output if code else "")


def jobs_for(name):
    programs = sorted(ASAN.glob("*_test"))
    modules = sorted(path.stem for path in (ROOT / "tests").glob("*_test.py"))
    if not name:
        jobs = [lambda p=p: googletest(p) for p in programs]
        jobs += [lambda p=p: googletest(p, CONCURRENT.get(p.name, "*")) for p in sorted(TSAN.glob("*_test"))]
        jobs += [lambda m=m: python_test(m) for m in modules]
        return jobs + [lint]
    if name == "lint":
        return [lint]
    module, _, case = name.partition(".")
    module = module.removesuffix("_test") + "_test"
    if module in modules:
        return [lambda: python_test(module, case)]
    if (ASAN / module).exists() and not case:
        return [lambda: googletest(ASAN / module)]
    return [lambda p=p: googletest(p, f"*{name}*") for p in programs]


def main():
    jobs = jobs_for(sys.argv[1] if len(sys.argv) > 1 else "")
    passed = failed = 0
    # The longest first would be quicker still; two at a time is what most of it is worth.
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for job in [pool.submit(job) for job in jobs]:
            outcome = job.result()
            if outcome.passed + outcome.failed + outcome.skipped == 0:
                continue
            print(f"{'FAIL' if outcome.failed else 'ok':4} {outcome.name}: {outcome.passed} passed"
                  + (f", {outcome.failed} failed" if outcome.failed else "")
                  + (f", {outcome.skipped} skipped" if outcome.skipped else "")
                  + f" ({outcome.seconds:.1f} s)", flush=True)
            if outcome.text:
                print("     " + outcome.text.rstrip().replace("\n", "\n     "), flush=True)
            passed += outcome.passed
            failed += outcome.failed
    if passed + failed == 0:
        print("no test has that name")
        failed = 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
