// FHIR Works on AWS, its own router and persistence, on the DynamoDB at argv[2]; it listens at argv[3].
// It searches by Elasticsearch only, which is not here.
process.env.IS_OFFLINE = 'true';
process.env.AWS_XRAY_CONTEXT_MISSING = 'IGNORE_ERROR';
process.env.RESOURCE_TABLE = 'fhir-works';
process.env.LOG_LEVEL = 'error';
for (const name of ['ACCESS_KEY', 'SECRET_KEY', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) process.env[name] = 'local';
process.env.AWS_REGION = 'eu-central-1';
const http = require('http');
const AWS = require('aws-sdk');
const { generateServerlessRouter } = require('fhir-works-on-aws-routing');
const { DynamoDbDataService, DynamoDbBundleService } = require('fhir-works-on-aws-persistence-ddb');
const { stubs } = require('fhir-works-on-aws-interface');

const [endpoint, port] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true });
const dynamodb = new AWS.DynamoDB({ endpoint, region: 'eu-central-1', httpOptions: { agent } });
const may = async () => {};
const authorization = {
    verifyAccessToken: async () => ({ scopes: [] }),
    isAccessBulkDataJobAllowed: may,
    isBundleRequestAuthorized: may,
    isWriteRequestAuthorized: may,
    authorizeAndFilterReadResponse: async (request) => request.readResponse,
    getAllowedResourceTypesForOperation: async () => [],
    getSearchFilterBasedOnIdentity: async () => [],
};
const config = {
    configVersion: 1,
    productInfo: { orgName: 'peer' },
    auth: { strategy: { service: 'OAuth', oauthPolicy: {} }, authorization },
    server: { url: `http://127.0.0.1:${port}` },
    validators: [],
    logging: { level: 'error' },
    profile: {
        fhirVersion: '4.0.1',
        systemOperations: ['transaction'],
        bundle: new DynamoDbBundleService(dynamodb),
        systemSearch: stubs.search,
        systemHistory: stubs.history,
        genericResource: {
            operations: ['create', 'read', 'update', 'delete', 'vread'],
            fhirVersions: ['4.0.1'],
            persistence: new DynamoDbDataService(dynamodb, true),
            typeSearch: stubs.search,
            typeHistory: stubs.history,
        },
        resources: {},
    },
};
const key = (AttributeName, KeyType) => ({ AttributeName, KeyType });
const text = (AttributeName) => ({ AttributeName, AttributeType: 'S' });
dynamodb
    .createTable({
        TableName: 'fhir-works',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [key('id', 'HASH'), key('vid', 'RANGE')],
        AttributeDefinitions: [text('id'), { AttributeName: 'vid', AttributeType: 'N' }],
    })
    .promise()
    .catch((error) => {
        if (error.code !== 'ResourceInUseException') throw error;
    })
    .then(() => generateServerlessRouter(config, ['Patient', 'Observation', 'Encounter']).listen(port, '127.0.0.1'));
