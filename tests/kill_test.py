"""kill -9 at any instant under load loses no acknowledged write and leaves nothing half done.

Fifty rounds on one data folder: several connections write, the process is killed at a random time,
a new one starts on the same data, and everything is compared with what was acknowledged.
"""

import http.client
import json
import os
import random
import tempfile
import threading
import time
import unittest

from lightbox import Server, study

ROUNDS = int(os.environ.get("LIGHTBOX_KILL_ROUNDS", "50"))
WRITERS = 6


class Writer(threading.Thread):
    """Creates, updates and deletes its own studies until the server dies.

    `certain` is what was acknowledged: id -> (version, marker), marker None when deleted.
    `possible` is what the one request in flight may also have done.
    """

    def __init__(self, server, number, certain, seed):
        super().__init__()
        self.connection, self.number = server.connect(timeout=10), number
        self.certain, self.random = certain, random.Random(seed)
        self.possible, self.created_unknown, self.acknowledged = {}, 0, 0

    def run(self):
        try:
            while True:
                self.write()
                self.acknowledged += 1
        except (http.client.HTTPException, OSError):
            pass
        finally:
            self.connection.close()

    def write(self):
        own = [id for id in self.certain if id.startswith(f"w{self.number}-")]
        marker = f"marker-{self.random.getrandbits(64):016x}"
        resource = study(identifier=[{"system": "urn:kill", "value": marker}], description=marker)
        draw = self.random.random()
        if draw < 0.3 or not own:
            self.put(f"w{self.number}-{len(own)}", resource, marker)
        elif draw < 0.6:
            self.put(self.random.choice(own), resource, marker)
        elif draw < 0.75:
            self.delete(self.random.choice(own))
        else:
            self.create(resource, marker)

    def put(self, id, resource, marker):
        version = self.certain.get(id, (0, None))[0] + 1
        self.possible = {id: (version, marker)}
        answer = self.connection.request("PUT", f"ImagingStudy/{id}", {**resource, "id": id})
        assert answer.status in (200, 201), answer
        self.acknowledge(answer, id, marker)

    def create(self, resource, marker):
        # Its id is known only from the answer; until then its marker is.
        self.possible = {marker: (1, marker)}
        answer = self.connection.request("POST", "ImagingStudy", resource)
        assert answer.status == 201, answer
        self.acknowledge(answer, answer.json()["id"], marker)

    def delete(self, id):
        version, marker = self.certain[id]
        self.possible = {id: (version + 1 if marker else version, None)}
        answer = self.connection.request("DELETE", f"ImagingStudy/{id}")
        assert answer.status == 204, answer
        self.certain[id] = self.possible[id]
        self.possible = {}

    def acknowledge(self, answer, id, marker):
        self.certain[id] = (int(answer.headers["ETag"].strip('W/"')), marker)
        self.possible = {}


class KillTest(unittest.TestCase):
    def test_fifty_kills(self):
        seed = int(os.environ.get("LIGHTBOX_KILL_SEED", random.randrange(1 << 32)))
        chance = random.Random(seed)
        certain, acknowledged = {}, 0
        with tempfile.TemporaryDirectory() as data:
            for round_number in range(ROUNDS):
                with self.subTest(round=round_number, seed=seed):
                    server = Server(data)
                    writers = [Writer(server, n, certain_of(certain, n), chance.random()) for n in range(WRITERS)]
                    for writer in writers:
                        writer.start()
                    time.sleep(chance.uniform(0.01, 0.5))
                    self.assertIsNone(server.process.poll(), f"it died by itself: {server.log_text()}")
                    server.kill()
                    for writer in writers:
                        writer.join()
                        acknowledged += writer.acknowledged
                        certain.update(writer.certain)
                    with Server(data) as again:
                        self.check(again, certain, writers)
        self.assertGreater(acknowledged, ROUNDS * 10, "hardly anything was written")

    def check(self, server, certain, writers):
        """Brings `certain` up to date with the requests in flight, and compares everything."""
        connection = server.connect()
        for writer in writers:
            for key, (version, marker) in writer.possible.items():
                self.settle(connection, certain, key, version, marker)
        there = {id for id, (_, marker) in certain.items() if marker}
        # One scan gives all of them, with their content; each is as it was acknowledged.
        self.assertEqual(set(server.search("ImagingStudy?_count=1000")), there)
        total = connection.request("GET", "ImagingStudy?_summary=count").json()["total"]
        self.assertEqual(total, len(there))
        for id in self.sample(certain):
            self.check_one(connection, id, *certain[id])
        connection.close()

    def settle(self, connection, certain, key, version, marker):
        """A request without an answer has happened completely or not at all."""
        if key.startswith("marker-"):
            bundle = connection.request("GET", f"ImagingStudy?identifier={key}").json()
            for entry in bundle.get("entry", []):
                certain[entry["resource"]["id"]] = (1, marker)
            return
        answer = connection.request("GET", f"ImagingStudy/{key}/_history?_count=1")
        newest = int(answer.json()["entry"][0]["response"]["etag"].strip('W/"')) if answer.status == 200 else 0
        self.assertIn(newest, (version, certain.get(key, (0, None))[0]))
        if newest == version and version > 0:
            certain[key] = (version, marker)

    def check_one(self, connection, id, version, marker):
        answer = connection.request("GET", f"ImagingStudy/{id}")
        if marker is None:
            self.assertEqual(answer.status, 410, id)
            return
        resource = json.loads(answer.body)
        self.assertEqual((resource["description"], resource["meta"]["versionId"]), (marker, str(version)), id)
        found = connection.request("GET", f"ImagingStudy?identifier=urn:kill|{marker}").json()
        self.assertEqual([entry["resource"]["id"] for entry in found["entry"]], [id])

    @staticmethod
    def sample(certain):
        """All of the newest and some of the rest; all of them every round would take hours."""
        ids = list(certain)
        return ids[-300:] + random.sample(ids, min(100, len(ids)))


def certain_of(certain, number):
    """What writer `number` may go on with."""
    return {id: value for id, value in certain.items() if id.startswith(f"w{number}-")}


if __name__ == "__main__":
    unittest.main()
