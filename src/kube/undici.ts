/** The HTTP client, loaded with the first request. Of a module as old as this one a bundle keeps the names that are imported so, not those asked for on demand. */
export { Agent, ProxyAgent, request } from 'undici'
