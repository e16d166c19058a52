/** Names for containers that were given none: an adjective and somebody worth remembering, as `docker run` users know them. */

const adjectives = [
  'able', 'agile', 'amber', 'ample', 'apt', 'avid', 'azure', 'bold', 'brave', 'breezy', 'brief', 'bright', 'brisk', 'calm',
  'candid', 'careful', 'cheerful', 'chilly', 'civil', 'clear', 'clever', 'cosy', 'crisp', 'curious', 'daring', 'deft',
  'dutiful', 'eager', 'early', 'earnest', 'easy', 'exact', 'fair', 'faithful', 'famous', 'fearless', 'fleet', 'fluent',
  'fond', 'frank', 'fresh', 'frosty', 'gallant', 'gentle', 'giddy', 'glad', 'golden', 'graceful', 'grand', 'handy',
  'happy', 'hardy', 'hearty', 'honest', 'humble', 'ideal', 'jolly', 'jovial', 'keen', 'kind', 'lively', 'loyal', 'lucid',
  'lucky', 'mellow', 'merry', 'mighty', 'modest', 'neat', 'nimble', 'noble', 'patient', 'placid', 'plucky', 'polite',
  'prompt', 'proud', 'quick', 'quiet', 'rapid', 'ready', 'robust', 'rosy', 'sage', 'serene', 'sharp', 'shiny', 'silent',
  'sincere', 'snug', 'sober', 'solid', 'spry', 'steady', 'stoic', 'sturdy', 'sunny', 'swift', 'tender', 'thrifty', 'tidy',
  'trusty', 'upbeat', 'valiant', 'vivid', 'warm', 'wary', 'watchful', 'wise', 'witty', 'worthy', 'zesty',
] as const;

const people = [
  'abel', 'agnesi', 'alkhwarizmi', 'ampere', 'anning', 'arendt', 'babbage', 'banach', 'bernoulli', 'blackwell', 'boole',
  'borg', 'brahe', 'cantor', 'carson', 'cauchy', 'celsius', 'chatelet', 'church', 'conway', 'copernicus', 'coulomb',
  'curie', 'darwin', 'descartes', 'dijkstra', 'dirac', 'earhart', 'eckert', 'euclid', 'euler', 'faraday', 'fermat',
  'fourier', 'franklin', 'galileo', 'galois', 'gauss', 'germain', 'goedel', 'goodall', 'hamilton', 'hamming', 'haskell',
  'hawking', 'herschel', 'hilbert', 'hodgkin', 'hopper', 'huygens', 'hypatia', 'jacobi', 'joule', 'kepler', 'kleene',
  'klein', 'knuth', 'kovalevskaya', 'lagrange', 'lamarr', 'lamport', 'laplace', 'leavitt', 'leibniz', 'liskov',
  'lovelace', 'maxwell', 'mccarthy', 'meitner', 'mendel', 'minsky', 'mirzakhani', 'napier', 'neumann', 'newton',
  'noether', 'pascal', 'pasteur', 'perlman', 'planck', 'poincare', 'ptolemy', 'ramanujan', 'riemann', 'ritchie', 'rubin',
  'shannon', 'sinoussi', 'snyder', 'somerville', 'tesla', 'thompson', 'torricelli', 'turing', 'volta', 'wiles', 'wirth',
  'wozniak', 'wu', 'yonath', 'zuse',
] as const;

const pick = (words: readonly string[]): string => words[Math.floor(Math.random() * words.length)] ?? 'plain';

/** After this many taken names a number is put behind. */
const plainTries = 8;

/** A name that `isFree` accepts. */
export function generateName(isFree: (name: string) => boolean): string {
  for (let i = 0; ; i += 1) {
    const plain = `${pick(adjectives)}_${pick(people)}`;
    const name = i < plainTries ? plain : `${plain}${Math.floor(Math.random() * 10 ** Math.min(i, 9))}`;
    if (isFree(name)) return name;
  }
}
