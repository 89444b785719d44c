"""Golden tests through the front door: tests/front_door/*.txt, asked of the real server over HTTP.

A file is cases, run in order against one server with an empty store; a case is exchanges:

    flags: --cors-origin https://app.example     what the server is started with (first lines)

    == what the case shows
    > POST ImagingStudy                          below /baseR4/ unless the path begins with /
    > Prefer: return=minimal
    >
    > {"resourceType":"ImagingStudy",…}          the body; application/fhir+json unless it says else
    < 201
    < Location: {base}/ImagingStudy/{id}/_history/1   {base} is known; {id} is new, and kept
    < ETag: W/"1"                                 … stands for anything
    < ! Content-Encoding                          the field is not there
    < .status = "available"                       a value in the JSON body
    < .entry[*].resource.id = ["a","b"]           [*]: of every item
    < .entry count 2
    < .issue[*].diagnostics has series            some value contains the text
    < .id -> id                                   kept, for use as {id} from here on
    < .total absent
    < empty                                       no body
    < text …                                      the body contains the text

`#` begins a comment line. Wherever {name} of a kept value stands, the value is put in.
"""

import json
import re
import tempfile
import time
import unittest

from lightbox import ROOT, Server

FOLDER = ROOT / "tests" / "front_door"


class Exchange:
    def __init__(self, line):
        self.line = line
        self.request, self.expected = [], []


def read_golden(path):
    """(flags, [(title, [Exchange])])"""
    flags, cases = [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("flags:"):
            flags += line.removeprefix("flags:").split()
        elif line.startswith("== "):
            cases.append((line[3:], []))
        elif line.startswith(">"):
            exchanges = cases[-1][1]
            if not exchanges or exchanges[-1].expected:
                exchanges.append(Exchange(number))
            exchanges[-1].request.append(line[2:])
        elif line.startswith("< "):
            cases[-1][1][-1].expected.append(line[2:])
        else:
            raise ValueError(f"{path.name}:{number}: {line}")
    return flags, cases


def values_at(document, path):
    """All values at `.a.b[0].c[*]`; a step into what is not there gives none."""
    values = [document]
    for name, index in re.findall(r"\.([\w-]+)|\[(\*|-?\d+)\]", path):
        found = []
        for value in values:
            if name:
                if isinstance(value, dict) and name in value:
                    found.append(value[name])
            elif isinstance(value, list):
                if index == "*":
                    found += value
                elif -len(value) <= int(index) < len(value):
                    found.append(value[int(index)])
        values = found
    return values


class Script:
    """The exchanges of a case, with the values that they keep."""

    def __init__(self, test, server, kept):
        self.test, self.server, self.kept = test, server, kept

    def put_in(self, text):
        return re.sub(r"\{(\w+)\}", lambda m: self.kept.get(m[1], m[0]), text)

    def run(self, exchange):
        lines = [self.put_in(line) for line in exchange.request]
        method, path = lines[0].split(" ", 1)
        path = path.removeprefix(self.server.base.removesuffix("/baseR4"))  # a link that was kept
        end = lines.index("") if "" in lines else len(lines)
        headers = dict(re.split(": ?", line, maxsplit=1) for line in lines[1:end])
        body = "\n".join(lines[end + 1:]) if end + 1 < len(lines) else None
        if method != "GET":
            time.sleep(0.002)  # so that no two versions are of one millisecond
        answer = self.server.request(method, path, body, headers)
        where = f"line {exchange.line}: {lines[0]}\n{answer}"
        self.test.assertEqual(str(answer.status), exchange.expected[0], where)
        for expectation in exchange.expected[1:]:
            self.check(answer, expectation, f"{expectation}\n{where}")

    def check(self, answer, expectation, where):
        if expectation == "empty":
            self.test.assertEqual(answer.body, b"", where)
        elif expectation.startswith("text "):
            self.test.assertIn(self.put_in(expectation[5:]), answer.body.decode(), where)
        elif expectation.startswith("! "):
            self.test.assertIsNone(answer.headers.get(expectation[2:]), where)
        elif expectation.startswith("."):
            self.check_json(answer.json(), expectation, where)
        else:
            name, pattern = expectation.split(": ", 1)
            self.check_field(answer.headers.get(name), pattern, where)

    def check_field(self, value, pattern, where):
        self.test.assertIsNotNone(value, where)
        # A name that is not known yet is captured.
        regex = ""
        for literal, name, dots in re.findall(r"([^{…]+)|\{(\w+)\}|(…)", pattern):
            if name:
                regex += re.escape(self.kept[name]) if name in self.kept else f"(?P<{name}>[^/;, ]+)"
            else:
                regex += ".*" if dots else re.escape(literal)
        found = re.fullmatch(regex, value)
        self.test.assertIsNotNone(found, where)
        self.kept.update(found.groupdict())

    def check_json(self, document, expectation, where):
        path, operator, operand = (expectation.split(" ", 2) + [""])[:3]
        values = values_at(document, path)
        operand = self.put_in(operand)
        if operator == "absent":
            self.test.assertEqual(values, [], where)
        elif operator == "->":
            self.test.assertEqual(len(values), 1, where)
            self.kept[operand] = str(values[0])
        elif operator == "count":
            self.test.assertEqual(len(values[0]) if values else 0, int(operand), where)
        elif operator == "has":
            self.test.assertTrue(any(operand in str(value) for value in values), where)
        elif operator == "=":
            wanted = json.loads(operand)
            self.test.assertEqual(values if "[*]" in path else values[0] if values else None, wanted, where)
        else:
            raise ValueError(expectation)


def test_class(path):
    flags, cases = read_golden(path)

    class Golden(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.folder = tempfile.TemporaryDirectory()
            cls.server = Server(cls.folder.name, *flags)
            cls.kept = {"base": cls.server.base, "port": str(cls.server.port)}

        @classmethod
        def tearDownClass(cls):
            cls.server.__exit__()
            cls.folder.cleanup()

    def test_method(exchanges):
        def run(self):
            script = Script(self, self.server, self.kept)
            for exchange in exchanges:
                script.run(exchange)
        return run

    for number, (title, exchanges) in enumerate(cases, 1):
        name = re.sub(r"\W+", "_", title).strip("_")
        setattr(Golden, f"test_{number:02}_{name}", test_method(exchanges))
    Golden.__name__ = Golden.__qualname__ = re.sub(r"\W", "_", path.stem)
    return Golden


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for path in sorted(FOLDER.glob("*.txt")):
        suite.addTests(loader.loadTestsFromTestCase(test_class(path)))
    return suite


if __name__ == "__main__":
    unittest.main()
