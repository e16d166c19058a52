/** A container's state as people read it in `docker ps`: `Up 5 minutes`, `Exited (0) 2 days ago`. */
import { nowNs, parseTimeNs } from './clock.ts';
import type { ContainerState } from './record.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;
const month = 30 * day;
const year = 365 * day;

/** A duration in the largest unit that fits, rounded as github.com/docker/go-units does. */
export function humanDuration(seconds: number): string {
  if (seconds < 1) return 'Less than a second';
  if (seconds < 2) return '1 second';
  if (seconds < minute) return `${Math.floor(seconds)} seconds`;
  const minutes = Math.floor(seconds / minute);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / hour + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(seconds / day)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(seconds / week)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(seconds / month)} months`;
  return `${Math.floor(seconds / year)} years`;
}

function since(time: string): string {
  return humanDuration(Number(nowNs() - parseTimeNs(time)) / 1e9);
}

export function describeState({ status, exitCode, startedAt, finishedAt }: ContainerState): string {
  switch (status) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${since(startedAt)}`;
    case 'paused':
      return `Up ${since(startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${exitCode}) ${since(finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'exited':
    default:
      return `Exited (${exitCode}) ${since(finishedAt)} ago`;
  }
}
