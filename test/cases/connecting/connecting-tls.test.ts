import { execFileSync } from "node:child_process";
import { appendFile, chmod, chown, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from "vitest";
import { serverAccount } from "../../../src/embedded/account.ts";
import { Cluster } from "../../../src/embedded/cluster.ts";
import { changed, reach, refusal } from "./connecting.ts";

const hasOpenssl = (() => {
  try {
    return execFileSync("openssl", ["version"]).length > 0;
  } catch {
    return false;
  }
})();

let folder: string;
let withTls: Cluster;
let without: Cluster;

function openssl(...parameters: readonly string[]): void {
  execFileSync("openssl", parameters, { cwd: folder, stdio: "pipe" });
}

/** An authority, and a certificate that it signed for a server or for a role. */
function authority(name: string): void {
  openssl(
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", `/CN=${name}`],
    ...["-keyout", `${name}.key`, "-out", `${name}.crt`],
  );
}

function certificate(name: string, subject: string, extension: string): void {
  openssl(
    ...["req", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${subject}`],
    ...["-keyout", `${name}.key`, "-out", `${name}.csr`],
  );
  execFileSync("sh", ["-c", `printf '%s' '${extension}' > ${name}.ext`], { cwd: folder });
  openssl(
    ...["x509", "-req", "-days", "9", "-in", `${name}.csr`, "-CA", "managed.crt", "-CAkey", "managed.key"],
    ...["-CAcreateserial", "-extfile", `${name}.ext`, "-out", `${name}.crt`],
  );
}

async function allow(cluster: Cluster, lines: string): Promise<void> {
  const file = join(cluster.directory, "data", "pg_hba.conf");
  await writeFile(file, `${lines}\n${await readFile(file, "utf8")}`);
  const client = new pg.Client({ connectionString: cluster.url() });
  await client.connect();
  await client.query("select pg_reload_conf()");
  await client.end();
}

beforeAll(async () => {
  if (!hasOpenssl) return;
  folder = await mkdtemp(join(tmpdir(), "tidefill-tls-"));
  await chmod(folder, 0o755);
  authority("managed");
  authority("stranger");
  certificate("server", "localhost", "subjectAltName=DNS:localhost");
  certificate("role", "sealed", "");
  await appendFile(join(folder, "role.crt"), "");
  const account = await serverAccount();
  if (account !== undefined) await chown(join(folder, "server.key"), account.uid, account.gid);
  await chmod(join(folder, "server.key"), 0o600);
  withTls = await Cluster.open({
    settings: {
      ...{ fsync: "off", ssl: "on" },
      ssl_cert_file: join(folder, "server.crt"),
      ssl_key_file: join(folder, "server.key"),
      ssl_ca_file: join(folder, "managed.crt"),
    },
  });
  without = await Cluster.open({ settings: { fsync: "off" } });
  const client = new pg.Client({ connectionString: withTls.url() });
  await client.connect();
  await client.query("create role only_tls login password 'word'");
  await client.query("create role only_plain login password 'word'");
  await client.query("create role sealed login");
  await client.end();
  await allow(
    withTls,
    [
      "hostnossl all only_tls all reject",
      "hostssl all only_plain all reject",
      "hostssl all sealed all cert",
    ].join("\n"),
  );
});

afterEach(() => {
  vi.unstubAllEnvs();
});

afterAll(async () => {
  if (!hasOpenssl) return;
  await withTls.stop("immediate");
  await without.stop("immediate");
  await rm(folder, { recursive: true, force: true });
});

/** The server's address with a parameter, under the host name of its certificate. */
function by(search: string, role?: string): string {
  const url = changed(withTls.url(), { hostname: "localhost", search });
  return role === undefined ? url : changed(url, { username: role, password: "word" });
}

const on = { encrypted: "true" };
const off = { encrypted: "false" };

test.skipIf(!hasOpenssl)(
  "sslmode means the same as in psql, also where a managed server has its own authority (D1)",
  async () => {
    const warned = vi.spyOn(process, "emitWarning");
    const root = join(folder, "managed.crt");
    expect(await reach(by(""))).toMatchObject(on);
    expect(await reach(by("?sslmode=prefer"))).toMatchObject(on);
    expect(await reach(by("?sslmode=require"))).toMatchObject(on);
    expect(await reach(by("?sslmode=no-verify"))).toMatchObject(on);
    expect(await reach(by("?sslmode=allow"))).toMatchObject(off);
    expect(await reach(by("?sslmode=disable"))).toMatchObject(off);
    expect(await reach(by(`?sslmode=require&sslrootcert=${root}`))).toMatchObject(on);
    expect(await reach(by(`?sslmode=verify-ca&sslrootcert=${root}`))).toMatchObject(on);
    expect(await reach(by(`?sslmode=verify-full&sslrootcert=${root}`))).toMatchObject(on);
    if (inject("postgresVersion") >= 17)
      expect(await reach(by("?sslmode=require&sslnegotiation=direct"))).toMatchObject(on);
    vi.stubEnv("PGSSLMODE", "verify-full");
    vi.stubEnv("PGSSLROOTCERT", root);
    expect(await reach(by(""))).toMatchObject(on);
    // Neither the password nor the destination is a reason to warn.
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  },
);

test.skipIf(!hasOpenssl)(
  "without sslmode, a role that requires TLS can log in, and so can one that forbids it (D1)",
  async () => {
    expect(await reach(by("", "only_tls"))).toMatchObject(on);
    expect(await reach(by("", "only_plain"))).toMatchObject(off);
    expect(await reach(by("?sslmode=allow", "only_tls"))).toMatchObject(on);
    expect(await refusal(reach(by("?sslmode=disable", "only_tls")))).toMatchObject({ code: "database" });
    expect(await refusal(reach(by("?sslmode=require", "only_plain")))).toMatchObject({ code: "database" });
    const plain = without.url();
    expect(await reach(plain)).toMatchObject(off);
    expect(await reach(`${plain}?sslmode=prefer`)).toMatchObject(off);
  },
);

test.skipIf(!hasOpenssl)(
  "a role that logs in by its certificate gets in with sslcert and sslkey (D1)",
  async () => {
    const files = `sslcert=${join(folder, "role.crt")}&sslkey=${join(folder, "role.key")}`;
    expect(await reach(by(`?sslmode=require&${files}`, "sealed"))).toMatchObject({ ...on, role: "sealed" });
    const missing = `sslcert=${join(folder, "none.crt")}&sslkey=${join(folder, "role.key")}`;
    expect(await refusal(reach(by(`?sslmode=require&${missing}`, "sealed")))).toMatchObject({
      code: "usage",
      message: expect.stringContaining("sslcert names a file that cannot be read"),
    });
  },
);

test.skipIf(!hasOpenssl)("a certificate that cannot be verified is refused with a remedy (D1)", async () => {
  const { port } = new URL(withTls.url());
  expect(await refusal(reach(by("?sslmode=verify-full")))).toMatchObject({
    code: "tls",
    message: expect.stringMatching(
      // Which message it is depends on whether the server also sends the authority's certificate.
      new RegExp(
        `^The certificate of localhost:${port} is not signed by an authority that tidefill knows: (unable to verify the first certificate|unable to get local issuer certificate|self-signed certificate in certificate chain)\\.$`,
      ),
    ),
    remedy: expect.stringContaining("sslmode=verify-full&sslrootcert=<file>"),
  });
  const stranger = join(folder, "stranger.crt");
  for (const mode of ["require", "verify-ca", "verify-full"]) {
    expect(await refusal(reach(by(`?sslmode=${mode}&sslrootcert=${stranger}`)))).toMatchObject({
      code: "tls",
      remedy: expect.stringContaining("sslrootcert="),
    });
  }
  const root = join(folder, "managed.crt");
  const byNumber = changed(withTls.url(), { search: `?sslmode=verify-full&sslrootcert=${root}` });
  expect(await refusal(reach(byNumber))).toMatchObject({
    code: "tls",
    message: `The certificate of 127.0.0.1:${port} is for another name.`,
    remedy: expect.stringContaining("sslmode=verify-ca"),
  });
  expect(await refusal(reach(`${without.url()}?sslmode=require`))).toMatchObject({
    code: "tls",
    message: expect.stringContaining("offers no TLS, but sslmode asks for it."),
    remedy: expect.stringContaining("sslmode=prefer"),
  });
});
