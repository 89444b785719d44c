"""/metadata tells the truth: each interaction and each search parameter that it claims is tried."""

import tempfile
import unittest

from lightbox import Server

# A plausible value for each type of parameter, for strict handling.
VALUES = {
    "number": ["1", "gt0.5"],
    "date": ["2024-06-15", "ge2024-01", "lt2024-06-15T10:30:00Z"],
    "string": ["a", "a%20b"],
    "token": ["a", "urn:x|a", "|a", "urn:x|"],
    "reference": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "http://example.org/fhir/Patient/1"],
    "quantity": ["5.4", "le5.40||mg", "5|http://unitsofmeasure.org|mg"],
    "uri": ["http://example.org/x", "urn:oid:1.2.3"],
}
MODIFIERS = {
    "number": [], "date": [], "string": ["exact", "contains"], "token": ["not", "text"],
    "reference": ["identifier"], "quantity": [], "uri": [], "composite": [], "special": [],
}


class CapabilityTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.server = Server(cls.folder.name)
        cls.connection = cls.server.connect()
        cls.statement = cls.connection.request("GET", "metadata").json()
        cls.resources = cls.statement["rest"][0]["resource"]

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        cls.server.__exit__()
        cls.folder.cleanup()

    def strict(self, path):
        return self.connection.request("GET", path, headers={"Prefer": "handling=strict"})

    def parameters(self):
        """Those that are about a value; of _filter and _text see below."""
        for resource in self.resources:
            for parameter in resource["searchParam"]:
                if parameter["name"] not in ("_filter", "_text", "_content"):
                    yield resource["type"], parameter

    def test_it_is_a_capability_statement_of_all_types(self):
        self.assertEqual(self.statement["resourceType"], "CapabilityStatement")
        names = [resource["type"] for resource in self.resources]
        self.assertEqual(len(set(names)), 146)
        for name in ("ImagingStudy", "Patient", "Observation", "Bundle", "StructureDefinition"):
            self.assertIn(name, names)

    def test_imaging_study_has_its_seventeen_parameters_and_the_common_ones(self):
        claimed = {p["name"]: p["type"] for t, p in self.parameters() if t == "ImagingStudy"}
        expected = {
            "identifier": "token", "patient": "reference", "subject": "reference", "status": "token",
            "modality": "token", "started": "date", "encounter": "reference", "referrer": "reference",
            "basedon": "reference", "bodysite": "token", "dicom-class": "token", "endpoint": "reference",
            "instance": "token", "interpreter": "reference", "performer": "reference", "reason": "token",
            "series": "token", "_id": "token", "_lastUpdated": "date"}
        self.assertEqual({name: claimed.get(name) for name in expected}, expected)

    def test_every_claimed_search_parameter_is_answered(self):
        tried, findings = 0, []
        for type_name, parameter in self.parameters():
            name, kind = parameter["name"], parameter["type"]
            values = VALUES.get(kind, [])
            if name == "_id":
                values = ["a", "a,b"]
            is_uid = type_name == "ImagingStudy" and name in ("series", "instance")
            if is_uid:  # of a UID there is nothing but the UID
                values = ["1.2.3", "urn:oid:1.2.3", "urn:dicom:uid|urn:oid:1.2.3"]
            # What a composite's and a special parameter's value looks like differs; :missing has one form.
            # _id and _lastUpdated are always there.
            queries = [] if name in ("_id", "_lastUpdated") else [f"{name}:missing=true", f"{name}:missing=false"]
            queries += [f"{name}={value}" for value in values]
            if name != "_id" and not is_uid:
                queries += [f"{name}:{modifier}=a" for modifier in MODIFIERS[kind]]
            for query in queries:
                tried += 1
                answer = self.strict(f"{type_name}?{query}")
                if answer.status != 200 or answer.json().get("type") != "searchset":
                    findings.append(f"{type_name}?{query}: {answer.status} {answer.body[:200]!r}")
        self.assertFalse(findings, f"{len(findings)} of {tried}:\n" + "\n".join(findings[:40]))
        self.assertGreater(tried, 4000)

    def test_filter_and_text_are_claimed_where_they_are(self):
        """_content is not claimed, nor answered, unless it is switched on."""
        for resource in self.resources:
            claimed = {parameter["name"] for parameter in resource["searchParam"]}
            self.assertIn("_filter", claimed)
            self.assertNotIn("_content", claimed)
            self.assertEqual("_text" in claimed, resource["type"] not in ("Binary", "Bundle", "Parameters"))
            type_name = resource["type"]
            self.assertEqual(self.strict(f"{type_name}?_filter=_id%20eq%20a").status, 200, type_name)
            self.assertEqual(self.strict(f"{type_name}?_content=a").status, 400, type_name)
            if "_text" in claimed:
                self.assertEqual(self.strict(f"{type_name}?_text=a").status, 200, type_name)

    def test_what_is_claimed_follows_the_setting(self):
        for choice, expected in (("none", set()), ("content", {"_text", "_content"})):
            with tempfile.TemporaryDirectory() as folder, Server(folder, "--full-text", choice) as server:
                statement = server.get("metadata").json()
                patient = next(r for r in statement["rest"][0]["resource"] if r["type"] == "Patient")
                names = {parameter["name"] for parameter in patient["searchParam"]}
                self.assertEqual(names & {"_text", "_content"}, expected)
                for name in ("_text", "_content"):
                    answer = server.get(f"Patient?{name}=a", Prefer="handling=strict")
                    self.assertEqual(answer.status, 200 if name in expected else 400, answer)

    def test_what_is_not_claimed_is_refused(self):
        findings = [resource["type"] for resource in self.resources
                    if self.strict(f"{resource['type']}?no-such-parameter=1").status != 400]
        self.assertFalse(findings)

    def test_every_claimed_parameter_can_be_sorted_by_or_says_why_not(self):
        for type_name, parameter in self.parameters():
            answer = self.strict(f"{type_name}?_sort={parameter['name']}")
            self.assertIn(answer.status, (200, 400), f"{type_name} {parameter['name']}: {answer}")
            if answer.status == 400:
                self.assertIn(parameter["name"], answer.body.decode())

    def test_every_claimed_interaction_of_every_type_is_there(self):
        """Types whose least resource is just its name go through all of them; for the others create is
        refused for what it lacks, and only for that."""
        whole = 0
        for resource in self.resources:
            type_name = resource["type"]
            claimed = {interaction["code"] for interaction in resource["interaction"]}
            self.assertEqual(claimed, {"create", "read", "vread", "update", "patch", "delete",
                                       "history-instance", "history-type", "search-type"}, type_name)
            body = {"resourceType": type_name, "id": "x"}
            put = self.connection.request("PUT", f"{type_name}/x", body)
            if put.status == 400:
                codes = {issue["code"] for issue in put.json()["issue"]}
                self.assertLessEqual(codes, {"required", "invariant"}, f"{type_name}: {put}")
                self.assertEqual(self.connection.request("POST", type_name, body).status, 400)
                self.assertEqual(self.connection.request("GET", f"{type_name}/x").status, 404)
                self.assertEqual(self.connection.request("DELETE", f"{type_name}/x").status, 204)
                self.assertEqual(self.connection.request("GET", f"{type_name}/_history").status, 200)
                continue
            whole += 1
            self.go_through(type_name, put, body)
        self.assertGreater(whole, 30)

    def go_through(self, type_name, put, body):
        request = self.connection.request
        self.assertEqual(put.status, 201, put)
        created = request("POST", type_name, body)
        self.assertEqual(created.status, 201, created)
        statuses = [
            request("GET", f"{type_name}/x").status, request("GET", f"{type_name}/x/_history/1").status,
            request("PUT", f"{type_name}/x", {**body, "language": "en"}).status,
            request("PATCH", f"{type_name}/x", [{"op": "replace", "path": "/language", "value": "de"}],
                    {"Content-Type": "application/json-patch+json"}).status,
            request("GET", f"{type_name}/x/_history").status, request("GET", f"{type_name}?_id=x").status,
            request("GET", f"{type_name}/_history").status,
            request("DELETE", f"{type_name}/x").status, request("GET", f"{type_name}/x").status]
        self.assertEqual(statuses, [200, 200, 200, 200, 200, 200, 200, 204, 410], type_name)
        self.go_through_conditions(type_name, body)

    def go_through_conditions(self, type_name, body):
        """Its resource has version 4, deleted; a created one is left."""
        request = self.connection.request
        claimed = {name: resource[name] for resource in self.resources if resource["type"] == type_name
                   for name in ("conditionalCreate", "conditionalRead", "conditionalUpdate", "conditionalDelete")}
        self.assertEqual(claimed, {"conditionalCreate": True, "conditionalRead": "full-support",
                                   "conditionalUpdate": True, "conditionalDelete": "single"})
        condition = "_id=x"
        created = request("PUT", f"{type_name}?{condition}", body)
        statuses = [
            created.status, request("POST", type_name, body, {"If-None-Exist": condition}).status,
            request("PUT", f"{type_name}?{condition}", {**body, "language": "en"}).status,
            request("PATCH", f"{type_name}?{condition}", [{"op": "replace", "path": "/language", "value": "de"}],
                    {"Content-Type": "application/json-patch+json"}).status,
            request("GET", f"{type_name}/x", headers={"If-None-Match": 'W/"7"'}).status,
            request("DELETE", f"{type_name}?{condition}").status, request("GET", f"{type_name}/x").status,
            request("POST", type_name, body, {"If-None-Exist": condition}).status]
        self.assertEqual(statuses, [201, 200, 200, 200, 304, 204, 410, 201], type_name)

    def test_the_systems_interactions_are_there(self):
        claimed = {interaction["code"] for interaction in self.statement["rest"][0]["interaction"]}
        self.assertEqual(claimed, {"transaction", "batch", "search-system", "history-system"})
        patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
            {"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": "Basic.author"}]}]}
        entries = [{"resource": {"resourceType": "Basic", "id": "s", "code": {"text": "x"}}, "request": {
                        "method": "PUT", "url": "Basic/s"}},
                   {"request": {"method": "GET", "url": "Basic/s"}}]
        for kind in ("transaction", "batch"):
            answer = self.connection.request("POST", "/baseR4", {"resourceType": "Bundle", "type": kind, "entry": entries})
            self.assertEqual((answer.status, answer.json()["type"]), (200, f"{kind}-response"))
            self.assertEqual(answer.json()["entry"][1]["resource"]["id"], "s")
            answer = self.connection.request("POST", "/baseR4", {"resourceType": "Bundle", "type": kind, "entry": [
                {"resource": patch, "request": {"method": "PATCH", "url": "Basic/s"}}]})
            self.assertEqual(answer.json()["entry"][0]["response"]["status"], "200 OK")
        self.assertEqual(self.connection.request("GET", "_history").json()["type"], "history")

    def test_reads_are_conditional_and_updates_create_as_claimed(self):
        claims = {(r["conditionalRead"], r["updateCreate"], r["readHistory"], r["versioning"])
                  for r in self.resources}
        self.assertEqual(claims, {("full-support", True, True, "versioned")})
        request = self.connection.request
        made = request("PUT", "Basic/conditional", {"resourceType": "Basic", "id": "conditional",
                                                    "code": {"text": "x"}})
        self.assertEqual(made.status, 201, made)
        for field, value in (("If-None-Match", made.headers["ETag"]),
                             ("If-Modified-Since", made.headers["Last-Modified"])):
            self.assertEqual(request("GET", "Basic/conditional", headers={field: value}).status, 304, field)
        self.assertEqual(request("GET", "Basic/conditional", headers={"If-None-Match": 'W/"7"'}).status, 200)

    def test_every_claimed_operation_is_there(self):
        """Asked without what it needs, an operation says what is missing; only what is none is not found."""
        request, tried = self.connection.request, 0
        own = [("", operation) for operation in self.statement["rest"][0]["operation"]]
        own += [(r["type"] + "/", operation) for r in self.resources for operation in r["operation"]]
        for path, operation in own:
            name, definition = operation["name"], operation["definition"]
            if not definition.startswith("http://hl7.org/fhir/OperationDefinition/"):
                published = request("GET", definition.split("/baseR4/")[1])
                self.assertEqual((published.status, published.json()["code"]), (200, name), definition)
            answers = [request("POST", f"{path}${name}")]
            if path:
                answers.append(request("POST", f"{path}no-such-id/${name}"))
            there = [answer for answer in answers
                     if "is not one of this server's operations" not in answer.body.decode()]
            self.assertTrue(there, f"{path}${name}: {answers}")
            tried += 1
        self.assertGreater(tried, 4 * 146)

    def test_every_definition_that_is_named_can_be_read_and_found(self):
        """By its id and by its url, as a valid resource that says what the statement says."""
        named = {}
        rest = self.statement["rest"][0]
        for resource in self.resources + [{**rest, "type": None}]:
            for parameter in resource["searchParam"]:
                if "definition" in parameter:
                    claim = ("SearchParameter", parameter["name"], parameter["type"])
                    named.setdefault(parameter["definition"], (claim, set()))[1].add(resource["type"])
            for operation in resource["operation"]:
                claim = ("OperationDefinition", operation["name"], None)
                named.setdefault(operation["definition"], (claim, set()))[1].add(resource["type"])
        for url in rest["compartment"]:
            compartment = url.rsplit("/", 1)[1]
            claim = ("CompartmentDefinition", compartment[0].upper() + compartment[1:], None)
            named[url] = (claim, set())
        findings = []
        for url, ((kind, code, type_), types) in named.items():
            answer = self.connection.request("GET", f"{kind}/{url.rsplit('/', 1)[1][:64]}")
            body = answer.json()
            found = self.connection.request("GET", f"{kind}?url={url}").json()
            bases = set(body.get("base", [])) | {None}
            if (answer.status, body.get("url"), body.get("code")) != (200, url, code):
                findings.append(f"{url}: {answer}")
            elif [entry["resource"] for entry in found.get("entry", [])] != [body]:
                findings.append(f"{kind}?url={url}: {found}")
            elif kind == "SearchParameter" and (
                    body["type"] != type_ or not (types <= bases or bases & {"Resource", "DomainResource"})):
                findings.append(f"{url}: {body['type']} of {bases}, not {type_} of {types}")
            else:
                outcome = self.connection.request("POST", f"{kind}/$validate", body).json()
                findings += [f"{url}: {issue}" for issue in outcome["issue"] if issue["severity"] == "error"]
        self.assertFalse(findings, f"{len(findings)} of {len(named)}:\n" + "\n".join(findings[:20]))
        self.assertGreater(len(named), 1390)

    def test_search_parameters_of_our_own_are_published(self):
        """Where `definition` is not HL7's, it can be read here, and says what it is derived from."""
        own = [(t, p) for t, p in self.parameters() if not p["definition"].startswith("http://hl7.org/")]
        self.assertIn(("ImagingStudy", "modality"), [(t, p["name"]) for t, p in own])
        self.assertIn(("ImagingStudy", "series-modality-bodysite"), [(t, p["name"]) for t, p in own])
        for type_name, parameter in own:
            path = parameter["definition"].split("/baseR4/")[1]
            answer = self.connection.request("GET", path)
            self.assertEqual(answer.status, 200, answer)
            published = answer.json()
            self.assertEqual((published["resourceType"], published["code"]), ("SearchParameter", parameter["name"]))
            self.assertIn(type_name, published["base"])
            self.assertEqual(published["type"], parameter["type"])
            self.assertTrue("derivedFrom" in published or len(published.get("component", [])) == 2
                            or parameter["name"] == "description", published)

    def test_the_compartments_are_there(self):
        urls = self.statement["rest"][0]["compartment"]
        names = [url.removeprefix("http://hl7.org/fhir/CompartmentDefinition/") for url in urls]
        self.assertEqual(names, ["device", "encounter", "patient", "practitioner", "relatedPerson"])
        for name in names:
            compartment = name[0].upper() + name[1:]
            self.assertEqual(self.strict(f"{compartment}/1/Appointment" if name != "encounter"
                                         else "Encounter/1/Observation").status, 200, name)
            self.assertEqual(self.strict(f"{compartment}/1/*").status, 200, name)
            self.assertEqual(self.strict(f"{compartment}/1/StructureMap").status, 404, name)

    def test_every_claimed_include_is_answered(self):
        findings, tried = [], 0
        for resource in self.resources:
            for parameter, claims in (("_include", "searchInclude"), ("_revinclude", "searchRevInclude")):
                # In groups: a search has a hundred parameters at most.
                values = resource[claims]
                tried += len(values)
                for start in range(0, len(values), 90):
                    query = "&".join(f"{parameter}={value}" for value in values[start:start + 90])
                    answer = self.strict(f"{resource['type']}?{query}")
                    if answer.status != 200:
                        findings.append(f"{resource['type']}?{query}: {answer.status} {answer.body[:300]!r}")
        self.assertFalse(findings, "\n".join(findings[:20]))
        self.assertGreater(tried, 4000)

    def test_the_whole_server_can_be_searched_by_what_is_claimed(self):
        rest = self.statement["rest"][0]
        self.assertIn({"code": "search-system"}, rest["interaction"])
        values = {"_id": "a", "_lastUpdated": "ge2024", "_list": "a", "_type": "Patient,Device", "_contained": "false",
                  "_containedType": "container", "_filter": "_id%20eq%20a", "_text": "a"}
        self.assertEqual([name for name in values if name not in [p["name"] for p in rest["searchParam"]]], [])
        for parameter in rest["searchParam"]:
            answer = self.strict(f"/baseR4?{parameter['name']}={values.get(parameter['name'], 'urn:x')}")
            self.assertEqual(answer.status, 200, f"{parameter['name']}: {answer}")
        for value in ("true", "both"):
            self.assertEqual(self.strict(f"Patient?_contained={value}").status, 200)


if __name__ == "__main__":
    unittest.main()
