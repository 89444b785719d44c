"""Studies whose images stay in another archive: known here, followed, and shown through this server."""

import contextlib
import http.client
import json
import re
import socket
import sqlite3
import struct
import subprocess
import threading
import time
import unittest
from pathlib import Path

import dicom_data as dicom
import dimse_peer
import orthanc_archive
from lightbox import BINARY, Server, run
from pull_test import PullCase, rows, studies_of_years, summary

DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
OCTETS = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
SERIES = f"/dicomweb/studies/{dicom.study_uid(2)}/series/{dicom.series_uid(2, 1)}"
INSTANCE = f"{SERIES}/instances/{dicom.sop_instance_uid(2, 1, 1)}"


def eventually(check, seconds=30):
    ends = time.monotonic() + seconds
    while True:
        value = check()
        if value or time.monotonic() > ends:
            return value
        time.sleep(0.05)


def parts(answer):
    """The contents of multipart/related."""
    boundary = answer.headers["Content-Type"].split("boundary=")[1].split(";")[0].strip('"').encode()
    return [part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
            for part in answer.body.split(b"--" + boundary)[1:-1]]


class Cutter:
    """Between here and an archive: cuts the k-th connection after budgets[k] bytes of the archive; None: never."""

    def __init__(self, port, budgets):
        self.to, self.budgets, self.ends, self.asked = port, list(budgets), [], bytearray()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                client = self.listening.accept()[0]
            except OSError:
                return
            budget = self.budgets.pop(0) if self.budgets else None
            archive = socket.create_connection(("127.0.0.1", self.to))
            self.ends += (client, archive)
            for ends in ((client, archive, None), (archive, client, budget)):
                threading.Thread(target=self.pass_on, args=ends, daemon=True).start()

    def pass_on(self, source, target, budget):
        try:
            while data := source.recv(4096):
                if target not in self.ends[::2]:  # the archive
                    self.asked += data
                if budget is not None:
                    data, budget = data[:budget], budget - len(data)
                target.sendall(data)
                if budget is not None and budget <= 0:
                    break
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        for end in (self.listening, *self.ends):
            end.close()


class RemoteCase(PullCase):
    """An Orthanc of its own for each test, since they change what it holds."""

    def setUp(self):
        super().setUp()
        self.orthanc = orthanc_archive.Orthanc(self.path / "orthanc")
        self.addCleanup(self.orthanc.stop)
        self.objects = studies_of_years()
        self.orthanc.store(self.objects)

    def by_dicomweb(self, **settings):
        self.configure(protocol="dicomweb", url=self.orthanc.dicomweb, **settings)

    def by_dimse(self, **settings):
        self.configure(protocol="dimse", peer=f"ORTHANC=127.0.0.1:{self.orthanc.dicom_port}", **settings)

    def tell(self, *arguments, code=0):
        got, output = run("pull", "main", "--data", self.data, "--config", self.config, *arguments)
        self.assertEqual(got, code, output)
        return output

    def serve(self, *flags):
        server = Server(self.data, "--config", self.config, *flags)
        self.addCleanup(server.stop)
        return server

    def delete_study(self, number):
        found = json.loads(self.orthanc.ask("POST", "/tools/lookup", dicom.study_uid(number).encode()))
        self.orthanc.ask("DELETE", f"/studies/{found[0]['ID']}")

    def study(self, server, number):
        return server.get(f"ImagingStudy/{dicom.study_uid(number)}")


@unittest.skipUnless(orthanc_archive.is_there(), "orthanc or its DICOMweb plugin is missing")
class TellTest(RemoteCase):
    """`lightbox pull` without images."""

    QUIET = {"poll_seconds": 0, "walk_hours": 0}

    def check_told(self, **configured):
        output = self.tell()
        self.expect(output, studies=3, pulled=3, differ=0)
        self.assertEqual(rows(self.data, "SELECT count(*), sum(file=''), sum(file_bytes) FROM dicom_instance"),
                         [(19, 19, 0)])
        self.expect(self.tell(), studies=3, complete_already=3, pulled=0)
        server = self.serve()
        study = self.study(server, 2).json()
        self.assertEqual((study["status"], study["numberOfSeries"], study["numberOfInstances"], study["started"][:10]),
                         ("available", 2, 6, "2024-02-29"))
        self.assertEqual(study["series"][0]["modality"]["code"], "CT")
        self.assertEqual(sorted(one["uid"] for one in study["series"][0]["instance"]),
                         sorted(dicom.sop_instance_uid(2, 1, number) for number in (1, 2, 3)))
        self.assertEqual(len(server.search("ImagingStudy?modality=MR")), 1)
        self.assertEqual(len(server.search("ImagingStudy?patient.identifier=P2")), 1)
        self.assertEqual(len(server.get("/dicomweb/studies").json()), 3)
        found = server.get(f"/dicomweb/studies/{dicom.study_uid(2)}/instances").json()
        self.assertEqual(len(found), 6)
        return server

    def test_dicomweb(self):
        self.by_dicomweb(**self.QUIET)
        self.check_told()

    def test_dimse(self):
        self.by_dimse(**self.QUIET)
        self.check_told()

    def test_dimse_by_the_patient_root(self):
        cutter = Cutter(self.orthanc.dicom_port, [])
        self.addCleanup(cutter.close)
        self.configure(protocol="dimse", peer=f"ORTHANC=127.0.0.1:{cutter.port}", root="patient", **self.QUIET)
        server = self.check_told()
        # Below a patient everything is named with them.
        named = b"\x20\0\x0d\0UI" + struct.pack("<H", len(dicom.study_uid(2)) + len(dicom.study_uid(2)) % 2)
        of_patient = b"\x10\0\x20\0LO\2\0P2"
        self.assertGreaterEqual(bytes(cutter.asked).count(of_patient + named), 2)  # the instances of its two series
        self.assertEqual(server.get(INSTANCE, Accept=DICOM).status, 200)  # fetched, by one who knows no patient yet
        server.stop()
        self.expect(self.pull(), studies=3, differ=0)
        self.assertEqual(rows(self.data, "SELECT count(*) FROM dicom_instance WHERE file<>''"), [(19,)])

    def test_associations_that_are_cut(self):
        """Nothing half shown, and all of it in the end."""
        # Cut in the request, among the matches of studies, series and instances, again and again.
        cutter = Cutter(self.orthanc.dicom_port, [100, 300, 700, 1200, None, 500, 1000, 2000, 300, None, 3000, 700])
        self.addCleanup(cutter.close)
        cut = {"protocol": "dimse", "peer": f"ORTHANC=127.0.0.1:{cutter.port}", "connections_max": 1, **self.QUIET}
        self.configure(**cut, retries_max=0)
        codes = set()
        for _ in range(12):
            codes.add(run("pull", "main", "--data", self.data, "--config", self.config)[0])
            if not (self.data / "lightbox.db").exists():
                continue
            shown = rows(self.data, "SELECT count(*) FROM dicom_instance i JOIN dicom_series e ON e.key=i.series GROUP BY e.study")
            self.assertLessEqual({count for (count,) in shown}, {6, 7})
            if not cutter.budgets:
                break
        self.assertEqual(cutter.budgets, [])
        self.assertNotEqual(codes, {0})
        self.tell()
        self.assertEqual(rows(self.data, "SELECT count(*) FROM dicom_instance"), [(19,)])
        # And with its images: what has arrived stays, what is missing is asked for again.
        cutter.budgets = [None, None, None, 4000, 20_000, 60_000]
        self.configure(**cut, retries_max=8)
        self.expect(self.pull(), differ=0)
        self.assertEqual(cutter.budgets, [])
        self.assertEqual(rows(self.data, "SELECT count(*) FROM dicom_instance WHERE file<>''"), [(19,)])

    def test_uids_that_two_studies_have(self):
        """An instance of another patient's study by the same UID is told, and neither is lost or mixed."""
        self.by_dicomweb(**self.QUIET)
        own = dicom.instance(study=77, series=1, number=1, patient="OWN", SOPInstanceUID=dicom.sop_instance_uid(2, 1, 1))
        (self.path / "own.dcm").write_bytes(own)
        self.assertEqual(run("import", "--data", self.data, self.path / "own.dcm")[0], 0)
        output = self.tell(code=2)
        self.assertIn("1 instances are here already in another study or series", output)
        server = self.serve()
        self.assertEqual(self.study(server, 77).json()["numberOfInstances"], 1)
        self.assertEqual(self.study(server, 2).json()["numberOfInstances"], 5)
        self.assertEqual(server.search("ImagingStudy?patient.identifier=OWN"), [dicom.study_uid(77)])

    def test_check_passes_over_it_and_it_is_not_deleted_here(self):
        self.by_dicomweb(**self.QUIET)
        self.tell()
        code, output = run("check", "--data", self.data)
        self.assertEqual(code, 0, output)
        server = self.serve()
        answer = server.request("DELETE", f"/dicomweb/studies/{dicom.study_uid(2)}")
        self.assertEqual(answer.status, 409, answer)
        self.assertIn("held by main", answer.body.decode())
        self.assertEqual(server.request("DELETE", f"ImagingStudy/{dicom.study_uid(2)}").status, 409)

    def test_what_changes_there_is_noticed(self):
        self.by_dicomweb(**self.QUIET)
        self.tell()
        self.orthanc.store([dicom.instance(study=2, series=5, number=1, patient="P2", modality="MR",
                                           StudyDate="20240229")])
        self.delete_study(1)
        output = self.tell()
        self.expect(output, studies=2, complete_already=1, pulled=1)
        self.assertIn("1 removed", output)
        server = self.serve()
        study = self.study(server, 2).json()
        self.assertEqual((study["numberOfSeries"], study["numberOfInstances"]), (3, 7))
        self.assertEqual(self.study(server, 1).status, 410)
        self.assertEqual(len(server.search("ImagingStudy")), 2)

    def test_with_images_afterwards(self):
        self.by_dicomweb(**self.QUIET)
        self.tell()
        self.expect(self.pull(), studies=3, pulled=3, instances=19, new=19)
        self.assertEqual(rows(self.data, "SELECT sum(file=''), sum(fetched) FROM dicom_instance"), [(0, 0)])
        self.assertEqual(run("check", "--data", self.data)[0], 0)
        self.expect(self.tell(), studies=3, complete_already=3)
        self.orthanc.stop()
        server = self.serve()
        self.assertEqual(server.get(INSTANCE, Accept=DICOM).status, 200)

    def test_endpoints_say_where_it_is(self):
        self.by_dicomweb(endpoint_url="https://pacs.example.org/dicom-web/", **self.QUIET)
        self.tell()
        server = self.serve()
        study = self.study(server, 2).json()
        addresses = [server.get(one["reference"]).json()["address"] for one in study["endpoint"]]
        self.assertEqual(addresses[1:], ["https://pacs.example.org/dicom-web"])
        self.assertTrue(addresses[0].endswith("/dicomweb"), addresses)


@unittest.skipUnless(orthanc_archive.is_there(), "orthanc or its DICOMweb plugin is missing")
class ShowTest(RemoteCase):
    """What is asked for of images that are elsewhere."""

    QUIET = {"poll_seconds": 0, "walk_hours": 0}

    def copies(self):
        return rows(self.data, "SELECT count(*) FROM dicom_instance WHERE fetched > 0")[0][0]

    def age_copies(self, ms):
        with sqlite3.connect(self.data / "lightbox.db") as database:
            database.execute("UPDATE dicom_instance SET fetched = fetched - ? WHERE fetched > 0", (ms,))

    def bytes_of_files(self):
        return sum(path.stat().st_size for path in (self.data / "dicom").rglob("*.dcm"))

    def direct(self, path, accept):
        return self.orthanc.get(path.replace("/dicomweb", "/dicom-web", 1), accept)

    def test_dicomweb_passes_on(self):
        self.by_dicomweb(**self.QUIET)
        self.tell()
        server = self.serve()
        for path, accept in ((INSTANCE, DICOM), (SERIES, DICOM), (f"{INSTANCE}/frames/1", OCTETS)):
            here, there = server.get(path, Accept=accept), self.direct(path, accept)
            self.assertEqual(here.status, 200, here)
            self.assertEqual(sorted(parts(here)), sorted(parts(there)), path)
        self.assertEqual(self.copies(), 0)
        metadata = server.get(f"{SERIES}/metadata", Accept="application/dicom+json")
        self.assertEqual(len(metadata.json()), 3)
        self.assertEqual(metadata.json()[0]["00280010"]["Value"], [16])
        self.assertNotIn(f":{self.orthanc.port}/", metadata.body.decode())

    def test_dicomweb_fetches_what_must_be_rendered(self):
        self.by_dicomweb(**self.QUIET)
        self.tell()
        server = self.serve()
        picture = server.get(f"{INSTANCE}/rendered", Accept="image/png")
        self.assertEqual((picture.status, picture.body[:4]), (200, b"\x89PNG"), picture)
        self.assertEqual(self.copies(), 1)
        thumbnail = server.get(f"ImagingStudy/{dicom.study_uid(3)}/$thumbnail", Accept="image/jpeg")
        self.assertEqual(thumbnail.status, 200, thumbnail)
        self.assertEqual(self.copies(), 2)
        # Copies are not what an answer is put together of: it still has one origin.
        self.assertEqual(len(parts(server.get(SERIES, Accept=DICOM))), 3)
        self.assertEqual(len(server.get(f"{SERIES}/metadata", Accept="application/dicom+json").json()), 3)
        self.assertEqual(self.copies(), 2)
        # Of what is here by itself the rest is brought.
        own = dicom.instance(study=2, series=1, number=9, patient="P2", StudyDate="20240229")
        answer = server.request("POST", "/dicomweb/studies", own, {"Content-Type": "application/dicom"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(len(parts(server.get(SERIES, Accept=DICOM))), 4)
        self.assertEqual(self.copies(), 4)

    def test_nothing_else_of_the_source_is_reached(self):
        self.by_dicomweb(**self.QUIET)
        self.tell()
        server = self.serve()
        for path in ("bulk/../../../../../../../../system", "bulk/%2e%2e/%2e%2e/system", "frames/..", "bulk/a%2fb",
                     "bulk/x%3Fy", "bulk/.hidden"):
            answer = server.get(f"{INSTANCE}/{path}")
            self.assertEqual(answer.status, 400, (path, answer))

    def test_dimse_fetches_the_series(self):
        for retrieve in ("get", "move"):
            port = orthanc_archive.free_port()
            self.orthanc.ask("PUT", "/modalities/lightbox", json.dumps(["LIGHTBOX", "127.0.0.1", port]).encode())
            self.data = self.path / retrieve
            self.by_dimse(retrieve=retrieve, **self.QUIET)
            self.tell()
            server = self.serve("--dimse", f"127.0.0.1:{port}")
            frame = server.get(f"{INSTANCE}/frames/1", Accept=OCTETS)
            self.assertEqual(frame.status, 200, frame)
            self.assertEqual(self.copies(), 3)
            self.assertEqual(rows(self.data, "SELECT DISTINCT source FROM dicom_instance"), [("main",)])
            metadata = server.get(f"{SERIES}/metadata", Accept="application/dicom+json").json()
            self.assertEqual(metadata[0]["00280010"]["Value"], [16])
            study = f"/dicomweb/studies/{dicom.study_uid(2)}"
            self.assertEqual(len(parts(server.get(study, Accept=DICOM))), 6)
            server.stop()

    def test_copies_do_not_grow_without_limit(self):
        self.by_dicomweb(**self.QUIET)
        self.tell()
        server = self.serve("--fetched-bytes-max", "1")
        for number in (1, 2):
            path = f"{SERIES}/instances/{dicom.sop_instance_uid(2, 1, number)}/rendered"
            self.assertEqual(server.get(path, Accept="image/png").status, 200)
        self.assertEqual(self.copies(), 2)  # what has just been asked for stays a while
        server.stop()
        self.age_copies(120_000)
        server = self.serve("--fetched-bytes-max", "1")
        path = f"{SERIES}/instances/{dicom.sop_instance_uid(2, 1, 3)}/rendered"
        self.assertEqual(server.get(path, Accept="image/png").status, 200)
        server.stop()
        kept = rows(self.data, "SELECT uid, file_bytes FROM dicom_instance WHERE fetched > 0")
        self.assertEqual([uid for uid, _ in kept], [dicom.sop_instance_uid(2, 1, 3)])
        self.assertEqual(self.bytes_of_files(), kept[0][1])
        # Old ones go though nobody asks for anything.
        self.age_copies(3 * 3_600_000)
        server = self.serve("--fetched-age-max-hours", "2")
        self.assertTrue(eventually(lambda: self.copies() == 0))
        server.stop()
        self.assertEqual(self.bytes_of_files(), 0)
        code, output = run("check", "--data", self.data)
        self.assertEqual(code, 0, output)

    def test_an_archive_that_is_away(self):
        self.by_dicomweb(connect_timeout_ms=500, **self.QUIET)
        self.tell()
        self.orthanc.stop()
        server = self.serve()
        self.assertEqual(self.study(server, 2).status, 200)
        for path, accept in ((INSTANCE, DICOM), (f"{INSTANCE}/rendered", "image/png"),
                             (f"{SERIES}/metadata", "application/dicom+json")):
            answer = server.get(path, Accept=accept)
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("Retry-After", answer.headers)
            self.assertIn("main", answer.body.decode())


@unittest.skipUnless(orthanc_archive.is_there(), "orthanc or its DICOMweb plugin is missing")
class FollowTest(RemoteCase):
    """A server keeps up with its sources."""

    def states(self, server):
        return {state["source"]: state for state in server.get("/dicomweb/sources").json()}

    def test_new_changed_and_deleted_studies(self):
        self.by_dicomweb(poll_seconds=1, walk_hours=24)
        server = self.serve()
        self.assertTrue(eventually(lambda: len(server.search("ImagingStudy")) == 3))
        self.assertTrue(eventually(lambda: "walked" in self.states(server).get("main", {})))
        today = time.strftime("%Y%m%d")
        self.orthanc.store(dicom.study(7, series=1, instances=2, patient="P7", StudyDate=today))
        self.assertTrue(eventually(lambda: self.study(server, 7).status == 200))
        self.orthanc.store([dicom.instance(study=7, series=2, number=1, patient="P7", StudyDate=today)])
        self.assertTrue(eventually(lambda: self.study(server, 7).json().get("numberOfInstances") == 3))
        self.delete_study(7)
        self.assertTrue(eventually(lambda: self.study(server, 7).status == 410))
        metrics = server.get("/metrics").body.decode()
        self.assertIn('lightbox_source_studies{source="main"} 3', metrics)
        self.assertRegex(metrics, r'lightbox_source_staleness_seconds\{source="main"\} \d')

    def test_polls_go_on_during_a_walk(self):
        self.by_dicomweb(poll_seconds=1, requests_per_second=2, connections_max=1)
        server = self.serve()
        self.assertTrue(eventually(lambda: self.study(server, 3).status == 200))  # the newest that the walk meets
        self.orthanc.store(dicom.study(7, series=1, instances=2, patient="P7", StudyDate=time.strftime("%Y%m%d")))
        self.assertTrue(eventually(lambda: self.study(server, 7).status == 200))
        self.assertNotIn("walked", self.states(server)["main"])
        self.assertTrue(eventually(lambda: "walked" in self.states(server)["main"], 60))
        self.assertEqual(len(server.search("ImagingStudy")), 4)

    def test_told_to_look(self):
        self.by_dicomweb(poll_seconds=86400, walk_hours=0)
        server = self.serve()
        self.assertTrue(eventually(lambda: "polled" in self.states(server).get("main", {})))
        self.orthanc.store(dicom.study(7, series=1, instances=2, patient="P7", StudyDate=time.strftime("%Y%m%d")))
        time.sleep(0.5)
        self.assertEqual(self.study(server, 7).status, 404)
        self.assertEqual(server.request("POST", "ImagingStudy/$refresh?source=main").status, 202)
        self.assertTrue(eventually(lambda: self.study(server, 7).status == 200))
        self.assertEqual(server.request("POST", "ImagingStudy/$refresh?source=none").status, 404)

    def test_told_of_a_study(self):
        """Whatever its date, and none other; corrected, and gone."""
        for configure in (self.by_dicomweb, self.by_dimse):
            with self.subTest(configure.__name__):
                self.data = self.path / configure.__name__
                configure(poll_seconds=0, walk_hours=0)
                server = self.serve()
                self.check_told_of_a_study(server)
                server.stop()

    def check_told_of_a_study(self, server):
        def refresh(query):
            return server.request("POST", f"ImagingStudy/$refresh?{query}").status
        undated = dicom.study(8, series=1, instances=2, patient="P8", StudyDate="", StudyTime="", AccessionNumber="ACC/8")
        self.orthanc.store(undated)
        self.assertEqual(refresh(f"study=urn:oid:{dicom.study_uid(8)}"), 202)
        self.assertTrue(eventually(lambda: self.study(server, 8).status == 200))
        self.assertEqual(len(server.search("ImagingStudy")), 1)
        self.delete_study(8)
        self.assertEqual(refresh(f"study={dicom.study_uid(8)}&source=main"), 202)
        self.assertTrue(eventually(lambda: self.study(server, 8).status in (404, 410)))
        self.orthanc.store(undated)
        self.assertEqual(refresh("accession=ACC/8"), 202)
        self.assertTrue(eventually(lambda: self.study(server, 8).status == 200))
        self.assertEqual(len(server.search("ImagingStudy")), 1)
        self.delete_study(8)
        self.assertEqual(refresh("study=none"), 400)
        self.assertEqual(refresh("accession=A*"), 400)
        self.assertEqual(refresh(f"study={dicom.study_uid(8)}&source=none"), 404)

    def test_the_list_of_changes(self):
        """What comes long ago is noticed, without a walk and without being told."""
        self.by_dicomweb(poll_seconds=1, walk_hours=0, changes_url=f"{self.orthanc.url}/changes")
        server = self.serve()
        self.assertTrue(eventually(lambda: "polled" in self.states(server).get("main", {})))
        self.assertEqual(len(server.search("ImagingStudy")), 0)  # of what was there before
        self.orthanc.store(dicom.study(7, series=1, instances=2, patient="P7", StudyDate="19990101"))
        self.assertTrue(eventually(lambda: self.study(server, 7).status == 200))
        self.assertEqual(len(server.search("ImagingStudy")), 1)
        # It goes on where it was, also with what came when nobody looked.
        server.stop()
        self.orthanc.store(dicom.study(8, series=1, instances=2, patient="P8", StudyDate=""))
        server = self.serve()
        self.assertTrue(eventually(lambda: self.study(server, 8).status == 200))
        self.assertEqual(len(server.search("ImagingStudy")), 2)

    def test_a_list_of_changes_that_is_none(self):
        self.by_dicomweb(poll_seconds=1, walk_hours=0, retries_max=0, changes_url=f"{self.orthanc.url}/none/changes")
        server = self.serve()
        self.assertTrue(eventually(lambda: "/none/changes" in self.states(server).get("main", {}).get("failure", "")))

    def test_instance_availability_notification(self):
        self.by_dimse(poll_seconds=0, walk_hours=0)
        server = self.serve("--dimse", "127.0.0.1:0")
        peer = dimse_peer.Association(server.dimse_port, {1: (dimse_peer.AVAILABILITY, [dimse_peer.EXPLICIT])},
                                      calling="DEPARTMENT")
        self.addCleanup(peer.close)
        answer = peer.notify({0x0020000D: ("UI", dicom.study_uid(2))})
        self.assertEqual((answer[dimse_peer.STATUS], answer[dimse_peer.FIELD], answer[dimse_peer.SOP_INSTANCE]),
                         (0, 0x8140, "1.2.3.4"))
        self.assertTrue(eventually(lambda: self.study(server, 2).status == 200))
        self.assertEqual(len(server.search("ImagingStudy")), 1)
        # A name that was not given is, and what cannot be understood is said.
        self.assertRegex(peer.notify({0x0020000D: ("UI", dicom.study_uid(2))}, instance="")[dimse_peer.SOP_INSTANCE],
                         r"^[0-9.]+$")
        self.assertEqual(peer.notify({0x00100020: ("LO", "P1")})[dimse_peer.STATUS], 0x0106)
        self.assertEqual(peer.notify(b"\1\2\3")[dimse_peer.STATUS], 0x0106)
        self.assertEqual(peer.notify({0x0020000D: ("UI", dicom.study_uid(1))})[dimse_peer.STATUS], 0)
        self.assertTrue(eventually(lambda: self.study(server, 1).status == 200))

    def test_without_sources_notifications_are_for_nobody(self):
        with Server(self.path / "alone") as server:
            peer = dimse_peer.Association(server.dimse_port, {1: (dimse_peer.AVAILABILITY, [dimse_peer.EXPLICIT])})
            self.addCleanup(peer.close)
            self.assertEqual(peer.accepted[1][0], 3)

    def test_an_archive_that_goes_and_comes_again(self):
        self.by_dicomweb(poll_seconds=1, retries_max=0, connect_timeout_ms=500)
        server = self.serve()
        self.assertTrue(eventually(lambda: len(server.search("ImagingStudy")) == 3))
        self.orthanc.stop()
        self.assertTrue(eventually(lambda: "failure" in self.states(server)["main"]))
        self.assertIn('lightbox_source_failing{source="main"} 1', server.get("/metrics").body.decode())
        self.assertEqual(len(server.search("ImagingStudy")), 3)
        self.orthanc.start_again()
        self.assertTrue(eventually(lambda: "failure" not in self.states(server)["main"]))


class ManyTest(PullCase):
    """Many small studies of a second Lightbox are asked for together."""

    STUDIES = 12

    def setUp(self):
        super().setUp()
        scans = self.path / "scans"
        scans.mkdir()
        for number in range(1, self.STUDIES + 1):
            for index, content in enumerate(dicom.study(number, series=2, instances=2, patient=f"P{number}",
                                                        StudyDate=f"202401{number:02}")):
                (scans / f"{number}-{index}.dcm").write_bytes(content)
        self.assertEqual(run("import", "--data", self.path / "source", scans)[0], 0)
        self.source = Server(self.path / "source")
        self.addCleanup(self.source.stop)
        self.configure(protocol="dicomweb", url=f"http://127.0.0.1:{self.source.port}/dicomweb")

    def searches(self):
        found = re.search(r"^lightbox_http_requests_total (\d+)", self.source.get("/metrics").body.decode(),
                          re.MULTILINE)
        return int(found[1])

    def tell(self, *flags):
        before = self.searches()
        code, output = run("pull", "main", "--data", self.data, "--config", self.config, *flags)
        self.assertEqual(code, 0, output)
        self.expect(output, studies=self.STUDIES)
        return self.searches() - before

    def told(self):
        return rows(self.data, "SELECT i.uid, i.sop_class, i.number, e.uid, s.uid, a.content FROM dicom_instance i "
                    "JOIN dicom_series e ON e.key = i.series JOIN dicom_series_answer a ON a.series = e.key "
                    "JOIN dicom_study s ON s.key = e.study ORDER BY i.uid")

    def test_together_as_one_by_one(self):
        together = self.tell()
        first, self.data = self.told(), self.path / "one by one"
        apart = self.tell("--modality", "CT")
        self.assertEqual(len(first), 4 * self.STUDIES)
        self.assertEqual(first, self.told())
        self.assertLess(together + self.STUDIES, apart)
        # What is known is not asked for again.
        self.assertLess(self.tell("--modality", "CT"), apart - self.STUDIES)


class KillTest(PullCase):
    """An end at any instant, of this side or the other: what is done again is whole, and nothing is there by half."""

    def setUp(self):
        super().setUp()
        self.objects = studies_of_years()

    def check(self, instances):
        self.assertEqual(len(rows(self.data, "SELECT 1 FROM dicom_instance")), instances)
        self.assertEqual(rows(self.data, "SELECT * FROM pull_progress"), [])
        code, output = run("check", "--data", self.data)
        self.assertEqual(code, 0, output)

    def start(self, *flags):
        return subprocess.Popen([str(BINARY), "pull", "main", "--data", str(self.data), "--config", str(self.config),
                                 *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    @unittest.skipUnless(orthanc_archive.is_there(), "orthanc or its DICOMweb plugin is missing")
    def test_of_this_side(self):
        with orthanc_archive.Orthanc(self.path / "orthanc") as orthanc:
            orthanc.store(self.objects)
            self.configure(protocol="dicomweb", url=orthanc.dicomweb, requests_per_second=40, connections_max=2,
                           poll_seconds=0, walk_hours=0)
            for kind in ((), ("--images",)):
                for wait_ms in (60, 150, 250, 350, 500):
                    process = self.start(*kind)
                    time.sleep(wait_ms / 1000)
                    process.kill()
                    process.communicate()
                code, output = run("pull", "main", "--data", self.data, "--config", self.config, *kind)
                self.assertEqual(code, 0, output)
                self.check(19)
            # A server, amid the copies that it makes.
            self.data = self.path / "served"
            self.assertEqual(run("pull", "main", "--data", self.data, "--config", self.config)[0], 0)
            pictures = [f"{SERIES}/instances/{dicom.sop_instance_uid(2, 1, number)}/rendered" for number in (1, 2, 3)]
            for wait_ms in (5, 30, 80):
                with Server(self.data, "--config", self.config) as server:
                    askers = [threading.Thread(target=self.ask, args=(server, path)) for path in pictures]
                    for asker in askers:
                        asker.start()
                    time.sleep(wait_ms / 1000)
                    server.kill()
                    for asker in askers:
                        asker.join()
            with Server(self.data, "--config", self.config) as server:
                for path in pictures:
                    self.assertEqual(server.get(path, Accept="image/png").status, 200)
            self.check(19)

    @staticmethod
    def ask(server, path):
        try:
            server.get(path, Accept="image/png")
        except (OSError, http.client.HTTPException):
            pass  # the server was killed meanwhile

    @unittest.skipUnless(orthanc_archive.is_there(), "orthanc or its DICOMweb plugin is missing")
    def test_of_the_other_side(self):
        with orthanc_archive.Orthanc(self.path / "orthanc") as orthanc:
            orthanc.store(self.objects)
            for protocol in ({"protocol": "dicomweb", "url": orthanc.dicomweb},
                             {"protocol": "dimse", "peer": f"ORTHANC=127.0.0.1:{orthanc.dicom_port}"}):
                self.data = self.path / protocol["protocol"]
                self.configure(requests_per_second=4, retries_max=0, connections_max=1, **protocol)
                for kind, so_far in (((), "SELECT 1 FROM source_study"),
                                     (("--images",), "SELECT 1 FROM dicom_instance WHERE file <> ''")):
                    process = self.start(*kind)
                    self.assertTrue(eventually(lambda: self.rows_so_far(so_far)))
                    orthanc.kill()
                    output = process.communicate(timeout=120)[0]
                    self.assertNotEqual(process.returncode, 0, output)
                    orthanc.start_again()
                    self.configure(**protocol)
                    code, output = run("pull", "main", "--data", self.data, "--config", self.config, *kind)
                    self.assertEqual(code, 0, output)
                    self.check(19)
                    self.configure(requests_per_second=4, retries_max=0, connections_max=1, **protocol)

    def rows_so_far(self, sql):
        try:
            return rows(self.data, sql)
        except sqlite3.OperationalError:
            return []  # no database, or no such table yet


@unittest.skipUnless(orthanc_archive.is_there(), "orthanc or its DICOMweb plugin is missing")
class SeveralTest(RemoteCase):
    """Two sources that hold the same study."""

    def test_precedence(self):
        other = orthanc_archive.Orthanc(self.path / "other", aet="OTHER")
        self.addCleanup(other.stop)
        other.store([content for content in self.objects])
        quiet = 'poll_seconds = 0\nwalk_hours = 0\nrequests_per_second = 1000\nprotocol = "dicomweb"\n'
        self.config.write_text(
            f'[sources.main]\n{quiet}url = "{self.orthanc.dicomweb}"\nendpoint_url = "https://main.example.org"\n'
            'connect_timeout_ms = 500\n'
            f'[sources.near]\n{quiet}url = "{other.dicomweb}"\nendpoint_url = "https://near.example.org"\n'
            'precedence = 1\n')
        self.tell()
        self.assertEqual(run("pull", "near", "--data", self.data, "--config", self.config)[0], 0)
        server = self.serve()
        self.assertEqual(len(server.search("ImagingStudy")), 3)
        study = self.study(server, 2).json()
        addresses = [server.get(one["reference"]).json()["address"] for one in study["endpoint"]]
        self.assertEqual(addresses[1:], ["https://near.example.org", "https://main.example.org"])
        self.orthanc.stop()
        self.assertEqual(server.get(f"{INSTANCE}/rendered", Accept="image/png").status, 200)
        self.assertEqual(server.get(INSTANCE, Accept=DICOM).status, 200)

    def test_each_has_a_part(self):
        """What is asked for is whole, though no source has all of it, and what goes is what only one had."""
        other = orthanc_archive.Orthanc(self.path / "other", aet="OTHER")
        self.addCleanup(other.stop)
        other.store(dicom.study(2, series=3, instances=3, patient="P2", StudyDate="20240229")[3:])
        quiet = 'poll_seconds = 0\nwalk_hours = 0\nrequests_per_second = 1000\nprotocol = "dicomweb"\n'
        self.config.write_text(f'[sources.main]\n{quiet}url = "{self.orthanc.dicomweb}"\n'
                               f'[sources.near]\n{quiet}url = "{other.dicomweb}"\nprecedence = 1\n')
        self.tell()
        self.assertEqual(run("pull", "near", "--data", self.data, "--config", self.config)[0], 0)
        server = self.serve()
        study = self.study(server, 2).json()
        self.assertEqual((study["numberOfSeries"], study["numberOfInstances"]), (3, 9))
        answer = server.get(f"/dicomweb/studies/{dicom.study_uid(2)}", Accept=DICOM)
        self.assertEqual(answer.status, 200)
        self.assertEqual(len(parts(answer)), 9)
        server.stop()
        self.delete_study(2)
        self.tell()
        self.assertEqual(run("pull", "near", "--data", self.data, "--config", self.config)[0], 0)
        study = self.study(self.serve(), 2).json()
        self.assertEqual((study["numberOfSeries"], study["numberOfInstances"]), (2, 6))


@unittest.skipUnless(orthanc_archive.is_there(), "orthanc or its DICOMweb plugin is missing")
class SourceCommandTest(RemoteCase):
    """`lightbox source`."""

    def show(self, name="main", *flags):
        return run("source", name, "--data", self.data, "--config", self.config, *flags)

    def test_of_a_server_and_of_a_data_folder(self):
        for configure in (self.by_dicomweb, self.by_dimse):
            self.data = self.path / configure.__name__
            configure(poll_seconds=0, walk_hours=0)
            code, output = self.show()
            self.assertEqual(code, 0, output)
            self.assertRegex(output, r"studies: +0\n")
            self.tell()
            code, output = self.show()
            self.assertRegex(output, r"studies: +3\n(?s:.*)all of it looked at: +\d+ s ago\n(?s:.*)it answers: +after")
            with Server(self.data, "--config", self.config) as server:
                code, output = self.show("main", "--listen", f"127.0.0.1:{server.port}")
                self.assertRegex(output, r"studies: +3\n")
                self.assertIn("it answers", output)
        self.orthanc.stop()
        code, output = self.show()
        self.assertEqual(code, 1)
        self.assertIn("it does not answer", output)
        code, output = self.show("other")
        self.assertEqual(code, 2)
        self.assertIn("has main", output)


if __name__ == "__main__":
    unittest.main()
