// The four queues in one process, with 5, 3, 2 and 1 jobs at a time, or SLOTS for each. Prints READY when it serves.
import { Worker } from 'bullmq';
import { CONCURRENCY, database, queueName, redis, run } from './job.mjs';

const store = database();
const cache = redis();
const workers = Object.entries(CONCURRENCY).map(([priority, slots]) => {
  const concurrency = Number(process.env.SLOTS ?? slots);
  const worker = new Worker(queueName(priority), (job) => run(store, cache, job.data), { connection: redis(), concurrency });
  worker.on('error', (error) => console.error('worker', error.message));
  worker.on('failed', (job, error) => console.error('job', job?.id, error.message));
  return worker;
});

await store.query('SELECT 1');
await Promise.all(workers.map((worker) => worker.waitUntilReady()));
console.log('READY');
process.on('SIGTERM', async () => {
  await Promise.all(workers.map((worker) => worker.close(true)));
  process.exit(0);
});
