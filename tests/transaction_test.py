"""Conditions and transactions under concurrency, and a transaction of 10,000 entries."""

import base64
import json
import re
import tempfile
import threading
import time
import unittest
from pathlib import Path

from lightbox import THREADS, Server, in_threads, study


def put_entry(resource):
    return {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}


def bundle(entries, kind="transaction"):
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


class TransactionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def count(self, query):
        return self.server.get(f"{query}&_summary=count").json()["total"]

    def test_one_of_twenty_conditional_creates_wins(self):
        for round_ in range(20):
            body = {"resourceType": "Patient", "identifier": [{"system": "urn:race", "value": str(round_)}]}
            criteria = f"identifier=urn:race|{round_}"
            answers = in_threads(self.server, lambda c, n: c.request("POST", "Patient", body, {"If-None-Exist": criteria}))
            self.assertEqual(sorted(a.status for a in answers), [200] * (THREADS - 1) + [201], answers)
            self.assertEqual(len({a.json()["id"] for a in answers}), 1)
            self.assertEqual(self.count(f"Patient?{criteria}"), 1)

    def test_one_of_twenty_conditional_updates_creates(self):
        for round_ in range(20):
            body = {"resourceType": "Patient", "identifier": [{"system": "urn:upd", "value": str(round_)}]}
            path = f"Patient?identifier=urn:upd|{round_}"
            answers = in_threads(self.server, lambda c, n: c.request("PUT", path, {**body, "active": n % 2 == 0}))
            self.assertEqual(sorted(a.status for a in answers), [200] * (THREADS - 1) + [201], answers)
            self.assertEqual(sorted(int(a.json()["meta"]["versionId"]) for a in answers), list(range(1, THREADS + 1)))
            self.assertEqual(self.count(path), 1)

    def test_one_winner_for_each_version(self):
        self.server.request("PUT", "Patient/race", {"resourceType": "Patient", "id": "race"})
        for version in range(1, 21):
            answers = in_threads(self.server, lambda c, n: c.request(
                "PUT", "Patient/race", {"resourceType": "Patient", "id": "race", "active": n % 2 == 0},
                {"If-Match": f'W/"{version}"'}))
            self.assertEqual(sorted(a.status for a in answers), [200] + [412] * (THREADS - 1), answers)
        self.assertEqual(self.server.get("Patient/race").json()["meta"]["versionId"], "21")

    def test_one_of_twenty_creates_a_resource_of_an_id(self):
        for round_ in range(10):
            body = {"resourceType": "Patient", "id": f"only{round_}"}
            answers = in_threads(self.server, lambda c, n: c.request("PUT", f"Patient/only{round_}", body, {"If-None-Match": "*"}))
            self.assertEqual(sorted(a.status for a in answers), [201] + [412] * (THREADS - 1), answers)

    def test_a_list_of_versions_lets_one_win_for_each(self):
        """Each of 20 threads allows versions 1 and 2: two get through, whatever their order."""
        for round_ in range(10):
            path, body = f"Patient/list{round_}", {"resourceType": "Patient", "id": f"list{round_}"}
            self.assertEqual(self.server.request("PUT", path, body).status, 201)
            answers = in_threads(self.server, lambda c, n: c.request(
                "PUT", path, {**body, "active": n % 2 == 0}, {"If-Match": 'W/"1", W/"2"'}))
            self.assertEqual(sorted(a.status for a in answers), [200] * 2 + [412] * (THREADS - 2), answers)

    def test_deletions_and_updates_of_what_is_there_race(self):
        """If-Match: * on what another deletes: each update is of a live version, or refused."""
        for round_ in range(10):
            path, body = f"Patient/star{round_}", {"resourceType": "Patient", "id": f"star{round_}"}
            self.server.request("PUT", path, body)
            answers = in_threads(self.server, lambda c, n: c.request("DELETE", path) if n == 7 else
                                 c.request("PUT", path, body, {"If-Match": "*"}))
            self.assertEqual(answers[7].status, 204)
            self.assertEqual({a.status for a in answers} - {204, 412}, {200} & {a.status for a in answers}, answers)
            self.assertEqual(self.server.get(path).status, 410)
            history = self.server.get(f"{path}/_history").json()["entry"]
            self.assertEqual(history[0]["request"]["method"], "DELETE")
            self.assertEqual([e["request"]["method"] for e in history].count("DELETE"), 1)

    def test_no_patch_is_lost(self):
        """Twenty threads patch one resource: by id, by criteria, in a batch and in a transaction."""
        self.server.request("PUT", "Patient/patched", {
            "resourceType": "Patient", "id": "patched", "identifier": [{"system": "urn:patched", "value": "1"}]})

        def ask(connection, number):
            patch = [{"op": "add", "path": "/identifier/-", "value": {"system": "urn:n", "value": str(number)}}]
            path = ("Patient/patched", "Patient?identifier=urn:patched|1")[number % 2]
            if number % 4 < 2:
                return connection.request("PATCH", path, patch, {"Content-Type": "application/json-patch+json"})
            data = base64.b64encode(json.dumps(patch).encode()).decode()
            entry = {"resource": {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data},
                     "request": {"method": "PATCH", "url": path}}
            return connection.request("POST", "/baseR4", bundle([entry], ("batch", "transaction")[number // 4 % 2]))
        answers = in_threads(self.server, ask)
        self.assertEqual({a.status for a in answers}, {200}, answers)
        there = self.server.get("Patient/patched").json()
        self.assertEqual(there["meta"]["versionId"], str(THREADS + 1))
        self.assertEqual(sorted(int(i["value"]) for i in there["identifier"] if i["system"] == "urn:n"),
                         list(range(THREADS)))

    def test_transactions_that_race_for_a_patient_share_it(self):
        """Each brings the patient if there is none, and a study that must refer to the one there is."""
        for round_ in range(10):
            value = f"t{round_}"

            def ask(connection, number):
                patient = {"resourceType": "Patient", "identifier": [{"system": "urn:race", "value": value}]}
                entries = [
                    {"fullUrl": "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a", "resource": patient,
                     "request": {"method": "POST", "url": "Patient", "ifNoneExist": f"identifier=urn:race|{value}"}},
                    {"resource": study(subject={"reference": "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"},
                                       identifier=[{"system": "urn:race", "value": value}]),
                     "request": {"method": "POST", "url": "ImagingStudy"}}]
                return connection.request("POST", "/baseR4", bundle(entries))
            answers = in_threads(self.server, ask)
            self.assertEqual({a.status for a in answers}, {200}, answers)
            patients = self.server.search(f"Patient?identifier=urn:race|{value}")
            self.assertEqual(len(patients), 1)
            self.assertEqual(len(self.server.search(f"ImagingStudy?patient={patients[0]}&_count=7")), THREADS)

    def test_a_failing_transaction_leaves_nothing(self):
        entries = [put_entry({"resourceType": "Patient", "id": f"none{n}", "active": True}) for n in range(600)]
        entries.append(put_entry({"resourceType": "Patient", "id": "none-last"}))
        entries[-1]["request"]["ifMatch"] = 'W/"9"'
        answer = self.server.request("POST", "/baseR4", bundle(entries))
        self.assertEqual(answer.status, 412, answer)
        self.assertEqual(answer.json()["issue"][0]["expression"], ["Bundle.entry[600]"])
        self.assertEqual(self.server.get("Patient/none0").status, 404)
        self.assertEqual(self.server.search("Patient?_id=none0,none599,none-last"), [])

    def test_ten_thousand_entries(self):
        count = 10_000
        entries = [put_entry(study(id=f"big{n}", started=f"2024-01-{1 + n % 28:02}",
                                   subject={"reference": f"Patient/big{n % 100}"},
                                   identifier=[{"system": "urn:big", "value": str(n)}])) for n in range(count)]
        whole = bundle(entries)
        longest, stop = {"GET": 0.0, "POST": 0.0}, threading.Event()

        def ask_meanwhile(method, path, body=None):
            connection = self.server.connect()
            while not stop.is_set():
                began = time.monotonic()
                self.assertIn(connection.request(method, path, body).status, (200, 201))
                longest[method] = max(longest[method], time.monotonic() - began)
            connection.close()
        others = [threading.Thread(target=ask_meanwhile, args=("GET", "Patient?_count=1")),
                  threading.Thread(target=ask_meanwhile, args=("POST", "Patient", {"resourceType": "Patient"}))]
        for other in others:
            other.start()
        answer = self.server.request("POST", "/baseR4", whole)
        peak_kib = int(re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{self.server.process.pid}/status").read_text())[1])
        stop.set()
        for other in others:
            other.join()
        self.assertEqual(answer.status, 200, answer)
        statuses = [entry["response"]["status"] for entry in answer.json()["entry"]]
        self.assertEqual(statuses, ["201 Created"] * count)
        self.assertEqual(self.count("ImagingStudy?identifier=urn:big|"), count)
        self.assertEqual(self.server.search("ImagingStudy?identifier=urn:big|9999&patient=big99"), ["big9999"])
        self.assertEqual(len(self.server.search("ImagingStudy?patient=big7&started=lt2024-01-15&_count=33")),
                         sum(1 for n in range(7, count, 100) if n % 28 < 14))
        self.assertLess(peak_kib, 300 * 1024)  # for 2 MiB of Bundle
        # Reads never wait for the writer; writes wait for the commit, not for the checks of 10,000 entries.
        self.assertLess(longest["GET"], 2.0)
        self.assertLess(longest["POST"], 5.0)

    def test_a_batch_of_many(self):
        entries = [put_entry({"resourceType": "Patient", "id": f"batch{n}"}) for n in range(1000)]
        entries[500]["resource"]["gender"] = "nonsense"
        answer = self.server.request("POST", "/baseR4", bundle(entries, "batch"))
        statuses = [entry["response"]["status"] for entry in answer.json()["entry"]]
        self.assertEqual(statuses, ["201 Created"] * 500 + ["400 Bad Request"] + ["201 Created"] * 499)

    def test_a_condition_that_is_too_broad_is_refused_and_changes_nothing(self):
        entries = [put_entry({"resourceType": "Group", "id": f"g{n}", "type": "person", "actual": True})
                   for n in range(1100)]
        self.assertEqual(self.server.request("POST", "/baseR4", bundle(entries)).status, 200)
        answer = self.server.request("PUT", "Group?type=person&actual=true",
                                     {"resourceType": "Group", "type": "animal", "actual": True})
        self.assertEqual(answer.status, 503, answer)
        self.assertEqual(answer.json()["issue"][0]["code"], "too-costly")
        self.assertEqual(self.count("Group?type=animal"), 0)
        # With a telling criterion beside the broad ones it is done.
        answer = self.server.request("PUT", "Group?type=person&actual=true&_id=g7",
                                     {"resourceType": "Group", "type": "animal", "actual": True})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json()["id"], "g7")


if __name__ == "__main__":
    unittest.main()
