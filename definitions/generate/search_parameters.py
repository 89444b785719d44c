#!/usr/bin/env python3
"""Compiles the official R4 search parameters to definitions/search-parameters.tsv.

    definitions/generate/search_parameters.py FOLDER [OUTPUT]

FOLDER has the R4 (4.0.1) definitions: searchparameters.json, compartmentdefinitions.json and
structuredefinitions.json. Each parameter's FHIRPath expression becomes a path program, whose every
step is checked against the element definitions: what does not compile, or leads nowhere, ends the
run with an error and leaves the file as it was.

The output has one line per (resource type, parameter), sorted, tab separated; "-" is an empty
column:

    type         the concrete resource type; parameters of Resource are repeated for each
    code         the parameter's name in a URL
    slot         0..63, stable for (type, code): index rows are stored with it. "-" for _id and
                 _lastUpdated, which are columns of the resource
    kind         number date string token reference composite quantity uri
    url          of the official SearchParameter; "-" for Lightbox's own
    paths        alternatives joined with " | ", each of steps joined with spaces (below)
    targets      of references: comma-separated types; "-" is any
    components   of composites: "CODE=PATHS" joined with " & ". CODE is a parameter of the same type;
                 PATHS start at the composite's element, or with "%resource " at the resource
    flags        comma-separated: uid, order, compartment:TYPE (the parameter puts a resource into the
                 compartments of that type; on _id: each is in its own), derived-from, own
    description  in one line

    child:NAME             to the element NAME, any of its types, each item of a list
    as:TYPE                keep the values of that type. At the resource, its own type: no step
    where:NAME=VALUE       keep the values whose child NAME is VALUE; where:extension=URL keeps those
                           that have an extension with that url
    resolves:TYPE          keep the references to that type
    extension:URL          to the extensions with that url
    index:N                only that item of the list
    exists-and-not-false   one boolean

Slots are stored in databases. So a run takes them over from the OUTPUT that is there, gives new
parameters new slots, and refuses to drop a row.
"""

import json
import os
import re
import sys

RESOURCE_LEVEL = {"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source"}
WITHOUT_SLOT = {"_id", "_lastUpdated"}
SLOTS = 64

# Official parameters that are left out, by id, with the reason.
LEFT_OUT = {
    "DomainResource-text": "full text search of the narrative: not supported",
    "Resource-content": "full text search of the content: not supported",
    "Resource-query": "named queries: not supported",
    "filter": "_filter: not supported",
    "Location-near": "geographic distance: not supported",
    "example": "an example of the specification: doubles _id",
    "example-reference": "an example of the specification: doubles Condition.subject",
    "example-extension": "an example of the specification: an element of another type than its base",
    "patient-extensions-Patient-age": "has no expression: depends on the current date",
    "patient-extensions-Patient-birthOrderBoolean": "has no expression",
}

# Errors of the official definitions, mended. Composite: the two components name each other's
# parameter ("relatesto" is the reference, yet has the expression of the code).
COMPONENT_CODES = {("DocumentReference-relationship", "code"): "relation",
                   ("DocumentReference-relationship", "target"): "relatesto"}
# Written without the type that the paths begin at.
EXPRESSIONS = {"InsurancePlan-name": "InsurancePlan.name | InsurancePlan.alias"}
# 4.0.1 writes the type with a capital letter.
TYPE_NAMES = {"DateTime": "dateTime"}

# Where Lightbox means more than HL7 (docs/search.md). Paths are added, flags are set.
ADDED_PATHS = {("ImagingStudy", "modality"): ["ImagingStudy.modality"]}
FLAGS = {
    ("ImagingStudy", "modality"): {"derived-from"},
    ("ImagingStudy", "series"): {"uid"},
    ("ImagingStudy", "instance"): {"uid"},
    ("ImagingStudy", "started"): {"order"},
}
COMPARTMENTS = ["Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"]
FLAG_ORDER = ["uid", "order", *(f"compartment:{name}" for name in COMPARTMENTS), "derived-from", "own"]


def of_series(first, first_path, second, second_path, description):
    """Two codes of one series. The first is a token or reference, as in each composite."""
    return ("ImagingStudy", f"series-{first}-{second}"), {
        "id": f"lightbox-series-{first}-{second}", "type": "composite", "own": True,
        "expression": "ImagingStudy.series", "description": description,
        "component": [{"code": first, "expression": first_path},
                      {"code": second, "expression": second_path}]}


# Parameters that HL7 has not: they ask of one series what R4's ask of the study; and what people look for
# first.
OWN = dict([
    (("ImagingStudy", "description"), {
        "id": "lightbox-description", "type": "string", "own": True, "expression": "ImagingStudy.description",
        "description": "What the study is called"}),
    of_series("modality", "modality", "bodysite", "bodySite",
              "Modality and body site of one and the same series"),
    of_series("modality", "modality", "performer", "performer.actor",
              "Modality and performer of one and the same series"),
])


class Failure(Exception):
    pass


# --- FHIRPath, the subset that R4's search parameters use ----------------------------------------

TOKEN = re.compile(r"\s*(?:([A-Za-z_]\w*)|'([^']*)'|(\d+)|(!=|[|().\[\]=%]))")


def tokenise(expression):
    tokens, position = [], 0
    expression = expression.rstrip()
    while position < len(expression):
        match = TOKEN.match(expression, position)
        if not match:
            raise Failure(f"unexpected text at {position}")
        name, text, number, sign = match.groups()
        if name is not None:
            tokens.append(("name", name))
        elif text is not None:
            tokens.append(("text", text))
        elif number is not None:
            tokens.append(("number", number))
        else:
            tokens.append(("sign", sign))
        position = match.end()
    return tokens


class Parser:
    """Recursive descent. A value is a list of alternatives, an alternative a list of steps.

        union   := conjunct ("|" conjunct)*
        conjunct:= typed ("and" typed "!=" "false")?      only as  X.exists() and X != false
        typed   := postfix ("as" NAME)?
        postfix := primary ("." call | "[" NUMBER "]")*
        primary := "(" union ")" | "%" NAME | NAME
    """

    def __init__(self, expression):
        self.tokens = tokenise(expression)
        self.position = 0

    def parse(self):
        result = self.union()
        if self.position != len(self.tokens):
            raise Failure(f"unexpected {self.tokens[self.position][1]!r}")
        return result

    def peek(self, value, kind="sign"):
        return (self.position < len(self.tokens)
                and self.tokens[self.position] == (kind, value))

    def accept(self, value, kind="sign"):
        if self.peek(value, kind):
            self.position += 1
            return True
        return False

    def expect(self, value, kind="sign"):
        if not self.accept(value, kind):
            raise Failure(f"expected {value!r} at token {self.position}")

    def take(self, kind):
        if self.position >= len(self.tokens) or self.tokens[self.position][0] != kind:
            raise Failure(f"expected a {kind} at token {self.position}")
        self.position += 1
        return self.tokens[self.position - 1][1]

    def union(self):
        result = self.conjunct()
        while self.accept("|"):
            result = result + self.conjunct()
        return result

    def conjunct(self):
        left = self.typed()
        if not self.accept("and", "name"):
            return left
        right = self.typed()
        self.expect("!=")
        self.expect("false", "name")
        if left != [step + [("exists",)] for step in right]:
            raise Failure("`and` is known only as `X.exists() and X != false`")
        return [steps + [("exists-and-not-false",)] for steps in right]

    def typed(self):
        result = self.postfix()
        if self.accept("as", "name"):
            result = apply(result, ("as", self.take("name")))
        return result

    def postfix(self):
        result = self.primary()
        while True:
            if self.accept("."):
                result = self.call(result)
            elif self.accept("["):
                result = apply(result, ("index", self.take("number")))
                self.expect("]")
            else:
                return result

    def primary(self):
        if self.accept("("):
            result = self.union()
            self.expect(")")
            return result
        if self.accept("%"):
            return [[("variable", self.take("name"))]]
        return [[("root", self.take("name"))]]

    def call(self, value):
        name = self.take("name")
        if not self.accept("("):
            return apply(value, ("child", name))
        if name in ("as", "ofType"):
            value = apply(value, ("as", self.take("name")))
        elif name == "extension":
            value = apply(value, ("extension", self.take("text")))
        elif name == "exists":
            value = apply(value, ("exists",))
        elif name == "where":
            value = apply(value, self.condition())
        else:
            raise Failure(f"unknown function {name}()")
        self.expect(")")
        return value

    def condition(self):
        name = self.take("name")
        if name == "resolve":
            self.expect("(")
            self.expect(")")
            self.expect("is", "name")
            return ("resolves", self.take("name"))
        if name == "hasExtension":
            self.expect("(")
            url = self.take("text")
            self.expect(")")
            return ("where", "extension", url)
        self.expect("=")
        return ("where", name, self.take("text"))


def apply(alternatives, step):
    return [steps + [step] for steps in alternatives]


# --- The element definitions ---------------------------------------------------------------------

class Elements:
    """Which elements a type has and of which types they are."""

    def __init__(self, folder):
        self.resources = set()
        self.types = set()
        self.children = {}  # path of the parent -> {name: [(type, targets)]}
        for entry in load(folder, "structuredefinitions.json"):
            definition = entry["resource"]
            if definition.get("resourceType") != "StructureDefinition":
                continue
            if definition.get("derivation") == "constraint":
                continue
            name = definition["type"]
            self.types.add(name)
            if definition["kind"] == "resource" and not definition["abstract"]:
                self.resources.add(name)
            for element in definition["snapshot"]["element"]:
                self.add(element)

    def add(self, element):
        parent, _, name = element["path"].rpartition(".")
        if not parent:
            return
        if "contentReference" in element:
            types = [(element["contentReference"].lstrip("#"), [])]
        else:
            types = []
            for one in element.get("type", []):
                code = one["code"].rpartition("/")[2]
                if code in ("BackboneElement", "Element"):
                    code = element["path"]
                targets = [url.rpartition("/")[2] for url in one.get("targetProfile", [])]
                types.append((code, targets))
        self.children.setdefault(parent, {})[name.removesuffix("[x]")] = types

    def child(self, types, name):
        found = []
        for parent, _ in types:
            if parent == "Resource":
                return [("Resource", [])]
            found += self.children.get(parent, {}).get(name, [])
        return found


def load(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)["entry"]


def compile_steps(steps, types, elements):
    """The steps' text, and the types that they lead to from `types`."""
    texts = []
    for step in steps:
        operation = step[0]
        if operation == "child":
            types = elements.child(types, step[1])
            texts.append(f"child:{step[1]}")
        elif operation == "as":
            wanted = TYPE_NAMES.get(step[1], step[1])
            if wanted not in elements.types:
                raise Failure(f"{wanted} is not a type")
            types = [one for one in types if one[0] == wanted]
            texts.append(f"as:{wanted}")
        elif operation == "resolves":
            if step[1] not in elements.resources:
                raise Failure(f"{step[1]} is not a resource type")
            types = [("Reference", [step[1]]) for one in types if one[0] == "Reference"][:1]
            texts.append(f"resolves:{step[1]}")
        elif operation == "extension":
            # The parameters name the extension and mean its value.
            texts.append(f"extension:{step[1]} child:value")
            types = elements.child([("Extension", [])], "value")
        elif operation == "where":
            if not elements.child(types, step[1]):
                raise Failure(f"where() of {step[1]}, which is not an element")
            texts.append(f"where:{step[1]}={step[2]}")
        elif operation == "index":
            texts.append(f"index:{step[1]}")
        elif operation == "exists-and-not-false":
            types = [("boolean", [])]
            texts.append("exists-and-not-false")
        else:
            raise Failure(f"a step {operation} is not known here")
        if not types:
            raise Failure(f"{' '.join(texts)} leads nowhere")
        if any(character in texts[-1].split(" child:")[0] for character in " \t|&"):
            raise Failure(f"{texts[-1]!r} cannot be written")
    return " ".join(texts), types


def compile_paths(expression, resource, start, elements):
    """[(text, types, from_resource)] of the alternatives that begin at `resource`.

    A component's expression begins at `start`, the types of the composite's element, without a name.
    """
    compiled = []
    for steps in Parser(expression).parse():
        kind, name = steps[0]
        if start is not None and kind == "variable":
            if name != "resource":
                raise Failure(f"%{name} is not known")
            compiled.append((*compile_steps(steps[1:], [(resource, [])], elements), True))
        elif start is not None:
            steps = [("child", name)] + steps[1:]
            compiled.append((*compile_steps(steps, start, elements), False))
        elif kind == "variable":
            raise Failure(f"%{name} is for components only")
        elif name == resource or name == "Resource":
            text, types = compile_steps(steps[1:], [(resource, [])], elements)
            compiled.append((text or f"as:{resource}", types, False))
        elif name not in elements.resources:
            raise Failure(f"{name} is not a resource type")
    return compiled


# --- Rows ----------------------------------------------------------------------------------------

def one_line(text, resource):
    """The description; of the list that parameters of several types have, the type's own line."""
    own = re.search(rf"\* \[{resource}\]\([^)]*\): (.*)", text)
    return " ".join((own.group(1) if own else text).split())


def reference_targets(parameter, compiled, elements):
    """What it may point to: the parameter's list, as far as the elements allow it."""
    allowed = set()
    for _, types, _ in compiled:
        for name, targets in types:
            if name == "Reference" or name == "canonical":
                allowed |= set(targets) if targets and "Resource" not in targets else elements.resources
            else:
                allowed |= elements.resources
    declared = set(parameter.get("target", [])) & elements.resources
    if len(declared) in (0, 145, 146):  # "any" is written as all types, sometimes without Parameters
        declared = elements.resources
    targets = (declared & allowed) or declared
    return [] if targets == elements.resources else sorted(targets)


def components(parameter, resource, compiled, codes_by_url, elements):
    start = [one for _, types, _ in compiled for one in types]
    texts = []
    for component in parameter["component"]:
        code = component.get("code") or codes_by_url.get((resource, component["definition"]))
        code = COMPONENT_CODES.get((parameter["id"], component["expression"]), code)
        if not code:
            raise Failure(f"component {component['definition']} is no parameter of {resource}")
        paths = compile_paths(component["expression"], resource, start, elements)
        text = " | ".join(path for path, _, _ in paths)
        if any(from_resource for _, _, from_resource in paths):
            if len(paths) != 1:
                raise Failure("%resource with alternatives")
            text = f"%resource {text}"
        texts.append(f"{code}={text}")
    return " & ".join(texts)


def row(parameter, code, resource, codes_by_url, compartments, elements):
    compiled = compile_paths(EXPRESSIONS.get(parameter["id"], parameter["expression"]), resource, None,
                             elements)
    for expression in ADDED_PATHS.get((resource, code), []):
        compiled += compile_paths(expression, resource, None, elements)
    if not compiled:
        raise Failure(f"no part of the expression is about {resource}")
    flags = set(FLAGS.get((resource, code), set()))
    for name, members in compartments.items():
        if code in members.get(resource, []):
            flags.add(f"compartment:{name}")
    if parameter.get("own"):
        flags.add("own")
    is_composite = parameter["type"] == "composite"
    is_reference = parameter["type"] == "reference"
    return {
        "kind": parameter["type"],
        "url": parameter.get("url", ""),
        "paths": " | ".join(dict.fromkeys(path for path, _, _ in compiled)),
        "targets": ",".join(reference_targets(parameter, compiled, elements)) if is_reference else "",
        "components": components(parameter, resource, compiled, codes_by_url, elements)
                      if is_composite else "",
        "flags": ",".join(flag for flag in FLAG_ORDER if flag in flags),
        "description": one_line(parameter.get("description", ""), resource),
    }


def bases(parameter, elements):
    base = parameter.get("base", [])
    return sorted(elements.resources) if base == ["Resource"] else base


def is_left_out(parameter):
    # The parameters of the CodeSystem and ValueSet extensions have neither base nor expression.
    return parameter["id"] in LEFT_OUT or "base" not in parameter


def load_compartments(folder):
    """{"Patient": {"Account": ["subject"], …}, …}; {def}, the resource itself, is its _id."""
    compartments = {}
    for entry in load(folder, "compartmentdefinitions.json"):
        definition = entry["resource"]
        members = {item["code"]: ["_id" if code == "{def}" else code for code in item.get("param", [])]
                   for item in definition["resource"]}
        compartments[definition["code"]] = members
    if sorted(compartments) != COMPARTMENTS:
        raise Failure(f"the compartments are {sorted(compartments)}")
    return compartments


def is_member_by(found, code):
    return found is not None and (found["kind"] == "reference" or code == "_id")


def all_rows(folder):
    elements = Elements(folder)
    parameters = [entry["resource"] for entry in load(folder, "searchparameters.json")]
    compartments = load_compartments(folder)
    kept = [one for one in parameters if not is_left_out(one)]
    codes_by_url = {(resource, one["url"]): one["code"]
                    for one in kept for resource in bases(one, elements)}
    rows, failures = {}, []
    for parameter in kept:
        if parameter.get("base") == ["Resource"] and parameter["code"] not in RESOURCE_LEVEL:
            failures.append(f"{parameter['id']}: an unknown parameter of Resource")
        for resource in bases(parameter, elements):
            try:
                key = (resource, parameter["code"])
                if key in rows:
                    raise Failure("there is another parameter with this code")
                rows[key] = row(parameter, parameter["code"], resource, codes_by_url, compartments, elements)
            except (Failure, KeyError) as error:
                failures.append(f"{parameter['id']} for {resource}: {error}")
    for (resource, code), parameter in OWN.items():
        try:
            if (resource, code) in rows:
                raise Failure("HL7 has a parameter with this code")
            rows[resource, code] = row(parameter, code, resource, codes_by_url, {}, elements)
        except (Failure, KeyError) as error:
            failures.append(f"{parameter['id']} for {resource}: {error}")
    for key in list(ADDED_PATHS) + list(FLAGS):
        if key not in rows:
            failures.append(f"{key} is not a parameter")
    for name, members in compartments.items():
        for resource, codes in members.items():
            failures += [f"{name}'s compartment: {resource} has no parameter {code} that could tell"
                         for code in codes if not is_member_by(rows.get((resource, code)), code)]
    return rows, failures


# --- Slots and the file --------------------------------------------------------------------------

def read_slots(output):
    slots = {}
    if os.path.exists(output):
        with open(output, encoding="utf-8") as file:
            for line in file:
                resource, code, slot = line.split("\t")[:3]
                slots[resource, code] = slot
    return slots


def assign_slots(rows, slots):
    """slots, completed. New ones go behind the greatest of the type: a slot is never given twice."""
    failures = [f"{resource} {code} is in the file and would vanish: its slot must stay taken"
                for resource, code in slots if (resource, code) not in rows]
    following = {}
    for (resource, _), slot in slots.items():
        if slot != "-":
            following[resource] = max(following.get(resource, 0), int(slot) + 1)
    for resource, code in sorted(rows):
        if (resource, code) in slots:
            continue
        if code in WITHOUT_SLOT:
            slots[resource, code] = "-"
            continue
        slots[resource, code] = str(following.get(resource, 0))
        following[resource] = following.get(resource, 0) + 1
        if following[resource] > SLOTS:
            failures.append(f"{resource} has more than {SLOTS} parameters")
    return failures


def main(arguments):
    if len(arguments) not in (2, 3):
        sys.exit(__doc__)
    default = os.path.join(os.path.dirname(__file__), "..", "search-parameters.tsv")
    output = arguments[2] if len(arguments) == 3 else default
    rows, failures = all_rows(arguments[1])
    slots = read_slots(output)
    failures += assign_slots(rows, slots)
    if failures:
        sys.exit("\n".join(failures))
    columns = ["kind", "url", "paths", "targets", "components", "flags", "description"]
    with open(output + ".new", "w", encoding="utf-8", newline="\n") as file:
        for key in sorted(rows):
            cells = [*key, slots[key], *(rows[key][column] or "-" for column in columns)]
            file.write("\t".join(cells) + "\n")
    os.replace(output + ".new", output)
    print(f"{len(rows)} rows, {len({resource for resource, _ in rows})} resource types")


if __name__ == "__main__":
    main(sys.argv)
