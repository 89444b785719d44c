"""Studies of the archive as FHIR resources: where their elements come from, what clients do with them, patients who
are merged, and the ends of their lives."""

import http.client
import re
import tempfile
import time
import unittest

import dicom_data
from lightbox import Server

SYSTEM = "http://hospital.example/patients"
QUIET_MS = 50
DEADLINE_S = 30
BOUNDARY = "lightbox-test"


def study_identifier(uid):
    return {"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}


def patient(value, **members):
    return {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": value}], **members}


def reference(resource):
    return f"{resource['resourceType']}/{resource['id']}"


class ImagingTest(unittest.TestCase):
    number = 0

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="lightbox-imaging-")
        cls.server = Server(cls.directory.name, "--projection-quiet-ms", str(QUIET_MS), "--patient-system", SYSTEM)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        cls.directory.cleanup()
        assert code == 0, cls.server.log_text()

    def setUp(self):
        # Each test has studies and patients of its own.
        ImagingTest.number += 1
        self.study = ImagingTest.number * 10
        self.uid = dicom_data.study_uid(self.study)
        self.patient_id = f"P{self.study}"

    # --- Asking -----------------------------------------------------------------------------------

    def ask(self, method, path, body=None, status=200, **headers):
        answer = self.server.request(method, path, body, headers)
        self.assertEqual(answer.status, status, answer)
        return answer

    def get(self, path):
        return self.ask("GET", path).json()

    def create(self, resource):
        return self.ask("POST", resource["resourceType"], resource, 201).json()

    def send(self, *objects, status=200):
        """By STOW-RS; what it changes has been projected then."""
        body = b"".join(b"--%s\r\nContent-Type: application/dicom\r\n\r\n%s\r\n" % (BOUNDARY.encode(), one)
                        for one in objects) + b"--%s--\r\n" % BOUNDARY.encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        connection.request("POST", "/dicomweb/studies", body, {
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
            "Accept": "application/dicom+json"})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self.assertEqual(answer.status, status, content)
        self.wait()

    def send_study(self, study=None, series=1, instances=1, patient=None, **attributes):
        self.send(*dicom_data.study(study or self.study, series, instances,
                                    patient=self.patient_id if patient is None else patient, **attributes))

    def metric(self, name):
        return int(re.search(rf"^lightbox_{name} (\d+)$", self.server.get("/metrics").body.decode(), re.M)[1])

    def wait(self):
        ends = time.monotonic() + DEADLINE_S
        while self.metric("dicom_studies_waiting") > 0:
            self.assertLess(time.monotonic(), ends, "studies are not projected")
            time.sleep(0.01)

    def the_patient(self, value=None):
        found = self.server.search(f"Patient?identifier={SYSTEM}|{value or self.patient_id}")
        self.assertEqual(len(found), 1, found)
        return self.get(f"Patient/{found[0]}")

    def subject(self, uid=None):
        return self.get(f"ImagingStudy/{uid or self.uid}")["subject"]["reference"]

    def problems(self, uid=None):
        listed = self.get("/dicomweb/problems?limit=1000")["problems"]
        return [one for one in listed if one.get("study") == (uid or self.uid)]

    def explain(self, id=None):
        """{path: (attribute, value, instance)}, {path: kind of edit}, [problem]"""
        answer = self.get(f"ImagingStudy/{id or self.uid}/$explain-mapping")
        self.assertEqual(answer["resourceType"], "Parameters")
        elements, edits, problems = {}, {}, []
        for parameter in answer["parameter"]:
            parts = {part["name"]: next(value for key, value in part.items() if key.startswith("value"))
                     for part in parameter.get("part", [])}
            if parameter["name"] == "element":
                elements.setdefault(parts["path"], (parts.get("attribute"), parts.get("value"), parts.get("instance")))
            elif parameter["name"] == "client-edit":
                edits[parts["path"]] = parts["kind"]
            elif parameter["name"] == "problem":
                problems.append(parts)
        return elements, edits, problems

    def merge(self, source, target, status=200, **more):
        parameters = [{"name": "source-patient", "valueReference": {"reference": reference(source)}},
                      {"name": "target-patient", "valueReference": {"reference": reference(target)}}]
        parameters += [{"name": name, "valueBoolean": value} for name, value in more.items()]
        return self.merge_by(parameters, status)

    def merge_by(self, parameters, status=200):
        answer = self.ask("POST", "Patient/$merge", {"resourceType": "Parameters", "parameter": parameters}, status)
        self.wait()
        if status != 200:
            return answer.json()["issue"][0]
        given = {one["name"]: one["resource"] for one in answer.json()["parameter"]}
        return given["outcome"]["issue"][0]["diagnostics"], given["result"]


class ExplainTest(ImagingTest):
    def test_elements_come_from_attributes_and_instances(self):
        self.send_study(series=2, BodyPartExamined="CHEST", StudyDescription="CT Thorax")
        elements, edits, problems = self.explain()
        instance = dicom_data.sop_instance_uid(self.study, 1, 1)
        self.assertEqual(elements["ImagingStudy.description"],
                         ("(0008,1030) StudyDescription", "CT Thorax", instance))
        self.assertEqual(elements["ImagingStudy.series[1].bodySite"][:2], ("(0018,0015) BodyPartExamined", "CHEST"))
        self.assertEqual(elements["ImagingStudy.series[1].bodySite"][2],
                         dicom_data.sop_instance_uid(self.study, 2, 1))
        self.assertEqual(elements["Patient.gender"], ("(0010,0040) PatientSex", "F", instance))
        self.assertEqual(edits, {})
        self.assertEqual(problems, [])

    def test_the_patient_is_explained_by_the_newest_study_only(self):
        self.send_study(StudyDate="20240301")
        self.send_study(self.study + 1, StudyDate="20200301", PatientSex="M")
        self.assertEqual(self.the_patient()["gender"], "female")
        self.assertIn("Patient.gender", self.explain()[0])
        self.assertNotIn("Patient.gender", self.explain(dicom_data.study_uid(self.study + 1))[0])

    def test_problems_are_told(self):
        self.send_study(PatientBirthDate="19701399")
        problems = self.explain()[2]
        self.assertEqual(len(problems), 1, problems)
        self.assertIn("PatientBirthDate", problems[0]["diagnostics"])
        self.assertEqual(problems[0]["instance"], dicom_data.sop_instance_uid(self.study, 1, 1))

    def test_what_has_no_images_here_is_404_and_says_so(self):
        made = self.create({"resourceType": "ImagingStudy", "status": "available", "subject": {"display": "x"}})
        answer = self.ask("GET", f"{reference(made)}/$explain-mapping", status=404)
        self.assertIn("instances are in this archive", answer.json()["issue"][0]["diagnostics"])
        self.ask("GET", "ImagingStudy/nothing/$explain-mapping", status=404)
        self.ask("GET", f"Patient/{made['id']}/$explain-mapping", status=404)

    def test_it_is_in_the_capability_statement_and_published(self):
        rest = self.get("metadata")["rest"][0]
        for type_name, name in (("ImagingStudy", "explain-mapping"), ("Patient", "merge")):
            resource = next(one for one in rest["resource"] if one["type"] == type_name)
            definition = next(one["definition"] for one in resource["operation"] if one["name"] == name)
            published = self.get("OperationDefinition/" + definition.rpartition("/")[2])
            self.assertEqual(published["url"], definition)
            self.assertEqual(published["code"], name)
            checked = self.ask("POST", "OperationDefinition/$validate", published).json()
            self.assertEqual([one["diagnostics"] for one in checked["issue"]], ["All OK"])


class EditTest(ImagingTest):
    def test_a_clients_edits_survive_the_next_projection(self):
        self.send_study(NameOfPhysiciansReadingStudy="Reader^Rob")
        patch = [{"op": "add", "path": "/note", "value": [{"text": "Seen twice"}]},
                 {"op": "add", "path": "/interpreter/-", "value": {"display": "Second Reader"}},
                 {"op": "add", "path": "/description", "value": "Said by a client"}]
        self.ask("PATCH", f"ImagingStudy/{self.uid}", patch, **{"Content-Type": "application/json-patch+json"})
        self.send(dicom_data.instance(self.study, 2, 1, patient=self.patient_id, StudyDescription="By the scanner",
                                      NameOfPhysiciansReadingStudy="Reader^Rob"))
        study = self.get(f"ImagingStudy/{self.uid}")
        self.assertEqual(study["numberOfSeries"], 2)
        self.assertEqual(study["note"], [{"text": "Seen twice"}])
        self.assertEqual([one["display"] for one in study["interpreter"]], ["Rob Reader", "Second Reader"])
        self.assertEqual(study["description"], "Said by a client")
        elements, edits, _ = self.explain()
        self.assertEqual(edits["ImagingStudy.note[0]"], "added")
        self.assertEqual(edits["ImagingStudy.interpreter[1]"], "added")
        self.assertIn(edits["ImagingStudy.description"], ("added", "changed"))
        self.assertNotIn("ImagingStudy.numberOfSeries", edits)
        self.assertEqual(elements["ImagingStudy.description"][1], "By the scanner")

    def test_a_study_that_is_sent_again_makes_no_version(self):
        self.send_study()
        self.send_study()
        self.assertEqual(self.get(f"ImagingStudy/{self.uid}")["meta"]["versionId"], "1")
        self.assertEqual(self.the_patient()["meta"]["versionId"], "1")


class LifeTest(ImagingTest):
    def test_a_study_with_instances_is_deleted_by_dicomweb_only(self):
        self.send_study()
        before = {name: self.metric(name) for name in ("dicom_studies", "dicom_series", "dicom_instances",
                                                       "dicom_bytes")}
        refused = self.ask("DELETE", f"ImagingStudy/{self.uid}", status=409)
        self.assertIn(f"DELETE /dicomweb/studies/{self.uid}", refused.json()["issue"][0]["diagnostics"])
        self.ask("DELETE", f"/dicomweb/studies/{self.uid}", status=204)
        self.wait()
        self.ask("GET", f"ImagingStudy/{self.uid}", status=410)
        for name in ("dicom_studies", "dicom_series", "dicom_instances"):
            self.assertEqual(self.metric(name), before[name] - 1, name)
        self.assertLess(self.metric("dicom_bytes"), before["dicom_bytes"])
        self.ask("GET", f"ImagingStudy/{self.uid}/$explain-mapping", status=404)
        self.send_study()
        self.assertEqual(self.get(f"ImagingStudy/{self.uid}")["numberOfInstances"], 1)

    def test_the_facts_of_a_study_that_has_gone_go_with_the_next_projection(self):
        self.send_study(StudyDate="20200301", PatientSex="M")
        self.send_study(self.study + 1, StudyDate="20240301", PatientSex="F")
        self.assertEqual(self.the_patient()["gender"], "female")
        self.ask("DELETE", f"/dicomweb/studies/{dicom_data.study_uid(self.study + 1)}", status=204)
        self.wait()
        self.send(dicom_data.instance(self.study, 2, 1, patient=self.patient_id, StudyDate="20200301",
                                      PatientSex="M"))
        self.assertEqual(self.the_patient()["gender"], "male")

    def test_a_rejection_note_says_what_is_not_to_be_used(self):
        self.send_study(instances=2)
        self.send(dicom_data.key_object(self.study, patient=self.patient_id, rejects=((1, (1,)),)))
        study = self.get(f"ImagingStudy/{self.uid}")
        self.assertEqual((study["status"], study["numberOfInstances"]), ("available", 1))
        self.send(dicom_data.key_object(self.study, number=2, patient=self.patient_id, rejects=((1, (2,)),)))
        study = self.get(f"ImagingStudy/{self.uid}")
        self.assertIn(study["status"], ("cancelled", "entered-in-error"))
        self.assertNotIn("series", study)


class AdoptionTest(ImagingTest):
    def test_what_a_client_had_created_is_adopted(self):
        theirs = self.create(patient(self.patient_id, telecom=[{"system": "phone", "value": "1"}]))
        study = self.create({"resourceType": "ImagingStudy", "status": "registered",
                             "identifier": [study_identifier(self.uid)],
                             "subject": {"reference": reference(theirs)}, "note": [{"text": "Expected"}]})
        self.send_study()
        adopted = self.get(reference(study))
        self.assertEqual((adopted["status"], adopted["numberOfInstances"]), ("available", 1))
        self.assertEqual(adopted["note"], [{"text": "Expected"}])
        self.assertEqual(adopted["subject"]["reference"], reference(theirs))
        known = self.the_patient()
        self.assertEqual((known["id"], known["gender"], known["telecom"][0]["value"]), (theirs["id"], "female", "1"))
        moved = self.ask("GET", f"ImagingStudy/{self.uid}", status=307)
        self.assertEqual(moved.headers["Location"], f"{self.server.base}/{reference(study)}")
        elements, edits, _ = self.explain(study["id"])
        self.assertEqual(elements["ImagingStudy.status"][1], "available")
        self.assertEqual(edits["ImagingStudy.note[0]"], "added")
        self.assertEqual(self.explain(self.uid)[0], elements)
        # What a client had made is not deleted with the images.
        self.ask("DELETE", f"/dicomweb/studies/{self.uid}", status=204)
        self.wait()
        left = self.get(reference(study))
        self.assertEqual((left["status"], left["note"]), ("registered", [{"text": "Expected"}]))
        self.assertNotIn("series", left)

    def test_nothing_is_made_of_two_candidates(self):
        first, second = (self.create(patient(self.patient_id)) for _ in range(2))
        self.send_study()
        study = self.get(f"ImagingStudy/{self.uid}")
        self.assertNotIn("reference", study["subject"])
        problem, = self.problems()
        self.assertEqual(problem["code"], "multiple-matches")
        self.assertIn(f"Patient?identifier={SYSTEM}|{self.patient_id}", problem["diagnostics"])
        self.merge(first, second)
        self.assertEqual(self.problems(), [])
        self.assertEqual(self.subject(), reference(second))
        self.assertEqual(self.get(reference(second))["gender"], "female")

    def test_nothing_is_written_to_two_studies(self):
        made = [self.create({"resourceType": "ImagingStudy", "status": "available", "subject": {"display": "x"},
                             "identifier": [study_identifier(self.uid)]}) for _ in range(2)]
        self.send_study()
        self.ask("GET", f"ImagingStudy/{self.uid}", status=404)
        self.assertEqual([one["code"] for one in self.problems()], ["multiple-matches"])
        self.assertEqual([self.get(reference(one))["meta"]["versionId"] for one in made], ["1", "1"])

    def test_an_id_that_is_taken_is_not_overwritten(self):
        squatter = {"resourceType": "ImagingStudy", "id": self.uid, "status": "cancelled",
                    "subject": {"display": "Somebody"}}
        self.ask("PUT", f"ImagingStudy/{self.uid}", squatter, 201)
        for number in (1, 2):  # a problem as long as it is one
            self.send(dicom_data.instance(self.study, 1, number, patient=self.patient_id))
            self.assertEqual(self.get(f"ImagingStudy/{self.uid}")["status"], "cancelled")
            found, = self.server.search(f"ImagingStudy?identifier=urn:dicom:uid|urn:oid:{self.uid}")
            self.assertNotEqual(found, self.uid)
            self.assertEqual(self.get(f"ImagingStudy/{found}")["numberOfInstances"], number)
            problem, = self.problems()
            self.assertEqual(problem["code"], "duplicate")
            self.assertIn(f"ImagingStudy/{found}", problem["diagnostics"])
        self.ask("GET", f"ImagingStudy/{self.uid}/$explain-mapping", status=404)


class MergeTest(ImagingTest):
    def setUp(self):
        super().setUp()
        self.other_id = self.patient_id + "b"
        self.other_uid = dicom_data.study_uid(self.study + 1)
        self.later_uid = dicom_data.study_uid(self.study + 2)

    def two_patients(self):
        self.send_study(patient=self.patient_id, StudyDate="20240301")
        self.send_study(self.study + 1, patient=self.other_id, PatientSex="M", StudyDate="20200301")
        return self.the_patient(self.patient_id), self.the_patient(self.other_id)

    def test_the_target_has_what_was_the_sources(self):
        source, target = self.two_patients()
        report = self.create({"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "CT"},
                              "subject": {"reference": reference(source)},
                              "performer": [{"display": "nobody"}]})
        unconcerned = self.create({"resourceType": "Observation", "status": "final", "code": {"text": "x"},
                                   "subject": {"reference": reference(target)},
                                   "focus": [{"reference": f"{reference(source)}/_history/1"}]})
        before = self.get(reference(target))
        text, preview = self.merge(source, target, preview=True)
        self.assertIn("would be merged", text)
        self.assertIn("1 DiagnosticReport, 1 ImagingStudy", text)
        self.assertEqual(self.get(reference(target)), before)
        self.assertEqual(self.subject(), reference(source))

        text, result = self.merge(source, target)
        self.assertIn("1 DiagnosticReport, 1 ImagingStudy", text)
        self.assertEqual(result, self.get(reference(target)))
        self.assertEqual(preview["link"], result["link"])
        self.assertEqual(result["link"], [{"other": {"reference": reference(source)}, "type": "replaces"}])
        self.assertEqual([(one["value"], one.get("use")) for one in result["identifier"]],
                         [(self.other_id, None), (self.patient_id, "old")])
        gone = self.get(reference(source))
        self.assertIs(gone["active"], False)
        self.assertEqual(gone["link"], [{"other": {"reference": reference(target)}, "type": "replaced-by"}])
        self.assertEqual(self.subject(), reference(target))
        self.assertEqual(self.subject(self.other_uid), reference(target))
        self.assertEqual(self.get(reference(report))["subject"]["reference"], reference(target))
        self.assertEqual(self.get(reference(unconcerned)), unconcerned)
        self.assertEqual(self.explain()[1], {})

        # The newest study is of the old id: it says nothing of the target, now and later.
        self.assertEqual(self.get(reference(target))["gender"], "male")
        self.send_study(self.study + 2, patient=self.patient_id, StudyDate="20260301", PatientSex="O")
        self.assertEqual(self.subject(self.later_uid), reference(target))
        self.assertEqual(self.get(reference(target)), result)
        self.send(dicom_data.instance(self.study, 2, 1, patient=self.patient_id, StudyDate="20240301"))
        self.assertEqual(self.subject(), reference(target))
        self.assertEqual(self.get(reference(source)), gone)
        # The target's own studies still do, and what was merged stays.
        self.send(dicom_data.instance(self.study + 1, 2, 1, patient=self.other_id, StudyDate="20200301",
                                      PatientSex="M", PatientName="Renamed^Target"))
        self.assertEqual(self.get(reference(target))["link"], result["link"])

    def test_merging_again_does_what_is_left(self):
        source, target = self.two_patients()
        _, result = self.merge(source, target)
        text, again = self.merge(source, target)
        self.assertIn("nothing to do", text)
        self.assertEqual(again, result)
        late = self.create({"resourceType": "Basic", "code": {"text": "x"}, "subject":
                            {"reference": f"{self.server.base}/{reference(source)}"}})
        text, _ = self.merge(source, target)
        self.assertIn("1 Basic", text)
        self.assertEqual(self.get(reference(late))["subject"]["reference"], reference(target))

    def test_one_that_was_merged_is_merged_on_with_what_is_known_of_it(self):
        source, target = self.two_patients()
        third = self.create(patient(self.patient_id + "c"))
        self.merge(source, target)
        issue = self.merge(source, third, 422)
        self.assertIn(f"merged already, into {reference(target)}", issue["diagnostics"])
        issue = self.merge(third, source, 422)
        self.assertIn("merged already", issue["diagnostics"])
        self.merge(target, third)
        self.send_study(self.study + 2, patient=self.patient_id)
        for uid in (self.uid, self.other_uid, self.later_uid):
            self.assertEqual(self.subject(uid), reference(third))

    def test_patients_of_clients_are_known_by_their_identifiers_afterwards(self):
        source = self.create(patient(self.patient_id, gender="male"))
        target = self.create(patient(self.other_id))
        parameters = [{"name": "source-patient-identifier", "valueIdentifier": source["identifier"][0]},
                      {"name": "target-patient-identifier", "valueIdentifier": target["identifier"][0]}]
        self.merge_by(parameters)
        self.send_study()
        self.assertEqual(self.subject(), reference(target))
        self.assertNotIn("gender", self.get(reference(target)))
        self.assertEqual(self.problems(), [])

    def test_errors(self):
        first, second = self.create(patient(self.patient_id)), self.create(patient(self.patient_id))
        by_reference = {"name": "target-patient", "valueReference": {"reference": reference(first)}}
        by_identifier = {"name": "source-patient-identifier", "valueIdentifier": first["identifier"][0]}
        nobody = {"name": "source-patient-identifier", "valueIdentifier": {"system": SYSTEM, "value": "nobody"}}
        elsewhere = {"name": "source-patient", "valueReference": {"reference": "http://elsewhere.example/Patient/1"}}
        group = {"name": "source-patient", "valueReference": {"reference": "Group/1"}}
        cases = [
            ([by_reference], 400, "required", "source-patient"),
            ([by_reference, elsewhere], 400, "value", "elsewhere.example"),
            ([by_reference, group], 400, "value", "Group/1"),
            ([by_reference, {**by_identifier, "valueIdentifier": {"system": SYSTEM}}], 400, "required", "no value"),
            ([by_reference, by_identifier], 422, "multiple-matches", "Several Patients"),
            ([by_reference, nobody], 422, "not-found", "nobody"),
            ([by_reference, nobody, {"name": "source-patient", "valueReference": {"reference": reference(second)}}],
             422, "not-found", "nobody"),
            ([by_reference, {"name": "source-patient", "valueReference": {"reference": "Patient/nobody"}}],
             422, "not-found", "Patient/nobody"),
            ([by_reference, {**by_reference, "name": "source-patient"}], 422, "business-rule", "the same patient"),
            ([by_reference, {"name": "result-patient", "valueString": "x"}], 400, "not-supported", "result-patient"),
        ]
        for parameters, status, code, text in cases:
            with self.subTest(text=text, code=code):
                issue = self.merge_by(parameters, status)
                self.assertEqual(issue["code"], code)
                self.assertIn(text, issue["diagnostics"])
        self.ask("GET", "Patient/$merge", status=405)
        self.ask("DELETE", reference(second), status=204)
        self.assertEqual(self.merge(second, first, 422)["code"], "not-found")


if __name__ == "__main__":
    unittest.main()
