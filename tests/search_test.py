"""Searches at sizes, and of kinds, at which FHIR servers have been found to fail: pages that lose or
repeat matches, chains cut short, huge studies, long lists of values, dates near midnight, history that
swamps what is current."""

import json
import sqlite3
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

from lightbox import Server, run, study

PATIENTS, STUDIES = 1_500, 3_000
INSTANCES = 40_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def patient_of(number):
    return number * 7 % PATIENTS


def family(patient):
    """Few names: most patients share theirs."""
    return f"Name{patient % 50:02}"


def resources():
    for n in range(PATIENTS):
        yield {"resourceType": "Patient", "id": f"p{n}", "name": [{"family": family(n)}]}
    for n in range(STUDIES):
        yield study(id=f"s{n}", subject={"reference": f"Patient/p{patient_of(n)}"},
                    started=f"2024-01-{1 + n % 28:02}", description="a study",
                    modality=[{"system": "urn:m", "code": ("CT", "MR", "US")[n % 3]}],
                    identifier=[{"system": "urn:n", "value": f"N{n}"}])


class SearchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        path = Path(cls.folder.name) / "all.ndjson"
        path.write_text("".join(json.dumps(one) + "\n" for one in resources()))
        data = Path(cls.folder.name) / "data"
        code, output = run("load", "--data", data, path)
        assert code == 0, output
        cls.server = Server(data)
        cls.connection = cls.server.connect()

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        cls.server.__exit__()
        cls.folder.cleanup()

    def pages(self, path):
        """Every page's Bundle."""
        while path:
            answer = self.connection.request("GET", path)
            self.assertEqual(answer.status, 200, answer)
            bundle = answer.json()
            yield bundle
            links = {link["relation"]: link["url"] for link in bundle["link"]}
            path = links.get("next")
            path = path and path[path.index("/baseR4/"):]

    def test_pages_have_each_match_once_and_none_is_empty(self):
        """Also where the last page is full, and whatever the order."""
        for query, expected in (
                ("_count=1000", STUDIES), ("_count=300&modality=CT", 1000), ("_count=250&modality=CT&status=available", 1000),
                ("_count=200&modality:not=CT", 2000), ("_count=500&_sort=-started", STUDIES),
                ("_count=500&_sort=modality,-_id", STUDIES), ("_count=1000&_sort=patient.family", STUDIES),
                ("_count=100&started=2024-01-05", 107), ("_count=107&started=2024-01-05", 107),
                ("_count=50&patient=p7", 2), ("_count=1&patient=p7", 2)):
            with self.subTest(query):
                pages = list(self.pages(f"ImagingStudy?{query}"))
                count = int(query.split("_count=")[1].split("&")[0])
                sizes = [len(page.get("entry", [])) for page in pages]
                self.assertEqual(sizes[:-1], [count] * (len(pages) - 1))
                self.assertEqual(len(pages), -(-expected // count))
                ids = [entry["resource"]["id"] for page in pages for entry in page["entry"]]
                self.assertEqual((len(ids), len(set(ids))), (expected, expected))

    def test_every_page_is_of_the_form_that_the_first_is(self):
        for form, absent in (("_summary=true", "description"), ("_elements=started", "modality"),
                             ("_summary=data", None), ("_summary=text", "started")):
            pages = list(self.pages(f"ImagingStudy?modality=MR&_count=400&_total=accurate&_sort=-_id&{form}"))
            self.assertEqual(len(pages), 3)
            ids = []
            for page in pages:
                self.assertEqual(page["total"], 1000)
                self.assertIn(form, page["link"][0]["url"])
                for entry in page["entry"]:
                    ids.append(entry["resource"]["id"])
                    self.assertEqual(entry["resource"]["meta"]["tag"][-1]["code"], "SUBSETTED")
                    if absent and form != "_summary=true":
                        self.assertNotIn(absent, entry["resource"])
            self.assertEqual(ids, sorted(ids, reverse=True))

    def test_studies_come_by_the_name_of_their_patient(self):
        for descending in (False, True):
            sort = "-patient.family" if descending else "patient.family"
            ids = [entry["resource"]["id"] for page in self.pages(f"ImagingStudy?_sort={sort}&_count=700")
                   for entry in page["entry"]]
            names = [family(patient_of(int(one[1:]))) for one in ids]
            self.assertEqual(names, sorted(names, reverse=descending))
            self.assertEqual(len(set(ids)), STUDIES)

    def test_a_chain_has_no_limit_of_its_own(self):
        """All patients, and half of them: more than a thousand matches in between."""
        for name, expected in (("Name", STUDIES), ("Name0,Name1,Name2", STUDIES * 3 // 5)):
            pages = list(self.pages(f"ImagingStudy?patient.family={name}&_count=1000&_total=accurate"))
            ids = {entry["resource"]["id"] for page in pages for entry in page["entry"]}
            self.assertEqual((pages[0]["total"], len(ids)), (expected, expected))
        found = self.connection.request("GET", "Patient?_has:ImagingStudy:patient:status=available&_summary=count")
        self.assertEqual(found.json()["total"], PATIENTS)

    def test_includes_do_not_count_as_matches(self):
        seen = []
        for page in self.pages("ImagingStudy?modality=US&_include=ImagingStudy:patient&_count=300"):
            by_mode = {"match": [], "include": []}
            for entry in page["entry"]:
                by_mode[entry["search"]["mode"]].append(entry["resource"])
            wanted = {match["subject"]["reference"] for match in by_mode["match"]}
            self.assertEqual({f"Patient/{one['id']}" for one in by_mode["include"]}, wanted)
            self.assertEqual(len(by_mode["include"]), len(wanted))
            seen.append(len(by_mode["match"]))
        self.assertEqual(seen, [300, 300, 300, 100])

    def test_a_thousand_alternatives(self):
        wanted = [f"s{n}" for n in range(0, STUDIES, 3)]
        values = ",".join(f"urn:n|N{n}" for n in range(0, STUDIES, 3))
        started = time.monotonic()
        pages = [self.connection.request("POST", "ImagingStudy/_search", f"identifier={values}&_count=1000", FORM).json()]
        self.assertLess(time.monotonic() - started, 10)
        ids = [entry["resource"]["id"] for entry in pages[0]["entry"]]
        self.assertEqual(sorted(ids), sorted(wanted))
        of_ids = self.connection.request("POST", "ImagingStudy/_search", f"_id={','.join(wanted)}&_summary=count", FORM)
        self.assertEqual(of_ids.json()["total"], len(wanted))
        references = ",".join(f"Patient/p{n}" for n in range(1000))
        found = self.connection.request("POST", "ImagingStudy/_search", f"patient={references}&_summary=count", FORM)
        self.assertEqual(found.json()["total"], sum(patient_of(n) < 1000 for n in range(STUDIES)))

    def test_a_query_of_a_megabyte(self):
        values = ",".join([f"urn:n|{'x' * 550}{n}" for n in range(1_900)] + ["urn:n|N5"])
        body = "identifier=" + urllib.parse.quote(values, safe=",")
        self.assertGreater(len(body), 1_000_000)
        started = time.monotonic()
        answer = self.connection.request("POST", "ImagingStudy/_search", body, FORM)
        self.assertLess(time.monotonic() - started, 10)
        self.assertEqual([entry["resource"]["id"] for entry in answer.json()["entry"]], ["s5"])
        too_many = ",".join(f"N{n}" for n in range(3_000))
        answer = self.connection.request("POST", "ImagingStudy/_search", f"identifier={too_many}", FORM)
        self.assertEqual(answer.status, 400)
        self.assertIn("search_values_max", answer.body.decode())


class HugeStudyTest(unittest.TestCase):
    def test_tens_of_thousands_of_instances(self):
        """Created, found by any of its UIDs, read as it came, and changed."""
        series = [{"uid": f"1.2.{s}", "modality": {"code": "CT"}, "instance": [
            {"uid": f"1.2.{s}.{n}", "number": n, "sopClass": {
                "system": "urn:ietf:rfc:3986", "code": "urn:oid:1.2.840.10008.5.1.4.1.1.2"}}
            for n in range(INSTANCES // 4)]} for s in range(1, 5)]
        huge = study(id="huge", series=series)
        with tempfile.TemporaryDirectory() as folder, Server(folder) as server:
            connection = server.connect()
            started = time.monotonic()
            self.assertEqual(connection.request("PUT", "ImagingStudy/huge", huge).status, 201)
            self.assertEqual(connection.request("PUT", "ImagingStudy/other", study(id="other")).status, 201)
            for uid in ("1.2.1.0", "urn:oid:1.2.4.9999", "urn:dicom:uid|urn:oid:1.2.2.5000"):
                self.assertEqual(server.search(f"ImagingStudy?instance={uid}"), ["huge"])
            for query, ids in (("instance=1.2.1", []), ("instance=1.2.1.10000", []), ("series=1.2.3", ["huge"]),
                               ("instance:missing=true", ["other"]), ("instance:not=1.2.1.7", ["other"]),
                               ("dicom-class=urn:oid:1.2.840.10008.5.1.4.1.1.2", ["huge"]),
                               ("_filter=series[uid+eq+1.2.3+and+modality+eq+CT]", ["huge"])):
                self.assertEqual(server.search(f"ImagingStudy?{query}"), ids, query)
            read = connection.request("GET", "ImagingStudy/huge").json()
            self.assertEqual(read["series"], series)
            series[3]["instance"][9999]["uid"] = "9.9.9"
            self.assertEqual(connection.request("PUT", "ImagingStudy/huge", huge).status, 200)
            self.assertEqual(server.search("ImagingStudy?instance=1.2.4.9999"), [])
            self.assertEqual(server.search("ImagingStudy?instance=9.9.9"), ["huge"])
            self.assertLess(time.monotonic() - started, 60)
            connection.close()


class ZoneTest(unittest.TestCase):
    def test_midnight_is_that_of_its_offset(self):
        """A moment is in one year, month and day: that of the zone in which dates without time are."""
        midnight = "2023-01-01T00:00:00+01:00"
        for zone, year, month, day in (("+00:00", 2022, "2022-12", "2022-12-31"), ("+01:00", 2023, "2023-01", "2023-01-01")):
            with tempfile.TemporaryDirectory() as folder, Server(folder, "--time-zone", zone) as server:
                self.assertEqual(server.request("PUT", "ImagingStudy/s", study(id="s", started=midnight)).status, 201)
                for value in (year, month, day, "2022-12-31T23:00:00Z", midnight.replace("+", "%2B"),
                              f"ge{day}", f"le{day}", "ge2022-12-31T23:00Z", "lt2022-12-31T23:00:01Z"):
                    self.assertEqual(server.search(f"ImagingStudy?started={value}"), ["s"], (zone, value))
                for value in (4045 - year, f"gt{day}", f"lt{day}", "gt2022-12-31T23:00:00Z", "2022-12-31T23:01Z"):
                    self.assertEqual(server.search(f"ImagingStudy?started={value}"), [], (zone, value))


class HistoryTest(unittest.TestCase):
    def test_old_versions_are_in_no_search_and_in_no_index(self):
        tables = ("token_index", "string_index", "date_index", "uid_index", "resource")

        def rows(folder):
            database = sqlite3.connect(f"file:{folder}/lightbox.db?mode=ro", uri=True)
            counts = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]
            database.close()
            return counts

        def version(n):
            return study(id="s", started=f"2024-01-{1 + n % 28:02}", description=f"d{n}",
                         identifier=[{"system": "urn:v", "value": f"V{n}"}],
                         series=[{"uid": f"1.2.{n}", "modality": {"code": "CT"}}])

        with tempfile.TemporaryDirectory() as folder:
            with Server(folder) as server:
                self.assertEqual(server.request("PUT", "ImagingStudy/s", version(0)).status, 201)
            before = rows(folder)
            with Server(folder) as server:
                connection = server.connect()
                for n in range(1, 301):
                    self.assertEqual(connection.request("PUT", "ImagingStudy/s", version(n)).status, 200)
                connection.close()
                for query, ids in (("", ["s"]), ("identifier=V300", ["s"]), ("identifier=V299", []),
                                   ("series=1.2.299", []), ("modality=CT", ["s"]), ("modality:not=CT", [])):
                    self.assertEqual(server.search(f"ImagingStudy?{query}"), ids, query)
                self.assertEqual(server.get("ImagingStudy?_summary=count").json()["total"], 1)
                self.assertEqual(server.get("ImagingStudy/s/_history?_count=1").json()["total"], 301)
            self.assertEqual(rows(folder), before)


if __name__ == "__main__":
    unittest.main()
