import { allServices, inSigningConfig, type TrustRule } from './subject.ts';

export const serviceHttps: TrustRule = {
  id: 'service-https',
  title: 'Every service is reached over https, except on loopback: every client sends tokens to the URL as it stands.',
  check: (subject) =>
    inSigningConfig(allServices(subject), ({ url }) => {
      if (!URL.canParse(url)) return { message: `expected a URL, got ${url}` };
      const { protocol, hostname, username, password, search, hash } = new URL(url);
      if (username || password || search || hash) {
        return { message: `expected a URL without credentials, query and fragment, got ${url}` };
      }
      if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return undefined;
      return { message: `expected https, got ${url}` };
    }),
};

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
