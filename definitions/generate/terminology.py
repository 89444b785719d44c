#!/usr/bin/env python3
"""Writes definitions/terminology.tsv: the code systems and value sets that are built in.

    terminology.py FOLDER [OUTPUT]

FOLDER holds codesystems.json and valuesets.json of FHIR R4 (4.0.1) and, in dicom/, the context groups
of DICOM PS3.16 as value sets. The format is described in docs/definitions.md. Displays are kept;
definitions, designations and other languages are not: the table stays small.
"""

import csv
import json
import pathlib
import sys

DCM = "http://dicom.nema.org/resources/ontology/DCM"
# What the guide that the context groups come from calls DCM.
DCM_OF_GUIDE = "http://fhir.org/guides/dicom/CodeSystem/dicom-dcm-codesystem"
SNOMED = "http://snomed.info/sct"
CONTEXT_GROUP = "http://dicom.nema.org/medical/dicom/current/output/chtml/part16/sect_CID_{}.html"
INACTIVE = ("deprecated", "retired", "inactive")
# Modalities that DICOM added after R4's copy of DCM, with the meanings of PS3.16 annex D.
DCM_ADDED = {
    "ASMT": "Content Assessment Result", "CFM": "Confocal Microscopy", "CTPROTOCOL": "CT Protocol",
    "DMS": "Dermoscopy", "DOC": "Document", "EEG": "Electroencephalography", "EMG": "Electromyography",
    "EOG": "Electrooculography", "FID": "Fiducials", "IOL": "Intraocular Lens Data",
    "M3D": "Model for 3D Manufacturing", "OPTBSV": "Ophthalmic Tomography B-scan Volume Analysis",
    "OPTENF": "Ophthalmic Tomography En Face", "PA": "Photoacoustic", "PLAN": "Plan", "POS": "Position Sensor",
    "RESP": "Respiratory Waveform", "RWV": "Real World Value Map", "STAIN": "Automated Slide Stainer",
    "TEXTUREMAP": "Texture Map",
}


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def text(value):
    """One column: no tabs or line ends; '-' when there is nothing."""
    return " ".join(str(value).split()) if value not in (None, "") else "-"


def row(*columns):
    return "\t".join(text(column) for column in columns)


def value_of(prop):
    return next(value for key, value in prop.items() if key.startswith("value"))


def concepts(system):
    """(code, display, parents, flags), parents before children."""
    found, more = {}, []

    def walk(items, parent):
        for concept in items:
            code, flags, parents = concept["code"], "", [parent] if parent else []
            for prop in concept.get("property", []):
                value = value_of(prop)
                if prop["code"] in ("notSelectable", "abstract") and value is True:
                    flags += "a"
                if prop["code"] == "inactive" and value is True or prop["code"] == "status" and value in INACTIVE:
                    flags += "i"
                if prop["code"] in ("parent", "subsumedBy"):
                    more.append((code, value))
                if prop["code"] == "child":
                    more.append((value, code))
            if code in found:  # listed again below another parent
                found[code][1].extend(p for p in parents if p not in found[code][1])
            else:
                found[code] = (concept.get("display"), parents, "".join(sorted(set(flags))))
            walk(concept.get("concept", []), code)

    walk(system.get("concept", []), None)
    for child, parent in more:
        if child in found and parent in found and parent != child and parent not in found[child][1]:
            found[child][1].append(parent)
    return found


def write_system(system, out):
    flags = "c" if system.get("caseSensitive", True) else ""
    out.append(row("codesystem", system["url"], system.get("version"), system["name"], system["content"], flags,
                   system.get("title")))
    for code, (display, parents, marks) in concepts(system).items():
        out.append(row("concept", code, display, ",".join(parents), marks))


def write_part(kind, part, out):
    system = DCM if part.get("system") == DCM_OF_GUIDE else part.get("system")
    out.append(row(kind, system, part.get("version")))
    for concept in part.get("concept", []):
        out.append(row("code", concept["code"], concept.get("display")))
    for condition in part.get("filter", []):
        out.append(row("filter", condition["property"], condition["op"], condition["value"]))
    for canonical in part.get("valueSet", []):
        out.append(row("import", canonical))


def write_value_set(value_set, urls, out):
    out.append(row("valueset", urls[0], value_set.get("version"), value_set["name"], value_set.get("title")))
    out.extend(row("alias", url) for url in urls[1:])
    for kind in ("include", "exclude"):
        for part in value_set["compose"].get(kind, []):
            write_part(kind, part, out)


def snomed_fragment(folder, groups):
    """Only what the context groups name; only with the displays that DICOM gives."""
    displays = {}
    with (folder / "body-part-snomed.tsv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file, delimiter="\t"):
            displays.setdefault(line["snomed_code"], line["display"])
    codes = dict(displays)
    for group in groups:
        for part in group["compose"]["include"]:
            if part.get("system") == SNOMED:
                for concept in part["concept"]:
                    codes.setdefault(concept["code"], concept.get("display"))
    return {"url": SNOMED, "name": "SNOMED_CT", "title": "SNOMED CT (the body parts that DICOM names)",
            "content": "fragment",
            "concept": [{"code": code, "display": display} for code, display in sorted(codes.items())]}


def main():
    folder = pathlib.Path(sys.argv[1])
    output = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).parent.parent / "terminology.tsv"
    systems = {r["url"]: r for r in (e["resource"] for e in load(folder / "codesystems.json")["entry"])}
    value_sets = {r["url"]: r for r in (e["resource"] for e in load(folder / "valuesets.json")["entry"])}
    groups = [load(path) for path in sorted((folder / "dicom").glob("ValueSet-*.json"))]
    modalities = dict(line.rstrip("\n").split("\t") for line in (folder / "dicom" / "cid29.tsv").open(encoding="utf-8"))

    dcm = systems[DCM]
    known = {concept["code"] for concept in dcm["concept"]}
    for code, display in sorted({**modalities, **DCM_ADDED}.items()):
        if code not in known:
            dcm["concept"].append({"code": code, "display": display})
    body_parts = load(folder / "dicom" / "CodeSystem-dicom-code-system-body-part-examined.json")
    systems[body_parts["url"]] = body_parts
    systems[SNOMED] = snomed_fragment(folder / "dicom", groups)

    out = ["# Generated by generate/terminology.py. The format is in docs/definitions.md."]
    for url in sorted(systems):
        if systems[url]["content"] != "not-present":
            write_system(systems[url], out)
    for url in sorted(value_sets):
        if "compose" in value_sets[url]:
            write_value_set(value_sets[url], [url], out)
    for group in groups:
        number = group["id"].split("-")[2]
        write_value_set(group, [CONTEXT_GROUP.format(number), group["url"]], out)
    output.write_text("\n".join(out) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
