"""Every shape of query, one row each: how long the first answer takes after a start, and the median of
those after it, one at a time over one connection. What each must answer is computed here from the
generated files, beside the server."""

import http.client
import json
import re
import socket
import time
import urllib.parse
from dataclasses import dataclass

from measure import Wrong, median

STUDY = re.compile(
    rb'"id":"([^"]+)","identifier":.*?"status":"([^"]+)","modality":\[\{"system":"[^"]+","code":"(\w+)"'
    rb'.*?"Patient/p(\d+)".*?"started":"([^"]+)".*?"text":"Reason (\d+)".*?"bodySite":\{"system":"[^"]+","code":"(\d+)"')
PATIENT = re.compile(rb'"family":"Family(\d+)".*?"gender":"(\w+)"')
HEAD, THORAX = "69536005", "51185008"
ACCESSION_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203|ACSN"
REPORT_STATUS = "http://hl7.org/fhir/diagnostic-report-status"
UCUM = "http://unitsofmeasure.org"
MODALITIES_OF_DICOM = "http://dicom.nema.org/medical/dicom/current/output/chtml/part16/sect_CID_29.html"
ORDERS = 1000  # ServiceRequests, of the first studies
REPEATS, REPEATS_S = 50, 1.5


@dataclass
class Study:
    id: str
    status: str
    modality: str
    patient: int
    started: str
    reason: str
    site: str


@dataclass
class Shape:
    label: str
    path: str
    total: int | None = None  # that the answer must have
    goal_ms: float | None = None
    body: str | None = None  # a POST
    check: object = None  # of the Bundle
    total_of: object = None  # of an answer that is no Bundle


class Data:
    """What was generated, as far as the questions are about it."""

    def __init__(self, folder):
        with open(folder / "studies.ndjson", "rb") as lines:
            self.studies = [self.study(line) for line in lines]
        with open(folder / "patients.ndjson", "rb") as lines:
            self.patients = [(m[1].decode(), m[2].decode()) for m in map(PATIENT.search, lines)]

    @staticmethod
    def study(line):
        id, status, modality, patient, started, reason, site = (g.decode() for g in STUDY.search(line).groups())
        return Study(id, status, modality, int(patient), started, reason, site)

    def count(self, matches):
        return sum(1 for study in self.studies if matches(study))

    def family(self, study):
        return self.patients[study.patient][0]


def ascending(values):
    return all(a <= b for a, b in zip(values, values[1:]))


def families_ascend(bundle):
    """Matches in the order of their patients' families, who are included."""
    family = {"Patient/" + e["resource"]["id"]: e["resource"]["name"][0]["family"].lower()
              for e in bundle["entry"] if e["search"]["mode"] == "include"}
    return ascending([family[e["resource"]["subject"]["reference"]]
                      for e in bundle["entry"] if e["search"]["mode"] == "match"])


def by_status_and_start(bundle):
    studies = [entry["resource"] for entry in bundle["entry"]]
    statuses = [s["status"] for s in studies]
    starts = [s["started"] for s in studies if s["status"] == statuses[0]]
    return ascending(statuses) and ascending(starts[::-1])


def includes(count):
    return lambda bundle: sum(e["search"]["mode"] == "include" for e in bundle["entry"]) == count


def escaped(text):
    return urllib.parse.quote(text, safe="|$,:()[]")


def shapes(data):
    """The questions and their answers."""
    count, studies = data.count, data.studies
    some = studies[len(studies) // 3]
    patient = f"p{some.patient:07}"
    own = count(lambda s: s.patient == some.patient)
    accession = f"ACC{(len(studies) // 3) * 7 + 100_000_000:09}"
    thousand = ",".join(f"ACC{i * 7 + 100_000_000:09}" for i in range(0, len(studies), len(studies) // 1000))
    families = ("123", "124")
    mr_not_head = count(lambda s: s.modality == "MR" and s.site != HEAD)
    mr_head = count(lambda s: s.modality == "MR" and s.site == HEAD)
    page = "&_count=10"
    series_filter = f"series[modality eq MR and bodysite eq {HEAD}]"
    yield Shape("chain, patient.name", "ImagingStudy?patient.name=family123,family124" + page,
                count(lambda s: data.family(s).startswith(families)), 10)
    yield Shape("chain, patient.name, another name each time", "ImagingStudy?patient.name=family{n},family{m}" + page,
                count(lambda s: data.family(s).startswith(("100", "150"))), 10)
    yield Shape("chain to an identifier", "ImagingStudy?subject:Patient.identifier="
                f"urn:example:mrn|M{some.patient:08}" + page, own)
    yield Shape("chain of a common value, and a criterion", "ImagingStudy?patient.gender=female&modality=PT" + page,
                count(lambda s: s.modality == "PT" and data.patients[s.patient][1] == "female"))
    yield Shape("chain over two references",
                "ImagingStudy?basedon:ServiceRequest.requester:Practitioner.name=doctor3" + page, ORDERS // 10)
    yield Shape("_has", "Patient?_has:ImagingStudy:patient:modality=PT" + page,
                len({s.patient for s in studies if s.modality == "PT"}))
    yield Shape("_has of one", f"Patient?_has:ImagingStudy:patient:identifier={accession}", 1)
    yield Shape("_has in _has",
                "Practitioner?_has:ServiceRequest:requester:_has:ImagingStudy:basedon:modality=CT" + page,
                len({i % 10 for i in range(ORDERS) if studies[i].modality == "CT"}))
    yield Shape("_include", f"ImagingStudy?_id={some.id}&_include=ImagingStudy:patient", 1, check=includes(1))
    yield Shape("_include on a page", "ImagingStudy?modality=CT&_include=ImagingStudy:patient" + page,
                count(lambda s: s.modality == "CT"))
    yield Shape("_include:iterate", f"ImagingStudy?_id={studies[0].id}&_include=ImagingStudy:basedon"
                "&_include:iterate=ServiceRequest:requester", 1, check=includes(2))
    yield Shape("_revinclude", f"Patient?_id={patient}&_revinclude=ImagingStudy:patient", 1, check=includes(own))
    yield Shape("_sort by a chain, all studies",
                "ImagingStudy?_sort=patient.family&_include=ImagingStudy:patient" + page, len(studies), 20,
                check=families_ascend)
    yield Shape("_sort by a chain, of a modality",
                "ImagingStudy?modality=MG&_sort=patient.family&_include=ImagingStudy:patient" + page,
                count(lambda s: s.modality == "MG"), check=families_ascend)
    yield Shape("_sort by two keys", "ImagingStudy?_sort=status,-started" + page, len(studies),
                check=by_status_and_start)
    yield Shape("_sort by two keys, of a modality", "ImagingStudy?modality=MG&_sort=status,-started" + page,
                count(lambda s: s.modality == "MG"), check=by_status_and_start)
    yield Shape("_sort=-identifier", "ImagingStudy?_sort=-identifier" + page, len(studies))
    yield Shape("_summary=true", "ImagingStudy?modality=CT&_summary=true" + page, count(lambda s: s.modality == "CT"))
    yield Shape("_elements", "ImagingStudy?modality=CT&_elements=status,started" + page,
                count(lambda s: s.modality == "CT"))
    yield Shape("compartment", f"Patient/{patient}/ImagingStudy?_count=50", own)
    yield Shape("compartment, all types", f"Patient/{patient}/*", own)
    yield Shape("_filter", "ImagingStudy?_filter=" + escaped(f"modality eq MR and not (bodysite eq {HEAD})") + page,
                mr_not_head)
    yield Shape("_filter on one series", "ImagingStudy?_filter=" + escaped(series_filter) + page, mr_head)
    yield Shape("composite on one series", f"ImagingStudy?series-modality-bodysite=MR${HEAD}" + page, mr_head)
    yield Shape("identifier:of-type", f"ImagingStudy?identifier:of-type={ACCESSION_TYPE}|{accession}", 1)
    yield Shape("identifier=system|", "ImagingStudy?identifier=urn:example:accession|" + page, len(studies))
    yield Shape(":not", "ImagingStudy?status:not=available" + page, count(lambda s: s.status != "available"))
    yield Shape(":not and a criterion", "ImagingStudy?modality=CT&status:not=available" + page,
                count(lambda s: s.modality == "CT" and s.status != "available"))
    yield Shape(":missing", "ImagingStudy?basedon:missing=true" + page, 0)
    yield Shape("token :text", "ImagingStudy?reason:text=reason 39".replace(" ", "%20") + page,
                count(lambda s: "reason " + s.reason == "reason 39" or s.reason.startswith("39")))
    yield Shape("string", "Patient?name=family123" + page, sum(f.startswith("123") for f, _ in data.patients))
    yield Shape("string :exact", "Patient?family:exact=Family1234" + page, sum(f == "1234" for f, _ in data.patients))
    yield Shape("string :contains", "Patient?family:contains=ly1234" + page,
                sum(f.startswith("1234") for f, _ in data.patients))
    yield Shape("token :in", "ImagingStudy?modality:in=" + MODALITIES_OF_DICOM + page, len(studies))
    yield Shape("three values and a range of dates", "ImagingStudy?modality=CT,MR,PT&started=ge2023&started=lt2024" + page,
                count(lambda s: s.modality in ("CT", "MR", "PT") and s.started.startswith("2023")))
    yield Shape("series UID", f"ImagingStudy?series=urn:oid:{some.id}.1", 1)
    yield Shape("instance UID", f"ImagingStudy?instance=urn:oid:{some.id}.1.1", 1)
    yield Shape("1,000 identifiers by POST", "ImagingStudy/_search", 1000 if len(studies) % 1000 == 0 else None,
                body="_count=10&identifier=" + thousand)
    yield Shape("_lastUpdated", "ImagingStudy?_lastUpdated=ge2020" + page, len(studies))
    yield Shape("all types by _type", f"?_type=ImagingStudy,Patient&_id={patient}", 1)
    yield Shape("_contained=true", "ImagingStudy?_contained=true&modality=CT" + page, 0)
    yield Shape("_list of 100", "ImagingStudy?_list=bench" + page, 100)
    yield Shape("a quantity with its unit", f"Observation?value-quantity=gt90|{UCUM}|mg" + page, 99)
    yield Shape("composite of a code and a quantity", "Observation?code-value-quantity=urn:bench|size$gt90" + page, 99)
    yield Shape(":identifier", "Observation?subject:identifier=urn:example:mrn|M00000004" + page, 1)
    yield Shape("_tag", "Observation?_tag=urn:bench|even" + page, 500)
    yield Shape("_security", "Observation?_security=urn:bench|S7" + page, 100)
    yield Shape("_profile", "Observation?_profile=http://example.org/profile/7" + page, 100)
    yield Shape("uri :below", "Observation?_profile:below=http://example.org/profile" + page, 1000)
    yield Shape("_source", "Observation?_source=http://example.org/source/7" + page, 100)
    yield Shape("token :below", f"DiagnosticReport?status:below={REPORT_STATUS}|partial" + page, 100)
    yield Shape("token :above", f"DiagnosticReport?status:above={REPORT_STATUS}|preliminary" + page, 100)
    yield Shape("token :not-in", "ImagingStudy?modality:not-in=" + MODALITIES_OF_DICOM + page, 0)
    yield Shape("compartment of a Practitioner", "Practitioner/d3/ServiceRequest?_count=10", ORDERS // 10)
    yield Shape("_total=estimate", "ImagingStudy?modality=CT&_total=estimate" + page,
                count(lambda s: s.modality == "CT"))
    yield Shape("$expand", "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/imagingstudy-status", 5,
                total_of=lambda answer: answer["expansion"]["total"])
    yield Shape("_text in 1,000 narratives", "DiagnosticReport?_text=pneumonia" + page, 10)
    yield Shape("history of one", f"ImagingStudy/{some.id}/_history", 1)
    yield Shape("history of a type", "ImagingStudy/_history?_count=10")
    yield Shape("history of everything", "_history?_count=10")
    yield Shape("Patient/$everything", f"Patient/{patient}/$everything")
    yield Shape("ImagingStudy/$everything", f"ImagingStudy/{some.id}/$everything")


class Client:
    """One connection; a request is one segment."""

    def __init__(self, port):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.http.connect()
        self.http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method, path, body=None, content_type="application/fhir+json"):
        """The answer, and how many ms it took."""
        started = time.perf_counter()
        self.http.request(method, "/baseR4/" + path if path[:1] != "?" else "/baseR4" + path, body,
                          {"Content-Type": content_type} if body else {})
        answer = self.http.getresponse()
        text = answer.read()
        ms = (time.perf_counter() - started) * 1000
        if answer.status not in (200, 201):
            raise Wrong(f"{path[:200]}: status {answer.status}: {text[:300]!r}")
        return text, ms


def transaction(count, resource):
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": resource(i), "request": {"method": "PUT", "url": f"{resource(i)['resourceType']}/{resource(i)['id']}"}}
        for i in range(count)]})


def report(i):
    words = "pneumonia of the left lower lobe" if i % 100 == 7 else "no finding"
    return {"resourceType": "DiagnosticReport", "id": f"r{i}", "status": "preliminary" if i % 10 == 0 else "final", "code": {"text": "CT"},
            "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{i}: {words}</div>'}}


def transaction_ms(port, entries):
    patient = lambda i: {"resourceType": "Patient", "id": f"t{i}", "name": [{"family": f"Transaction{i}"}]}
    return Client(port).ask("POST", "", transaction(entries, patient))[1]


def order(i):
    return {"resourceType": "ServiceRequest", "id": f"sr{i}", "status": "active", "intent": "order",
            "subject": {"reference": "Patient/p0000000"}, "requester": {"reference": f"Practitioner/d{i % 10}"}}


def observation(i):
    subject = {"identifier": {"system": "urn:example:mrn", "value": f"M{i:08}"}}
    meta = {"profile": [f"http://example.org/profile/{i % 10}"], "source": f"http://example.org/source/{i % 10}",
            "security": [{"system": "urn:bench", "code": f"S{i % 10}"}],
            "tag": [{"system": "urn:bench", "code": "odd" if i % 2 else "even"}]}
    return {"resourceType": "Observation", "id": f"o{i}", "meta": meta, "status": "final", "subject": subject,
            "code": {"coding": [{"system": "urn:bench", "code": "size"}]},
            "valueQuantity": {"value": i / 10, "unit": "mg", "system": UCUM, "code": "mg"}}


def practitioner(i):
    return {"resourceType": "Practitioner", "id": f"d{i}", "name": [{"family": f"Doctor{i}"}]}


def prepare(client, data):
    """What no study has: orders and who made them, a List, narratives, measurements."""
    client.ask("POST", "", transaction(10, practitioner))
    client.ask("POST", "", transaction(ORDERS, order))
    client.ask("PUT", "List/bench", json.dumps(
        {"resourceType": "List", "id": "bench", "status": "current", "mode": "working",
         "entry": [{"item": {"reference": "ImagingStudy/" + s.id}} for s in data.studies[:100]]}))
    client.ask("POST", "", transaction(1000, report))
    client.ask("POST", "", transaction(1000, observation))


def numbered(path, n):
    """{n} and {m} are three digits that no other request has."""
    return path.replace("{n}", str(100 + n)).replace("{m}", str(150 + n))


def verify(client, shape):
    """Asks with the total, which an answer need not have otherwise."""
    path, body = numbered(shape.path, 0), shape.body
    asks_total = shape.total is not None and "_history" not in path and not shape.total_of
    if asks_total and body:
        body += "&_total=accurate"
    elif asks_total:
        path += ("&" if "?" in path else "?") + "_total=accurate"
    bundle = json.loads(client.ask("POST" if body else "GET", path, body, "application/x-www-form-urlencoded")[0])
    total = shape.total_of(bundle) if shape.total_of else bundle.get("total")
    if shape.total is not None and total != shape.total:
        raise Wrong(f"{shape.label}: {path[:200]}: total {total}, not {shape.total}")
    if shape.check and not shape.check(bundle):
        raise Wrong(f"{shape.label}: {path[:200]}: wrong order or includes")


def measured(client, shape):
    """(shape, first ms, median ms)"""
    method = "POST" if shape.body else "GET"
    ask = lambda n: client.ask(method, numbered(shape.path, n), shape.body,
                               "application/x-www-form-urlencoded")[1]
    first, times = ask(0), []
    until = time.monotonic() + REPEATS_S
    while len(times) < REPEATS - 1 and (time.monotonic() < until or len(times) < 3):
        times.append(ask(len(times) + 1))
    verify(client, shape)
    return shape, first, median(times)


def measure(port, data, say):
    """The server has just been started."""
    client = Client(port)
    prepare(client, data)
    results = []
    for shape in shapes(data):
        say(f"shape: {shape.label}")
        results.append(measured(client, shape))
    return results


def measure_content(port, data):
    """Of a server that indexes all words."""
    shape = Shape("_content, where full_text is content", "ImagingStudy?_content=mammography&_count=10",
                  data.count(lambda s: s.modality == "MG"))
    return measured(Client(port), shape)
