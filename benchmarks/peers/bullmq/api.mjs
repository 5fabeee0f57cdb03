// POST /jobs takes one job, POST /jobs/bulk up to some hundred of one priority. Prints READY when it serves.
import Fastify from 'fastify';
import { CONCURRENCY, Intake } from './job.mjs';

const priority = { type: 'string', enum: Object.keys(CONCURRENCY) };
const workMs = { type: 'integer', minimum: 0, maximum: 60000 };
const body = (fields, required) => ({ schema: { body: { type: 'object', required, properties: fields } } });

const intake = new Intake();
const app = Fastify({ logger: false, bodyLimit: 50_000_000 });

app.post('/jobs', body({ priority, workMs, payload: { type: 'object' } }, ['priority', 'payload']), async (request, reply) => {
  const jobId = await intake.add(request.body);
  reply.code(202);
  return { jobId, status: 'pending' };
});
app.post('/jobs/bulk', body({ priority, workMs, payloads: { type: 'array' } }, ['priority', 'payloads']), async (request, reply) => {
  const accepted = await intake.addMany(request.body);
  reply.code(202);
  return { accepted };
});

await intake.ready();
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
console.log('READY');
process.on('SIGTERM', () => process.exit(0));
