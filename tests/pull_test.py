"""`lightbox pull`: from Orthanc by DICOMweb and by DIMSE, from a second Lightbox, and from a server that has faults."""

import http.server
import json
import os
import re
import shutil
import signal
import sqlite3
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import dicom_data as dicom
import orthanc_archive
from lightbox import BINARY, Server, run

BOUNDARY = "b0undary"


def summary(output):
    """The numbers of the last line by their names."""
    line = [line for line in output.strip().splitlines() if " studies in " in line][-1]
    return {name: int(number) for number, name in re.findall(
        r"(\d+) (studies|complete already|pulled|differ|instances|new|known already|conflicts|quarantined|refused)",
        line)}


def rows(data, sql):
    with sqlite3.connect(f"file:{data}/lightbox.db?mode=ro", uri=True) as database:
        return database.execute(sql).fetchall()


class PullCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)
        self.data = self.path / "data"
        self.config = self.path / "lightbox.toml"

    def configure(self, **settings):
        lines = {"requests_per_second": 1000, **settings}
        self.config.write_text("[sources.main]\n" + "".join(
            f"{key} = {json.dumps(value)}\n" for key, value in lines.items()))

    def pull(self, *arguments, code=0):
        got, output = run("pull", "main", "--images", "--data", self.data, "--config", self.config, *arguments)
        self.assertEqual(got, code, output)
        return output

    def expect(self, output, **numbers):
        found = summary(output)
        for name, number in numbers.items():
            self.assertEqual(found[name.replace("_", " ")], number, output)

    def instances(self):
        return {uid for (uid,) in rows(self.data, "SELECT uid FROM dicom_instance")}


def certificate(folder, name, issuer=None):
    """(key, certificate), PEM files; for localhost. Without an issuer its own."""
    key, request, made = (folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", f"/CN={name}"]
    if issuer is None:
        commands = [[*new, "-x509", "-days", "2", "-out", made]]
    else:
        names = folder / "names.cnf"
        names.write_text("subjectAltName = IP:127.0.0.1\n")
        commands = [[*new, "-out", request],
                    ["openssl", "x509", "-req", "-in", request, "-CA", issuer[1], "-CAkey", issuer[0],
                     "-CAcreateserial", "-days", "2", "-extfile", names, "-out", made]]
    for command in commands:
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return key, made


def studies_of_years():
    """Three studies of three years, one of them with two modalities."""
    objects = []
    for number, date in ((1, "20190105"), (2, "20240229"), (3, "20251231")):
        objects += dicom.study(number, series=2, instances=3, patient=f"P{number}", StudyDate=date)
    objects.append(dicom.instance(study=3, series=7, number=1, patient="P3", modality="MR", StudyDate="20251231"))
    return objects


@unittest.skipUnless(orthanc_archive.is_there(), "orthanc or its DICOMweb plugin is missing")
class OrthancTest(PullCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.orthanc = orthanc_archive.Orthanc(folder.name)
        cls.addClassCleanup(cls.orthanc.stop)
        cls.objects = studies_of_years()
        cls.objects += dicom.study(4, series=1, instances=2, patient="P4", StudyDate="20240301",
                                   transfer_syntax=dicom.JPEG_LS)
        cls.objects.append(dicom.report(study=4, patient="P4", StudyDate="20240301"))
        cls.orthanc.store(cls.objects)

    def by_dicomweb(self, **settings):
        self.configure(protocol="dicomweb", url=self.orthanc.dicomweb, **settings)

    def by_dimse(self, **settings):
        self.configure(protocol="dimse", peer=f"ORTHANC=127.0.0.1:{self.orthanc.dicom_port}", **settings)

    def check_all(self):
        output = self.pull()
        self.expect(output, studies=4, pulled=4, differ=0, instances=22, new=22)
        syntaxes = {syntax for (syntax,) in rows(self.data, "SELECT DISTINCT transfer_syntax FROM dicom_instance")}
        self.assertEqual(syntaxes, {dicom.EXPLICIT, dicom.JPEG_LS})
        self.expect(self.pull(), studies=4, complete_already=4, pulled=0, instances=0)
        self.assertEqual(run("check", "--data", self.data)[0], 0)
        with Server(self.data) as server:
            bundle = server.get("ImagingStudy?_sort=-started").json()
            self.assertEqual(bundle["total"] if "total" in bundle else len(bundle["entry"]), 4)
            study = server.get(f"ImagingStudy/{dicom.study_uid(3)}").json()
            self.assertEqual((study["numberOfSeries"], study["numberOfInstances"]), (3, 7))
            images = server.get(f"/dicomweb/studies/{dicom.study_uid(4)}",
                                Accept='multipart/related; type="application/dicom"; transfer-syntax=*')
            self.assertEqual(images.status, 200)

    def test_dicomweb(self):
        self.by_dicomweb()
        self.check_all()

    def test_dimse(self):
        self.by_dimse()
        self.check_all()

    def test_dimse_by_move(self):
        port = orthanc_archive.free_port()
        self.orthanc.ask("PUT", "/modalities/lightbox", json.dumps(["LIGHTBOX", "127.0.0.1", port]).encode())
        self.by_dimse(retrieve="move", patient_system="urn:oid:1.2.3.4")
        output = self.pull("--dimse", f"127.0.0.1:{port}")
        self.expect(output, studies=4, pulled=4, differ=0, instances=0)
        self.assertIn("22 instances were sent by C-MOVE", output)
        self.assertEqual(rows(self.data, "SELECT DISTINCT source FROM dicom_instance"), [("ORTHANC",)])
        self.expect(self.pull("--dimse", f"127.0.0.1:{port}"), studies=4, complete_already=4)
        with Server(self.data, "--config", self.config) as server:
            self.assertEqual(len(server.get("Patient?identifier=urn:oid:1.2.3.4|P2").json()["entry"]), 1)
        self.assertIn("dimse is 'off'", self.pull("--dimse", "off", code=1))

    def test_a_destination_that_is_not_known(self):
        self.by_dimse(retrieve="move", retries_max=0)
        output = self.pull("--dimse", f"127.0.0.1:{orthanc_archive.free_port()}", "--aet", "NOBODY", code=2)
        self.assertIn("not retrieved", output)
        self.expect(output, studies=4, differ=4)

    def test_dates_and_modalities(self):
        for configure in (self.by_dicomweb, self.by_dimse):
            configure()
            self.data = self.path / configure.__name__
            self.expect(self.pull("--from", "2024-01-01", "--to", "20240229"), studies=1, pulled=1, instances=6)
            self.expect(self.pull("--modality", "MR", "--modality", "SR"), studies=2, pulled=2, instances=10)
            self.expect(self.pull(), studies=4, complete_already=3, pulled=1)

    def test_a_small_result_limit_divides_the_windows(self):
        for configure in (self.by_dicomweb, self.by_dimse):
            configure(results_max=1)
            self.data = self.path / configure.__name__
            output = self.pull("--from", "2024-02-01", "--to", "2024-03-31", code=2)
            # One result at most may be one too few, to the minute: it is said.
            self.assertIn("not all shown", output)
            self.expect(output, studies=2, pulled=2)
            configure(results_max=2)
            self.expect(self.pull(), studies=4, complete_already=2, pulled=2)

    def test_only_what_is_missing_is_asked_for(self):
        self.by_dicomweb()
        self.pull()
        with Server(self.data) as server:
            gone = f"/dicomweb/studies/{dicom.study_uid(3)}/series/{dicom.series_uid(3, 7)}"
            self.assertEqual(server.request("DELETE", gone).status, 204)
        self.expect(self.pull(), studies=4, complete_already=3, pulled=1, instances=1, new=1)

    def test_origin(self):
        """The source's own issuer and time zone are those of what comes from it."""
        self.by_dicomweb(patient_system="urn:oid:1.2.3.4", dicom_time_zone="Europe/Berlin")
        self.pull()
        self.assertEqual(rows(self.data, "SELECT DISTINCT source FROM dicom_instance"), [("main",)])
        with Server(self.data, "--config", self.config) as server:
            patients = server.get("Patient?identifier=urn:oid:1.2.3.4|P2").json()
            self.assertEqual(len(patients["entry"]), 1)
            study = server.get(f"ImagingStudy/{dicom.study_uid(2)}").json()
            self.assertEqual(study["started"], "2024-02-29T10:15:00+01:00")


class LightboxTest(PullCase):
    """A second Lightbox as the source."""

    def setUp(self):
        super().setUp()
        self.objects = studies_of_years()
        scans = self.path / "scans"
        scans.mkdir()
        for number, content in enumerate(self.objects):
            (scans / f"{number}.dcm").write_bytes(content)
        self.assertEqual(run("import", "--data", self.path / "source", scans)[0], 0)
        self.source = Server(self.path / "source")
        self.addCleanup(self.source.stop)

    def test_both_protocols_bring_the_same(self):
        self.configure(protocol="dicomweb", url=f"http://127.0.0.1:{self.source.port}/dicomweb", connections_max=4)
        self.expect(self.pull(), studies=3, pulled=3, instances=19)
        web = dict(rows(self.data, "SELECT uid, hash FROM dicom_instance"))
        self.data = self.path / "by-dimse"
        self.configure(protocol="dimse", peer=f"OTHER=127.0.0.1:{self.source.dimse_port}", connections_max=4)
        self.expect(self.pull(), studies=3, pulled=3, instances=19)
        self.assertEqual(dict(rows(self.data, "SELECT uid, hash FROM dicom_instance")), web)
        self.assertEqual(dict(rows(self.path / "source", "SELECT uid, hash FROM dicom_instance")), web)

    def test_dimse_over_tls(self):
        issuer = certificate(self.path, "issuer")
        own, client = certificate(self.path, "server", issuer), certificate(self.path, "client", issuer)
        self.source.stop()
        self.source = Server(self.path / "source", "--dimse-tls-listen", "127.0.0.1:0", "--dimse-tls-cert", own[1],
                             "--dimse-tls-key", own[0], "--dimse-tls-ca", issuer[1])
        self.addCleanup(self.source.stop)
        self.configure(protocol="dimse", peer=f"OTHER=tls://127.0.0.1:{self.source.dimse_tls_port}", retries_max=0)
        identity = ("--dimse-tls-cert", client[1], "--dimse-tls-key", client[0], "--dimse-tls-ca", issuer[1])
        self.expect(self.pull(*identity), studies=3, pulled=3, instances=19)
        # Whose certificate nobody has issued is not talked to.
        stranger = certificate(self.path, "stranger")
        self.pull(*identity[:-1], stranger[1], code=1)
        self.pull(code=1)

    def test_it_goes_on_where_it_was_stopped(self):
        self.configure(protocol="dicomweb", url=f"http://127.0.0.1:{self.source.port}/dicomweb",
                       requests_per_second=4, connections_max=1)
        process = subprocess.Popen([str(BINARY), "pull", "main", "--images", "--data", str(self.data), "--config",
                                    str(self.config)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            try:
                if rows(self.data, "SELECT 1 FROM pull_progress"):
                    break
            except sqlite3.OperationalError:
                pass
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, 1, output)
        self.assertIn("the same command again goes on", output)
        self.configure(protocol="dicomweb", url=f"http://127.0.0.1:{self.source.port}/dicomweb")
        output = self.pull()
        self.assertIn("Going on where the last one stopped", output)
        self.assertEqual(len(self.instances()), 19)
        self.assertEqual(rows(self.data, "SELECT * FROM pull_progress"), [])
        # Another selection begins anew.
        self.assertNotIn("Going on", self.pull("--modality", "MR"))

    def test_a_conflict_is_told(self):
        scans = self.path / "other"
        scans.mkdir()
        (scans / "1.dcm").write_bytes(dicom.instance(study=1, series=1, number=1, patient="P1", rows=8,
                                                     StudyDate="20190105"))
        self.assertEqual(run("import", "--data", self.data, scans)[0], 0)
        # It is here by its UID: the study lacks five others only.
        self.configure(protocol="dicomweb", url=f"http://127.0.0.1:{self.source.port}/dicomweb")
        output = self.pull(code=2)
        self.expect(output, pulled=3, new=18, conflicts=1)
        self.assertIn("refused (conflict)", output)

    def test_a_source_that_is_not_there(self):
        self.source.stop()
        for settings in ({"protocol": "dicomweb", "url": f"http://127.0.0.1:{self.source.port}/dicomweb"},
                         {"protocol": "dimse", "peer": f"OTHER=127.0.0.1:{self.source.port}"}):
            self.configure(retries_max=1, **settings)
            output = self.pull(code=1)
            self.assertIn(f"127.0.0.1:{self.source.port}", output)


@unittest.skipUnless(shutil.which("dcmqrscp"), "dcmtk is missing")
class DcmtkTest(PullCase):
    """dcmtk's archive: its C-FIND and C-GET."""

    def test_dcmqrscp(self):
        port, storage = orthanc_archive.free_port(), self.path / "dcmqrscp"
        storage.mkdir()
        (self.path / "dcmqrscp.cfg").write_text(
            f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
            "HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
            f"AETable BEGIN\nDCMTK {storage} RW (100, 1024mb) ANY\nAETable END\n")
        process = subprocess.Popen(["dcmqrscp", "-c", str(self.path / "dcmqrscp.cfg")], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env={**os.environ, "TCP_NODELAY": "1"})
        self.addCleanup(process.wait, 60)
        self.addCleanup(process.terminate)
        for number, content in enumerate(studies_of_years()):
            (self.path / f"{number}.dcm").write_bytes(content)
        ends = time.monotonic() + 60
        while subprocess.run(["storescu", "-aec", "DCMTK", "127.0.0.1", str(port), "+sd", "+sp", "*.dcm",
                              str(self.path)], capture_output=True).returncode != 0:
            self.assertLess(time.monotonic(), ends)
            time.sleep(0.2)
        self.configure(protocol="dimse", peer=f"DCMTK=127.0.0.1:{port}")
        self.expect(self.pull(), studies=3, pulled=3, differ=0, instances=19, new=19)
        # It does not tell how many instances a study has: they are listed.
        self.expect(self.pull(), studies=3, complete_already=3, instances=0)


class Faulty(http.server.BaseHTTPRequestHandler):
    """A DICOMweb server of one study, as the test's `plan` has it: what to do with each request, in order."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="application/dicom+json", **headers):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        test = self.server.test
        url = urlsplit(self.path)
        with test.lock:
            test.requests.append((time.monotonic(), self.path, dict(self.headers)))
            fault = test.plan.pop(0) if test.plan else None
        time.sleep(test.delay_s)
        if test.refuses_fields and "includefield" in url.query:
            return self.answer(400, b"unknown includefield", "text/plain")
        if isinstance(fault, int):
            return self.answer(fault, b"no", "text/plain", **({"Retry_After": 1} if fault == 503 else {}))
        if fault == "close":
            self.close_connection = True
            return self.connection.close()
        if fault == "html":
            return self.answer(200, b"<html>", "text/html")
        if url.path.endswith("/series"):
            return self.answer(200, json.dumps(test.series()).encode())
        if url.path.endswith("/instances"):
            return self.answer(200, json.dumps(test.instances()).encode())
        if url.path.endswith("/studies"):
            return self.answer(200, json.dumps(test.studies(parse_qs(url.query))).encode())
        body = test.multipart()
        if fault == "cut":
            self.send_response(200)
            self.send_header("Content-Type", f'multipart/related; type="application/dicom"; boundary={BOUNDARY}')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
            return None
        return self.answer(200, body, f'multipart/related; type="application/dicom"; boundary={BOUNDARY}')


class FaultTest(PullCase):
    def setUp(self):
        super().setUp()
        self.plan, self.requests, self.lock = [], [], threading.Lock()
        self.objects = dicom.study(1, series=1, instances=4, patient="P1", StudyDate="20240105")
        self.shown, self.study_uids = range(1, 5), [dicom.study_uid(1)]
        self.counted, self.is_left_out, self.delay_s, self.refuses_fields = None, False, 0, False
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Faulty)
        self.server.test = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/dw"
        self.days = ("--from", "2024-01-01", "--to", "2024-01-31")

    def studies(self, query):
        if not {"StudyDate", "StudyInstanceUID"} & set(query) or int(query["offset"][0]) > 0:
            return []
        if self.is_left_out and "StudyInstanceUID" not in query:
            return []
        counted = {"00201208": {"vr": "IS", "Value": [self.counted]}} if self.counted else {}
        return [{"00080020": {"vr": "DA", "Value": ["20240105"]}, "00080061": {"vr": "CS", "Value": ["CT", "SR"]},
                 "0020000D": {"vr": "UI", "Value": [uid]}, **counted} for uid in self.study_uids]

    def instances(self):
        return [{"0020000E": {"vr": "UI", "Value": [dicom.series_uid(1, 1)]},
                 "00080016": {"vr": "UI", "Value": [dicom.SOP_CLASSES["CT"]]},
                 "00080018": {"vr": "UI", "Value": [dicom.sop_instance_uid(1, 1, number)]}} for number in self.shown]

    def multipart(self):
        body = b"".join(f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + content + b"\r\n"
                        for content in self.objects)
        return body + f"--{BOUNDARY}--\r\n".encode()

    def series(self):
        return [{"0020000E": {"vr": "UI", "Value": [dicom.series_uid(1, 1)]}, "00080060": {"vr": "CS", "Value": ["CT"]}}]

    def test_what_is_told_of_a_study(self):
        """Without images: once whole, or not at all, and again when it does not fit together."""
        self.configure(protocol="dicomweb", url=self.url, retries_max=0)
        tell = ("pull", "main", "--data", self.data, "--config", self.config, *self.days)
        # An archive that does not search for instances: the study is known, and no more.
        self.plan = [None, None, 404]
        code, output = run(*tell)
        self.assertEqual(code, 0, output)
        self.assertEqual(rows(self.data, "SELECT count(*) FROM dicom_instance"), [(0,)])
        with Server(self.data) as server:
            study = server.get(f"ImagingStudy/{dicom.study_uid(1)}").json()
            self.assertEqual(study["status"], "registered")
        # It fails in the middle: nothing of it is shown.
        self.counted, self.plan = 4, [None, None, None, 500]
        code, output = run(*tell)
        self.assertEqual(code, 2, output)
        self.assertEqual(rows(self.data, "SELECT count(*) FROM dicom_instance"), [(0,)])
        # It counts others than it shows.
        self.counted, self.shown = 4, range(1, 4)
        code, output = run(*tell)
        self.assertEqual(code, 2, output)
        self.assertIn("the archive counts 4 instances and shows 3", output)
        self.shown = range(1, 5)
        code, output = run(*tell)
        self.assertEqual(code, 0, output)
        self.assertEqual(rows(self.data, "SELECT count(*) FROM dicom_instance"), [(4,)])
        # It shows nothing of what it has shown: what is known stays.
        self.counted, self.shown = 5, ()
        code, output = run(*tell)
        self.assertEqual(code, 2, output)
        self.assertIn("shows none of its instances", output)
        self.assertEqual(rows(self.data, "SELECT count(*) FROM dicom_instance"), [(4,)])

    def test_an_archive_that_refuses_fields_is_asked_without(self):
        self.refuses_fields = True
        self.configure(protocol="dicomweb", url=self.url, retries_max=0)
        code, output = run("pull", "main", "--data", self.data, "--config", self.config, *self.days)
        self.assertEqual(code, 0, output)
        self.assertEqual(rows(self.data, "SELECT count(*) FROM dicom_instance"), [(4,)])
        self.assertLessEqual(sum("includefield" in path for _, path, _ in self.requests), 2, self.requests)

    def test_a_study_that_an_archive_leaves_out_is_asked_for(self):
        self.configure(protocol="dicomweb", url=self.url, retries_max=0)
        tell = ("pull", "main", "--data", self.data, "--config", self.config, *self.days)
        self.assertEqual(run(*tell)[0], 0)
        self.is_left_out = True
        code, output = run(*tell)
        self.assertEqual(code, 0, output)
        self.assertIn(" 0 removed", output)
        self.study_uids = []
        code, output = run(*tell)
        self.assertIn(" 1 removed", output)
        self.assertEqual(rows(self.data, "SELECT count(*) FROM dicom_instance"), [(0,)])

    def test_many_who_want_the_same_cause_one_retrieval(self):
        self.configure(protocol="dicomweb", url=self.url, poll_seconds=0, walk_hours=0, image_wait_ms=500)
        self.assertEqual(run("pull", "main", "--data", self.data, "--config", self.config, *self.days)[0], 0)
        instance = f"/studies/{dicom.study_uid(1)}/series/{dicom.series_uid(1, 1)}/instances/"
        instance += dicom.sop_instance_uid(1, 1, 1)
        self.requests, self.delay_s = [], 2
        statuses = []
        with Server(self.data, "--config", self.config) as server:
            def ask():
                answer = server.get(f"/dicomweb{instance}/rendered", Accept="image/png")
                statuses.append((answer.status, answer.headers.get("Retry-After")))
            threads = [threading.Thread(target=ask) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            # It takes longer than they wait, and goes on without them.
            self.assertEqual({status for status, _ in statuses}, {503}, statuses)
            self.assertTrue(all(after for _, after in statuses), statuses)
            ends = time.monotonic() + 30
            while server.get(f"/dicomweb{instance}/rendered", Accept="image/png").status != 200:
                self.assertLess(time.monotonic(), ends)
                time.sleep(0.2)
        self.assertEqual(len([path for _, path, _ in self.requests if path.endswith(instance)]), 1, self.requests)

    def test_an_archive_that_has_lost_nearly_all(self):
        self.study_uids = [dicom.uid("many", number) for number in range(40)]
        self.configure(protocol="dicomweb", url=self.url, retries_max=0)
        tell = ("pull", "main", "--data", self.data, "--config", self.config, *self.days)
        self.shown = ()
        self.assertEqual(run(*tell)[0], 0)
        self.study_uids = self.study_uids[:2]
        code, output = run(*tell)
        self.assertEqual(code, 2, output)
        self.assertIn("is all of it there?", output)
        self.assertEqual(rows(self.data, "SELECT count(*) FROM source_study"), [(40,)])

    def test_headers_and_token(self):
        self.configure(protocol="dicomweb", url=self.url, token="t0ken", headers=["X-Tenant: seven"])
        self.expect(self.pull(*self.days), studies=1, pulled=1, new=4)
        for _, path, headers in self.requests:
            self.assertEqual((headers["Authorization"], headers["X-Tenant"]), ("Bearer t0ken", "seven"), path)
        # --print-config does not show them.
        output = run("serve", "--print-config", "--config", self.config)[1]
        self.assertIn("[sources.main]", output)
        self.assertNotIn("t0ken", output)

    def test_https_with_a_client_certificate(self):
        issuer = certificate(self.path, "issuer")
        own, client = certificate(self.path, "server", issuer), certificate(self.path, "client", issuer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own[1], own[0])
        context.load_verify_locations(issuer[1])
        context.verify_mode = ssl.CERT_REQUIRED
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        url, days = self.url.replace("http:", "https:"), self.days
        settings = {"protocol": "dicomweb", "url": url, "retries_max": 0, "ca_file": str(issuer[1])}
        self.configure(**settings)
        self.pull(*days, code=1)
        identity = {"certificate_file": str(client[1]), "key_file": str(client[0])}
        self.configure(**settings, **identity)
        self.expect(self.pull(*days), studies=1, pulled=1, new=4)
        # A server whose certificate the system does not trust.
        del settings["ca_file"]
        self.configure(**settings, **identity)
        self.pull(*days, code=1)

    def test_what_passes_is_tried_again(self):
        self.plan = [500, None, 429, 503, None, "close", None, "cut", 502]
        self.configure(protocol="dicomweb", url=self.url)
        self.expect(self.pull(*self.days), studies=1, pulled=1, new=4)
        # A Retry-After is obeyed.
        times = [at for at, _, _ in self.requests]
        self.assertGreaterEqual(times[4] - times[3], 1)

    def test_what_does_not_pass_ends_it(self):
        for plan, reason in (([401], "answered 401"), (["html"], "text/html"), ([302], "answered 302")):
            self.plan, self.requests = list(plan), []
            self.configure(protocol="dicomweb", url=self.url)
            self.assertIn(reason, self.pull(*self.days, code=1))
            self.assertEqual(len(self.requests), 1)

    def test_retries_end(self):
        self.plan = [None, None] + [500] * 50
        self.configure(protocol="dicomweb", url=self.url, retries_max=2)
        output = self.pull(*self.days, code=2)
        self.assertIn("answered 500", output)
        self.expect(output, studies=1, differ=1)
        self.assertEqual(len(self.requests), 5)

    def test_what_is_not_delivered_is_told(self):
        self.shown = range(1, 7)
        self.configure(protocol="dicomweb", url=self.url)
        output = self.pull(*self.days, code=2)
        self.assertIn("2 of 6 instances are not here", output)
        self.expect(output, studies=1, differ=1, new=4)

    def test_no_search_by_instance(self):
        self.plan = [None, None, 404]
        self.configure(protocol="dicomweb", url=self.url)
        self.expect(self.pull(*self.days), studies=1, pulled=1, new=4)

    def test_what_is_no_uid_does_not_become_a_url(self):
        self.study_uids = ["../admin?", "1.2/3"]
        self.configure(protocol="dicomweb", url=self.url)
        output = self.pull(*self.days, code=2)
        self.assertIn("its Study Instance UID is no UID", output)
        self.expect(output, studies=2, differ=2)
        self.assertEqual(len(self.requests), 2)

    def test_an_archive_that_does_not_know_modalities_as_a_key(self):
        self.configure(protocol="dicomweb", url=self.url)
        self.expect(self.pull(*self.days, "--modality", "MR"), studies=0)
        self.expect(self.pull(*self.days, "--modality", "SR"), studies=1, pulled=1)

    def test_pace(self):
        self.configure(protocol="dicomweb", url=self.url, requests_per_second=5, connections_max=8)
        self.pull(*self.days)
        times = [at for at, _, _ in self.requests]
        self.assertGreaterEqual(times[-1] - times[0], (len(times) - 1) / 5 - 0.1)

    def test_hours(self):
        now = time.gmtime(time.time() + 2 * 3600)
        self.configure(protocol="dicomweb", url=self.url, hours=[f"{now.tm_hour:02}:00-{now.tm_hour:02}:30"])
        process = subprocess.Popen([str(BINARY), "pull", "main", "--images", "--data", str(self.data), "--config",
                                    str(self.config)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(1.5)
        self.assertEqual(self.requests, [])
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1)

    def test_wrong_commands(self):
        self.configure(protocol="dicomweb", url=self.url)
        for arguments, reason in ((("pull", "other", "--images"), "has main"),
                                  (("pull", "main", "--images", "--from", "yesterday"), "must be a day"),
                                  (("pull", "main", "--images", "--from", "2024-02-01", "--to", "2024-01-01"), "after"),
                                  (("pull", "main", "--images", "--modality", "ct&x"), "must be a code")):
            code, output = run(*arguments, "--data", self.data, "--config", self.config)
            self.assertEqual(code, 2, output)
            self.assertIn(reason, output)
        self.configure(protocol="dicomweb", url="pacs.example.org", hours=["7-19"])
        code, output = run("pull", "main", "--images", "--data", self.data, "--config", self.config)
        self.assertEqual(code, 2)
        self.assertIn("sources.main.url is 'pacs.example.org'; it must be", output)
        self.assertIn("sources.main.hours is '7-19'; it must be", output)


if __name__ == "__main__":
    unittest.main()
