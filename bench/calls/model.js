// A model that takes 200 ms for each answer, in a process of its own. Prints its address.
import { createServer } from "node:http";

const thinkMs = 200;

const server = createServer((request, response) => {
  let length = 0;
  request.on("data", (chunk) => {
    length += chunk.length;
  });
  request.on("end", () => setTimeout(() => response.end(String(length)), thinkMs));
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
