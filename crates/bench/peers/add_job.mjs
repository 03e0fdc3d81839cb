// Adds jobs with graphile-worker, one call each, from several clients at once; prints how many a second.
//
// node add_job.mjs URL CLIENTS JOBS
import { makeWorkerUtils } from "graphile-worker";

const [url, clients, jobs] = process.argv.slice(2);
const utils = await makeWorkerUtils({ connectionString: url, maxPoolSize: Number(clients) });
await utils.migrate();

let left = Number(jobs);
const begun = performance.now();
await Promise.all(
  Array.from({ length: Number(clients) }, async () => {
    while (left > 0) {
      left -= 1;
      await utils.addJob("nothing", { left });
    }
  }),
);
const seconds = (performance.now() - begun) / 1000;
await utils.release();
console.log(Number(jobs) / seconds);
