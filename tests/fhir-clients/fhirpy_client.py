"""fhirpy does its ordinary work, with its synchronous and its asynchronous client."""

import asyncio
import inspect
import os
import unittest
import uuid

from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

BASE = os.environ["FHIR_BASE"]
SYSTEM = "https://example.org/fhirpy"


class Promises:
    """What holds for both; `done` waits where the client is asynchronous."""

    def setUp(self):
        self.client = self.make()
        # fhirpy counts with a parameter of Aidbox's, `_totalMethod`: R4's way past unknown parameters.
        self.lenient = self.make(extra_headers={"Prefer": "handling=lenient"})
        self.json_patch = self.make(extra_headers={"Content-Type": "application/json-patch+json"})
        self.tag = uuid.uuid4().hex
        self.identifier = f"{SYSTEM}|{self.tag}"

    def new(self, family="Curie", **more):
        name = [{"family": family, "given": ["Marie"]}]
        return self.client.resource("Patient", identifier=[{"system": SYSTEM, "value": self.tag}], name=name, **more)

    def save(self, resource):
        self.done(resource.save())
        return resource

    def patients(self, **search):
        return self.client.resources("Patient").search(identifier=self.identifier, **search)

    def families(self, search):
        return [patient["name"][0]["family"] for patient in self.done(search.fetch_all())]

    def observation(self, patient, code="8867-4", value=72, **more):
        return self.save(self.client.resource(
            "Observation",
            status="final",
            code={"coding": [{"system": "http://loinc.org", "code": code}]},
            subject=patient.to_reference(),
            valueQuantity={"value": value, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
            **more,
        ))

    def test_what_is_saved_is_read_changed_and_deleted(self):
        patient = self.save(self.new(birthDate="1867-11-07"))
        self.assertEqual(patient["meta"]["versionId"], "1")
        self.assertEqual(self.done(self.client.get("Patient", patient.id))["birthDate"], "1867-11-07")
        patient["gender"] = "female"
        self.save(patient)
        self.assertEqual(patient["meta"]["versionId"], "2")
        self.assertEqual(self.done(self.patients(gender="female").get()).id, patient.id)
        self.done(patient.delete())
        with self.assertRaises(ResourceNotFound):
            self.done(self.client.get("Patient", patient.id))
        self.assertEqual(self.done(self.patients().fetch_all()), [])

    def test_an_id_may_be_chosen(self):
        patient = self.save(self.client.resource("Patient", id=f"chosen-{self.tag[:8]}"))
        self.assertEqual(patient["meta"]["versionId"], "1")

    def test_a_copy_is_refreshed_only_if_it_is_old(self):
        patient = self.save(self.new())
        copy = self.done(self.patients().get())
        self.done(copy.refresh())
        self.assertEqual(copy["meta"]["versionId"], "1")
        patient["active"] = True
        self.save(patient)
        self.done(copy.refresh())
        self.assertEqual((copy["meta"]["versionId"], copy["active"]), ("2", True))

    def test_json_patch_changes_a_part(self):
        patient = self.save(self.new())
        patch = [{"op": "add", "path": "/active", "value": False}]
        patched = self.done(self.json_patch.execute(patient.reference, method="patch", data=patch))
        self.assertEqual((patched["active"], patched["name"][0]["family"]), (False, "Curie"))

    def test_a_merge_patch_is_refused_by_name_as_r4_has_none(self):
        patient = self.save(self.new())
        with self.assertRaises(OperationOutcome) as refused:
            self.done(self.client.patch("Patient", patient.id, active=True))
        self.assertTrue(refused.exception.resource["issue"][0]["diagnostics"])
        self.assertNotIn("active", self.done(self.client.get("Patient", patient.id)))

    def test_searches_sort_limit_count_and_page(self):
        for family in ["Bohr", "Abel", "Ångström", "Curie", "Dirac"]:
            self.save(self.new(family))
        self.assertEqual(self.families(self.patients().sort("family")), ["Abel", "Ångström", "Bohr", "Curie", "Dirac"])
        self.assertEqual(self.families(self.patients().sort("-family").limit(2)), ["Dirac", "Curie", "Bohr", "Ångström", "Abel"])
        self.assertEqual(len(self.done(self.patients().limit(2).fetch())), 2)
        self.assertEqual(self.done(self.patients().sort("family").first())["name"][0]["family"], "Abel")
        lenient = self.lenient.resources("Patient").search(identifier=self.identifier)
        self.assertEqual(self.done(lenient.count()), 5)
        raw = self.done(self.patients().limit(2).search(_total="accurate").fetch_raw())
        self.assertEqual((raw["total"], len(raw["entry"])), (5, 2))

    def test_modifiers_prefixes_and_lists_are_understood(self):
        for family, born in [("Abel", "1802-08-05"), ("Bohr", "1885-10-07"), ("Curie", "1867-11-07")]:
            self.save(self.new(family, birthDate=born, active=family == "Bohr"))
        for expected, search in [
            (["Bohr", "Curie"], {"birthdate__ge": "1867"}),
            (["Curie"], {"birthdate__ge": "1867", "birthdate__lt": "1880"}),
            (["Abel", "Bohr"], {"family": "abel,bohr"}),
            (["Bohr"], {"family__contains": "oh"}),
            ([], {"family__exact": "bohr"}),
            (["Bohr"], {"active": True}),
            (["Abel", "Curie"], {"active__not": True}),
            (["Abel", "Bohr", "Curie"], {"gender__missing": True}),
            (["Abel", "Bohr", "Curie"], {"_lastUpdated__gt": 2019}),
        ]:
            with self.subTest(search):
                self.assertEqual(self.families(self.patients(**search).sort("family")), expected)

    def test_chains_and_reverse_chains_are_followed(self):
        marie, niels = self.save(self.new("Curie")), self.save(self.new("Bohr"))
        self.observation(marie, value=60)
        self.observation(niels, value=90)
        found = self.client.resources("Observation").search(patient__Patient__identifier=self.identifier)
        self.assertEqual(len(self.done(found.fetch_all())), 2)
        [found] = self.done(found.search(value_quantity__gt="80").fetch_all())
        self.assertEqual(self.done(found["subject"].to_resource())["name"][0]["family"], "Bohr")
        measured = self.patients().has("Observation", "patient", code="http://loinc.org|8867-4")
        self.assertEqual(self.families(measured.sort("family")), ["Bohr", "Curie"])
        self.assertEqual(self.families(measured.has("Observation", "patient", value_quantity="ge80")), ["Bohr"])

    def test_included_resources_come_along(self):
        patient = self.save(self.new())
        observation = self.observation(patient)
        bundle = self.done(self.patients().revinclude("Observation", "subject").fetch_raw())
        self.assertEqual({(it["resource"].reference, it["search"]["mode"]) for it in bundle["entry"]},
                         {(patient.reference, "match"), (observation.reference, "include")})
        of_one = self.client.resources("Observation").search(_id=observation.id)
        self.assertEqual([it.id for it in self.done(of_one.include("Observation", "patient").fetch_all())], [observation.id])
        bundle = self.done(of_one.include("Observation", "patient", "Patient").fetch_raw())
        self.assertEqual(len(bundle["entry"]), 2)

    def test_elements_are_chosen(self):
        self.save(self.new(gender="female", birthDate="1867-11-07"))
        [part] = self.done(self.patients().elements("gender").fetch_all())
        self.assertEqual((part["gender"], part.get("birthDate"), part.get("name")), ("female", None, None))

    def test_get_or_create_creates_once(self):
        one, created = self.done(self.patients().get_or_create(self.new()))
        other, again = self.done(self.patients().get_or_create(self.new()))
        self.assertEqual((created, again), (True, False))
        self.assertEqual(one.id, other.id)

    def test_a_conditional_update_creates_changes_and_refuses_many(self):
        one, created = self.done(self.patients().update(self.new("Skłodowska")))
        other, again = self.done(self.patients().update(self.new("Curie")))
        self.assertEqual((created, again, one.id), (True, False, other.id))
        self.assertEqual(self.families(self.patients()), ["Curie"])
        self.save(self.new("Second"))
        with self.assertRaises(MultipleResourcesFound):
            self.done(self.patients().update(self.new("Nobody")))

    def test_a_conditional_delete_takes_what_matches(self):
        self.save(self.new())
        self.done(self.patients().delete())
        self.assertEqual(self.done(self.patients().fetch_all()), [])

    def test_references_are_resolved(self):
        patient = self.save(self.new())
        observation = self.observation(patient)
        reference = self.client.reference("Observation", observation.id)
        found = self.done(reference.to_resource())
        self.assertEqual(found["subject"].reference, patient.reference)
        self.assertEqual(self.done(found["subject"].to_resource()).id, patient.id)

    def test_one_of_several_is_an_error_and_none_as_well(self):
        with self.assertRaises(ResourceNotFound):
            self.done(self.patients().get())
        self.save(self.new()), self.save(self.new())
        with self.assertRaises(MultipleResourcesFound):
            self.done(self.patients().get())

    def test_validation_says_what_is_wrong(self):
        self.assertTrue(self.done(self.new().is_valid()))
        self.assertFalse(self.done(self.new(birthDate="yesterday").is_valid()))
        with self.assertRaises(OperationOutcome) as refused:
            self.save(self.new(gender="robot"))
        self.assertEqual(refused.exception.resource["issue"][0]["expression"], ["Patient.gender"])

    def test_a_transaction_is_all_or_nothing(self):
        bundle = self.client.resource("Bundle", type="transaction", entry=[
            {"resource": self.new("Good").serialize(), "request": {"method": "POST", "url": "Patient"}},
            {"resource": {"resourceType": "Patient", "gender": "robot"}, "request": {"method": "POST", "url": "Patient"}},
        ])
        with self.assertRaises(OperationOutcome):
            self.done(self.client.execute("", data=bundle.serialize()))
        self.assertEqual(self.done(self.patients().fetch_all()), [])
        bundle["entry"].pop()
        answer = self.done(self.client.execute("", data=bundle.serialize()))
        self.assertEqual((answer["type"], answer["entry"][0]["response"]["status"][:3]), ("transaction-response", "201"))
        self.assertEqual(self.families(self.patients()), ["Good"])

    def test_history_tells_all_versions(self):
        patient = self.save(self.new())
        patient["active"] = True
        self.save(patient)
        history = self.done(patient.execute("_history", method="get"))
        self.assertEqual([it["resource"]["meta"]["versionId"] for it in history["entry"]], ["2", "1"])

    def test_an_unknown_parameter_is_an_error_unless_the_client_is_lenient(self):
        with self.assertRaises(OperationOutcome):
            self.done(self.patients(favourite_colour="blue").fetch())
        self.done(self.lenient.resources("Patient").search(favourite_colour="blue").limit(1).fetch())


class Sync(Promises, unittest.TestCase):
    def make(self, **more):
        return SyncFHIRClient(BASE, **more)

    def done(self, result):
        return result


class Async(Promises, unittest.TestCase):
    def make(self, **more):
        return AsyncFHIRClient(BASE, **more)

    def done(self, result):
        async def wait():
            return await result

        return asyncio.run(wait()) if inspect.isawaitable(result) else result

    def test_many_requests_run_at_once(self):
        async def all_of_them():
            saved = [self.new(f"Name{at}").save() for at in range(20)]
            await asyncio.gather(*saved)
            created = await asyncio.gather(*(self.patients(family="nobody").get_or_create(self.new("Nobody")) for _ in range(10)))
            return len({patient.id for patient, _ in created}), sum(new for _, new in created)

        self.assertEqual(asyncio.run(all_of_them()), (1, 1))
        self.assertEqual(len(self.done(self.patients().limit(7).fetch_all())), 21)


if __name__ == "__main__":
    unittest.main()
