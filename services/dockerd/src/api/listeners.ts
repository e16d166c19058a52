/** The addresses of `-H`: unix sockets with the docker group's rights, TCP with or without TLS. */
import { invalidArgument, wrap } from '@docker-ts/base/errors';
import { claimSocketPath } from '@docker-ts/rpc/socket-path';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { ServerOptions } from 'node:https';
import { dirname } from 'node:path';
import type { Logger } from 'winston';
import type { TlsOptions } from '../config/options.ts';
import { listen } from './http-server.ts';

export type HostAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** `unix:///path`, `tcp://host:port`; a port of 2375, or 2376 with TLS, if none is given. */
export function parseHost(text: string, tls: boolean): HostAddress {
  const unix = /^unix:\/\/(\/.+)$/.exec(text);
  if (unix !== null) return { kind: 'unix', path: unix[1] ?? '' };
  const tcp = /^tcp:\/\/(?:\[([0-9a-fA-F:]+)\]|([^:/]*))(?::(\d+))?\/?$/.exec(text);
  if (tcp === null) throw invalidArgument(`invalid -H address "${text}": use unix:///path or tcp://host:port`);
  const port = tcp[3] === undefined ? (tls ? 2376 : 2375) : Number(tcp[3]);
  if (port > 65535) throw invalidArgument(`invalid -H address "${text}": no such port`);
  return { kind: 'tcp', host: tcp[1] ?? (tcp[2] || '127.0.0.1'), port };
}

export function readTls(options: TlsOptions): ServerOptions {
  try {
    return {
      cert: readFileSync(options.certFile),
      key: readFileSync(options.keyFile),
      minVersion: 'TLSv1.2',
      ...(options.verify ? { ca: readFileSync(options.caFile), requestCert: true, rejectUnauthorized: true } : {}),
    };
  } catch (error) {
    throw wrap(error, 'cannot use TLS');
  }
}

/** Numeric id of a group, from the host's group file. */
function groupId(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  try {
    const line = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    return line === undefined ? undefined : Number(line.split(':')[2]);
  } catch {
    return undefined;
  }
}

/** Servers that listen; disposing them ends every connection. */
export class Listeners implements AsyncDisposable {
  readonly #servers: { readonly server: Server; readonly address: HostAddress }[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** already_exists if another daemon listens there. */
  async open(address: HostAddress, server: Server, group: string): Promise<void> {
    if (address.kind === 'unix') await this.#openUnix(address.path, server, group);
    else await listen(server, { host: address.host, port: address.port });
    this.#servers.push({ server, address });
    this.#log.info(`API listen on ${address.kind === 'unix' ? address.path : `${address.host}:${address.port}`}`);
  }

  async #openUnix(path: string, server: Server, group: string): Promise<void> {
    mkdirSync(dirname(path), { recursive: true });
    await claimSocketPath(path);
    // Nobody else may connect in the moment before the mode is set.
    const mask = process.umask(0o177);
    const listening = listen(server, { path });
    process.umask(mask);
    await listening;
    const gid = groupId(group);
    if (gid === undefined) this.#log.debug(`group "${group}" does not exist: the socket is root's alone`);
    else chownSync(path, 0, gid);
    chmodSync(path, 0o660);
  }

  /** Takes no more requests; those under way may finish. */
  stopAccepting(): void {
    for (const { server, address } of this.#servers) {
      server.close();
      if (address.kind === 'unix') rmSync(address.path, { force: true });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stopAccepting();
    for (const { server } of this.#servers) server.closeAllConnections();
    return Promise.resolve();
  }
}
