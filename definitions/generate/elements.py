#!/usr/bin/env python3
"""Writes definitions/elements.tsv from the official FHIR R4 (4.0.1) definitions.

    elements.py FOLDER [OUTPUT]

FOLDER holds structuredefinitions.json, valuesets.json and codesystems.json, Bundles of the official
resources. The format is described in docs/definitions.md. The numbers of the resource types are kept
from the OUTPUT that is there: they are stored in databases and never change.
"""

import json
import pathlib
import sys

TYPE_EXTENSION = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
PROFILE = "http://hl7.org/fhir/StructureDefinition/"


def resources(folder, name):
    bundle = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return [entry["resource"] for entry in bundle["entry"]]


class Terminology:
    """Expands value sets to lists of codes, where they are finite and known."""

    def __init__(self, folder):
        self.value_sets = {r["url"]: r for r in resources(folder, "valuesets")}
        self.code_systems = {r["url"]: r for r in resources(folder, "codesystems")}

    def expand(self, canonical):
        """{(system, code), ...}, or None when the set cannot be listed."""
        value_set = self.value_sets.get(canonical.split("|")[0])
        if value_set is None:
            return None
        codes = set()
        for include in value_set["compose"]["include"]:
            part = self.expand_part(include)
            if part is None:
                return None
            codes |= part
        for exclude in value_set["compose"].get("exclude", []):
            part = self.expand_part(exclude)
            if part is None:
                return None
            codes -= part
        return codes

    def expand_part(self, part):
        """One include or exclude: what is in its system's part and in every value set it imports."""
        codes = None
        if "system" in part:
            codes = self.expand_system(part)
            if codes is None:
                return None
        for canonical in part.get("valueSet", []):
            imported = self.expand(canonical)
            if imported is None:
                return None
            codes = imported if codes is None else codes & imported
        return codes

    def expand_system(self, part):
        system = part["system"]
        if "concept" in part:
            return {(system, concept["code"]) for concept in part["concept"]}
        code_system = self.code_systems.get(system)
        if code_system is None or code_system["content"] != "complete":
            return None
        parents = concept_parents(code_system)
        codes = set(parents)
        for condition in part.get("filter", []):
            if condition["property"] != "concept" or condition["op"] not in ("is-a", "descendent-of"):
                return None
            root = condition["value"]
            below = {code for code in parents if root in ancestors(code, parents)}
            codes &= below | {root} if condition["op"] == "is-a" else below
        return {(system, code) for code in codes}


def concept_parents(code_system):
    """code -> the codes directly above it, by nesting and by subsumedBy properties."""
    parents = {}

    def walk(concepts, above):
        for concept in concepts:
            ours = parents.setdefault(concept["code"], set())
            if above:
                ours.add(above)
            for prop in concept.get("property", []):
                if prop["code"] in ("subsumedBy", "parent"):
                    ours.add(prop["valueCode"])
            walk(concept.get("concept", []), concept["code"])

    walk(code_system.get("concept", []), None)
    return parents


def ancestors(code, parents):
    found, queue = set(), [code]
    while queue:
        for above in parents.get(queue.pop(), ()):
            if above not in found:
                found.add(above)
                queue.append(above)
    return found


def type_text(element_type):
    """"string", "Reference(Patient,Group)"."""
    code = element_type["code"]
    for extension in element_type.get("extension", []):
        if extension["url"] == TYPE_EXTENSION:
            code = extension["valueUrl"]
    targets = [t[len(PROFILE):] for t in element_type.get("targetProfile", [])]
    if targets and "Resource" not in targets:
        return f"{code}({','.join(sorted(targets))})"
    return code


def element_line(element, bindings):
    path = element["path"]
    if "contentReference" in element:
        types = [element["contentReference"]]
    else:
        types = [type_text(t) for t in element["type"]]
    if path.count(".") == 1 and path.endswith(".id") and path.split(".")[0] in bindings.resource_names:
        types = ["id"]  # R4's own type for it is the extension's "string"; resource.html says id
    flags = ""
    flags += "c" if path.endswith("[x]") else ""
    flags += "m" if element.get("isModifier") else ""
    flags += "s" if element.get("isSummary") else ""
    return "\t".join([
        path.removesuffix("[x]"),
        f"{element['min']}..{element['max']}",
        flags or "-",
        " ".join(types),
        bindings.url(element) or "-",
    ])


class Bindings:
    """The required bindings that elements name, with what they expand to."""

    def __init__(self, terminology, resource_names):
        self.terminology = terminology
        self.resource_names = resource_names
        self.expansions = {}

    def url(self, element):
        binding = element.get("binding")
        if not binding or binding["strength"] != "required" or "valueSet" not in binding:
            return None
        url = binding["valueSet"].split("|")[0]
        if url not in self.expansions:
            self.expansions[url] = self.terminology.expand(url)
        return url if self.expansions[url] else None

    def lines(self):
        for url, codes in sorted(self.expansions.items()):
            if codes:
                systems = sorted({system for system, _ in codes})
                words = sorted({code for _, code in codes})
                assert not any(" " in word or "\t" in word for word in words), url
                yield "\t".join(["valueset", url, systems[0] if len(systems) == 1 else "-",
                                 " ".join(words)])


def structures(definition):
    """(path, [element, ...]) for the type itself and for each of its backbone elements."""
    elements = definition["snapshot"]["element"]
    owners = {}
    for element in elements[1:]:
        owners.setdefault(element["path"].rpartition(".")[0], []).append(element)
    return owners.items()


def type_numbers(definitions, output):
    """Resource type name -> number: as in the output that is there, new types after the last."""
    numbers = {}
    if output.exists():
        for line in output.read_text(encoding="utf-8").splitlines():
            if line.startswith("resource\t"):
                _, name, number = line.split("\t")
                numbers[name] = int(number)
    for definition in definitions:
        if definition["kind"] == "resource" and not definition["abstract"]:
            numbers.setdefault(definition["name"], max(numbers.values(), default=0) + 1)
    return numbers


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    default = pathlib.Path(__file__).resolve().parent.parent / "elements.tsv"
    output = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else default
    definitions = sorted(resources(folder, "structuredefinitions"), key=lambda r: r["name"])
    numbers = type_numbers(definitions, output)
    bindings = Bindings(Terminology(folder), set(numbers))
    lines = []
    for definition in definitions:
        name = definition["name"]
        if definition["kind"] == "primitive-type" or name in ("Resource", "DomainResource"):
            continue
        for path, elements in structures(definition):
            if path != name:
                lines.append(f"backbone\t{path}")
            elif name in numbers:
                lines.append(f"resource\t{name}\t{numbers[name]}")
            else:
                lines.append(f"datatype\t{name}")
            lines += [element_line(element, bindings) for element in elements]
    head = ["# FHIR R4 (4.0.1): resource types, data types, required bindings. Format: docs/definitions.md.",
            "# Written by definitions/generate/elements.py; not edited by hand."]
    text = "\n".join(head + list(bindings.lines()) + lines) + "\n"
    output.write_text(text, encoding="utf-8")
    print(f"{output}: {len(numbers)} resource types, {len(lines)} lines of structures, "
          f"{len(text)} bytes; left unbound: "
          + ", ".join(url for url, codes in sorted(bindings.expansions.items()) if not codes))


if __name__ == "__main__":
    main()
