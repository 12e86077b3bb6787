import type { Complaint, Rule } from '../../../src/core/rules.ts';
import {
  type GuardedInstance,
  listOf,
  type Placed,
  type Properties,
  resourcesOf,
  section,
  sectionsOf,
} from '../assembly.ts';
import { textOf } from '../policy.ts';

/** Rekor answers only its gate, and the load balancer only knows the gate. */
const writersRule: Rule<GuardedInstance> = {
  id: 'container-gate-judges-writers',
  title: 'where writers hold a certificate, nobody reaches Rekor but through the gate that looks at it',
  check: ({ assembly, deployment: { aws } }) => {
    const tasks = resourcesOf(assembly, 'AWS::ECS::TaskDefinition').filter(({ properties }) => isRekor(properties));
    if (tasks.length === 0) return 'not-applicable';
    if (aws.writers !== 'certificate') return [];
    const balanced = resourcesOf(assembly, 'AWS::ECS::Service')
      .filter(({ properties }) => textOf(properties['ServiceName']).startsWith('rekor-'))
      .flatMap(({ where, properties }) =>
        sectionsOf(properties['LoadBalancers'])
          .filter(({ ContainerName }) => ContainerName !== 'gate')
          .map(({ ContainerName }) => ({
            where,
            message: `expected requests to go to gate, got ${textOf(ContainerName)}`,
          })),
      );
    return [...tasks.flatMap(gateProblems), ...balanced];
  },
};

function isRekor({ ContainerDefinitions }: Properties): boolean {
  return sectionsOf(ContainerDefinitions).some(({ Command }) => listOf(Command)[0] === '/bin/rekor-aws');
}

function gateProblems({ where, properties }: Placed): readonly Complaint[] {
  const containers = sectionsOf(properties['ContainerDefinitions']);
  const words = (program: string) =>
    containers.map(({ Command }) => listOf(Command).map(textOf)).find(([first]) => first === program) ?? [];
  const [rekor, gate] = [words('/bin/rekor-aws'), words('/bin/write-gate')];
  return [
    ...(rekor.includes('--http-address=127.0.0.1') && rekor.includes('--grpc-address=127.0.0.1')
      ? []
      : [{ where, message: 'expected Rekor to listen on 127.0.0.1 alone' }]),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: entry expands it
    ...(gate.includes('--issuers=${file:writer-issuers.pem}')
      ? []
      : [{ where, message: 'expected a gate before Rekor' }]),
  ];
}

/** What Tessera needs to write down what it acknowledged, with what `entry` needs to tell it. */
const logStopSeconds = 65;

export const containerRules: readonly Rule<GuardedInstance>[] = [
  containerRule(
    'container-image-by-digest',
    'an image is named by its digest: what a tag names changes',
    ({ Image }) =>
      /@sha256:[0-9a-f]{64}$/.test(textOf(Image)) ? [] : [`expected an image by digest, got ${textOf(Image)}`],
  ),
  containerRule(
    'container-writes-nowhere',
    'a container has no file system that it could write to',
    (container, task) => [
      ...(container['ReadonlyRootFilesystem'] === true ? [] : ['expected a read-only root file system']),
      ...(listOf(task['Volumes']).length + listOf(container['MountPoints']).length > 0 ? ['expected no volumes'] : []),
    ],
  ),
  containerRule('container-user', 'a container does not run as root', ({ User }) =>
    /^[1-9]\d*(?::[1-9]\d*)?$/.test(String(User)) ? [] : [`expected a user by number, not 0, got ${String(User)}`],
  ),
  containerRule('container-no-privileges', 'a container has no capability', (container) => {
    const { Drop, Add } = section(container, 'LinuxParameters', 'Capabilities');
    return [
      ...(container['Privileged'] === undefined || container['Privileged'] === false ? [] : ['expected no privileges']),
      ...(listOf(Drop).includes('ALL') && listOf(Add).length === 0 ? [] : ['expected every capability to be dropped']),
    ];
  }),
  containerRule('container-shows-no-secret', 'what DescribeTaskDefinition shows has no secret in it', (container) =>
    shownTexts(container)
      .filter((text) => secretText.test(text))
      .map((text) => `expected no secret in command or environment, got ${text.slice(0, 12)}…`),
  ),
  containerRule('container-health-check', 'a server that hangs is replaced: its own container asks it', (container) => {
    const { Command, Retries } = section(container, 'HealthCheck');
    // The task that ends a log ends by itself.
    if (listOf(container['Command'])[0] === '/bin/freeze-log') return [];
    const words = listOf(Command).map(textOf);
    return healthWords.test(words.join(' ')) && Number(Retries) >= 3
      ? []
      : [
          `expected CMD /entry health http://127.0.0.1:PORT/PATH, three times at least, got ${words.join(' ') || 'none'}`,
        ];
  }),
  containerRule('log-has-time-to-stop', 'a log may write down what it acknowledged', (container, task) =>
    /-(?:ct|rekor)-/.test(textOf(task['Family'])) && !(Number(container['StopTimeout']) >= logStopSeconds)
      ? [`expected StopTimeout from ${logStopSeconds}, got ${String(container['StopTimeout'])}`]
      : [],
  ),
  writersRule,
];

const healthWords = /^CMD \/entry health http:\/\/127\.0\.0\.1:\d{2,5}\/[a-z/]+$/;

/** A private key; a password after its name or in a URL or DSN, unless a placeholder that `entry` fills in; a resolved secret. */
const secretText = new RegExp(
  [
    'PRIVATE KEY',
    'resolve:(?:secretsmanager|ssm-secure)',
    String.raw`(?:password|passwd|secret)["']?\s*[=:]\s*["']?(?!\$\{|["'\s]|$)[^"'\s]`,
    String.raw`[A-Za-z0-9_]+:(?!\$\{)[^\s:/@$\{\}"]+@(?:tcp\(|[a-z0-9.-]+[:/])`,
    'AKIA[A-Z0-9]{16}',
  ].join('|'),
  'i',
);

function shownTexts({ Command, EntryPoint, Environment, DockerLabels }: Properties): readonly string[] {
  const environment = sectionsOf(Environment).map(({ Name, Value }) => `${textOf(Name)}=${textOf(Value)}`);
  return [...listOf(Command), ...listOf(EntryPoint), ...listOf(DockerLabels)].map(textOf).concat(environment);
}

function containerRule(
  id: string,
  title: string,
  problems: (container: Properties, task: Properties) => readonly string[],
): Rule<GuardedInstance> {
  const ofTask = ({ where, properties }: Placed): readonly Complaint[] =>
    sectionsOf(properties['ContainerDefinitions']).flatMap((container) =>
      problems(container, properties).map((message) => ({ where: `${where}/${String(container['Name'])}`, message })),
    );
  return {
    ...{ id, title },
    check: ({ assembly }) => {
      const tasks = resourcesOf(assembly, 'AWS::ECS::TaskDefinition');
      return tasks.length === 0 ? 'not-applicable' : tasks.flatMap(ofTask);
    },
  };
}
