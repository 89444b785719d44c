"""Concurrent patches of one resource: each takes effect, or says that it did not."""

import tempfile
import unittest

from lightbox import THREADS, Server, in_threads

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
ROUNDS = 5


class PatchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name)
        cls.connection = cls.server.connect()

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        cls.server.__exit__()
        cls.folder.cleanup()

    def put(self, name):
        body = {"resourceType": "Patient", "id": name,
                "telecom": [{"system": "phone", "value": "0"} for _ in range(THREADS)]}
        self.assertEqual(self.connection.request("PUT", f"Patient/{name}", body).status, 201)

    def test_patches_of_different_elements_all_take_effect(self):
        self.put("a")

        def work(connection, number):
            statuses = []
            for turn in range(1, ROUNDS + 1):
                if number % 2 == 0:
                    patch = [{"op": "test", "path": f"/telecom/{number}/value", "value": str(turn - 1)},
                             {"op": "replace", "path": f"/telecom/{number}/value", "value": str(turn)}]
                    answer = connection.request("PATCH", "Patient/a", patch, JSON_PATCH)
                else:
                    parts = [{"name": "type", "valueCode": "replace"},
                             {"name": "path", "valueString": f"Patient.telecom[{number}].value"},
                             {"name": "value", "valueString": str(turn)}]
                    answer = connection.request("PATCH", "Patient/a", {
                        "resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]})
                statuses.append((answer.status, answer.json()["telecom"][number]["value"], str(turn)))
            return statuses

        for statuses in in_threads(self.server, work):
            for status, value, expected in statuses:
                self.assertEqual((status, value), (200, expected))
        patient = self.connection.request("GET", "Patient/a").json()
        self.assertEqual([t["value"] for t in patient["telecom"]], [str(ROUNDS)] * THREADS)
        self.assertEqual(patient["meta"]["versionId"], str(1 + THREADS * ROUNDS))

    def test_of_patches_with_the_same_if_match_one_wins(self):
        self.put("b")

        def work(connection, number):
            patch = [{"op": "replace", "path": f"/telecom/{number}/value", "value": "1"}]
            return connection.request("PATCH", "Patient/b", patch, {**JSON_PATCH, "If-Match": 'W/"1"'}).status

        statuses = in_threads(self.server, work)
        self.assertEqual(sorted(statuses), [200] + [412] * (THREADS - 1))
        patient = self.connection.request("GET", "Patient/b").json()
        self.assertEqual(patient["meta"]["versionId"], "2")
        self.assertEqual([t["value"] for t in patient["telecom"]].count("1"), 1)


if __name__ == "__main__":
    unittest.main()
