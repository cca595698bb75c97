// One page built once, run in the browser: the server only hands out files and answers GraphQL.
export const ssr = false
export const prerender = false
