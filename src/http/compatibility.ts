// The table of docs/compatibility.md, made from the routes, so that it says what is there. `vamana serve
// --compatibility` prints it; a test compares the file.
import { type Route, wirePath } from './route.js';
import { ROUTES } from './routes.js';

export function compatibilityTable(): string {
  const lines = ROUTES.map((route) => `| \`${route.method} ${wirePath(route)}\` | ${route.title} | ${state(route)} |`);
  return ['| operation | what | here |', '|---|---|---|', ...lines, ''].join('\n');
}

function state({ refused, note }: Route): string {
  if (refused === true) return `400: ${note}`;
  return note === undefined ? 'works' : `works; ${note}`;
}
