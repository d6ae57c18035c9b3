/**
 * What runs in each server process: plain Node, started by `Host.ts`.
 *
 * It serves the folder of a release, loads for a while before it is healthy, and tells the callback address when its port
 * is open. It ends when it is told to, when nobody waits for it, and when the process that started it is gone.
 */
import { readFile } from "node:fs/promises"
import { createServer, type ServerResponse } from "node:http"
import { type AddressInfo } from "node:net"
import { extname, join, normalize } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

const {
  SERVER_FAULT: fault,
  SERVER_FOLDER: folder = "",
  SERVER_ID: id,
  SERVER_READY_URL: readyUrl = "",
  SERVER_RELEASE: release = "",
  SERVER_TITLE: title,
  SERVER_WARM_UP: warmUp
} = process.env

const types: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json"
}

const startedAt = performance.now()
const loaded = (): number => Math.min(1, (performance.now() - startedAt) / (Number(warmUp) + 1))

const health = (response: ServerResponse): void => {
  if (fault === "sick") response.writeHead(500).end("no connection to the stock")
  else if (loaded() < 1) response.writeHead(503).end(`${Math.floor(loaded() * 100)} % loaded`)
  else response.writeHead(200).end("healthy")
}

const file = async (path: string, acceptsGzip: boolean, response: ServerResponse): Promise<void> => {
  const name = normalize(join("/", path.endsWith("/") ? `${path}index.html` : path))
  const encoding = acceptsGzip ? { "content-encoding": "gzip" } : {}
  try {
    const content = await readFile(join(folder, acceptsGzip ? `${name}.gz` : name))
    response.writeHead(200, { "content-type": types[extname(name)] ?? "text/plain", ...encoding }).end(content)
  } catch {
    response.writeHead(404).end("There is no such page\n")
  }
}

const server = createServer((request, response) => {
  response.setHeader("x-release", release)
  const path = (request.url ?? "/").replace(/\?.*/, "")
  if (path === "/health") health(response)
  else if (folder === "") response.writeHead(200, { "content-type": "text/plain" }).end(`${title} is on its way\n`)
  else void file(decodeURI(path), /\bgzip\b/.test(request.headers["accept-encoding"] ?? ""), response)
})

const end = (): void => {
  server.close(() => process.exit(0))
}
process.on("SIGTERM", end)
process.on("SIGINT", () => {}) // Ctrl-C is for the program that started this one
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume()

if (fault === "crash") {
  await sleep(300)
  console.error("cannot read the price list")
  process.exit(1)
}

server.listen(0, "127.0.0.1", async () => {
  if (fault === "silent") return
  const { port } = server.address() as AddressInfo
  const answer = await fetch(readyUrl, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify({ id, release, port, pid: process.pid })
  })
  if (!answer.ok) end()
})
