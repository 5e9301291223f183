"""fhirclient, SMART on FHIR's Python client, does its ordinary work."""

import os
import unittest
import uuid

from fhirclient import client
from fhirclient.models.bundle import Bundle
from fhirclient.models.capabilitystatement import CapabilityStatement
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.humanname import HumanName
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException
from requests import HTTPError

SYSTEM = "https://example.org/fhirclient"


class Fhirclient(unittest.TestCase):
    def setUp(self):
        settings = {"app_id": "fhir-clients", "api_base": os.environ["FHIR_BASE"]}
        self.smart = client.FHIRClient(settings=settings)
        self.server = self.smart.server
        self.tag = uuid.uuid4().hex  # what one test makes, another does not find

    def tearDown(self):
        self.server.session.close()

    def patient(self, family, given="Ada", **more):
        name = {"family": family, "given": [given]}
        identifier = {"system": SYSTEM, "value": self.tag}
        return Patient({"resourceType": "Patient", "name": [name], "identifier": [identifier], **more})

    def created(self, patient):
        return Patient.read(patient.create(self.server)["id"], self.server)

    def find(self, **more):
        return Patient.where({"identifier": f"{SYSTEM}|{self.tag}", **more})

    def test_a_server_without_smart_is_ready_at_once(self):
        self.assertTrue(self.smart.prepare())
        self.assertTrue(self.smart.ready)

    def test_the_capability_statement_is_read_strictly(self):
        statement = CapabilityStatement.read_from("metadata", self.server)
        self.assertEqual(statement.fhirVersion, "4.0.1")
        self.assertIn("application/fhir+json", statement.format)
        resources = {resource.type: resource for resource in statement.rest[0].resource}
        self.assertEqual(len(resources), 146)
        codes = {interaction.code for interaction in resources["Patient"].interaction}
        self.assertLessEqual({"read", "vread", "create", "update", "patch", "delete", "search-type"}, codes)
        self.assertIn("birthdate", {parameter.name for parameter in resources["Patient"].searchParam})
        self.assertLessEqual({"transaction", "batch"}, {interaction.code for interaction in statement.rest[0].interaction})

    def test_what_is_created_is_read_changed_and_deleted(self):
        patient = self.created(self.patient("Lovelace", birthDate="1815-12-10"))
        self.assertEqual(patient.name[0].family, "Lovelace")
        self.assertEqual(patient.birthDate.as_json(), "1815-12-10")
        self.assertEqual(patient.meta.versionId, "1")

        patient.name.append(HumanName({"use": "maiden", "family": "Byron"}))
        answer = patient.update(self.server)
        self.assertEqual(answer["meta"]["versionId"], "2")
        self.assertEqual([name.family for name in Patient.read(patient.id, self.server).name], ["Lovelace", "Byron"])

        patient.delete(self.server)
        with self.assertRaises(HTTPError) as gone:
            Patient.read(patient.id, self.server)
        self.assertEqual(gone.exception.response.status_code, 410)

    def test_nobody_is_not_found(self):
        with self.assertRaises(FHIRNotFoundException) as missing:
            Patient.read("nobody", self.server)
        self.assertEqual(missing.exception.response.json()["resourceType"], "OperationOutcome")

    def test_a_search_by_structure_finds(self):
        for family, born in [("Adams", "1970-01-01"), ("Baker", "1980-06-15"), ("Clark", "1990-12-31")]:
            self.patient(family, birthDate=born).create(self.server)
        families = lambda search: sorted(patient.name[0].family for patient in search.perform_resources_iter(self.server))
        self.assertEqual(families(self.find()), ["Adams", "Baker", "Clark"])
        self.assertEqual(families(self.find(family="bak")), ["Baker"])
        self.assertEqual(families(self.find(birthdate={"$and": ["gt1975", "lt1985"]})), ["Baker"])
        self.assertEqual(families(self.find(family={"$or": ["adams", "clark"]})), ["Adams", "Clark"])
        self.assertEqual(families(self.find(family={"$exact": "adams"})), [])

    def test_a_search_follows_all_pages(self):
        for at in range(13):
            self.patient(f"Page{at:02}").create(self.server)
        search = self.find(_count="5", _sort="-family")
        pages = list(search.perform_iter(self.server))
        self.assertEqual([len(page.entry) for page in pages], [5, 5, 3])
        families = [patient.name[0].family for patient in search.perform_resources_iter(self.server)]
        self.assertEqual(families, [f"Page{at:02}" for at in reversed(range(13))])

    def test_a_search_includes_what_is_referred_to_and_what_refers(self):
        patient = self.created(self.patient("Included"))
        observation = Observation({
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
            "identifier": [{"system": SYSTEM, "value": self.tag}],
            "valueQuantity": {"value": 170.0, "unit": "cm"},
        })
        observation.subject = FHIRReference({"reference": patient.relativePath()})
        observation.create(self.server)
        kinds = lambda search: sorted(it.resource_type for it in search.perform_resources_iter(self.server))
        where = {"identifier": f"{SYSTEM}|{self.tag}"}
        self.assertEqual(kinds(Observation.where(where).include("subject")), ["Observation", "Patient"])
        self.assertEqual(kinds(Patient.where(where).include("subject", Observation, reverse=True)), ["Observation", "Patient"])
        [found] = Observation.where({"patient": patient.id}).perform_resources_iter(self.server)
        self.assertEqual(found.subject.resolved(Patient).name[0].family, "Included")

    def test_a_transaction_goes_in_whole(self):
        subject = f"urn:uuid:{uuid.uuid4()}"
        bundle = Bundle({
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {
                    "fullUrl": subject,
                    "resource": self.patient("Whole").as_json(),
                    "request": {"method": "POST", "url": "Patient"},
                },
                {
                    "resource": {
                        "resourceType": "Observation",
                        "status": "final",
                        "code": {"text": "Mood"},
                        "subject": {"reference": subject},
                    },
                    "request": {"method": "POST", "url": "Observation"},
                },
            ],
        })
        answer = Bundle(bundle.create(self.server))
        self.assertEqual(answer.type, "transaction-response")
        self.assertEqual([entry.response.status[:3] for entry in answer.entry], ["201", "201"])
        [patient] = self.find().perform_resources_iter(self.server)
        [observation] = Observation.where({"subject": patient.relativePath()}).perform_resources_iter(self.server)
        self.assertEqual(observation.code.text, "Mood")


if __name__ == "__main__":
    unittest.main()
