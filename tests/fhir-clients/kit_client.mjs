// fhir-kit-client (npm) does its ordinary work.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client } from 'fhir-kit-client';

const baseUrl = process.env.FHIR_BASE;
const client = new Client({ baseUrl });
const SYSTEM = 'https://example.org/fhir-kit-client';

const patient = (tag, family, more = {}) => ({
  resourceType: 'Patient',
  identifier: [{ system: SYSTEM, value: tag }],
  name: [{ family, given: ['Grace'] }],
  ...more,
});
const save = (body) => client.create({ resourceType: body.resourceType, body });
const observation = (of, value) => save({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  subject: { reference: `Patient/${of.id}` },
  valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
});
const found = (bundle) => (bundle.entry ?? []).map((entry) => entry.resource);
const status = (it) => Client.httpFor(it).response.status;
const header = (it, name) => Client.httpFor(it).response.headers.get(name);
const refused = (code) => (error) => {
  assert.equal(error.response.status, code);
  assert.equal(error.response.data.resourceType, 'OperationOutcome');
  return true;
};
const person = (tag) => `${SYSTEM}|${tag}`;

test('the capability statement tells what there is', async () => {
  const statement = await client.capabilityStatement();
  assert.equal(statement.resourceType, 'CapabilityStatement');
  assert.equal(statement.fhirVersion, '4.0.1');
  assert.equal((await client.request('metadata')).kind, 'instance');
});

test('what is created is read, in its version as well', async () => {
  const created = await save(patient(randomUUID(), 'Hopper'));
  assert.equal(status(created), 201);
  assert.equal(header(created, 'etag'), 'W/"1"');
  assert.equal(header(created, 'location'), `${baseUrl}/Patient/${created.id}/_history/1`);
  const read = await client.read({ resourceType: 'Patient', id: created.id });
  assert.deepEqual(read.name, [{ family: 'Hopper', given: ['Grace'] }]);
  const old = await client.vread({ resourceType: 'Patient', id: created.id, version: '1' });
  assert.equal(old.meta.versionId, '1');
});

test('an update makes a version, and an old If-Match none', async () => {
  const created = await save(patient(randomUUID(), 'Hopper'));
  const update = (version, more) => client.update({
    resourceType: 'Patient',
    id: created.id,
    body: { ...created, ...more },
    options: { headers: { 'If-Match': `W/"${version}"` } },
  });
  assert.equal((await update(1, { active: true })).meta.versionId, '2');
  await assert.rejects(update(1, { active: false }), refused(412));
  assert.equal((await client.read({ resourceType: 'Patient', id: created.id })).active, true);
});

test('a conditional update creates once, then changes', async () => {
  const tag = randomUUID();
  const update = (body) => client.update({ resourceType: 'Patient', searchParams: { identifier: person(tag) }, body });
  const one = await update(patient(tag, 'Hopper'));
  const other = await update(patient(tag, 'Murray'));
  assert.deepEqual([status(one), status(other)], [201, 200]);
  assert.equal(one.id, other.id);
  assert.equal(other.meta.versionId, '2');
});

test('a conditional create creates once', async () => {
  const tag = randomUUID();
  const create = () => client.create({
    resourceType: 'Patient',
    body: patient(tag, 'Hopper'),
    options: { headers: { 'If-None-Exist': `identifier=${encodeURIComponent(person(tag))}` } },
  });
  const all = await Promise.all(Array.from({ length: 10 }, create));
  assert.equal(new Set(all.map((it) => it.id)).size, 1);
  assert.equal(all.filter((it) => status(it) === 201).length, 1);
});

test('a JSON Patch changes a part, or nothing', async () => {
  const { id } = await save(patient(randomUUID(), 'Hopper', { active: true }));
  const patch = (jsonPatch) => client.patch({ resourceType: 'Patient', id, jsonPatch });
  const patched = await patch([
    { op: 'test', path: '/active', value: true },
    { op: 'replace', path: '/name/0/family', value: 'Murray' },
    { op: 'remove', path: '/active' },
  ]);
  assert.deepEqual([patched.name[0].family, patched.active], ['Murray', undefined]);
  await assert.rejects(patch([{ op: 'replace', path: '/gender', value: 'robot' }]), (error) => error.response.status >= 400);
  assert.equal((await client.read({ resourceType: 'Patient', id })).meta.versionId, '2');
});

test('what is deleted is gone, and can be brought back', async () => {
  const { id } = await save(patient(randomUUID(), 'Hopper'));
  await client.delete({ resourceType: 'Patient', id });
  await assert.rejects(client.read({ resourceType: 'Patient', id }), refused(410));
  await assert.rejects(client.read({ resourceType: 'Patient', id: 'never-there' }), refused(404));
  const back = await client.update({ resourceType: 'Patient', id, body: { resourceType: 'Patient', id } });
  assert.equal(back.meta.versionId, '3');
});

test('a type is searched by GET and by POST', async () => {
  const tag = randomUUID();
  for (const family of ['Abbott', 'Baker', 'Cole']) await save(patient(tag, family));
  const searchParams = { identifier: person(tag), _sort: '-family' };
  for (const postSearch of [false, true]) {
    const bundle = await client.resourceSearch({ resourceType: 'Patient', searchParams, options: { postSearch } });
    assert.equal(bundle.type, 'searchset');
    assert.deepEqual(found(bundle).map((it) => it.name[0].family), ['Cole', 'Baker', 'Abbott']);
  }
  const both = { identifier: person(tag), family: ['a', 'abb'] };
  assert.equal(found(await client.search({ resourceType: 'Patient', searchParams: both })).length, 1);
  await assert.rejects(client.search({ resourceType: 'Patient', searchParams: { nonsense: 1 } }), refused(400));
});

test('all pages are followed, and nothing is lost or doubled', async () => {
  const tag = randomUUID();
  for (let at = 0; at < 7; at++) await save(patient(tag, `Page${at}`));
  const searchParams = { identifier: person(tag), _count: 3, _sort: 'family' };
  let bundle = await client.search({ resourceType: 'Patient', searchParams });
  const first = found(bundle);
  const all = [];
  for (; bundle; bundle = await client.nextPage({ bundle })) {
    all.push(...found(bundle).map((it) => it.name[0].family));
    assert.ok(bundle.link.some((link) => link.relation === 'self'));
    // No page has a link back; those after the first lead to the first.
    assert.equal(client.prevPage({ bundle }), undefined);
    const begin = bundle.link.find((link) => link.relation === 'first');
    if (begin) assert.deepEqual(found(await client.request(begin.url)), first);
  }
  assert.deepEqual(all, [0, 1, 2, 3, 4, 5, 6].map((at) => `Page${at}`));
});

test('a compartment is searched', async () => {
  const [one, other] = [await save(patient(randomUUID(), 'One')), await save(patient(randomUUID(), 'Other'))];
  const mine = await observation(one, 60);
  await observation(other, 70);
  const compartment = { resourceType: 'Patient', id: one.id };
  const bundle = await client.compartmentSearch({ resourceType: 'Observation', compartment });
  assert.deepEqual(found(bundle).map((it) => it.id), [mine.id]);
  const none = await client.compartmentSearch({ resourceType: 'Observation', compartment, searchParams: { 'value-quantity': 'gt65' } });
  assert.deepEqual(found(none), []);
  const same = await client.search({ resourceType: 'Observation', compartment });
  assert.equal(found(same).length, 1);
});

test('everything is searched at once', async () => {
  const one = await save(patient(randomUUID(), 'System'));
  const seen = await observation(one, 61);
  const searchParams = { _id: `${one.id},${seen.id}`, _type: 'Patient,Observation' };
  for (const postSearch of [false, true]) {
    const bundle = await client.systemSearch({ searchParams, options: { postSearch } });
    assert.deepEqual(new Set(found(bundle).map((it) => it.id)), new Set([one.id, seen.id]));
  }
});

test('history is told of a resource, a type and all', async () => {
  const created = await save(patient(randomUUID(), 'Historic'));
  await client.update({ resourceType: 'Patient', id: created.id, body: { ...created, active: true } });
  await client.delete({ resourceType: 'Patient', id: created.id });
  const own = await client.resourceHistory({ resourceType: 'Patient', id: created.id });
  assert.equal(own.type, 'history');
  assert.deepEqual(own.entry.map((entry) => entry.request.method), ['DELETE', 'PUT', 'POST']);
  assert.deepEqual(own.entry.map((entry) => entry.resource?.meta.versionId), [undefined, '2', '1']);
  for (const history of [client.typeHistory({ resourceType: 'Patient' }), client.systemHistory(), client.history()]) {
    const bundle = await history;
    const mine = bundle.entry.filter((entry) => entry.fullUrl === `${baseUrl}/Patient/${created.id}`);
    assert.deepEqual(mine.map((entry) => entry.request.method), ['DELETE', 'PUT', 'POST']);
  }
});

test('a transaction links its entries', async () => {
  const [tag, urn] = [randomUUID(), `urn:uuid:${randomUUID()}`];
  const answer = await client.transaction({
    body: {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        { fullUrl: urn, resource: patient(tag, 'Linked'), request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${person(tag)}` } },
        {
          resource: { resourceType: 'Observation', status: 'final', code: { text: 'Mood' }, subject: { reference: urn } },
          request: { method: 'POST', url: 'Observation' },
        },
      ],
    },
  });
  assert.equal(answer.type, 'transaction-response');
  const [, made] = answer.entry.map((entry) => entry.response.location);
  const [resourceType, id] = new URL(made, `${baseUrl}/`).pathname.split('/').slice(1, 3);
  const mood = await client.read({ resourceType, id });
  const subject = await client.resolve({ reference: mood.subject.reference, context: mood });
  assert.equal(subject.name[0].family, 'Linked');
});

test('the entries of a batch stand each on its own', async () => {
  const { id } = await save(patient(randomUUID(), 'Batch'));
  const request = (method, url) => ({ request: { method, url } });
  const answer = await client.batch({
    body: {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        request('GET', `Patient/${id}`),
        request('GET', 'Patient/never-there'),
        { resource: { resourceType: 'Patient', gender: 'robot' }, ...request('POST', 'Patient') },
        request('GET', `Patient?_id=${id}`),
        request('DELETE', `Patient/${id}`),
      ],
    },
  });
  assert.equal(answer.type, 'batch-response');
  const codes = answer.entry.map((entry) => Number(entry.response.status.slice(0, 3)));
  assert.deepEqual([codes[1], codes[2] >= 400, codes[4] < 300], [404, true, true]);
  assert.equal(answer.entry.length, 5);
});

test('references are resolved: relative, absolute, contained, in a Bundle', async () => {
  const one = await save(patient(randomUUID(), 'Referred'));
  const contained = await save({
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'Mood' },
    contained: [{ resourceType: 'Patient', id: 'p', name: [{ family: 'Inside' }] }],
    subject: { reference: '#p' },
  });
  assert.equal((await client.resolve({ reference: `Patient/${one.id}` })).id, one.id);
  assert.equal((await client.resolve({ reference: `${baseUrl}/Patient/${one.id}` })).id, one.id);
  assert.equal((await client.resolve({ reference: '#p', context: contained })).name[0].family, 'Inside');
  const seen = await observation(one, 62);
  const bundle = await client.search({ resourceType: 'Observation', searchParams: { _id: seen.id, _include: 'Observation:subject' } });
  assert.equal((await client.resolve({ reference: found(bundle)[0].subject.reference, context: bundle })).id, one.id);
});

test('a validation is an operation', async () => {
  const input = patient(randomUUID(), 'Valid');
  const right = await client.operation({ name: '$validate', resourceType: 'Patient', input });
  assert.equal(right.resourceType, 'OperationOutcome');
  assert.ok(right.issue.every((issue) => issue.severity === 'information'));
});
